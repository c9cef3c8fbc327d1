package contract

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/services/viewership"
)

// Minutes: an operator's households by minute become the airing's average and
// peak, and are never multiplied up to homes that nobody measured.
func Minutes(t *testing.T, open OpenViewing) {
	h := newHouse(t, open)
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -time.Hour) // 07:00 to 07:30
	h.onAir(t, "a2", "c", "l", -2*time.Hour)
	var file strings.Builder
	file.WriteString("Ngày;Giờ;Số hộ\n")
	for m := 50; m < 105; m++ { // 06:50 to 07:44
		fmt.Fprintf(&file, "13/04/2020;%02d:%02d;%d\n", 6+m/60, m%60, 1000+m)
	}
	add := func(airing string, share float64, data string) ([]viewership.Figure, error) {
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
	if len(got) != 2 || got[0].Value != 1000+60+14.5 || got[1].Value != 1000+89 || got[0].Unit != viewership.Households || !strings.Contains(got[0].Method, "30 %") {
		t.Fatalf("%+v", got)
	}
	if _, err := add("a1", 0.3, file.String()); !fault.Is(err, "figure.already_there") {
		t.Fatalf("the same file: %v", err)
	}
	if g := h.ledger(t, "l"); len(g.Headlines) != 0 || len(g.Airings[1].Figures) != 2 {
		t.Fatalf("an audience is no contacts: %+v", g)
	}
}

// Reconciliation: what was served stands beside what was watched.
func Reconciliation(t *testing.T, open OpenViewing) {
	h := newHouse(t, open)
	h.teach(t, "l", 600)
	o := h.open(t, viewership.OpenRequest{LessonID: "l"})
	h.pass(time.Minute)
	h.beat(t, o.Token, 0, 40)
	ok(t, h.st.Served.AddServed(bg, []viewership.Served{
		{LessonID: "l", Day: "2020-04-13", Source: "own", Seconds: 30_000, Bytes: 900},
		{LessonID: "l", Day: "2020-04-13", Source: "own", Seconds: 15_000, Bytes: 100},
		{LessonID: "l", Day: "2020-04-13", Source: "cdn", Seconds: 10_000, Bytes: 500},
	}))
	ok(t, h.st.Served.AddServed(bg, []viewership.Served{
		{LessonID: "l", Day: "2020-04-14", Source: "own", Seconds: 5_000, Bytes: 10},
		{LessonID: "l", Day: "2020-04-13", Source: "own", Seconds: 5_000, Bytes: 10},
	}))
	got, err := h.svc.Reconcile(bg, department, viewership.Query{By: viewership.ByDay})
	ok(t, err)
	same(t, got, []viewership.Gap{
		{Key: "2020-04-13", ServedSeconds: 60, ServedBytes: 1510, WatchedSeconds: 40, GapSeconds: 20},
		{Key: "2020-04-14", ServedSeconds: 5, ServedBytes: 10, GapSeconds: 5},
	})
	if got, err = h.svc.Reconcile(bg, department, viewership.Query{}); err != nil || len(got) != 1 || got[0].Key != "l" || got[0].GapSeconds != 25 {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := h.svc.Reconcile(bg, station, viewership.Query{}); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
}
