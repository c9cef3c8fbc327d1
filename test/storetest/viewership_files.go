package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
)

// MinuteFiles: an operator's file for a channel is previewed by airing, counts when it is confirmed, and counts only
// once.
func MinuteFiles(t *testing.T, open OpenViewing) {
	h := newHarness(t, open) // 13 April, 08:00
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -2*time.Hour) // 06:00 to 06:30
	h.onAir(t, "a2", "c", "l", -time.Hour)   // 07:00 to 07:30
	h.onAir(t, "a3", "c", "l", -15*time.Minute)
	h.report(t, "a1", schedule.Aired)
	h.report(t, "a2", schedule.Aired)
	var b strings.Builder
	b.WriteString("Giờ,Số hộ\n")
	for m := range 70 { // 06:00 to 07:09: all of the first, part of the second
		fmt.Fprintf(&b, "%d:%02d,%d\n", 6+m/60, m%60, 500+m)
	}
	b.WriteString("30:00,1\n7:10,nhiều\n")
	file := []byte(b.String())
	d := television.ImportDefaults{ChannelID: "c", Source: "IPTV", Share: 0.3, Day: "2020-04-13"}
	p, err := h.svc.PreviewMinutes(bg, station, "phut.csv", file, d)
	ok(t, err)
	if p.Good != 1 || p.Refused != len(p.Rows)-1 || len(p.Bad) != 2 || p.Import.ID == "" {
		t.Fatalf("%+v", p)
	}
	for _, r := range p.Rows {
		switch r.Airing.ID {
		case "a1":
			if r.Code != "" || r.Have != 30 || r.Need != 30 || r.Average != 500+14.5 || r.Peak != 529 {
				t.Errorf("%+v", r)
			}
		case "a2":
			if r.Code != "minutes.missing" || r.Have != 10 || r.Need != 30 {
				t.Errorf("%+v", r)
			}
		default:
			t.Errorf("an airing outside the file: %+v", r)
		}
	}
	if g := h.ledger(t, "l"); len(g.Airings) != 3 || figuresIn(g) != 0 {
		t.Fatalf("a preview counts: %+v", g)
	}
	if _, err := h.svc.CommitImport(bg, station, p.Import.ID, true); !fault.Is(err, "import.not_found") {
		t.Errorf("committed as a sheet of figures: %v", err)
	}
	for range 2 { // confirmed twice
		c, err := h.svc.CommitMinutes(bg, station, p.Import.ID, true)
		ok(t, err)
		if c.Good != 1 || c.Import.Committed.IsZero() {
			t.Errorf("%+v", c)
		}
	}
	if n := figuresIn(h.ledger(t, "l")); n != 2 {
		t.Errorf("%d figures, want the average and the peak", n)
	}
	if _, err := h.svc.PreviewMinutes(bg, station, "phut.csv", file, d); !fault.Is(err, "import.already") {
		t.Errorf("the same file: %v", err)
	}
	d.Share = 1.3
	if _, err := h.svc.PreviewMinutes(bg, station, "b.csv", append(file, '\n'), d); !fault.Is(err, "figure.invalid") {
		t.Errorf("130 %% of homes: %v", err)
	}
}

func figuresIn(g viewership.Ledger) (n int) {
	for _, a := range g.Airings {
		n += len(a.Figures)
	}
	return n
}

// HeldAirings: an airing with figures, codes or roll calls is reported as held and cannot be deleted.
func HeldAirings(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -2*time.Hour)
	h.onAir(t, "a2", "c", "l", -time.Hour)
	_, err := h.svc.AddFigure(bg, station, television.Figure{AiringID: "a1", Metric: television.Contacts, Value: 5,
		Unit: television.Plays, Grade: television.GradeE, Source: "Phiếu"})
	ok(t, err)
	for id, want := range map[string]bool{"a1": true, "a2": false, "none": false} {
		if got := must(h.st.Schedule.Held(bg, id))(t); got != want {
			t.Errorf("%s: held %v", id, got)
		}
	}
	ok(t, h.st.Schedule.DeleteAiring(bg, "a2"))
	// A figure that arrives after the check holds its airing too.
	wantFault(t, h.st.Schedule.DeleteAiring(bg, "a1"), fault.Conflict, "airing.has_figures")
}
