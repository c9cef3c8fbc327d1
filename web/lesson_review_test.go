package web_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/lesson"
	"lenlop/services/school"
)

const paper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\ntrailer\n<</Root 1 0 R>>\nstartxref\n42\n%%EOF\n"

// file sends a form with a file.
func (d desk) file(path, name string, data []byte) *httptest.ResponseRecorder {
	d.o.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", name)
	must(d.o.t, err)
	_, err = f.Write(data)
	must(d.o.t, err)
	must(d.o.t, m.Close())
	r := httptest.NewRequest("POST", "http://lop.test"+path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: "lenlop", Value: d.cookie})
	w := httptest.NewRecorder()
	d.o.handler.ServeHTTP(w, r)
	return w
}

func TestWorksheetsAreTakenByWhatTheyAre(t *testing.T) {
	o := newOffice(t)
	l := o.ready("lan", "Phân số")
	lan, at := o.at("lan"), "/teacher/lessons/"+l.ID
	if w := lan.file(at+"/worksheets", "../../<script>alert(1)</script>.pdf", []byte(paper)); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, wordsOf(w.Body.String()))
	}
	list, err := o.sheets.List(context.Background(), o.person("lan"), l.ID)
	must(t, err)
	if len(list) != 1 || list[0].Name != "script.pdf" ||
		!strings.HasPrefix(list[0].Key, "lessons/"+l.ID+"/attachments/") {
		t.Fatalf("%+v", list)
	}
	has(t, lan.page(at, 200), "script.pdf")
	for name, data := range map[string]string{"a.pdf": "<!doctype html><script>alert(1)</script>",
		"b.png": "\x89PNG\r\n\x1a\n<script>", "c.svg": "<svg/>", "d.pdf": ""} {
		if w := lan.file(at+"/worksheets", name, []byte(data)); w.Code != 422 && w.Code != 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if n := len(o.files); n != 2 { // the recording and the one worksheet
		t.Errorf("storage holds %d objects", n)
	}
	for _, who := range []string{"mai", "so", "hieu"} {
		if w := o.at(who).file(at+"/worksheets", "x.pdf", []byte(paper)); w.Code != 403 {
			t.Errorf("%s adds: %d", who, w.Code)
		}
	}
	must(t, o.sheets.Delete(context.Background(), o.person("lan"), l.ID, list[0].ID))
	if n := len(o.files); n != 1 {
		t.Errorf("%d objects are left", n)
	}
	lan.done(at + "/worksheets/gone/remove")
}

func TestManyLessonsAtOnce(t *testing.T) {
	o := newOffice(t)
	a, b := o.ready("lan", hostile), o.draft("lan", "Số thập phân")
	lan := o.at("lan")
	has(t, lan.post("/teacher/lessons/bulk", 422, "do", "bin"), "Hãy chọn ít nhất một bài")
	w := lan.send("POST", "/teacher/lessons/bulk",
		map[string][]string{"lesson": {a.ID, b.ID, "khong-co"}, "do": {"submit"}})
	body := lan.whole(w, "bulk", 200)
	has(t, body, "Kết quả từng bài", "Xong", "Chưa được", "khong-co")
	got, err := o.db.Lessons().Lesson(context.Background(), a.ID)
	must(t, err)
	if got.Status != lesson.Submitted {
		t.Errorf("%+v", got)
	}
	if n := strings.Count(body, "checked"); n != 1 {
		t.Errorf("%d lessons stay chosen", n)
	}
}

func TestBinSaysHowLong(t *testing.T) {
	o := newOffice(t)
	l := o.draft("lan", "Phân số")
	lan := o.at("lan")
	lan.done("/teacher/lessons/" + l.ID + "/bin")
	o.now = o.now.Add(10*24*time.Hour + time.Hour)
	lan = o.at("lan")
	has(t, lan.page("/teacher?status=bin", 200), "Còn 20 ngày", "Lấy lại bài")
	if to := lan.done("/teacher/lessons/"+l.ID+"/restore", "back", "/teacher"); to != "/teacher?done=restored" {
		t.Error(to)
	}
}

func TestTeacherIsNamedApartFromUploader(t *testing.T) {
	o := newOffice(t)
	dai := o.at("dai")
	has(t, dai.post("/teacher/lessons/new", 422, "title", "Quay ở đài", "subject", "toan", "grade", "4"),
		"của giáo viên nào", `value="Quay ở đài"`)
	has(t, dai.post("/teacher/lessons/new", 422, "title", "Quay ở đài", "subject", "toan", "grade", "4", "teacher",
		"Người"), "Có nhiều người trùng tên", "Người lan", "Trường Suối Trong")
	to := dai.done("/teacher/lessons/new", "title", "Quay ở đài", "subject", "toan", "grade", "4",
		"teacher", "nguoi mai")
	at := strings.TrimSuffix(to, "?done=drafted")
	has(t, dai.page(at, 200), "Giáo viên của bài: Người mai", "Người tải lên: Người dai")
	o.at("mai").page(at, 200)
	o.at("lan").page(at, 403)
	has(t, o.at("lan").post("/teacher/lessons/new", 422, "title", "x", "subject", "toan", "grade", "4", "teacher",
		"Người mai"), "Không tìm thấy giáo viên")
}

func TestHeadLooksFirstAndTakesDown(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	l := o.ready("lan", "Phân số")
	_, err := o.lessons.Submit(ctx, o.person("lan"), l.ID)
	must(t, err)
	hieu, so, at := o.at("hieu"), o.at("so"), "/school/lessons/"+l.ID
	lacks(t, hieu.page(at, 200), "Nhà trường đồng ý")
	so.done("/review/rules", "level", string(school.Primary))
	has(t, hieu.page(at, 200), "Nhà trường đồng ý")
	hieu.done(at + "/preapprove")
	has(t, so.page("/review?show=preapproved", 200), "Phân số", "Nhà trường đã duyệt trước")
	has(t, so.page("/review/"+l.ID, 200), "Người hieu", "Lịch sử của bài (4 bước)", "Nhà trường duyệt trước")
	if w := so.send("GET", "/review?format=csv", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "Phân số") ||
		!strings.Contains(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v %.300s", w.Code, w.Header(), w.Body)
	}
	so.done("/review/"+l.ID+"/approve", "when", "aired")
	has(t, so.page("/review?show=approved", 200), "Đăng sau khi phát sóng")
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "sẽ tự đăng sau khi phát sóng")
	must(t, o.lessons.Aired(ctx, l.ID))
	if to := hieu.done("/teacher/lessons/"+l.ID+"/take-down", "reason", "Có học sinh", "back", at); to != at+
		"?done=taken_down" {
		t.Error(to)
	}
	body := hieu.page(at, 200)
	has(t, body, "Bài đã bị gỡ khẩn cấp", "Có học sinh")
	lacks(t, body, `class="player"`)
	has(t, o.at("lan").page("/teacher/lessons/"+l.ID, 200), "Bài đã bị gỡ khẩn cấp")
	has(t, so.page("/review/"+l.ID, 200), "Bỏ lệnh gỡ", `class="player"`)
	so.done("/review/" + l.ID + "/put-back")
	for _, who := range []string{"mai", "em", "dai"} {
		o.at(who).page(at, 403)
	}
}

func TestConsentAndCopies(t *testing.T) {
	o := newOffice(t)
	l := o.ready("lan", "Phân số")
	lan, at := o.at("lan"), "/teacher/lessons/"+l.ID
	has(t, lan.post(at+"/consent", 422, "note", "tủ hồ sơ"), `value="tủ hồ sơ"`)
	lan.done(at+"/consent", "minors", "missing")
	_, err := o.lessons.Submit(context.Background(), o.person("lan"), l.ID)
	must(t, err)
	has(t, o.at("so").post("/review/"+l.ID+"/approve", 409, "when", "now"), "chưa có sự đồng ý của phụ huynh")
	if w := lan.file(at+"/worksheets", "phieu.pdf", []byte(paper)); w.Code != 303 {
		t.Fatal(w.Code)
	}
	lan.done(at+"/copies", "week", "9")
	list, _, err := o.lessons.List(context.Background(), o.person("lan"), lesson.Filter{CaredBy: "lan"})
	must(t, err)
	i := slices.IndexFunc(list, func(l lesson.Lesson) bool { return l.Week == 9 })
	if len(list) != 2 || i < 0 || list[i].Media.State != lesson.None {
		t.Fatalf("%+v", list)
	}
	sheets, err := o.sheets.List(context.Background(), o.person("lan"), list[i].ID)
	must(t, err)
	if len(sheets) != 1 || string(o.files[sheets[0].Key]) != paper {
		t.Errorf("%+v", sheets)
	}
}
