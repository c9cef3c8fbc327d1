package harness

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lenlop/test/testclock"
)

// WalkJourneys walks the three journeys; what one does through the first process the
// others see through the second.
func WalkJourneys(t *testing.T, h, second *System) {
	teacher, station := h.As("giao-vien"), h.As("dai")
	reviewer, student := second.As("chuyen-vien"), second.As("")

	// Lesson.
	l := teacher.Draft("Hệ thức lượng trong tam giác vuông")
	if l.Status != "draft" || l.Media.State != "none" {
		t.Fatalf("drafted: %+v", l)
	}
	teacher.Refused("POST", "/lessons/"+l.ID+"/submit", nil, 409, "lesson.no_recording")
	if l = teacher.Upload(l.ID, Recording(t, 14)); l.Media.State != "checking" {
		t.Fatalf("received: %+v", l.Media)
	}
	teacher.OK("POST", "/lessons/"+l.ID+"/submit", nil, 200, &l)
	if l.Media.State != "ready" {
		reviewer.Refused("POST", "/lessons/"+l.ID+"/approve", nil, 409, "lesson.not_ready")
	}
	l = teacher.Until(l.ID, 2*time.Minute, Settled)
	if l.Failure != nil {
		t.Fatalf("failed: %+v", *l.Failure)
	}
	if l.Duration < 13.8 || l.Duration > 14.3 || len(l.Renditions) == 0 || l.Playback == nil {
		t.Fatalf("ready: %+v", l)
	}
	hls := h.stream(teacher, l.Playback.HLS)
	student.Refused("GET", "/lessons/"+l.ID, nil, 404, "lesson.not_found")
	reviewer.OK("POST", "/lessons/"+l.ID+"/approve", map[string]any{}, 200, &l)
	if l.Status != "published" {
		t.Fatalf("approved: %+v", l)
	}
	if hls < 3 {
		t.Errorf("only %d segments", hls)
	}
	// What is made beside the ladder: plain files to keep, small pictures.
	l = student.Until(l.ID, time.Minute, func(l Lesson) bool { return l.Playback.Board != "" })
	h.plainFiles(l)

	// Finding: without diacritics, with a typo.
	for _, q := range []string{"he thuc luong", "Hệ thức lượng", "hee thuws luong", "tam giac vuogn"} {
		var found struct {
			Hits []struct{ Lesson struct{ ID string } }
		}
		student.OK("GET", "/search?q="+strings.ReplaceAll(q, " ", "%20"), nil, 200, &found)
		if len(found.Hits) != 1 || found.Hits[0].Lesson.ID != l.ID {
			t.Errorf("%q found %+v", q, found.Hits)
		}
	}

	// Watching.
	student.OK("GET", "/lessons/"+l.ID, nil, 200, &l)
	if n := h.stream(student, l.Playback.HLS); n != hls {
		t.Errorf("student sees %d segments, teacher saw %d", n, hls)
	}
	var s struct{ Token, ViewerToken string }
	student.OK("POST", "/lessons/"+l.ID+"/playback-sessions", map[string]any{}, 201, &s)
	beat := func(to float64) map[string]any {
		return map[string]any{"token": s.Token, "sequence": 1, "played": [][2]float64{{0, to}}, "seconds": to,
			"position": to, "rate": 1}
	}
	student.OK("POST", "/heartbeats", beat(6), 202, nil)
	if v := h.views(reviewer, l.ID); v != 0 {
		t.Errorf("6 of 14 seconds made %d views", v)
	}
	for range 3 {
		student.OK("POST", "/heartbeats", beat(8), 202, nil)
	}
	student.OK("POST", "/heartbeats", []any{beat(8), beat(7)}, 202, nil)
	if v := h.views(reviewer, l.ID); v != 1 {
		t.Errorf("half of 14 seconds, sent five times, made %d views", v)
	}

	// Airing.
	var ch, a struct{ ID string }
	station.OK("POST", "/channels", map[string]any{"name": "Truyền hình tỉnh", "own": true}, 201, &ch)
	start := testclock.Now().Add(-2 * time.Hour).Truncate(time.Second)
	airing := map[string]any{"lessonId": l.ID, "channelId": ch.ID, "startsAt": start,
		"endsAt": start.Add(20 * time.Minute), "houseNumber": "GD-1"}
	station.OK("POST", "/airings", airing, 201, &a)
	clash := map[string]any{"lessonId": l.ID, "channelId": ch.ID, "startsAt": start.Add(19 * time.Minute),
		"endsAt": start.Add(40 * time.Minute)}
	p := station.Refused("POST", "/airings", clash, 409, "airing.clash")
	if p["args"].(map[string]any)["airing"] != a.ID {
		t.Errorf("the clash does not name the other airing: %v", p)
	}
	station.OK("PUT", "/airings/"+a.ID+"/as-run", map[string]any{"outcome": "aired"}, 200, nil)
	station.OK("POST", "/airings/"+a.ID+"/figures", map[string]any{"metric": "contacts", "value": 2140,
		"unit": "persons", "grade": "E", "source": "Phiếu của đài"}, 201, nil)

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
	reviewer.OK("GET", "/lessons/"+l.ID+"/ledger", nil, 200, &ledger)
	if ledger.Web.Views != 1 || ledger.Web.Viewers != 1 || len(ledger.Airings) != 1 ||
		len(ledger.Airings[0].Figures) != 1 ||
		ledger.Airings[0].Outcome != "aired" || ledger.Airings[0].Figures[0].Value != 2140 ||
		ledger.Airings[0].Figures[0].Grade != "E" {
		t.Errorf("ledger: %+v", ledger)
	}
	var rows struct {
		Items []struct {
			Key        string
			WebViews   int
			Television map[string]float64
		}
	}
	reviewer.OK("GET", "/viewership?by=lesson", nil, 200, &rows)
	if len(rows.Items) != 1 || rows.Items[0].WebViews != 1 || rows.Items[0].Television["E"] != 2140 {
		t.Errorf("viewership: %+v", rows)
	}
	if status, header, body := reviewer.Get("/api/v1/viewership?by=lesson&format=csv"); status != 200 ||
		!strings.Contains(header.Get("Content-Type"), "text/csv") || !strings.Contains(string(body), "2140") {
		t.Errorf("csv: %d %s", status, body)
	}

	// Withdrawn: gone from the catalogue and from the public at once.
	teacher.OK("POST", "/lessons/"+l.ID+"/withdraw", map[string]any{"reason": "Nhầm bản ghi"}, 200, &l)
	student.Refused("GET", "/lessons/"+l.ID, nil, 404, "lesson.not_found")
	var found struct{ Hits []any }
	student.OK("GET", "/search?q=he%20thuc", nil, 200, &found)
	if len(found.Hits) != 0 {
		t.Errorf("a withdrawn lesson is still found: %+v", found)
	}
}

func (h *System) views(c *Caller, id string) int {
	h.T.Helper()
	var ledger struct{ Web struct{ Views int } }
	c.OK("GET", "/lessons/"+id+"/ledger", nil, 200, &ledger)
	return ledger.Web.Views
}

var SegmentLine = regexp.MustCompile(`(?m)^[^#\n].*$`)

// stream fetches a master playlist and everything it leads to, and returns
// how many media segments the first rendition has.
func (h *System) stream(c *Caller, master string) int {
	h.T.Helper()
	fetch := func(address string) string {
		status, _, body := c.Get(address)
		if status != http.StatusOK || len(body) == 0 {
			h.T.Fatalf("%s: %d", address, status)
		}
		return string(body)
	}
	within := func(base, ref string) string {
		base, _, _ = strings.Cut(base, "?")
		return base[:strings.LastIndex(base, "/")+1] + ref
	}
	first := 0
	for i, rung := range SegmentLine.FindAllString(fetch(master), -1) {
		list := fetch(within(master, rung))
		if !strings.Contains(list, "#EXT-X-ENDLIST") || !strings.Contains(list, "#EXT-X-MAP") {
			h.T.Errorf("%s is not a finished playlist:\n%s", rung, list)
		}
		segments := SegmentLine.FindAllString(list, -1)
		for _, s := range segments {
			fetch(within(within(master, rung), s))
		}
		if i == 0 {
			first = len(segments)
		}
	}
	if first == 0 {
		h.T.Fatalf("%s names no rendition with segments", master)
	}
	return first
}

// plainFiles fetches parts of a published lesson's plain files as anybody may.
func (h *System) plainFiles(l Lesson) {
	h.T.Helper()
	files := map[string]string{l.Playback.Board: "WEBVTT\n"}
	for _, r := range l.Renditions {
		if r.Kind == "file" {
			files[r.URL] = "\x00\x00\x00"
		}
	}
	if len(files) != 3 {
		h.T.Fatalf("files %v of %+v", files, l.Renditions)
	}
	for address, begins := range files {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			h.T.Fatal(err)
		}
		req.Header.Set("Range", "bytes=0-"+strconv.Itoa(len(begins)-1))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			h.T.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 206 || string(got) != begins ||
			!strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			h.T.Errorf("%s: %d %q %v %v", address, res.StatusCode, got, res.Header, err)
		}
	}
}
