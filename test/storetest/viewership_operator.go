package storetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Minutes: an operator's households by minute become the airing's average and peak, and are never extrapolated to
// households that were not measured.
func Minutes(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -time.Hour) // 07:00 to 07:30
	h.onAir(t, "a2", "c", "l", -2*time.Hour)
	var file strings.Builder
	file.WriteString("Ngày;Giờ;Số hộ\n")
	for m := 50; m < 105; m++ { // 06:50 to 07:44
		fmt.Fprintf(&file, "13/04/2020;%02d:%02d;%d\n", 6+m/60, m%60, 1000+m)
	}
	add := func(airing string, share float64, data string) ([]television.Figure, error) {
		return h.svc.AddMinutes(bg, station, airing, "IPTV", share, "phut.csv", []byte(data))
	}
	if _, err := add("a1", 0.3, file.String()); !fault.Is(err, "airing.not_reported") {
		t.Fatal(err)
	}
	h.report(t, "a1", schedule.Aired)
	h.report(t, "a2", schedule.Dropped)
	for code, try := range map[string]func() error{
		"figure.invalid":        func() error { _, err := add("a1", 1.2, file.String()); return err },
		"minutes.missing":       func() error { _, err := add("a1", 0.3, file.String()[:400]); return err },
		"import.missing_column": func() error { _, err := add("a1", 0.3, "a;b\n1;2\n"); return err },
		"airing.did_not_happen": func() error { _, err := add("a2", 0.3, file.String()); return err },
		"airing.not_found":      func() error { _, err := add("a9", 0.3, file.String()); return err },
		"import.unreadable":     func() error { _, err := add("a1", 0.3, "\x00"); return err },
	} {
		if err := try(); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	got, err := add("a1", 0.3, file.String())
	ok(t, err)
	if len(got) != 2 || got[0].Value != 1000+60+14.5 || got[1].Value != 1000+89 ||
		got[0].Unit != television.Households || !strings.Contains(got[0].Method, "30 %") {
		t.Fatalf("%+v", got)
	}
	if _, err := add("a1", 0.3, file.String()); !fault.Is(err, "figure.already_there") {
		t.Fatalf("the same file: %v", err)
	}
	if g := h.ledger(t, "l"); len(g.Headlines) != 0 || len(g.Airings[1].Figures) != 2 {
		t.Fatalf("an audience is no contacts: %+v", g)
	}
}

// Reconciliation: compares what was served with what was watched.
func Reconciliation(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	o := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.pass(time.Minute)
	h.beat(t, o.Token, 0, 40)
	ok(t, h.st.Served.AddServed(bg, []delivery.Served{
		{LessonID: "l", Day: "2020-04-13", Source: "own", Millis: 30_000, Bytes: 900},
		{LessonID: "l", Day: "2020-04-13", Source: "own", Millis: 15_000, Bytes: 100},
		{LessonID: "l", Day: "2020-04-13", Source: "half-read", Millis: 990_000, Bytes: 500},
	}))
	ok(t, h.st.Served.AddServed(bg, []delivery.Served{
		{LessonID: "l", Day: "2020-04-14", Source: "own", Millis: 5_000, Bytes: 10},
		{LessonID: "l", Day: "2020-04-13", Source: "own", Millis: 5_000, Bytes: 10},
	}))
	got, err := h.svc.Reconcile(bg, department, delivery.Query{By: delivery.ByDay})
	ok(t, err)
	same(t, got, []delivery.Gap{
		{Key: "2020-04-13", ServedSeconds: 50, ServedBytes: 1010, WatchedSeconds: 40, GapSeconds: 10},
		{Key: "2020-04-14", ServedSeconds: 5, ServedBytes: 10, GapSeconds: 5},
	})
	if got, err = h.svc.Reconcile(bg, department, delivery.Query{}); err != nil || len(got) != 1 || got[0].Key != "l" ||
		got[0].GapSeconds != 15 {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := h.svc.Reconcile(bg, station, delivery.Query{}); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
	h.accessLogs(t)
}

// pieces are packages whose files all have four seconds in 1,000 bytes; the package of the lesson "gone" is unknown.
type pieces struct{}

func (pieces) Lengths(_ context.Context, packageID string) (map[string]production.Length, error) {
	m := map[string]production.Length{}
	if packageID != "package-gone" {
		for i := range 30 {
			o, _ := production.ObjectAt(fmt.Sprintf("l/%s/360p/0-1/%d.m4s", packageID, i))
			m[o.Key] = production.Length{Millis: 4000, Bytes: 1000}
		}
	}
	return m, nil
}

// accessLogs: a cache's log is imported once, and never added to our own counters of the same day.
func (h *harness) accessLogs(t *testing.T) {
	combined := func(at time.Time, file string, status, bytes int, agent string) string {
		return fmt.Sprintf(
			"10.0.0.9 - - [%s] \"GET %s HTTP/1.1\" %d %d \"https://hoc.example/lessons/l?a=\\\"b\" \"%s\"\n",
			at.Format("02/Jan/2006:15:04:05 -0700"), file, status, bytes, agent)
	}
	const phone, robot, watch = "Mozilla/5.0 (Linux; Android 9)", "Mozilla/5.0 (compatible; Googlebot/2.1)",
		"/watch/l/package-l/360p/0-1/"
	day13 := time.Date(2020, 4, 13, 23, 59, 59, 0, hanoi)
	var log strings.Builder
	for i := range 20 { // 80 s
		log.WriteString(combined(day13.Add(-time.Hour), fmt.Sprintf(watch+"%d.m4s?x=1", i), 200, 1000, phone))
	}
	for _, line := range []string{
		combined(day13, watch+"0.m4s", 206, 250, phone), // four ranges of one segment: 4 s
		combined(day13, watch+"0.m4s", 206, 250, phone), combined(day13, watch+"0.m4s", 206, 500, phone),
		combined(day13.Add(time.Second), watch+"1.m4s", 200, 1000, phone), // the 14th
		combined(day13, watch+"1.m4s", 200, 1000, robot), combined(day13, watch+"1.m4s", 304, 0, phone),
		combined(day13, watch+"1.m4s", 404, 1000, phone),
		combined(day13, "/watch/l/package-l/master.m3u8", 200, 300, phone),
		combined(day13, "/watch/../etc/passwd", 200, 300, phone),
		combined(day13, "/watch/gone/package-gone/360p/0-1/1.m4s", 200, 700, phone),
		combined(day13.AddDate(-9, 0, 0), watch+"1.m4s", 200, 1000, phone),
		strings.Replace(combined(day13, watch+"1.m4s", 200, 1000, phone), "GET", "HEAD", 1), "\x00\xff rubbish\n",
		strings.Repeat("x", 200_000) + "\n",
		`{"time_iso8601":"2020-04-13T08:00:00+07:00","request":"GET ` + watch +
			`2.m4s HTTP/2.0","status":200,"body_bytes_sent":1000,"http_user_agent":"` + phone + `"}` + "\n",
		`{"EdgeStartTimestamp":1586739600000000000,"ClientRequestURI":"` + watch +
			`3.m4s","ClientRequestMethod":"GET","EdgeResponseStatus":200,"EdgeResponseBytes":1000}` + "\n",
		`{"timestamp":"2020-04-13T01:00:00Z","url":"https://cdn.example` + watch +
			`4.m4s?t=1","status":"206","bytes":"500"}`,
	} {
		log.WriteString(line)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(log.String()))
	ok(t, errors.Join(err, z.Close()))
	x, err := h.svc.ImportServed(bg, department, "access.log.gz", bytes.NewReader(packed.Bytes()))
	ok(t, err)
	if x.Lines != 37 || x.Counted != 20+3+1+1+3 || x.Robots != 1 || x.Skipped != 37-28-1 {
		t.Errorf("%+v", x)
	}
	byDay := func() map[string]delivery.Gap {
		gaps, err := h.svc.Reconcile(bg, department, delivery.Query{By: delivery.ByDay, Lesson: "l"})
		ok(t, err)
		m := map[string]delivery.Gap{}
		for _, g := range gaps {
			m[g.Key] = g
		}
		return m
	}
	want := map[string]delivery.Gap{ // the log includes the 50 s that our own counters have
		"2020-04-13": {Key: "2020-04-13", ServedSeconds: 80 + 4 + 4 + 4 + 2, ServedBytes: 23_500, WatchedSeconds: 40,
			GapSeconds: 54},
		"2020-04-14": {Key: "2020-04-14", ServedSeconds: 5, ServedBytes: 1000, GapSeconds: 5}, // 4 s by the log
	}
	same(t, byDay(), want)
	for code, file := range map[string]io.Reader{
		"served.already": bytes.NewReader(packed.Bytes()), "served.nothing": strings.NewReader("rubbish\n"),
		"served.unreadable": bytes.NewReader(packed.Bytes()[:60]),
	} {
		if _, err := h.svc.ImportServed(bg, department, "access.log", file); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	same(t, byDay(), want)
	logs, err := h.svc.ServedLogs(bg, department)
	if err != nil || len(logs) != 1 || logs[0].Filename != "access.log.gz" || logs[0].Counted != 28 {
		t.Fatalf("%+v %v", logs, err)
	}
	if _, err := h.svc.ImportServed(bg, station, "a", nil); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
	h.countServed(t, want)
}

// countServed: our own counters add up by file, and keep what could not be written for the next flush.
func (h *harness) countServed(t *testing.T, want map[string]delivery.Gap) {
	counter := delivery.NewServedCounter(h.st.Served, pieces{}, hanoi)
	o, _ := production.ObjectAt("l/package-l/360p/0-1/7.m4s")
	at := time.Date(2020, 4, 14, 9, 0, 0, 0, hanoi)
	for range 5 {
		counter.Served(o, at, 500)
	}
	gone, cancel := context.WithCancel(bg)
	cancel()
	if err := counter.Flush(gone); err == nil {
		t.Error("flushing with a cancelled context succeeded")
	}
	for range 2 { // the second flush has nothing to write
		ok(t, counter.Flush(bg))
	}
	gaps, err := h.svc.Reconcile(bg, department,
		delivery.Query{By: delivery.ByDay, Lesson: "l", From: at, To: at.AddDate(0, 0, 1)})
	ok(t, err)
	want["2020-04-14"] = delivery.Gap{Key: "2020-04-14", ServedSeconds: 15, ServedBytes: 2510, GapSeconds: 15}
	if len(gaps) != 1 {
		t.Fatalf("%+v", gaps)
	}
	same(t, gaps[0], want["2020-04-14"])
}
