package storetest

import (
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
)

// FigureImports: a station's sheet is previewed by row, imported once, and refused when it is uploaded again.
func FigureImports(t *testing.T, open OpenViewing) {
	h := newHarness(t, open) // 13 April, 08:00
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -2*time.Hour) // 06:00
	h.onAir(t, "a2", "c", "l", -time.Hour)   // 07:00
	h.onAir(t, "a3", "c", "l", -30*time.Minute)
	h.onAir(t, "a4", "c", "l", time.Hour)
	h.report(t, "a1", schedule.Aired)
	h.report(t, "a3", schedule.Dropped)
	d := television.ImportDefaults{ChannelID: "c", Metric: television.Contacts, Unit: television.Plays,
		Grade: television.GradeE, Source: "Phiếu tuần 30"}
	file := []byte(
		"ĐÀI PHÁT THANH TRUYỀN HÌNH;;\n;;\nNgày phát;Giờ phát;Số lượt xem\n13/04/2020;6h00;1.600\n13/4/2020;7:04;5700\n" +
			"13/4/2020;7:30;10\n13/4/2020;9:00;10\n14/4/2020;9:00;10\n31/31/2020;9:00;10\n13/4/2020;30:00;10\n13/4/2020;6:00;nhiều\n13/4/2020;6:00;1600\n")
	p, err := h.svc.PreviewImport(bg, station, "tuan30.csv", file, d)
	ok(t, err)
	type verdict struct {
		row          int
		code, column string
	}
	var got []verdict
	for _, r := range p.Rows {
		got = append(got, verdict{r.Row, r.Code, r.Column})
	}
	want := []verdict{
		{4, "", ""}, {5, "", ""}, {6, "airing.did_not_happen", "Số lượt xem"}, {7, "airing.not_started", "Số lượt xem"},
		{8, "airing.not_found", "Giờ phát"}, {9, "import.bad_date", "Ngày phát"}, {10, "import.bad_time", "Giờ phát"},
		{11, "figure.bad_value", "Số lượt xem"}, {12, "import.row_twice", "Số lượt xem"},
	}
	if len(got) != len(want) || p.Good != 2 || p.Refused != 7 || p.Same != 0 {
		t.Fatalf("%+v\n%+v", p, got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if g := h.ledger(t, "l"); len(g.Headlines) != 0 || len(g.Airings[0].Figures) != 0 {
		t.Fatalf("a preview counts nothing: %+v", g)
	}
	other, err := h.svc.PreviewImport(bg, station, "again.csv", file, d)
	ok(t, err)
	for range 2 { // confirmed twice
		c, err := h.svc.CommitImport(bg, station, p.Import.ID, false)
		ok(t, err)
		if c.Good != 2 || c.Import.Committed.IsZero() {
			t.Fatalf("%+v", c)
		}
	}
	g := h.ledger(t, "l")
	if len(g.Headlines) != 1 || g.Headlines[0].Value != 1600 || g.Airings[1].Figures[0].State != television.Held ||
		g.Airings[0].Figures[0].ImportRow != 4 {
		t.Fatalf("%+v", g)
	}
	if _, err := h.svc.CommitImport(bg, station, other.Import.ID, true); !fault.Is(err, "import.already") {
		t.Fatalf("the same file, previewed before: %v", err)
	}
	if _, err := h.svc.PreviewImport(bg, station, "tuan30.csv", file, d); !fault.Is(err, "import.already") {
		t.Fatalf("the same file: %v", err)
	}
	kept, err := h.st.Imports.Import(bg, p.Import.ID)
	if err != nil || string(kept.Data) != string(file) {
		t.Fatalf("the original is not kept: %v", err)
	}
	h.correction(t, d)
	h.badFiles(t, d)
}

// correction: a later sheet repeats known rows and corrects one.
func (h *harness) correction(t *testing.T, d television.ImportDefaults) {
	file := []byte("Ngày phát,Giờ phát,Số lượt xem\n2020-04-13,06:00,1600\n2020-04-13,07:00,570\n")
	p, err := h.svc.PreviewImport(bg, station, "b.csv", file, d)
	ok(t, err)
	if p.Same != 1 || p.Refused != 1 || p.Rows[1].Code != "figure.already_there" {
		t.Fatalf("%+v", p)
	}
	d.Correct = true
	p, err = h.svc.PreviewImport(bg, station, "b.csv", append(file, '\n'), d)
	ok(t, err)
	if p.Same != 1 || p.Good != 1 || p.Rows[1].Figure.Replaces == "" {
		t.Fatalf("%+v", p)
	}
	_, err = h.svc.CommitImport(bg, station, p.Import.ID, false)
	ok(t, err)
	h.report(t, "a2", schedule.Aired)
	if g := h.ledger(t, "l"); g.Headlines[0].Value != 1600+570 || g.Headlines[0].Airings != 2 {
		t.Fatalf("%+v", g.Headlines)
	}
	for i, v := range []float64{1500, 1700} {
		id := "old" + strings.Repeat("x", i)
		h.onAir(t, id, "c", "l", -time.Duration(30+i)*time.Hour)
		h.report(t, id, schedule.Aired)
		_, err := h.svc.AddFigure(bg, station,
			television.Figure{AiringID: id, Metric: d.Metric, Unit: d.Unit, Grade: d.Grade, Source: "x", Value: v})
		ok(t, err)
	}
	h.onAir(t, "a5", "c", "l", -3*time.Hour) // 05:00
	p, err = h.svc.PreviewImport(bg, station, "c.csv",
		[]byte("Ngày phát,Giờ phát,Số lượt xem\n13/4/2020,5:00,16000\n"), d)
	ok(t, err)
	if p.Warnings != 1 || p.Rows[0].Warning != "figure.looks_tenfold" {
		t.Fatalf("%+v", p)
	}
	if _, err := h.svc.CommitImport(bg, station, p.Import.ID, false); !fault.Is(err, "import.needs_confirmation") {
		t.Fatal(err)
	}
	_, err = h.svc.CommitImport(bg, station, p.Import.ID, true)
	ok(t, err)
	// Ten times the figure that it corrects, although not ten times the usual one.
	p, err = h.svc.PreviewImport(bg, station, "d.csv",
		[]byte("Ngày phát,Giờ phát,Số lượt xem\n2020-04-13,07:00,5700\n"), d)
	ok(t, err)
	if p.Warnings != 1 || p.Good != 1 {
		t.Fatalf("%+v", p)
	}
}

func (h *harness) badFiles(t *testing.T, d television.ImportDefaults) {
	for code, data := range map[string]string{
		"import.unreadable":     "\x89PNG\r\n\x1a\n\x00\xff",
		"import.no_rows":        "Ngày phát,Giờ phát,Số lượt xem\n",
		"import.missing_column": "Ngày phát,Giờ phát,Ghi chú\n13/4/2020,6:00,x\n",
		"import.too_large":      strings.Repeat("a", television.MaxImportBytes+1),
		"import.too_many_rows": "Ngày phát,Giờ phát,Số lượt xem\n" +
			strings.Repeat("13/4/2020,6:00,1\n", television.MaxImportRows+1),
	} {
		if _, err := h.svc.PreviewImport(bg, station, "x.csv", []byte(data), d); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := h.svc.PreviewImport(bg, people.Person{}, "x.csv", nil, d); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	if _, err := h.svc.CommitImport(bg, station, "none", true); !fault.Is(err, "import.not_found") {
		t.Error(err)
	}
}
