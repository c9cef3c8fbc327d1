package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/viewership/playback"
)

func TestOwnFiguresAreNotHidden(t *testing.T) {
	o := newOffice(t)
	mine, others := o.published("lan", "Phân số"), o.published("mai", "Số thập phân")
	for i := range 3 {
		o.watchAs(mine.ID, fmt.Sprint("a", i))
	}
	for i := range 9 {
		o.watchAs(others.ID, fmt.Sprint("b", i))
	}
	for who, path := range map[string]string{"hieu": "/school/viewership", "lan": "/teacher/viewership"} {
		d := o.at(who)
		for _, by := range []string{"lesson", "subject", "grade", "day", "school", "area"} {
			body := d.page(path+"?by="+by, 200)
			has(t, body, "số nhỏ cũng hiện ra")
			lacks(t, body, "&lt;5", "Số thập phân", "/department/reports")
		}
		rows := d.rows(path + "?format=csv&school=s2")
		if len(rows) != 2 || rows[1][0] != "Phân số" || rows[1][3] != "3" {
			t.Errorf("%s of %s: %q", path, who, rows)
		}
	}
	has(t, o.at("lan").page("/teacher", 200), "/teacher/viewership", "/teacher/roll-calls")
	has(t, o.at("hieu").page("/school", 200), "/school/viewership")
	for who, want := range map[string]int{"so": 403, "dai": 403, "em": 403, "": 401} {
		o.at(who).page("/school/viewership", want)
	}
}

func TestWeekIsComparedWithTheOneBefore(t *testing.T) {
	o := newOffice(t)
	l := o.published("lan", "Phân số")
	now := o.now
	o.now = now.AddDate(0, 0, -7)
	o.watch(l.ID, "", 40)
	o.watch(l.ID, "", 40)
	o.now = now
	for range 3 {
		o.watch(l.ID, "", 40)
	}
	body := o.at("so").page("/department", 200)
	has(t, body, "Tuần này, nhìn nhanh", "cùng những ngày này của tuần trước", "trước: 2 (tăng 50%)", "trước: 0")
	lacks(t, o.at("so").page("/department?from=2026-04-01&to=2026-04-16", 200), "trước:", "nhìn nhanh")
}

func TestLongTablesTurnPages(t *testing.T) {
	o := newOffice(t)
	for i := range 101 {
		o.watch(o.published("lan", fmt.Sprintf("Bài số %03d", i)).ID, "", 31)
	}
	so := o.at("so")
	has(t, so.page("/department", 200), "Trang 1 trên 2, 101 dòng", "page=2", "Bài số 000")
	last := so.page("/department?page=2", 200)
	has(t, last, "Trang 2 trên 2", "Trang trước")
	if n := strings.Count(last, "<th scope=\"row\">"); n != 1 {
		t.Errorf("the last page has %d rows", n)
	}
	has(t, so.page("/department?page=99", 200), "Trang 2 trên 2")
	if rows := so.rows("/department?page=2&format=csv"); len(rows) != 102 {
		t.Errorf("the file has %d rows", len(rows))
	}
}

func TestWhatIsLeftOutIsShownWithReasons(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.published("lan", "Phân số")
	o.watchAs(l.ID, "mai")
	s, err := o.playback.Open(ctx, playback.OpenRequest{LessonID: l.ID, Person: o.person("lan")})
	must(t, err)
	o.now = o.now.Add(time.Minute)
	_, err = o.playback.Beat(ctx,
		[]playback.Heartbeat{{Token: s.Token, Sequence: 1, Played: []playback.Interval{{0, 40}}}})
	must(t, err)
	so := o.at("so")
	has(t, so.page("/department", 200), "/department/left-out")
	has(t, so.page("/department/left-out", 200), "1 lần mở bài không tính", "chính giáo viên của bài xem", "Phân số")
	for _, format := range []string{"csv", "xlsx"} {
		if rows := so.rows("/department/left-out?format=" + format); len(rows) != 2 || rows[1][0] != "Phân số" ||
			rows[1][4] != "1" || len(rows[0]) != 6 {
			t.Errorf("%s: %q", format, rows)
		}
	}
	has(t, so.page("/department/left-out?from=2026-01-01&to=2026-01-02", 200), "không có lần mở bài nào")
	has(t, so.page("/department/left-out?from=hôm+qua", 422), `value="hôm qua"`)
	o.at("lan").page("/department/left-out", 403)
	if rows := so.rows("/department/flags?format=csv"); len(rows) != 1 || len(rows[0]) != 7 {
		t.Errorf("flags: %q", rows)
	}
}
