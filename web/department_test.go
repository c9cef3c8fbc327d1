package web_test

import (
	"context"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// aired puts a lesson on air at a local time of this day and says that it went out.
func (o *office) aired(lessonID string, hour int) schedule.Airing {
	o.t.Helper()
	ctx := context.Background()
	ch := schedule.Channel{ID: "kenh", Name: "Truyền hình tỉnh", Own: true, Timezone: "Asia/Ho_Chi_Minh"}
	must(o.t, o.db.Schedule().SaveChannel(ctx, ch))
	start := time.Date(2026, 4, 15, hour, 0, 0, 0, zone)
	a := schedule.Airing{ID: "phat-" + lessonID, ChannelID: ch.ID, LessonID: lessonID, StartsAt: start.UTC(),
		EndsAt:  start.Add(25 * time.Minute).UTC(),
		Outcome: schedule.Aired, StartedAt: start.UTC(), EndedAt: start.Add(25 * time.Minute).UTC(), CreatedBy: "dai"}
	must(o.t, o.db.Schedule().SaveAiring(ctx, a))
	return a
}

// watch lets a device play seconds of a lesson from its beginning.
func (o *office) watch(lessonID, viewer string, seconds float64) {
	o.t.Helper()
	ctx := context.Background()
	s, err := o.playback.Open(ctx,
		playback.OpenRequest{LessonID: lessonID, Viewer: viewer, UserAgent: "Mozilla/5.0 (Android 9) Chrome/100"})
	must(o.t, err)
	o.now = o.now.Add(time.Duration(seconds) * time.Second)
	got, err := o.playback.Beat(ctx,
		[]playback.Heartbeat{{Token: s.Token, Sequence: 1, Played: []playback.Interval{{0, seconds}}}})
	must(o.t, err)
	if got.Accepted != 1 {
		o.t.Fatalf("heartbeat refused: %+v", got)
	}
}

func TestDepartmentSetsWebBesideTelevision(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	both, silent, hidden := o.published("lan", "Phân số"), o.published("lan", "Số thập phân"),
		o.published("mai", hostile)
	a := o.aired(both.ID, 7)
	o.aired(silent.ID, 8)
	o.watch(both.ID, "", 40)
	o.watch(both.ID, "", 40)
	o.watch(hidden.ID, "", 60)
	_, err := o.tv.AddFigure(ctx, o.person("dai"), television.Figure{AiringID: a.ID, Metric: television.Contacts,
		Value: 5700, Unit: television.Persons, Grade: television.GradeE, Source: "Phiếu của đài"})
	must(t, err)
	so := o.at("so")
	body := so.page("/department", 200)
	has(t, body, "Từ 13/04/2026 đến hết 19/04/2026", "Truyền hình, mức E", "5.700 người", "chưa có số liệu",
		"chưa phát sóng", "1 lượt phát sóng chưa có số liệu", "tạm tính")
	row := body[strings.Index(body, "/department/lessons/"+silent.ID):]
	row = wordsOf(row[:strings.Index(row, "</tr>")])
	if !strings.Contains(row, "chưa có số liệu") || strings.Contains(row, "0 người") {
		t.Errorf("an airing without figures reads %q", row)
	}
	for _, by := range []string{"subject", "grade", "school", "day", "channel", "bậy"} {
		has(t, so.page("/department?by="+by, 200), "5.700")
	}
	has(t, so.page("/department?by=day", 200), "Thứ Tư, 15/04/2026")
	has(t, so.page("/department?by=grade", 200), "Lớp 4")
	has(t, so.page("/department?school=s2&grade=4", 200), "đang lọc 2 mục")
	lacks(t, so.page("/department?school=s2", 200), "Phân số")
	has(t, so.page("/department?from=2026-04-01&to=2026-04-10", 200), "chưa có lượt xem và lượt phát nào")
	has(t, so.page("/department?from=hôm+qua", 422), "Hãy chọn một ngày", `value="hôm qua"`)
	so.page("/department?from=2026-04-10&to=2026-04-01", 422)
	for who, want := range map[string]int{"quan": 200, "lan": 403, "hieu": 403, "dai": 403, "em": 403, "": 401} {
		o.at(who).page("/department", want)
		if got := o.at(who).send("GET", "/department/table.csv", nil).Code; got != want {
			t.Errorf("%q exports: %d, want %d", who, got, want)
		}
	}
}

func TestDepartmentExportsNoFormulas(t *testing.T) {
	o := newOffice(t)
	for _, title := range []string{"=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "Phân số"} {
		l := o.published("lan", title)
		o.watch(l.ID, "", 40)
	}
	w := o.at("so").send("GET", "/department/table.csv?by=lesson", nil)
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "\ufeff") ||
		!strings.Contains(w.Header().Get("Content-Disposition"), "lenlop-lesson-2026-04-13-2026-04-19.csv") {
		t.Fatalf("export = %d %q %q", w.Code, w.Header(), w.Body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.Body.String(), "\ufeff"))).ReadAll()
	must(t, err)
	if len(rows) != 7 {
		t.Fatalf("%d rows, want 7", len(rows))
	}
	plain := 0
	for _, r := range rows[1:] {
		switch {
		case r[0] == "Phân số":
			plain++
		case r[0][0] != '\'':
			t.Errorf("cell %q can run as a formula", r[0])
		}
		if r[2] != "1" || r[3] != "1" || r[14] != "" {
			t.Errorf("row = %q, want 1 view by 1 viewer and no television figure", r)
		}
	}
	if plain != 1 {
		t.Error("a plain title was changed")
	}
}

func TestLedgerSaysWhatIsKnownAndWhatIsMissing(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.published("lan", "Phân số")
	has(t, o.at("so").page("/department/lessons/"+l.ID, 200), "chưa phát sóng", "Chưa có ai xem trên web",
		"chưa có trong lịch phát sóng nào")
	a := o.aired(l.ID, 7)
	has(t, o.at("so").page("/department/lessons/"+l.ID, 200), "chưa có số liệu", "chưa ai nộp số liệu")
	o.watch(l.ID, "", 40)
	add := func(f television.Figure) television.Figure {
		f.AiringID, f.Metric, f.Unit, f.Source = a.ID, television.Contacts, television.Persons, "Phiếu "+hostile
		f, err := o.tv.AddFigure(ctx, o.person("dai"), f)
		must(t, err)
		return f
	}
	first := add(television.Figure{Value: 5700, Grade: television.GradeE})
	add(television.Figure{Value: 5800, Grade: television.GradeE, Replaces: first.ID})
	body := o.at("so").page("/department/lessons/"+l.ID, 200)
	has(t, body, "5.800 người", "mức E", "Đã được sửa", "Được tính", "Người dai nộp", "web-view/1",
		"<path class=\"area\"", "1 lượt xem")
	lacks(t, body, "chưa ai nộp số liệu")
	for who, want := range map[string]int{"lan": 200, "hieu": 200, "dai": 200, "quan": 200, "mai": 403,
		"em": 403, "": 401} {
		o.at(who).page("/department/lessons/"+l.ID, want)
	}
}
