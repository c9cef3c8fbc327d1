package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lenlop/test/testclock"
)

// TestJourneys walks the three journeys over the API with real parts: upload
// to published, watched to counted, aired to compared.
func TestJourneys(t *testing.T) {
	h := startHouse(t, nil)
	walk(t, h, h)
}

// walk goes the three journeys; what one does through the first process the
// others see through the second.
func walk(t *testing.T, h, second *testHouse) {
	teacher, station := h.as("giao-vien"), h.as("dai")
	reviewer, student := second.as("chuyen-vien"), second.as("")

	// Lesson.
	l := teacher.draft("Hệ thức lượng trong tam giác vuông")
	if l.Status != "draft" || l.Media.State != "none" {
		t.Fatalf("drafted: %+v", l)
	}
	teacher.refused("POST", "/lessons/"+l.ID+"/submit", nil, 409, "lesson.no_recording")
	if l = teacher.upload(l.ID, recording(t, 14)); l.Media.State != "checking" {
		t.Fatalf("received: %+v", l.Media)
	}
	teacher.ok("POST", "/lessons/"+l.ID+"/submit", nil, 200, &l)
	if l.Media.State != "ready" {
		reviewer.refused("POST", "/lessons/"+l.ID+"/approve", nil, 409, "lesson.not_ready")
	}
	l = teacher.until(l.ID, 2*time.Minute, settled)
	if l.Failure != nil {
		t.Fatalf("failed: %+v", *l.Failure)
	}
	if l.Duration < 13.8 || l.Duration > 14.3 || len(l.Renditions) == 0 || l.Playback == nil {
		t.Fatalf("ready: %+v", l)
	}
	hls := h.stream(teacher, l.Playback.HLS)
	student.refused("GET", "/lessons/"+l.ID, nil, 404, "lesson.not_found")
	reviewer.ok("POST", "/lessons/"+l.ID+"/approve", map[string]any{}, 200, &l)
	if l.Status != "published" {
		t.Fatalf("approved: %+v", l)
	}
	if hls < 3 {
		t.Errorf("only %d segments", hls)
	}
	// What is made beside the ladder: plain files to keep, small pictures.
	l = student.until(l.ID, time.Minute, func(l lessonJSON) bool { return l.Playback.Board != "" })
	h.plainFiles(l)

	// Finding: without diacritics, with a typo.
	for _, q := range []string{"he thuc luong", "Hệ thức lượng", "hee thuws luong", "tam giac vuogn"} {
		var found struct {
			Hits []struct{ Lesson struct{ ID string } }
		}
		student.ok("GET", "/search?q="+strings.ReplaceAll(q, " ", "%20"), nil, 200, &found)
		if len(found.Hits) != 1 || found.Hits[0].Lesson.ID != l.ID {
			t.Errorf("%q found %+v", q, found.Hits)
		}
	}

	// Watching.
	student.ok("GET", "/lessons/"+l.ID, nil, 200, &l)
	if n := h.stream(student, l.Playback.HLS); n != hls {
		t.Errorf("student sees %d segments, teacher saw %d", n, hls)
	}
	var s struct{ Token, ViewerToken string }
	student.ok("POST", "/lessons/"+l.ID+"/playback-sessions", map[string]any{}, 201, &s)
	beat := func(to float64) map[string]any {
		return map[string]any{"token": s.Token, "sequence": 1, "played": [][2]float64{{0, to}}, "seconds": to, "position": to, "rate": 1}
	}
	student.ok("POST", "/heartbeats", beat(6), 202, nil)
	if v := h.views(reviewer, l.ID); v != 0 {
		t.Errorf("6 of 14 seconds made %d views", v)
	}
	for range 3 {
		student.ok("POST", "/heartbeats", beat(8), 202, nil)
	}
	student.ok("POST", "/heartbeats", []any{beat(8), beat(7)}, 202, nil)
	if v := h.views(reviewer, l.ID); v != 1 {
		t.Errorf("half of 14 seconds, sent five times, made %d views", v)
	}

	// Airing.
	var ch, a struct{ ID string }
	station.ok("POST", "/channels", map[string]any{"name": "Truyền hình tỉnh", "own": true}, 201, &ch)
	start := testclock.Now().Add(-2 * time.Hour).Truncate(time.Second)
	airing := map[string]any{"lessonId": l.ID, "channelId": ch.ID, "startsAt": start, "endsAt": start.Add(20 * time.Minute), "houseNumber": "GD-1"}
	station.ok("POST", "/airings", airing, 201, &a)
	clash := map[string]any{"lessonId": l.ID, "channelId": ch.ID, "startsAt": start.Add(19 * time.Minute), "endsAt": start.Add(40 * time.Minute)}
	p := station.refused("POST", "/airings", clash, 409, "airing.clash")
	if p["args"].(map[string]any)["airing"] != a.ID {
		t.Errorf("the clash does not name the other airing: %v", p)
	}
	station.ok("PUT", "/airings/"+a.ID+"/as-run", map[string]any{"outcome": "aired"}, 200, nil)
	station.ok("POST", "/airings/"+a.ID+"/figures", map[string]any{"metric": "contacts", "value": 2140, "unit": "persons", "grade": "E", "source": "Phiếu của đài"}, 201, nil)

	var ledger struct {
		Web     struct{ Views, Viewers int }
		Airings []struct {
			Outcome string
			Figures []struct {
				Value         float64
				Grade, Source string
			}
		}
	}
	reviewer.ok("GET", "/lessons/"+l.ID+"/ledger", nil, 200, &ledger)
	if ledger.Web.Views != 1 || ledger.Web.Viewers != 1 || len(ledger.Airings) != 1 || len(ledger.Airings[0].Figures) != 1 ||
		ledger.Airings[0].Outcome != "aired" || ledger.Airings[0].Figures[0].Value != 2140 || ledger.Airings[0].Figures[0].Grade != "E" {
		t.Errorf("ledger: %+v", ledger)
	}
	var rows struct {
		Items []struct {
			Key        string
			WebViews   int
			Television map[string]float64
		}
	}
	reviewer.ok("GET", "/viewership?by=lesson", nil, 200, &rows)
	if len(rows.Items) != 1 || rows.Items[0].WebViews != 1 || rows.Items[0].Television["E"] != 2140 {
		t.Errorf("viewership: %+v", rows)
	}
	if status, header, body := reviewer.get("/api/v1/viewership?by=lesson&format=csv"); status != 200 || !strings.Contains(header.Get("Content-Type"), "text/csv") || !strings.Contains(string(body), "2140") {
		t.Errorf("csv: %d %s", status, body)
	}

	// Withdrawn: gone from the catalogue and from the public at once.
	teacher.ok("POST", "/lessons/"+l.ID+"/withdraw", map[string]any{"reason": "Nhầm bản ghi"}, 200, &l)
	student.refused("GET", "/lessons/"+l.ID, nil, 404, "lesson.not_found")
	var found struct{ Hits []any }
	student.ok("GET", "/search?q=he%20thuc", nil, 200, &found)
	if len(found.Hits) != 0 {
		t.Errorf("a withdrawn lesson is still found: %+v", found)
	}
}

func (h *testHouse) views(c *caller, id string) int {
	h.t.Helper()
	var ledger struct{ Web struct{ Views int } }
	c.ok("GET", "/lessons/"+id+"/ledger", nil, 200, &ledger)
	return ledger.Web.Views
}

var segmentLine = regexp.MustCompile(`(?m)^[^#\n].*$`)

// stream fetches a master playlist and everything it leads to, and returns
// how many media segments the first rendition has.
func (h *testHouse) stream(c *caller, master string) int {
	h.t.Helper()
	fetch := func(address string) string {
		status, _, body := c.get(address)
		if status != http.StatusOK || len(body) == 0 {
			h.t.Fatalf("%s: %d", address, status)
		}
		return string(body)
	}
	within := func(base, ref string) string {
		base, _, _ = strings.Cut(base, "?")
		return base[:strings.LastIndex(base, "/")+1] + ref
	}
	first := 0
	for i, rung := range segmentLine.FindAllString(fetch(master), -1) {
		list := fetch(within(master, rung))
		if !strings.Contains(list, "#EXT-X-ENDLIST") || !strings.Contains(list, "#EXT-X-MAP") {
			h.t.Errorf("%s is not a finished playlist:\n%s", rung, list)
		}
		segments := segmentLine.FindAllString(list, -1)
		for _, s := range segments {
			fetch(within(within(master, rung), s))
		}
		if i == 0 {
			first = len(segments)
		}
	}
	if first == 0 {
		h.t.Fatalf("%s names no rendition with segments", master)
	}
	return first
}

// TestBadRecordings: each is refused with a sentence, the lesson stays a
// draft, and its teacher can fetch the file back.
func TestBadRecordings(t *testing.T) {
	h := startHouse(t, func(f *serveFlags) { f.MaxUpload = 5 << 20 })
	teacher := h.as("giao-vien")
	dir := t.TempDir()
	write := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good, err := os.ReadFile(recording(t, 3))
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
		l := teacher.draft("Bản ghi xấu " + name)
		teacher.upload(l.ID, write(name, content))
		l = teacher.until(l.ID, time.Minute, settled)
		if l.Media.State != "failed" || l.Status != "draft" || l.Failure == nil || l.Failure.Code == "" || strings.HasPrefix(l.Failure.Detail, "[") || l.Media.Playable {
			t.Errorf("%s: %+v failure %+v", name, l, l.Failure)
			continue
		}
		if strings.Contains(l.Failure.Detail, "Máy chủ gặp lỗi") {
			t.Errorf("%s: the sentence for %s is missing", name, l.Failure.Code)
		}
		status, _, body := teacher.get("/teacher/lessons/" + l.ID + "/recording")
		if status != 200 || string(body) != content {
			t.Errorf("%s: the refused file does not come back: %d, %d bytes", name, status, len(body))
		}
	}
	l := teacher.draft("Không có gì")
	teacher.refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "rong.mp4", "size": 0}, 422, "upload.empty")
	teacher.refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "to.mp4", "size": 6 << 20}, 413, "upload.too_large")
}

// TestBadRequests: the right status, a problem document, nothing changed.
func TestBadRequests(t *testing.T) {
	h := startHouse(t, nil)
	teacher, other, student := h.as("giao-vien"), h.as("giao-vien-2"), h.as("")
	l := teacher.draft("Của tôi")

	student.refused("POST", "/tokens", map[string]any{"username": "giao-vien", "password": "sai-mat-khau"}, 401, "signin.wrong")
	student.refused("POST", "/tokens", map[string]any{"username": "khong-co", "password": password}, 401, "signin.wrong")
	student.refused("POST", "/tokens", map[string]any{"username": "nghi-viec", "password": password}, 401, "signin.wrong")
	student.refused("POST", "/lessons", map[string]any{"title": "x"}, 401, "signin.needed")
	other.refused("PATCH", "/lessons/"+l.ID, map[string]any{"title": "Của bạn"}, 403, "access.denied")
	other.refused("DELETE", "/lessons/"+l.ID, nil, 403, "access.denied")
	other.refused("POST", "/lessons/"+l.ID+"/uploads", map[string]any{"filename": "a.mp4", "size": 100}, 403, "access.denied")
	teacher.refused("GET", "/lessons/khong-co", nil, 404, "lesson.not_found")
	teacher.refused("GET", "/uploads/khong-co", nil, 404, "upload.not_found")
	teacher.refused("GET", "/khong-co", nil, 404, "page.not_found")
	teacher.refused("POST", "/lessons", `{"title": "x"`, 400, "request.malformed")
	teacher.refused("POST", "/lessons", `{"title": 5}`, 400, "request.malformed")
	teacher.refused("POST", "/lessons", `"chữ"`, 400, "request.malformed")
	p := teacher.refused("POST", "/lessons", map[string]any{"title": " ", "subject": "boi-loi", "grade": 13, "week": 99, "language": "!!"}, 422, "lesson.invalid")
	if n := len(p["errors"].([]any)); n != 5 {
		t.Errorf("%d fields named, want 5: %v", n, p["errors"])
	}
	student.refused("POST", "/heartbeats", map[string]any{"token": "gia-mao", "played": [][2]float64{{0, 40}}}, 422, "heartbeat.bad_token")
	student.refused("POST", "/heartbeats", "[]", 400, "request.malformed")
	student.refused("POST", "/heartbeats", "{", 400, "request.malformed")
	if status, _, _ := student.get("/lessons/khong-co"); status != 404 {
		t.Errorf("unknown lesson's page: %d", status)
	}
	var again lessonJSON
	teacher.ok("GET", "/lessons/"+l.ID, nil, 200, &again)
	if again.Title != "Của tôi" || again.Status != "draft" {
		t.Errorf("changed: %+v", again)
	}
	// A token that was signed out is dead at once; so is a deactivated person's.
	teacher.ok("DELETE", "/tokens/current", nil, 204, nil)
	teacher.refused("GET", "/me", nil, 401, "signin.expired")
}

// TestIdempotencyKey: the same write again gets the same answer and changes
// nothing; the same key with another body is refused.
func TestIdempotencyKey(t *testing.T) {
	h := startHouse(t, nil)
	teacher := h.as("giao-vien")
	key := http.Header{"Idempotency-Key": {"mot-lan-thoi"}}
	in := map[string]any{"title": "Một lần", "subject": "toan", "grade": 9}
	s1, b1 := teacher.call("POST", "/lessons", in, key)
	s2, b2 := teacher.call("POST", "/lessons", in, key)
	if s1 != 201 || s2 != 201 || string(b1) != string(b2) {
		t.Errorf("%d %s\n%d %s", s1, b1, s2, b2)
	}
	// An upload is begun in storage once, and its address is repeated.
	var l lessonJSON
	if err := json.Unmarshal(b1, &l); err != nil {
		t.Fatal(err)
	}
	begin := func(path, body string) (int, string, string) {
		req, err := http.NewRequest("POST", h.url+"/api/v1/lessons/"+l.ID+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+teacher.token)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "hai-lan"+path)
		res, err := teacher.client.Do(req)
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
	if s, b := teacher.call("POST", "/lessons", in, key); s != 409 || !strings.Contains(string(b), "request.key_reused") {
		t.Errorf("%d %s", s, b)
	}
	var ls struct{ Items []lessonJSON }
	teacher.ok("GET", "/lessons", nil, 200, &ls)
	if len(ls.Items) != 2 { // it and its copy
		t.Errorf("%d lessons", len(ls.Items))
	}
}

// plainFiles fetches parts of a published lesson's plain files as anybody may.
func (h *testHouse) plainFiles(l lessonJSON) {
	h.t.Helper()
	files := map[string]string{l.Playback.Board: "WEBVTT\n"}
	for _, r := range l.Renditions {
		if r.Kind == "file" {
			files[r.URL] = "\x00\x00\x00"
		}
	}
	if len(files) != 3 {
		h.t.Fatalf("files %v of %+v", files, l.Renditions)
	}
	for address, begins := range files {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			h.t.Fatal(err)
		}
		req.Header.Set("Range", "bytes=0-"+strconv.Itoa(len(begins)-1))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			h.t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 206 || string(got) != begins || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			h.t.Errorf("%s: %d %q %v %v", address, res.StatusCode, got, res.Header, err)
		}
	}
}
