package system

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

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
