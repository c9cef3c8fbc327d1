package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestReviewQueueIsLongestWaitingFirst(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	first, second := o.ready("lan", "Phân số"), o.ready("mai", hostile)
	for _, l := range []lesson.Lesson{first, second} {
		_, err := o.lessons.Submit(ctx, o.person(l.TeacherID), l.ID)
		must(t, err)
		o.now = o.now.Add(50 * time.Hour)
	}
	so := o.at("so")
	body := so.page("/review", 200)
	has(t, body, "Đã chờ 4 ngày", "Đã chờ 2 ngày", "Người lan", "Trường Suối Trong", "25:00")
	if strings.Index(body, first.ID) > strings.Index(body, second.ID) {
		t.Error("the longest waiting is not first")
	}
	has(t, so.page("/review?grade=5", 200), "Không có bài nào chờ duyệt")
	has(t, so.page("/review?grade=4&subject=toan", 200), "Phân số")
	for who, want := range map[string]int{"lan": 403, "hieu": 403, "dai": 403, "quan": 403, "em": 403, "": 401} {
		o.at(who).page("/review", want)
		o.at(who).page("/review/"+first.ID, want)
		o.at(who).post("/review/"+first.ID+"/approve", want, "when", "now")
		o.at(who).post("/review/"+first.ID+"/return", want, "reason", "x")
	}
}

func TestReviewerReturnsWithAPlaceInTheRecording(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.ready("lan", "Phân số")
	_, err := o.lessons.Submit(ctx, o.person("lan"), l.ID)
	must(t, err)
	so, at := o.at("so"), "/review/"+l.ID
	has(t, so.page(at, 200), `class="player"`, "/watch/"+l.ID+"/", `data-moment="at"`, "timestamp-field-")
	body := so.post(at+"/return", 422, "reason", "Tiếng nhỏ quá", "at", "mười phút")
	has(t, body, "Tiếng nhỏ quá", `value="mười phút"`, "Hãy ghi phút:giây")
	has(t, so.post(at+"/return", 422, "reason", " ", "at", "12:30"), "không được để trống", `value="12:30"`)
	so.done(at+"/return", "reason", "Tiếng nhỏ quá", "at", "12:30")
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "Sở đã trả bài lại", "Tiếng nhỏ quá",
		"Xem chỗ 12:30", "#t=750")
	has(t, so.post(at+"/approve", 409, "when", "now"), "trạng thái khác")
}

func TestReviewerApprovesNowOrLater(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.draft("lan", "Phân số")
	r := o.receive("lan", l, "bai.mp4", []byte("x"))
	_, err := o.lessons.Submit(ctx, o.person("lan"), l.ID)
	must(t, err)
	so, at := o.at("so"), "/review/"+l.ID
	has(t, so.page(at, 200), "Bản ghi còn đang được chuẩn bị")
	has(t, so.post(at+"/approve", 409, "when", "now"), "Hãy duyệt khi bản ghi đã sẵn sàng")
	must(t, o.lessons.Process(ctx, l.ID, r.ID, "p", ""))
	must(t, o.lessons.Finish(ctx, l.ID, r.ID, "p", 1500, nil))
	has(t, so.post(at+"/approve", 422, "when", "later", "publishAt", "mai"), "Hãy chọn ngày và giờ", "checked")
	if to := so.done(at+"/approve", "when", "later", "publishAt", "2026-04-16T07:00"); to != "/review?done=approved" {
		t.Errorf("sent on to %s", to)
	}
	got, err := o.db.Lessons().Lesson(ctx, l.ID)
	must(t, err)
	if want := time.Date(2026, 4, 16, 7, 0, 0, 0, zone); !got.PublishAt.Equal(want) || got.Status != lesson.Submitted {
		t.Errorf("goes out %v in status %s, want %v, submitted", got.PublishAt, got.Status, want)
	}
	has(t, so.page("/review?show=approved", 200), "Sẽ đăng lúc 07:00 16/04/2026")
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "sẽ tự đăng lúc 07:00 16/04/2026")
	if to := so.done(at+"/approve", "when", "now"); to != "/review?done=published" {
		t.Errorf("sent on to %s", to)
	}
	has(t, so.post(at+"/withdraw", 422, "reason", ""), "không được để trống")
	so.done(at+"/withdraw", "reason", "Sai đáp án")
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "Bài đã được gỡ", "Sai đáp án")
}

func TestNobodyReviewsTheirOwnLesson(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	both := o.person("lan")
	both.Grants = append(both.Grants, people.Grant{Role: people.Reviewer})
	must(t, o.db.People().SavePerson(ctx, both))
	l := o.ready("lan", "Phân số")
	_, err := o.lessons.Submit(ctx, both, l.ID)
	must(t, err)
	body := o.at("lan").page("/review/"+l.ID, 200)
	has(t, body, "Đây là bài của chính bạn")
	lacks(t, body, "/approve")
	o.at("lan").post("/review/"+l.ID+"/approve", 403, "when", "now")
}
