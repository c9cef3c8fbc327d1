package student

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/web/locale"
)

func nine() []*http.Cookie { return []*http.Cookie{{Name: gradeCookie, Value: "9"}} }

func TestHomeAsksForTheGradeOnce(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	body := v.get("/")
	want(t, body, "Em học lớp mấy?", `name="grade" value="12"`, "Vần ăn, ăm", "Bài mới nhất")

	w := v.post("/grade", url.Values{"grade": {"9"}, "back": {"/tv"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/tv" {
		t.Fatalf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	k := w.Result().Cookies()[0]
	if k.Name != gradeCookie || k.Value != "9" || !k.HttpOnly || k.MaxAge < int((300*24*time.Hour)/time.Second) {
		t.Errorf("cookie %v", k)
	}
	v.jar = []*http.Cookie{k}
	body = v.get("/")
	want(t, body, "Bài giảng lớp 9", "Ngữ văn", "Đồng chí", `href="/lessons/dong-chi"`, "25 phút", "24 MB", "Mới",
		"Xem cả 5 bài")
	lack(t, body, "Em học lớp mấy?", "Vần ăn", "Bài còn nháp")
	if n := strings.Count(body, `class="card-link`); n != 4 {
		t.Errorf("%d lessons, want three of Toán and one of Ngữ văn", n)
	}
}

func TestGradeTakesOnlyGradesAndLocalPaths(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	w := v.post("/grade", url.Values{"grade": {"13"}, "back": {"//evil.example"}})
	if w.Header().Get("Location") != "/" || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("to %q with %v", w.Header().Get("Location"), w.Result().Cookies())
	}
	for _, bad := range []string{"0", "13", "-1", "chin", "9999999999999999999999", ""} {
		v.jar = []*http.Cookie{{Name: gradeCookie, Value: bad}}
		want(t, v.get("/"), "Em học lớp mấy?")
	}
}

func TestSubjectWithOlderLessonsStaysOnHome(t *testing.T) {
	town := newTown()
	var many []catalog.Entry
	for range 60 {
		e := town.entries[0]
		many = append(many, e)
	}
	town.entries = append(many, town.entries...)
	want(t, visitor{t: t, town: town, jar: nine()}.get("/"), "Đồng chí")
}

func TestSearchMarksWhatMatchedAndNarrows(t *testing.T) {
	town := newTown()
	town.found = &catalog.Result{EstimatedTotal: 45, Corrected: "hàm số",
		Hits: []catalog.Hit{{Entry: town.entries[0],
			Title:       []catalog.Span{{Text: "Hàm số", Match: true}, {Text: " bậc " + hostile}},
			Description: []catalog.Span{{Text: hostile, Match: true}}}},
		Facets: catalog.Facets{Subject: map[string]int{"ngu-van": 2, "toan": 43}, Grade: map[int]int{9: 40, 10: 5},
			Week: map[int]int{0: 3, 12: 45}},
	}
	body := visitor{t: t, town: town}.get("/search?q=hamf+soos&grade=9&page=2")
	want(t, body, "<mark>Hàm số</mark> bậc &lt;script&gt;", "<mark>&lt;script&gt;",
		"45 bài giảng cho “hamf soos”", "hàm số",
		`href="/search?grade=9&amp;q=hamf+soos&amp;subject=toan"`, `href="/search?q=hamf+soos"`,
		`href="/search?grade=9&amp;page=3&amp;q=hamf+soos"`, "Trang 2/3", `value="hamf soos"`)
	lack(t, body, "Tuần 0")
	if q := town.asked[0]; q.Text != "hamf soos" || q.Grade != 9 || q.Offset != perPage || q.Limit != perPage {
		t.Errorf("asked %+v", q)
	}
	if i, j := strings.Index(body, "Toán"), strings.Index(body, "Ngữ văn"); i > j {
		t.Error("subjects are not in the curriculum's order")
	}
}

func TestSearchFiltersGoTogetherAndComeOff(t *testing.T) {
	town := newTown()
	town.found = &catalog.Result{EstimatedTotal: 2, Hits: []catalog.Hit{{Entry: town.entries[0]}},
		Facets: catalog.Facets{Subject: map[string]int{"toan": 2}, Grade: map[int]int{9: 2}, Week: map[int]int{12: 2},
			Language: map[string]int{"vi": 2, "hmn": 5}, School: map[string]int{"s1": 2, "gone": 1}}}
	body := visitor{t: t, town: town}.get("/search?q=ham&grade=9&subject=toan&week=12&language=vi&school=s1")
	if q := town.asked[0]; q.Grade != 9 || q.Subject != "toan" || q.Week != 12 || q.Language != "vi" ||
		q.School != "s1" {
		t.Errorf("asked %+v", q)
	}
	all := url.Values{"q": {"ham"}, "grade": {"9"}, "subject": {"toan"}, "week": {"12"}, "language": {"vi"},
		"school": {"s1"}}
	for name := range all {
		if name == "q" {
			continue
		}
		rest := url.Values{}
		for k, v := range all {
			if k != name {
				rest[k] = v
			}
		}
		want(t, body, `href="/search?`+strings.ReplaceAll(rest.Encode(), "&", "&amp;")+`" aria-current`,
			`<input type="hidden" name="`+name+`" value="`+all.Get(name)+`"`)
	}
	other := strings.ReplaceAll(all.Encode(), "language=vi", "language=hmn")
	want(t, body, `href="/search?`+strings.ReplaceAll(other, "&", "&amp;")+`"`, "Tiếng Mông", "Tiếng Việt",
		"THCS Nà Hang", "Tuần 12")
	lack(t, body, "gone")
	want(t, visitor{t: t, town: town}.get("/search?school=khong-co"), "Trường không rõ")
}

func TestSearchHelpsWhenNothingIsFound(t *testing.T) {
	town := newTown()
	town.found = &catalog.Result{Nearby: []string{"ham so"},
		Facets: catalog.Facets{Subject: map[string]int{"ngu-van": 3, "tieng-viet": 4}}}
	body := visitor{t: t, town: town}.get("/search?q=" + url.QueryEscape(hostile) + "&grade=9&subject=toan")
	want(t, body, "Không tìm thấy bài nào", "ở mọi lớp, mọi môn", `aria-current`, "bỏ chọn",
		"Có phải em muốn tìm", `href="/search?q=ham+so"`, "Bỏ “Toán” thì có 7 bài")
	lack(t, body, "Bỏ “Lớp 9”")
}

func TestAbsurdSearchesAreBounded(t *testing.T) {
	town := newTown()
	v := visitor{t: t, town: town}
	for _, q := range []string{"q=" + strings.Repeat("a", 100_000), "grade=x&week=99&page=-4", "page=999999999",
		"q=%ff%fe%00", "subject=" + strings.Repeat("x", 5000)} {
		v.get("/search?" + q)
	}
	for _, q := range town.asked {
		if len([]rune(q.Text)) > 200 || q.Week > 35 || q.Offset < 0 || q.Offset > maxPage*perPage ||
			len(q.Subject) > 40 {
			t.Errorf("asked %d characters, week %d, offset %d, subject %d", len(q.Text), q.Week, q.Offset,
				len(q.Subject))
		}
	}
}

func TestLessonPageHasPlayerAndPrice(t *testing.T) {
	body := visitor{t: t, town: newTown()}.get("/lessons/ham-so")
	want(t, body, "<h1>Hàm số bậc nhất</h1>", "Cô Nông Thị Lan", "THCS Nà Hang", "Tuần 12", "<video controls",
		`data-hls="/watch/ham-so/p1/master.m3u8"`, `data-lesson="ham-so"`, "Tự động – tối đa 80 MB",
		"Tiết kiệm – 24 MB", "Chỉ nghe – 9 MB",
		`data-sound="/watch/ham-so/p1/audio.m3u8"`,
		`value="720" data-bytes="80000000"`, "khoảng 24 MB (tiết kiệm) đến 80 MB",
		`property="og:image" content="http://lop.test/watch/ham-so/p1/poster.jpg"`,
		`property="og:title" content="Hàm số bậc nhất"`,
		`property="og:description" content="Ôn tập chương I. Làm bài 1 đến 5."`, "Bài khác: Toán lớp 9",
		"Hệ thức lượng")
	lack(t, body, "noindex", "Học sinh chưa thấy")
	ends := now.Add(10 * time.Hour).UnixMilli()
	want(t, body, `data-day-ends="`+strconv.FormatInt(ends, 10)+`"`)
}

func TestLessonCanBeKept(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	lack(t, v.get("/lessons/ham-so"), "data-file-", "download=")
	l := v.town.lessons["ham-so"]
	l.Title = `Hàm số 1/2: "bậc nhất"`
	l.Renditions = append(slices.Clone(l.Renditions),
		lesson.Rendition{Name: "saver", Kind: lesson.KindFile, File: "files/0-7/saver.mp4", Bytes: 25_000_000},
		lesson.Rendition{Name: "sound", Kind: lesson.KindFile, File: "files/0-7/sound.m4a", Bytes: 9_000_000},
		lesson.Rendition{Name: "storyboard", Kind: lesson.KindStoryboard, File: "files/0-7/storyboard.vtt", Bytes: 1})
	v.town.lessons["ham-so"] = l
	body := v.get("/lessons/ham-so")
	want(t, body, `data-file-saver="/watch/ham-so/p1/files/0-7/saver.mp4"`,
		`data-file-sound="/watch/ham-so/p1/files/0-7/sound.m4a"`,
		`href="/watch/ham-so/p1/files/0-7/saver.mp4" download="Hàm số 1-2- -bậc nhất-.mp4"`,
		`download="Hàm số 1-2- -bậc nhất-.m4a"`,
		"Tải video tiết kiệm về máy – 25 MB", "Tải bản chỉ nghe về máy – 9 MB", "Tiết kiệm – 25 MB")
	want(t, body, `data-index="/watch/ham-so/p1/files/0-7/storyboard.vtt"`, `name="budget"`)
	lack(t, body, "storyboard.vtt\" download")
}

func TestUnpublishedLessonIsForItsTeacher(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	if w := v.request(httptest.NewRequest("GET", "/lessons/nhap", nil)); w.Code != 404 {
		t.Errorf("anybody: %d", w.Code)
	}
	if w := v.request(httptest.NewRequest("GET", "/lessons/khong-co", nil)); w.Code != 404 {
		t.Errorf("unknown: %d", w.Code)
	}
	v.who = people.Person{ID: "lan", Name: "Lan", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	body := v.get("/lessons/nhap")
	want(t, body, "Học sinh chưa thấy trang này", "Bản nháp", "<video controls",
		`href="/teacher/lessons/nhap"`, "noindex")
	lack(t, body, "og:image")

	l := v.town.lessons["nhap"]
	l.Media = lesson.Media{State: lesson.Processing, MakingID: "p2", PackageID: "p2", Playable: true, Duration: 1500}
	l.Renditions = nil
	v.town.lessons["nhap"] = l
	want(t, v.get("/lessons/nhap"), "phần sau sẽ tự nối tiếp", "Chưa tính được")

	l.Media = lesson.Media{State: lesson.Checking, Fraction: 0.25}
	v.town.lessons["nhap"] = l
	body = v.get("/lessons/nhap")
	want(t, body, "đang được chuẩn bị", `value="0.250"`)
	lack(t, body, "<video", "player-")

	l.Media = lesson.Media{State: lesson.Failed, FailureCode: "recording.gone"}
	v.town.lessons["nhap"] = l
	want(t, v.get("/lessons/nhap"), "đã bị xoá")
}

func TestHostileTitleIsText(t *testing.T) {
	v := visitor{t: t, town: newTown(), jar: nine()}
	v.town.air("a", "xau", now, schedule.Planned)
	want(t, v.get("/lessons/xau"), "&lt;script&gt;")
	for _, path := range []string{"/", "/search?q=" + url.QueryEscape(hostile), "/tv", "/tv/week",
		"/tv?date=" + url.QueryEscape(hostile)} {
		v.get(path)
	}
}

func TestLessonPlaysWithoutTheCatalogue(t *testing.T) {
	town := newTown()
	town.broken = fault.New(fault.Unavailable, "catalog.unavailable")
	want(t, visitor{t: t, town: town}.get("/lessons/ham-so"), "<video controls")
}

func TestGuideShowsWhatIsOnNowAndNext(t *testing.T) {
	town := newTown()
	town.air("on", "ham-so", now.Add(-10*time.Minute), schedule.Planned)
	town.air("next", "nhap", now.Add(time.Hour), schedule.Planned)
	town.air("gone", "he-thuc", now.Add(2*time.Hour), schedule.Dropped)
	town.air("other", "van", now.Add(3*time.Hour), schedule.Planned)
	town.air("tomorrow", "dong-chi", now.Add(20*time.Hour), schedule.Planned)
	v := visitor{t: t, town: town, jar: nine()}

	home := v.get("/")
	want(t, home, "Trên truyền hình", "Đang phát", "Bài còn nháp", "15:00")
	lack(t, home, "Vần ăn", "Ngày mai")
	later := newTown()
	later.airings = town.airings[4:]
	want(t, visitor{t: t, town: later, jar: nine()}.get("/"), "10:00 Ngày mai")

	day := v.get("/tv")
	want(t, day, "Đến 14:20", "13:50", "Đài tỉnh", `href="/lessons/ham-so"`, "Bài còn nháp", "Xem trên web")
	lack(t, day, `href="/lessons/nhap"`, "Hệ thức lượng", "Vần ăn", "Đồng chí")
	want(t, v.get("/tv?grade=all"), "Vần ăn, ăm")
	want(t, v.get("/tv?date=2026-11-21"), "Đồng chí", `aria-current`)
	want(t, v.get("/tv?date=2027-01-01"), "không có bài giảng lớp 9")

	week := v.get("/tv/week")
	want(t, week, "Lịch phát sóng trong tuần, lớp 9", "Thứ Sáu", "20/11", "26/11", "Đồng chí", "13:50–14:20")
	lack(t, week, "27/11 ", "Vần ăn")
}

// TestCodesAreTakenOnTheGuide: the field stands above the guide while codes are
// shown and a quarter of an hour longer, and below it otherwise.
func TestCodesAreTakenOnTheGuide(t *testing.T) {
	town := newTown()
	town.air("on", "ham-so", now.Add(-10*time.Minute), schedule.Planned) // half an hour long
	for _, x := range []struct {
		at    time.Time
		first bool
	}{{now, true}, {now.Add(35 * time.Minute), true}, {now.Add(36 * time.Minute), false},
		{now.Add(-11 * time.Minute), false}} {
		body := visitor{t: t, town: town, jar: nine(), at: x.at}.get("/tv")
		want(t, body, `action="/tv/code"`, `name="code"`, `value="X"`)
		if first := strings.Index(body, `name="code"`) < strings.Index(body, `name="grade"`); first != x.first {
			t.Errorf("at %s the field stands first: %v", x.at.Format("15:04"), first)
		}
	}
}

// TestASheetForEveryGrade: one print holds a sheet for each grade that has
// lessons in the week.
func TestASheetForEveryGrade(t *testing.T) {
	town := newTown()
	town.air("nine", "ham-so", now.Add(time.Hour), schedule.Planned)
	town.air("one", "van", now.Add(3*time.Hour), schedule.Planned)
	v := visitor{t: t, town: town, jar: nine()}
	body := v.get("/tv/week?grade=each")
	want(t, body, "Lịch phát sóng trong tuần, lớp 1<", "Lịch phát sóng trong tuần, lớp 9<", "Vần ăn, ăm")
	lack(t, body, "Lịch phát sóng trong tuần, lớp 2<")
	if n := strings.Count(body, `class="sheet-grade"`); n != 2 {
		t.Errorf("%d sheets", n)
	}
	want(t, body, "/tv/week?date=2026-11-16&amp;grade=each", "/tv/week?date=2026-11-23&amp;grade=each")
	want(t, v.get("/tv/week?grade=each&date=2027-01-01"), "Tuần này không có bài giảng nào")
}

func TestMovedAiringStandsAtItsRealTime(t *testing.T) {
	town := newTown()
	town.air("a", "ham-so", now.Add(-4*time.Hour), schedule.Moved)
	town.airings[0].StartedAt, town.airings[0].EndedAt = now.Add(-time.Hour), now.Add(-30*time.Minute)
	body := visitor{t: t, town: town, jar: nine()}.get("/tv")
	want(t, body, "13:00", "đã dời giờ")
	lack(t, body, "10:00")
}

func TestEnglishIsComplete(t *testing.T) {
	town := newTown()
	town.air("on", "ham-so", now, schedule.Planned)
	v := visitor{t: t, town: town, lang: locale.En, jar: nine()}
	want(t, v.get("/"), "Lessons for grade 9", "Mathematics", "On now")
	want(t, v.get("/lessons/ham-so"), "Quality", "Data saver – 24 MB", "1.25×")
	want(t, v.get("/tv/week"), "Friday")
	want(t, v.get("/search"), "Find lessons")
}

func TestPagesOfTheSignedInAreNotKept(t *testing.T) {
	v := visitor{t: t, town: newTown()}
	if got := v.request(httptest.NewRequest("GET", "/", nil)).Header().Get(
		"Cache-Control"); got != "private, no-cache" {
		t.Errorf("anybody: %q", got)
	}
	v.who = people.Person{ID: "lan", Active: true}
	if got := v.request(httptest.NewRequest("GET", "/", nil)).Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("signed in: %q", got)
	}
}

func TestHomeOffersToGoOnWithWhatWasOpened(t *testing.T) {
	v := visitor{t: t, town: newTown(), jar: nine()}
	lack(t, v.get("/"), "Xem tiếp")
	for _, id := range []string{"ham-so", "van", "he-thuc", "canh", "he-thuc"} {
		w := v.request(httptest.NewRequest("GET", "/lessons/"+id, nil))
		v.jar = append(nine(), w.Result().Cookies()...)
	}
	if got := v.jar[1]; got.Name != recentCookie || got.Value != "he-thuc.canh.van.ham-so" || !got.HttpOnly {
		t.Errorf("cookie %v", got)
	}
	want(t, v.get("/"), "Xem tiếp")
	l := v.town.lessons["he-thuc"]
	l.Status = lesson.Withdrawn
	v.town.lessons["he-thuc"] = l
	body := v.get("/")
	want(t, body, "Căn bậc hai", "Vần ăn, ăm")
	lack(t, body[:strings.Index(body, `class="lesson-group"`)], "Hệ thức")

	for _, bad := range []string{"", "...", "../../etc", strings.Repeat("a.", 2000), strings.Repeat("x", 4000),
		"%3Cscript%3E"} {
		v.jar = []*http.Cookie{{Name: recentCookie, Value: bad}}
		lack(t, v.get("/"), "Xem tiếp")
	}
	// A draft that its teacher looks at is not kept.
	v.who = people.Person{ID: "lan", Active: true, Grants: []people.Grant{{Role: people.Teacher}}}
	if ks := v.request(httptest.NewRequest("GET", "/lessons/nhap", nil)).Result().Cookies(); len(ks) != 0 {
		t.Errorf("a draft set %v", ks)
	}
}
