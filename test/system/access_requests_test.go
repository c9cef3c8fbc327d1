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
	"lenlop/services/worksheet"
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
