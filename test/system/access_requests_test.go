package system

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
	"lenlop/services/worksheet"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// request makes what a row's request needs and the request itself.
func (w *world) request(r accessRow) (asked, error) {
	q := asked{method: r.method, path: r.path}
	in := func(name, id, table string) {
		q.path = strings.ReplaceAll(q.path, ":"+name, id)
		q.table, q.id = table, id
	}
	var a schedule.Airing
	w.organisation(&q, r.path)
	switch {
	case strings.Contains(r.path, "/watch/"):
		l := w.playing(r.object)
		q.path = "/watch/" + l.ID + "/" + l.Media.PackageID + "/master.m3u8"
		q.table, q.id = "lessons", l.ID
	case strings.Contains(r.path, ":lesson"):
		if !slices.Contains([]string{"draft", "ready", "submitted", "published", "refused", "binned"}, r.object) {
			return q, fmt.Errorf("the page names no state of the lesson, but %q", r.object)
		}
		in("lesson", w.lesson(r.object), "lessons")
		if strings.HasSuffix(q.path, "/sounds") {
			w.speak(q.id)
		}
		if strings.Contains(q.path, ":language") {
			q.path = strings.ReplaceAll(q.path, ":language", w.caption(q.id))
		}
		if strings.Contains(q.path, "/questions") {
			w.questionsOn(q.id)
		}
		if strings.Contains(q.path, ":question") {
			in("question", w.question(q.id), "questions")
		}
		if strings.Contains(q.path, ":worksheet") {
			q.path = strings.ReplaceAll(q.path, ":worksheet", w.worksheet(q.id))
		}
	case strings.Contains(r.path, ":question"):
		in("question", w.question(w.lesson("published")), "questions")
	case strings.Contains(r.path, ":guide"):
		in("guide", w.guide(), "guide_imports")
	case strings.Contains(r.path, "/minute") && strings.Contains(r.path, ":import"):
		in("import", w.minuteImport(), "figure_imports")
	case strings.Contains(r.path, ":airing"):
		var id string
		id, a = w.airing()
		in("airing", id, "airings")
	case strings.Contains(r.path, ":channel"):
		in("channel", w.channel(), "channels")
	case strings.Contains(r.path, ":copy"):
		in("copy", w.copy(), "broadcast_copies")
	case strings.Contains(r.path, "tokens/:person"):
		in("person", w.machine(), "persons")
	case strings.Contains(q.path, ":person"):
		in("person", w.person(), "persons")
	case strings.Contains(r.path, ":school"):
		in("school", w.school().ID, "schools")
	case strings.Contains(r.path, ":upload"):
		in("upload", w.upload(), "uploads")
	case strings.Contains(r.path, "as-run") && strings.Contains(r.path, ":import"):
		in("import", w.asRunImport(), "asrun_imports")
	case strings.Contains(q.path, ":import"):
		in("import", w.figureImport(), "figure_imports")
	case strings.Contains(r.path, ":report"):
		in("report", w.report(), "reports")
	case strings.Contains(r.path, ":notice"):
		id, file := w.notice(r.object)
		q.path = strings.ReplaceAll(q.path, ":file", file)
		in("notice", id, "notices")
	case strings.Contains(r.path, ":webhook"):
		in("webhook", w.webhook(), "webhooks")
	case strings.Contains(r.path, ":job"):
		in("job", w.job(strings.HasSuffix(r.path, "/park")), "jobs")
	}
	if strings.Contains(q.path, ":class") { // whose roll is called, of the lessons' grade
		q.path = strings.ReplaceAll(q.path, ":class", w.rollClass())
	}
	if strings.Contains(q.path, ":") || strings.HasSuffix(q.path, "*") {
		return q, fmt.Errorf("nothing is known to put into %s", q.path)
	}
	if strings.HasPrefix(r.path, api.Base+"/tus") {
		return w.tus(q, r), nil
	}
	if r.route() == "GET /reset" {
		q.path += "?token=" + w.reset()
	}
	if r.method == "GET" || r.method == "HEAD" {
		return q, nil
	}
	if w.signingIn(&q, r) {
		return q, nil
	}
	q.spends = slices.Contains([]string{"POST /signin", "POST /signin/card", "POST /signout",
		"DELETE " + api.Base + "/tokens/current"}, r.route())
	return w.fill(q, r, a)
}

// tus is a request of the resumable upload protocol.
func (w *world) tus(q asked, r accessRow) asked {
	q.header = http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"7"}, "X-Http-Method-Override": {"PATCH"}}
	q.kind = "application/offset+octet-stream"
	if r.method == "POST" && r.object == "draft" {
		id := w.lesson("draft")
		q.header.Set("Upload-Length", "7")
		q.header.Set("Upload-Metadata", "lesson "+base64.StdEncoding.EncodeToString([]byte(id)))
		q.table, q.id = "lessons", id
	}
	return q
}

// fill writes what has to be typed or sent.
func (w *world) fill(q asked, r accessRow, a schedule.Airing) (asked, error) {
	if w.fillFile(&q, r) {
		return q, nil
	}
	if strings.HasSuffix(r.path, "/figure-imports") || strings.HasSuffix(r.path, "/as-run-imports") ||
		r.path == "/station/figures" || r.path == "/station/as-run" {
		channel, sheet := w.figureSheet()
		if strings.Contains(r.path, "as-run") {
			channel, sheet = w.log()
		}
		q.body, q.kind = multipartFile("bang.csv", sheet,
			map[string]string{"channel": channel, "channelId": channel, "metric": "contacts",
				"unit": "persons", "grade": "E", "source": "Phiếu"})
		return q, nil
	}
	if r.route() == "POST /admin/imports" || r.route() == "POST "+api.Base+"/roster-imports" {
		q.body, q.kind = multipartFile("dia-ban.csv", w.areaSheet(), map[string]string{"kind": "areas"})
		return q, nil
	}
	switch r.route() {
	case "POST /teacher/lessons/:lesson/worksheets", "POST " + api.Base + "/lessons/:lesson/attachments":
		q.body, q.kind = multipartFile("phieu.pdf", paper, nil)
		return q, nil
	case "POST /teacher/lessons/:lesson/captions":
		q.body, q.kind = multipartFile("loi.vtt", spoken, map[string]string{"language": "vi"})
		return q, nil
	case "PUT " + api.Base + "/lessons/:lesson/captions/:language":
		q.body, q.kind = spoken, "text/vtt"
		return q, nil
	}
	if strings.HasPrefix(r.path, "/notices/") || strings.HasPrefix(r.path, "/admin/webhooks") {
		return w.tellingForm(q, r), nil
	}
	if r.route() == "POST /teacher/lessons/new" || r.route() == "POST "+api.Base+"/lessons" {
		return forATeacher(q, r), nil
	}
	if strings.HasPrefix(r.path, api.Base) {
		in, ok := w.document(r, a)
		if !ok {
			return q, fmt.Errorf("no body is known for it")
		}
		raw, err := json.Marshal(in)
		if err != nil {
			return q, err
		}
		q.body, q.kind = string(raw), jsonType
		return q, nil
	}
	in, ok := w.form(r, a)
	if !ok {
		return q, fmt.Errorf("no form is known for it")
	}
	q.body, q.kind = in.Encode(), formType
	return q, nil
}

// forATeacher drafts a lesson: the station makes none of its own.
func forATeacher(q asked, r accessRow) asked {
	json := r.path != "/teacher/lessons/new"
	q.kind = formType
	if json {
		q.kind = jsonType
	}
	q.as = func(account, _ string) (string, func()) {
		teacher := ""
		if account == "dai" {
			teacher = "giao-vien"
		}
		if json {
			return fmt.Sprintf(`{"title":"Mới","subject":"toan","grade":9,"teacher":%q}`, teacher), func() {}
		}
		return url.Values{"title": {"Từ trang"}, "subject": {"toan"}, "grade": {"9"},
			"teacher": {teacher}}.Encode(), func() {}
	}
	return q
}

// paper is the smallest worksheet: a PDF of no pages.
const paper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\ntrailer\n<</Root 1 0 R>>\nstartxref\n42\n%%EOF\n"

// worksheet gives a lesson one, and its id.
func (w *world) worksheet(lessonID string) string {
	x := must[worksheet.Worksheet](w.h.T)(w.h.App.Worksheets.Add(context.Background(), people.Operator(), lessonID,
		"phieu.pdf", []byte(paper)))
	return x.ID
}

// headsFirst lets heads of every level look at lessons before the department.
func (w *world) headsFirst() {
	all := []school.Level{school.Primary, school.LowerSecondary, school.UpperSecondary, school.Mixed}
	if err := w.h.App.Lessons.SetPreapproveLevels(context.Background(), people.Operator(), all); err != nil {
		w.h.T.Fatal(err)
	}
}

// spoken is a file of captions.
const spoken = "WEBVTT\n\n00:00.000 --> 00:01.000\nChào các em\n"

// speak gives a lesson two sounds.
func (w *world) speak(lessonID string) {
	ctx := context.Background()
	l, err := w.h.App.DB.Lessons().Lesson(ctx, lessonID)
	if err == nil {
		err = w.h.App.Lessons.SetSounds(ctx, lessonID, l.Media.PackageID,
			[]lesson.Sound{{Rung: "audio", Language: "und"}, {Rung: "audio2", Language: "und"}})
	}
	if err != nil {
		w.h.T.Fatal(err)
	}
}

// caption gives a lesson captions found in its recording, and their language.
func (w *world) caption(lessonID string) string {
	c := caption.Caption{LessonID: lessonID, Language: "vi", Key: media.Caption(lessonID, "vi", w.next("v")),
		Body: spoken, Cues: 1,
		Source: caption.Found, Offered: true, UpdatedAt: time.Now()}
	if err := w.h.App.DB.Captions().SaveCaption(context.Background(), c); err != nil {
		w.h.T.Fatal(err)
	}
	return c.Language
}

// slot is a free time on an own channel for a new airing.
func (w *world) slot() (channel, lessonID string, start time.Time) {
	return w.channel(), w.lesson("published"), time.Now().Add(24 * time.Hour).Truncate(time.Minute).In(w.h.App.Zone)
}

// document is the JSON body of a call of the API.
func (w *world) document(r accessRow, a schedule.Airing) (any, bool) {
	type m = map[string]any
	if out, ok := aroundDocument(r.route()); ok {
		return out, true
	}
	if out, ok := questionDocument(r.route()); ok {
		return out, true
	}
	switch strings.Replace(r.route(), api.Base, "", 1) {
	case "POST /tokens":
		return m{"username": "hoc-sinh", "password": harness.Password}, true
	case "POST /service-tokens":
		return m{"name": "Máy", "role": "station", "scopes": []string{"schedule.read"}}, true
	case "DELETE /service-tokens/:person":
		return m{}, true
	case "PATCH /lessons/:lesson":
		return m{"title": "Đổi"}, true
	case "POST /lessons/:lesson/return", "POST /lessons/:lesson/withdraw", "POST /lessons/:lesson/take-down":
		return m{"reason": "Vì thế"}, true
	case "PUT /lessons/:lesson/consent":
		return m{"minors": "none"}, true
	case "PUT /lessons/:lesson/teacher":
		return m{"teacher": "giao-vien"}, true
	case "POST /lessons/:lesson/copies":
		return m{"weeks": []int{3}}, true
	case "POST /lessons/bulk":
		return m{"lessons": []string{w.lesson("draft")}, "do": "bin"}, true
	case "POST /lessons/:lesson/preapprove":
		w.headsFirst()
		return m{}, true
	case "POST /lessons/:lesson/captions/:language/accept":
		return m{"language": "vi"}, true
	case "PUT /lessons/:lesson/sounds":
		return m{"sounds": []m{{"rung": "audio", "language": "vi"}, {"rung": "audio2", "language": "hmn"}}}, true
	case "PUT /lessons/:lesson/chapters":
		return []m{{"at": 0, "title": "Mở đầu"}}, true
	case "POST /lessons/:lesson/uploads":
		return m{"filename": "a.mp4", "size": 100}, true
	case "POST /uploads/:upload/parts":
		return m{"numbers": []int{1}}, true
	case "POST /heartbeats":
		o, err := w.h.App.Playback.Open(context.Background(), playback.OpenRequest{LessonID: w.lesson("published")})
		if err != nil {
			w.h.T.Fatal(err)
		}
		return m{"token": o.Token, "sequence": 1, "played": [][2]float64{{0, 1}}, "seconds": 1}, true
	case "POST /reports":
		return m{"from": "2026-11-01", "to": "2026-12-01", "by": "subject"}, true
	case "POST /check-ins":
		return m{"code": w.code()}, true
	case "POST /channels", "PATCH /channels/:channel":
		return m{"name": w.next("Kênh ")}, true
	case "POST /airings":
		ch, l, start := w.slot()
		return m{"channelId": ch, "lessonId": l, "startsAt": start, "endsAt": start.Add(20 * time.Minute)}, true
	case "POST /lessons/:lesson/broadcast-copies":
		return m{"channelId": w.channel()}, true
	case "PATCH /airings/:airing":
		return m{"houseNumber": "GD-9"}, true
	case "PUT /airings/:airing/as-run":
		return m{"outcome": "aired"}, true
	case "POST /airings/:airing/roll-calls":
		return m{"classId": w.rollClass(), "asked": 1, "watched": 1}, true
	case "POST /airings/:airing/repeats":
		return m{"weeks": 1}, true
	case "POST /airings/:airing/figures":
		return m{"metric": "contacts", "value": 2140, "unit": "persons", "grade": "E", "source": "Phiếu"}, true
	case "POST /lessons/:lesson/confirm", "POST /lessons/:lesson/put-back",
		"DELETE /lessons/:lesson/attachments/:worksheet":
		return m{}, true
	case "POST /lessons/:lesson/submit", "POST /lessons/:lesson/approve", "POST /lessons/:lesson/retry",
		"POST /lessons/:lesson/restore",
		"DELETE /lessons/:lesson", "DELETE /lessons/:lesson/captions/:language", "POST /uploads/:upload/complete",
		"DELETE /uploads/:upload", "POST /lessons/:lesson/playback-sessions",
		"DELETE /airings/:airing", "DELETE /tokens/current", "POST /figure-imports/:import/commit",
		"POST /as-run-imports/:import/commit",
		"POST /minute-imports/:import/commit", "POST /roster-imports/:import/commit":
		return m{}, true
	}
	return nil, false
}

// form is what a page's form sends.
func (w *world) form(r accessRow, a schedule.Airing) (url.Values, bool) {
	v := func(pairs ...string) (url.Values, bool) {
		out := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out, true
	}
	if out, ok := w.organisationForm(r.route()); ok {
		return out, true
	}
	if out, ok := aroundForm(r.route()); ok {
		return out, true
	}
	if out, ok := questionForm(r.route()); ok {
		return out, true
	}
	switch r.route() {
	case "POST /signin":
		return v("username", "hoc-sinh", "password", harness.Password)
	case "POST /forgot":
		return v("account", w.next("quen-"))
	case "POST /reset":
		return v("token", w.reset(), "password", "mat-khau-moi", "again", "mat-khau-moi")
	case "POST /account/tokens":
		return v("name", "Máy của tôi", "days", "30", "scopes", "self.see")
	case "POST /admin/tokens":
		return v("name", "Máy", "days", "30", "role", "station", "scopes", "schedule.read")
	case "POST /admin/people/:person/email":
		return v("email", w.next("thu-")+"@truong.example")
	case "POST /account/sessions/end":
		return v("session", "khong-co")
	case "POST /language":
		return v("lang", "en")
	case "POST /tv/code":
		return v("code", w.code())
	case "POST /grade":
		return v("grade", "9")
	case "POST /teacher/lessons/:lesson/save":
		return v("title", "Từ trang", "subject", "toan", "grade", "9")
	case "POST /teacher/lessons/:lesson/captions/:language":
		return v("from-0", "0:00", "to-0", "0:01", "text-0", "Chào các em")
	case "POST /teacher/lessons/:lesson/captions/:language/accept":
		return v("language", "vi")
	case "POST /teacher/lessons/:lesson/sounds":
		return v("language-audio", "vi", "language-audio2", "hmn")
	case "POST /teacher/lessons/:lesson/chapters":
		return v("from-0", "0:00", "text-0", "Mở đầu")
	case "POST /teacher/lessons/:lesson/consent":
		return v("minors", "none")
	case "POST /teacher/lessons/:lesson/teacher":
		return v("who", "giao-vien")
	case "POST /teacher/lessons/:lesson/copies":
		return v("week", "3")
	case "POST /teacher/lessons/bulk":
		return v("lesson", w.lesson("draft"), "do", "bin")
	case "POST /review/rules":
		return v("level", "primary")
	case "POST /school/lessons/:lesson/preapprove":
		w.headsFirst()
		return v()
	case "POST /teacher/lessons/:lesson/put-back", "POST /review/:lesson/put-back", "POST /review/:lesson/confirm",
		"POST /teacher/lessons/:lesson/worksheets/:worksheet/remove":
		return v()
	case "POST /teacher/lessons/:lesson/take-down", "POST /review/:lesson/take-down":
		return v("reason", "Vì thế", "back", "/")
	case "POST /teacher/lessons/:lesson/withdraw", "POST /review/:lesson/withdraw", "POST /review/:lesson/return":
		return v("reason", "Vì thế")
	case "POST /station/airings/new":
		ch, l, start := w.slot()
		start = start.In(w.h.App.Zone)
		return v("channelId", ch, "lessonId", l, "day", start.Format(time.DateOnly), "startsAt", start.Format("15:04"),
			"minutes", "20")
	case "POST /station/airings/:airing/plan":
		start := a.StartsAt.Add(time.Hour).In(w.h.App.Zone)
		return v("channelId", a.ChannelID, "lessonId", a.LessonID, "day", start.Format(time.DateOnly), "startsAt",
			start.Format("15:04"), "minutes", "20")
	case "POST /station/airings/:airing/copies":
		return v("format", "mpeg2-ps-15m")
	case "POST /station/airings/:airing/repeats":
		return v("weeks", "1")
	case "POST /station/rules":
		return v("grade", "9", "subject", "toan", "atLeast", "2")
	case "POST /department/flags":
		viewer, day := w.flag()
		return v("viewer", viewer, "day", day, "restored", "yes")
	case "POST /teacher/roll-calls/:airing/:class":
		return v("how", "tally", "asked", "1", "watched", "1")
	case "POST /department/draws/:airing":
		for range 10 {
			w.rollClass()
		}
		return v("classes", "10")
	case "POST /station/airings/:airing/as-run":
		return v("outcome", "aired")
	case "POST /station/airings/:airing/figures":
		return v("metric", "contacts", "value", "2140", "unit", "persons", "grade", "E", "source", "Phiếu")
	case "POST /station/channels/new", "POST /station/channels/:channel":
		return v("name", w.next("Kênh "), "own", "yes", "timezone", "Asia/Ho_Chi_Minh")
	case "POST /admin/jobs/cancel":
		return v("subject", "thu:2")
	case "POST /admin/people":
		return v("username", w.next("moi-"), "name", "Người mới", "role", "reviewer")
	case "POST /admin/people/:person/active":
		return v("active", "no")
	case "POST /admin/schools", "POST /admin/schools/:school":
		return v("code", w.next("MA-"), "name", "Trường mới", "level", "primary")
	case "POST /signout", "POST /teacher/lessons/:lesson/submit", "POST /teacher/lessons/:lesson/retry",
		"POST /teacher/lessons/:lesson/bin", "POST /teacher/lessons/:lesson/captions/:language/remove",
		"POST /teacher/lessons/:lesson/restore", "POST /review/:lesson/approve", "POST /station/airings/:airing/remove",
		"POST /admin/people/:person/reset", "POST /admin/people/:person/second-step", "POST /admin/tokens/:person/end",
		"POST /admin/jobs/:job/retry", "POST /admin/jobs/:job/park", "POST /admin/people/:person/password",
		"POST /department/reports", "POST /station/figures/:import/commit", "POST /station/minutes/:import/commit",
		"POST /station/guides/:guide/commit",
		"POST /station/as-run/:import/commit":
		return url.Values{}, true
	}
	return nil, false
}
