package system

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/system/harness"
)

// TestJourneys walks the three journeys over the API with real parts: upload
// to published, watched to counted, aired to compared.
func TestJourneys(t *testing.T) {
	h := start(t, nil)
	harness.WalkJourneys(t, h.System, h.System)
}

// TestBadRecordings: each is refused with a sentence, the lesson stays a
// draft, and its teacher can fetch the file back.
func TestBadRecordings(t *testing.T) {
	h := start(t, func(f *app.Settings) { f.MaxUpload = 5 << 20 })
	teacher := h.As("giao-vien")
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good, err := os.ReadFile(harness.Recording(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"bai-tap.mp4":    "Đây là một văn bản, không phải bản ghi.\n" + strings.Repeat("x", 4000),
		"danh-sach.mp4":  "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
		"hong.mp4":       string(good[:len(good)/3]),
		"toan-so-0.mp4":  strings.Repeat("\x00", 20000),
		"-f concat .mp4": "ffconcat version 1.0\nfile /etc/hostname\n",
	} {
		l := teacher.Draft("Bản ghi xấu " + name)
		teacher.Upload(l.ID, write(name, content))
		l = teacher.Until(l.ID, time.Minute, harness.Settled)
		if l.Media.State != "failed" || l.Status != "draft" || l.Failure == nil || l.Failure.Code == "" ||
			strings.HasPrefix(l.Failure.Detail, "[") || l.Media.Playable {
			t.Errorf("%s: %+v failure %+v", name, l, l.Failure)
			continue
		}
		if strings.Contains(l.Failure.Detail, "Máy chủ gặp lỗi") {
			t.Errorf("%s: the sentence for %s is missing", name, l.Failure.Code)
		}
		status, _, body := teacher.Get("/teacher/lessons/" + l.ID + "/recording")
		if status != 200 || string(body) != content {
			t.Errorf("%s: the refused file does not come back: %d, %d bytes", name, status, len(body))
		}
	}
	l := teacher.Draft("Không có gì")
	teacher.Refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "rong.mp4", "size": 0}, 422,
		"upload.empty")
	teacher.Refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "to.mp4", "size": 6 << 20}, 413,
		"upload.too_large")
}

// TestBadRequests: the right status, a problem document, nothing changed.
func TestBadRequests(t *testing.T) {
	h := start(t, nil)
	teacher, other, student := h.As("giao-vien"), h.As("giao-vien-2"), h.As("")
	l := teacher.Draft("Của tôi")

	student.Refused("POST", "/tokens", map[string]any{"username": "giao-vien", "password": "sai-mat-khau"}, 401,
		"signin.wrong")
	student.Refused("POST", "/tokens", map[string]any{"username": "khong-co", "password": harness.Password},
		401, "signin.wrong")
	student.Refused("POST", "/tokens", map[string]any{"username": "nghi-viec", "password": harness.Password}, 401,
		"signin.wrong")
	student.Refused("POST", "/lessons", map[string]any{"title": "x"}, 401, "signin.needed")
	other.Refused("PATCH", "/lessons/"+l.ID, map[string]any{"title": "Của bạn"}, 403, "access.denied")
	other.Refused("DELETE", "/lessons/"+l.ID, nil, 403, "access.denied")
	other.Refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "a.mp4", "size": 100}, 403,
		"access.denied")
	teacher.Refused("GET", "/lessons/khong-co", nil, 404, "lesson.not_found")
	teacher.Refused("GET", "/uploads/khong-co", nil, 404, "upload.not_found")
	teacher.Refused("GET", "/khong-co", nil, 404, "page.not_found")
	teacher.Refused("POST", "/lessons", `{"title": "x"`, 400, "request.malformed")
	teacher.Refused("POST", "/lessons", `{"title": 5}`, 400, "request.malformed")
	teacher.Refused("POST", "/lessons", `"chữ"`, 400, "request.malformed")
	p := teacher.Refused("POST", "/lessons", map[string]any{"title": " ", "subject": "boi-loi", "grade": 13, "week": 99,
		"language": "!!"}, 422, "lesson.invalid")
	if n := len(p["errors"].([]any)); n != 5 {
		t.Errorf("%d fields named, want 5: %v", n, p["errors"])
	}
	student.Refused("POST", "/heartbeats", map[string]any{"token": "gia-mao", "played": [][2]float64{{0, 40}}}, 422,
		"heartbeat.bad_token")
	student.Refused("POST", "/heartbeats", "[]", 400, "request.malformed")
	student.Refused("POST", "/heartbeats", "{", 400, "request.malformed")
	if status, _, _ := student.Get("/lessons/khong-co"); status != 404 {
		t.Errorf("unknown lesson's page: %d", status)
	}
	var again harness.Lesson
	teacher.OK("GET", "/lessons/"+l.ID, nil, 200, &again)
	if again.Title != "Của tôi" || again.Status != "draft" {
		t.Errorf("changed: %+v", again)
	}
	// A token that was signed out is dead at once; so is a deactivated person's.
	teacher.OK("DELETE", "/tokens/current", nil, 204, nil)
	teacher.Refused("GET", "/me", nil, 401, "signin.expired")
}

// TestIdempotencyKey: the same write again gets the same answer and changes
// nothing; the same key with another body is refused.
func TestIdempotencyKey(t *testing.T) {
	h := start(t, nil)
	teacher := h.As("giao-vien")
	key := http.Header{"Idempotency-Key": {"mot-lan-thoi"}}
	in := map[string]any{"title": "Một lần", "subject": "toan", "grade": 9}
	s1, b1 := teacher.Call("POST", "/lessons", in, key)
	s2, b2 := teacher.Call("POST", "/lessons", in, key)
	if s1 != 201 || s2 != 201 || string(b1) != string(b2) {
		t.Errorf("%d %s\n%d %s", s1, b1, s2, b2)
	}
	// An upload is begun in storage once, and its address is repeated.
	var l harness.Lesson
	if err := json.Unmarshal(b1, &l); err != nil {
		t.Fatal(err)
	}
	begin := func(path, body string) (int, string, string) {
		req, err := http.NewRequest("POST", h.URL+"/api/v1/lessons/"+l.ID+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+teacher.Token)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "hai-lan"+path)
		res, err := teacher.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("Location"), string(raw)
	}
	for path, body := range map[string]string{"/uploads": `{"filename":"a.mp4","size":9}`, "/copies": `{"weeks":[1]}`} {
		status, location, answer := begin(path, body)
		if status != 201 || (location == "") == (path == "/uploads") {
			t.Errorf("%s: %d, Location %q: %s", path, status, location, answer)
		}
		if s, l, a := begin(path, body); s != status || l != location || a != answer {
			t.Errorf("%s again: %d %q %s\nfirst: %d %q %s", path, s, l, a, status, location, answer)
		}
	}
	in["title"] = "Hai lần"
	if s, b := teacher.Call("POST", "/lessons", in, key); s != 409 ||
		!strings.Contains(string(b), "request.key_reused") {
		t.Errorf("%d %s", s, b)
	}
	var ls struct{ Items []harness.Lesson }
	teacher.OK("GET", "/lessons", nil, 200, &ls)
	if len(ls.Items) != 2 { // it and its copy
		t.Errorf("%d lessons", len(ls.Items))
	}
}
