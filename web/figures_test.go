package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

// enrol makes a class of grade 4 of school s1 whose homeroom teacher is lan.
func (o *office) enrol(students int) []string {
	o.t.Helper()
	ctx := context.Background()
	must(o.t, o.db.Classes().SaveClass(ctx,
		school.Class{ID: "4A", Code: "4A", SchoolID: "s1", Year: "2025-2026", Grade: 4, Name: "4A", JoinCode: "4A",
			Teachers: []school.ClassTeacher{{PersonID: "lan"}}}))
	var list []string
	for i := range students {
		id := fmt.Sprint("hs-", i)
		must(o.t, o.db.Classes().SaveStudent(ctx,
			school.Student{PersonID: id, Name: fmt.Sprint("Em số ", i), Key: id}, "s1", o.now))
		must(o.t, o.db.Classes().SaveEnrolment(ctx, school.Enrolment{ClassID: "4A", PersonID: id, From: "2025-09-05"}))
		list = append(list, id)
	}
	return list
}

// watchAs lets a person watch a lesson.
func (o *office) watchAs(lessonID, person string) {
	o.t.Helper()
	ctx := context.Background()
	s, err := o.playback.Open(ctx,
		playback.OpenRequest{LessonID: lessonID, Person: people.Person{ID: person, Active: true}})
	must(o.t, err)
	o.now = o.now.Add(time.Minute)
	_, err = o.playback.Beat(ctx,
		[]playback.Heartbeat{{Token: s.Token, Sequence: 1, Played: []playback.Interval{{0, 40}}}})
	must(o.t, err)
}

// rows reads a file that a page sends.
func (d desk) rows(path string) [][]string {
	d.o.t.Helper()
	w := d.send("GET", path, nil)
	if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Disposition"), "attachment") {
		d.o.t.Fatalf("%s: %d %v", path, w.Code, w.Header())
	}
	rows, err := sheet.Read(context.Background(), "x", bytes.Clone(w.Body.Bytes()))
	must(d.o.t, err)
	return rows[0].Texts()
}

func TestFewPersonsAreHiddenOnPageAndInFiles(t *testing.T) {
	o := newOffice(t)
	few, many := o.published("lan", "Phân số"), o.published("mai", "Số thập phân")
	for i := range 3 {
		o.watchAs(few.ID, fmt.Sprint("a", i))
	}
	for i := range 9 {
		o.watchAs(many.ID, fmt.Sprint("b", i))
	}
	so := o.at("so")
	has(t, so.page("/department?by=school", 200), "&lt;5", "ẩn")
	for _, format := range []string{"csv", "xlsx"} {
		rows := so.rows("/department?by=school&format=" + format)
		if len(rows) != 3 {
			t.Fatalf("%s: %q", format, rows)
		}
		for _, r := range rows[1:] {
			switch want := map[string]string{"s1": "<5", "s2": "ẩn"}[r[1]]; {
			case r[2] != "ẩn" || r[3] != want || r[4] != "ẩn" || r[5] != "ẩn":
				t.Errorf("%s: %q", format, r)
			}
		}
		if rows = so.rows("/department?format=" + format); len(rows) != 3 || rows[1][3] != "9" || rows[2][3] != "3" {
			t.Errorf("lessons of the province, %s: %q", format, rows)
		}
	}
	so.page("/department?format=ods", 422)
}

func TestTeacherCallsTheRollAndSeesTheUnreached(t *testing.T) {
	o := newOffice(t)
	class := o.enrol(6)
	l := o.published("lan", "Phân số")
	a := o.aired(l.ID, 7)
	lan := o.at("lan")
	path := "/teacher/roll-calls/" + a.ID + "/4A"
	has(t, lan.page("/teacher/roll-calls", 200), "Phân số", "chưa điểm danh", path)
	has(t, lan.page(path, 200), "Em số 5", "6 tháng")
	if w := lan.send("POST", path, url.Values{"how": {"tally"}, "asked": {"6"}, "watched": {"7"}}); w.Code != 422 ||
		!strings.Contains(w.Body.String(), `value="7"`) {
		t.Errorf("%d, what was typed is gone", w.Code)
	}
	if w := lan.send("POST", path, url.Values{"how": {"names"}, "names": {class[0], class[1]}}); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	has(t, lan.page("/teacher/roll-calls?done=roll_called", 200), "đã xem 2 / 6", "Đã lưu điểm danh")
	o.watchAs(l.ID, class[2])
	body := lan.page("/classes/4A/unreached", 200)
	has(t, body, "3 trên 6 em", "Em số 3", "Em số 5")
	lacks(t, body, "Em số 0", "Em số 2<")
	if rows := lan.rows("/classes/4A/unreached?format=xlsx"); len(rows) != 4 || rows[1][0] != "Em số 3" {
		t.Errorf("%q", rows)
	}
	has(t, lan.page("/classes/4A/unreached?from=hôm+qua", 422), `value="hôm qua"`)
	o.at("hieu").page("/classes/4A/unreached", 200)
	for who, want := range map[string]int{"mai": 403, "so": 403, "quan": 403, "dai": 403, "em": 403, "": 401} {
		o.at(who).page("/classes/4A/unreached", want)
		o.at(who).page(path, want)
	}
	so := o.at("so")
	has(t, so.page("/department/lessons/"+l.ID, 200), "từ 3 đến 6", "trên 6 học sinh lớp 4", "1 lớp kể lại", "mức A")
	has(t, so.page("/department/reach?grade=4", 200), "từ 3 đến 6")
	has(t, so.page("/department/reach?grade=5", 200), "Chưa có danh sách lớp")
	has(t, so.page("/department/reach?grade=4&home_low=0&home_high=x", 422), "từ 1 đến 20")
	has(t, so.page("/department/schools", 200), "1 trên 2 trường tham gia")
	has(t, so.page("/department/draws/"+a.ID, 200), "Rút lớp")
	if w := so.send("POST", "/department/draws/"+a.ID, url.Values{"classes": {"12"}}); w.Code != 422 {
		t.Errorf("one class is drawn from: %d", w.Code)
	}
	if rows := so.rows("/department/lessons/" + l.ID + "?format=csv"); len(rows) < 10 {
		t.Errorf("%q", rows)
	}
}

func TestReportIsSentAsFilesThatCanBeChecked(t *testing.T) {
	o := newOffice(t)
	l := o.published("lan", "=1+1")
	for range 6 {
		o.watch(l.ID, "", 40)
	}
	so := o.at("so")
	w := so.send("POST", "/department/reports?by=lesson&from=2026-04-13&to=2026-04-19", url.Values{})
	if w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	at := w.Header().Get("Location")
	has(t, so.page(at, 200), "SHA-256", "web-view/1", "small-numbers/2", "lenlop report verify")
	signed := so.send("GET", at+"?format=json", nil).Body.Bytes()
	r, err := viewership.OpenSealed(signed)
	if err != nil || r.Frozen.Total.Views != 6 {
		t.Fatalf("%+v %v", r.Frozen, err)
	}
	for _, format := range []string{"csv", "xlsx"} {
		before := so.rows(at + "?format=" + format)
		o.watch(l.ID, "", 40)
		after := so.rows(at + "?format=" + format)
		if fmt.Sprint(before) != fmt.Sprint(after) || before[1][2] != "6" || before[2][0] != "Cả khoảng" {
			t.Errorf("%s: %q, later %q", format, before, after)
		}
	}
	if again := so.send("GET", at+"?format=json", nil).Body.Bytes(); !bytes.Equal(signed, again) {
		t.Error("the signed file changed")
	}
}
