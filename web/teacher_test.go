package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/upload"
)

func TestTeacherDraftsAndNothingTypedIsLost(t *testing.T) {
	o := newOffice(t)
	lan := o.at("lan")
	has(t, lan.page("/teacher", 200), "Thầy cô chưa có bài giảng nào")
	body := lan.post("/teacher/lessons/new", 422, "title", "Phân số", "description", "Ôn chương II & bài 3", "grade",
		"2", "subject", "khtn", "week", "7")
	has(t, body, `value="Phân số"`, "Ôn chương II &amp; bài 3", "Môn này học từ lớp 6 đến lớp 9", `aria-invalid="true"`,
		"subject-wrong")
	if !strings.Contains(body, `<option value="7" selected`) {
		t.Error("the chosen week was lost")
	}
	at := lan.done("/teacher/lessons/new", "title", "Phân số", "grade", "4", "subject", "toan", "language", "vi")
	body = lan.page(at, 200)
	has(t, body, "Đã tạo bài giảng", "Toán · Lớp 4", "Bản nháp", "Hãy tải bản ghi lên trước")
	id := strings.TrimPrefix(strings.Split(at, "?")[0], "/teacher/lessons/")
	body = lan.post("/teacher/lessons/"+id+"/save", 422, "title", "", "description", "giữ lại tôi", "grade",
		"4", "subject", "toan")
	has(t, body, "giữ lại tôi", "không được để trống")
	has(t, lan.post("/teacher/lessons/"+id+"/submit", 409), "chưa có bản ghi")
	lan.done("/teacher/lessons/"+id+"/save", "title", hostile, "grade", "5", "subject", "toan", "week", "")
	has(t, lan.page("/teacher/lessons/"+id+"?done=saved", 200), "Đã lưu", "Lớp 5")
	lan.page("/teacher", 200)
	lacks(t, lan.page("/teacher?done=access.denied", 200), "không có quyền")
}

func TestTeacherFollowsTheRecording(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	lan := o.at("lan")
	l := o.draft("lan", "Phân số")
	at := "/teacher/lessons/" + l.ID
	o.open = upload.Upload{ID: "up-1", LessonID: l.ID, PersonID: "lan", Filename: "bai.mp4", Size: 52_000_000,
		ExpiresAt: o.now.Add(upload.Life)}
	has(t, lan.page(at, 200), `data-upload="up-1"`, `data-size="52000000"`,
		"Đang tải dở: bai.mp4 (52 MB)", "22/04/2026")
	o.open = upload.Upload{}
	r := o.receive("lan", l, "bai.mp4", []byte("bản ghi"))
	has(t, lan.page(at, 200), `<li class="done">`, "Đang kiểm tra bản ghi", "Gửi duyệt ngay được")
	must(t, o.lessons.Process(ctx, l.ID, r.ID, "p1", ""))
	must(t, o.lessons.Progress(ctx, l.ID, r.ID, "transcode", 0.42))
	has(t, lan.page(at, 200), "42\u00a0%", "đóng trang này")
	must(t, o.lessons.BecomePlayable(ctx, l.ID, r.ID, "p1", 1500))
	has(t, lan.page(at, 200), "Xem thử", "/lessons/"+l.ID)
	if got := lan.done(at + "/submit"); got != at+"?done=submitted" {
		t.Errorf("sent on to %s", got)
	}
	must(t, o.lessons.Fail(ctx, l.ID, r.ID, "recording.not_media", fault.Args{}))
	body := lan.page(at, 200)
	has(t, body, "Bản ghi này không dùng được", "giữ đến hết ngày 22/04/2026", at+"/retry", at+"/recording", "Bản nháp")
	lan.done(at + "/retry")
	has(t, lan.page(at, 200), "Đang kiểm tra bản ghi")
	has(t, lan.post(at+"/retry", 409), "Không có bản ghi hỏng nào")
	lan.done(at + "/bin")
	body = lan.page(at, 200)
	has(t, body, "trong thùng rác từ ngày 15/04/2026", "Lấy lại bài")
	lacks(t, body, "data-upload")
	has(t, lan.page("/teacher?status=bin", 200), "Phân số")
	lacks(t, lan.page("/teacher", 200), "Phân số")
	lan.done(at + "/restore")
	has(t, lan.page("/teacher?status=draft", 200), "Phân số")
}

func TestRecordingIsDownloadedOnlyByThoseWhoMay(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.draft("lan", "Phân số")
	at := "/teacher/lessons/" + l.ID + "/recording"
	o.at("lan").page(at, 404)
	r := o.receive("lan", l, "Bài 1 \"phân số\"\r\n.mp4", []byte("0123456789"))
	w := o.at("lan").send("GET", at, nil)
	if w.Code != 200 || w.Body.String() != "0123456789" {
		t.Fatalf("download = %d %q", w.Code, w.Body)
	}
	cd := w.Header().Get("Content-Disposition")
	if !strings.HasPrefix(cd, `attachment; filename="B_i 1 _ph_n s_`) || strings.ContainsAny(cd, "\r\n") ||
		!strings.Contains(cd, "filename*=UTF-8''B%C3%A0i%201%20%22") {
		t.Errorf("Content-Disposition = %q", cd)
	}
	if ct, xo := w.Header().Get("Content-Type"),
		w.Header().Get("X-Content-Type-Options"); ct != "application/octet-stream" || xo != "nosniff" {
		t.Errorf("type %q, options %q", ct, xo)
	}
	for header, want := range map[string]string{"bytes=4-6": "456", "bytes=7-": "789", "bytes=-2": "89",
		"bytes=4-99": "456789"} {
		w := o.at("lan").send("GET", at, nil, "Range", header)
		if w.Code != http.StatusPartialContent || w.Body.String() != want {
			t.Errorf("%s = %d %q, want %q", header, w.Code, w.Body, want)
		}
	}
	for _, header := range []string{"bytes=10-", "bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2"} {
		if w := o.at("lan").send("GET", at, nil, "Range", header); w.Code != 200 || w.Body.Len() != 10 {
			t.Errorf("%s = %d with %d bytes, want the whole file", header, w.Code, w.Body.Len())
		}
	}
	for who, want := range map[string]int{"mai": 403, "hieu": 403, "dai": 403, "so": 200, "quan": 200,
		"em": 403, "": 401} {
		if w := o.at(who).send("GET", at, nil); w.Code != want {
			t.Errorf("%q downloads: %d, want %d", who, w.Code, want)
		}
	}
	must(t, o.lessons.Fail(ctx, l.ID, r.ID, "recording.not_media", nil))
	gone, err := o.db.Lessons().Recording(ctx, r.ID)
	must(t, err)
	gone.GoneAt = o.now.Add(8 * 24 * time.Hour)
	must(t, o.db.Lessons().SaveRecording(ctx, gone))
	has(t, o.at("lan").page(at, 410), "quá hạn giữ")
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "bị xoá ngày 23/04/2026")
}

func TestHeadSeesTheSchoolsLessons(t *testing.T) {
	o := newOffice(t)
	o.draft("lan", "Phân số")
	o.draft("mai", "Số thập phân")
	body := o.at("hieu").page("/school", 200)
	has(t, body, "Trường Bản Mẫu", "Phân số", "Người lan")
	lacks(t, body, "Số thập phân")
	// Who leads one school may teach at another.
	hieu := o.person("hieu")
	hieu.Grants = []people.Grant{{Role: people.Teacher, School: "s2"}, {Role: people.Head, School: "s1"}}
	must(t, o.db.People().SavePerson(context.Background(), hieu))
	body = o.at("hieu").page("/school", 200)
	has(t, body, "Trường Bản Mẫu", "Phân số")
	lacks(t, body, "Số thập phân")
	o.at("so").page("/school", 404) // holds no school
	o.at("em").page("/school", 403)
	o.at("").page("/school", 401)
}

func TestAnothersLessonIsNotChanged(t *testing.T) {
	o := newOffice(t)
	l := o.ready("lan", "Phân số")
	at := "/teacher/lessons/" + l.ID
	for _, who := range []string{"mai", "hieu", "so", "dai", "em"} {
		o.at(who).page(at, 403)
		for _, step := range []string{"save", "submit", "bin", "retry", "restore"} {
			o.at(who).post(at+"/"+step, 403, "title", "Của tôi", "grade", "4", "subject", "toan")
		}
	}
	has(t, o.at("").page(at, 401), "Hãy đăng nhập")
	o.at("lan").page("/teacher/lessons/khong-co", 404)
	got, err := o.db.Lessons().Lesson(context.Background(), l.ID)
	must(t, err)
	if got.Title != "Phân số" || got.Status != "draft" || !got.DeletedAt.IsZero() {
		t.Errorf("lesson was changed: %+v", got)
	}
}
