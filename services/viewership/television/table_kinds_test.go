package television

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lenlop/services/spreadsheet"
)

// figureRows are sheets as the reader gives them: a hidden sheet is not among
// them, a sheet of instructions may come first.
func figureRows(rows ...spreadsheet.Row) []spreadsheet.Sheet {
	guide := spreadsheet.Of([][]string{{"Hướng dẫn"}, {"Điền vào trang sau"}})[0]
	s := spreadsheet.Of([][]string{{"Đài Phát thanh", ""}, strings.Split(strings.TrimSpace(sheetHead), ";")})[0]
	for i, r := range rows {
		r.Number = i + 3
		s.Rows = append(s.Rows, r)
	}
	return []spreadsheet.Sheet{guide, s}
}

func cellsOf(cells ...spreadsheet.Cell) spreadsheet.Row { return spreadsheet.Row{Cells: cells} }

// TestFiguresByCellKind: spoiled cells are refused with their column, totals and
// headings are skipped, and date and time may share a cell.
func TestFiguresByCellKind(t *testing.T) {
	date := spreadsheet.Cell{Text: "2020-04-13", Kind: spreadsheet.Date}
	at := spreadsheet.Cell{Text: "08:00:00", Kind: spreadsheet.Time}
	number := func(s string) spreadsheet.Cell { return spreadsheet.Cell{Text: s, Kind: spreadsheet.Number} }
	none := spreadsheet.Cell{}
	for name, c := range map[string]struct {
		row  spreadsheet.Row
		want string
	}{
		"as kinds": {cellsOf(date, at, none, number("7")), "a8 7"},
		"in one cell": {cellsOf(none, spreadsheet.Cell{Text: "2020-04-13 08:00:00", Kind: spreadsheet.Moment}, none,
			number("7")), "a8 7"},
		"past midnight": {cellsOf(spreadsheet.Cell{Text: "2020-04-12", Kind: spreadsheet.Date},
			spreadsheet.Cell{Text: "32:00:00", Kind: spreadsheet.Time}, none, number("7")), "import.bad_time Giờ"},
		"an error": {cellsOf(date, at, none, spreadsheet.Cell{Text: "#N/A", Kind: spreadsheet.Error}),
			"cell.error Số lượt xem"},
		"rounded": {cellsOf(date, at, none, spreadsheet.Cell{Text: "1.2E+05", Kind: spreadsheet.Rounded}),
			"cell.rounded Số lượt xem"},
		"not computed": {cellsOf(date, at, none, spreadsheet.Cell{Kind: spreadsheet.Uncomputed}),
			"cell.uncomputed Số lượt xem"},
		"an old font": {cellsOf(date, at, none, number("7"), none, none,
			spreadsheet.Cell{Text: "§µi", Kind: spreadsheet.OldFont}), "cell.old_font Nguồn"},
		"an open quote": {spreadsheet.Row{Cells: []spreadsheet.Cell{date}, Broken: "cell.open_quote"},
			"cell.open_quote "},
		"a total":   {cellsOf(spreadsheet.Cell{Text: "Tổng cộng"}, none, none, number("70")), "skipped"},
		"a heading": {cellsOf(spreadsheet.Cell{Text: "Tuần 2"}), "skipped"},
		"header again": {spreadsheet.Of([][]string{strings.Split(strings.TrimSpace(sheetHead), ";")})[0].Rows[0],
			"skipped"},
		"a day in words": {cellsOf(spreadsheet.Cell{Text: "thứ hai"}, at, none, number("7")), "import.bad_date Ngày"},
	} {
		_, s := newService(t)
		p, err := s.read(t.Context(), Import{Defaults: sheetDefaults()}, figureRows(c.row,
			cellsOf(date, spreadsheet.Cell{Text: "09:00:00", Kind: spreadsheet.Time}, none, number("3"))))
		got := "skipped"
		if err == nil && p.Skipped == 0 {
			r := p.Rows[0]
			if got = r.Code + " " + r.Column; r.Code == "" {
				got = fmt.Sprint(r.Figure.AiringID, " ", r.Figure.Value)
			}
		}
		if err != nil || got != c.want || p.Good+p.Same+p.Refused+p.Skipped != 2 {
			t.Errorf("%s: %q, want %q: %+v %v", name, got, c.want, p, err)
		}
	}
}

// TestFigureRowsAreCounted makes tables of all kinds of cells: every row is
// taken, known, refused or skipped, in figures and in minutes.
func TestFigureRowsAreCounted(t *testing.T) {
	texts := []string{"", "13/4/2020", "8:00", "24:30", "1.600", "7,5", "#N/A", "Tổng", "sáng", "a9", "\u3164",
		"9" + strings.Repeat("9", 20),
		"Ngày", "Giờ", "Số hộ"}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9))
		var rows []spreadsheet.Row
		filled := 0
		for range 1 + r.IntN(30) {
			row := spreadsheet.Row{}
			for range r.IntN(9) {
				row.Cells = append(row.Cells, spreadsheet.Cell{Text: texts[r.IntN(len(texts))],
					Kind: spreadsheet.Kind(r.IntN(int(spreadsheet.OldFont) + 1))})
			}
			if r.IntN(10) == 0 {
				row.Broken = "cell.open_quote"
			}
			if rows = append(rows, row); !row.Blank() {
				filled++
			}
		}
		_, s := newService(t)
		p, err := s.read(t.Context(), Import{Defaults: sheetDefaults()}, figureRows(rows...))
		if n := p.Good + p.Same + p.Refused + p.Skipped; code(err) == "" && err != nil || n != filled {
			t.Errorf("seed %d: %d rows, %d counted: %v", seed, filled, n, err)
		}
		head := spreadsheet.Of([][]string{{"Ngày", "Phút", "Số hộ"}})[0]
		for i, row := range rows {
			row.Number, row.Cells = i+2, slices.Clip(row.Cells)
			head.Rows = append(head.Rows, row)
		}
		m := MinutesPreview{Import: Import{Defaults: minuteDefaults()}}
		if _, err := s.minuteRows(&m, []spreadsheet.Sheet{head}); err != nil ||
			m.Minutes+m.Skipped+len(m.Bad) != filled {
			t.Errorf("seed %d: %d rows, %d minutes, %d skipped, %d bad: %v", seed, filled, m.Minutes, m.Skipped,
				len(m.Bad), err)
		}
	}
}
