// Package spreadsheet is the form in which the tables that people send reach
// the services: sheets of rows of cells, each cell with its kind, so that no
// spoiled value is taken for text. It knows no file format.
package spreadsheet

import (
	"regexp"
	"strings"
)

// Kind says what a cell holds, as far as the file tells.
type Kind uint8

// The kinds, with the form of a cell's Text.
const (
	Text       Kind = iota // as typed, with single spaces
	Number                 // "12.5", or with the zeros that the format shows: "0012345678"
	Date                   // "2026-11-28"
	Time                   // "08:00:00"; the hours may pass 23
	Moment                 // "2026-11-28 08:00:00"
	Boolean                // "TRUE" or "FALSE"
	Error                  // "#N/A"
	Rounded                // a number that lost digits: "1.23457E+11"
	Uncomputed             // a formula without its result: ""
	OldFont                // text in TCVN3 or VNI-Win, garbled without its font
)

// Cell is one cell of a row. The zero Cell is empty.
type Cell struct {
	Text string
	Kind Kind
}

// Row is one row of a sheet.
type Row struct {
	Number int // as spreadsheets count, from 1
	Cells  []Cell
	Broken string // code of why the row as a whole cannot be read, or ""
}

// Sheet is one sheet of a file; rows without any text may be left out.
type Sheet struct {
	Name string
	Rows []Row
}

// Of makes one sheet of plain texts; an empty row keeps its number.
func Of(texts [][]string) []Sheet {
	var s Sheet
	for i, row := range texts {
		r := Row{Number: i + 1}
		for _, text := range row {
			r.Cells = append(r.Cells, Typed(text))
		}
		s.Rows = append(s.Rows, r)
	}
	return []Sheet{s}
}

var (
	errorText   = regexp.MustCompile(`^#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA|#+)$`)
	roundedText = regexp.MustCompile(`^[+-]?\d([.,]\d+)?E[+-]\d{1,3}$`)
)

// Texts are a sheet's texts, each row at its number.
func (s Sheet) Texts() (out [][]string) {
	for _, r := range s.Rows {
		for len(out) < r.Number-1 {
			out = append(out, nil)
		}
		out = append(out, r.Texts())
	}
	return out
}

// Typed makes a cell of text of which no kind is known, such as one of a CSV
// file: what a spreadsheet wrote for an error or a rounded number is known by
// its form.
func Typed(text string) Cell {
	text = clean(text)
	switch upper := strings.ToUpper(text); {
	case errorText.MatchString(upper):
		return Cell{text, Error}
	case roundedText.MatchString(upper):
		return Cell{text, Rounded}
	case Font(text) != "":
		return Cell{text, OldFont}
	}
	return Cell{invisible.Replace(text), Text}
}

// invisible characters come with text that was copied from web pages.
var invisible = strings.NewReplacer("\u200b", "", "\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\u2060", "",
	"\ufeff", "", "\u00ad", "", "\u3164", "", "\u115f", "", "\u1160", "", "\uffa0", "")

func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// Problem is the code of why a cell's text cannot be believed, or "".
func (c Cell) Problem() string {
	switch c.Kind {
	case Error:
		return "cell.error"
	case Rounded:
		return "cell.rounded"
	case Uncomputed:
		return "cell.uncomputed"
	case OldFont:
		return "cell.old_font"
	}
	return ""
}

var dateText = regexp.MustCompile(`(?i)^(\d{1,2}[/-]\d{1,2}[/-]\d{4}|\d{4}-\d{2}-\d{2}( .*)?|` +
	`\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|thg ?\d{1,2})|` +
	`(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|thg ?\d{1,2})-\d{2}|(3[6-9]|4\d|5[0-4])\d{3})$`)

// LooksLikeDate reports whether a code has become a date, as spreadsheets make
// of 6/1: by its kind, by the forms that they write, or as the number of a day
// of the years 1998 to 2050.
func (c Cell) LooksLikeDate() bool {
	return c.Kind == Date || c.Kind == Time || c.Kind == Moment || dateText.MatchString(c.Text)
}

// Blank reports whether a row has nothing in it.
func (r Row) Blank() bool { return r.Broken == "" && r.filled() == 0 }

func (r Row) filled() (n int) {
	for _, c := range r.Cells {
		if c.Text != "" || c.Kind != Text {
			n++
		}
	}
	return n
}

// Cell is the i-th cell; the empty one beyond the end.
func (r Row) Cell(i int) Cell {
	if i < 0 || i >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[i]
}

// Texts are the cells' texts.
func (r Row) Texts() []string {
	out := make([]string, len(r.Cells))
	for i, c := range r.Cells {
		out[i] = c.Text
	}
	return out
}

var totalText = regexp.MustCompile(`^(tổng|tổng cộng|tổng số|cộng|total|grand total|sum)( ?[:(].*)?$`)

// Skippable reports whether a row below the header is no entry: the header
// once more, a total, or one cell alone, such as a heading between the rows or
// a signature below them.
func (r Row) Skippable(header Row) bool {
	if r.Broken != "" {
		return false
	}
	if r.filled() == 1 && header.filled() > 2 {
		return true
	}
	first, again := "", 0
	for i, c := range r.Cells {
		if c.Text == "" {
			continue
		}
		if first == "" {
			first = strings.ToLower(c.Text)
		}
		if !strings.EqualFold(c.Text, header.Cell(i).Text) {
			again = -1 << 20
		}
		again++
	}
	return again > 1 || totalText.MatchString(first)
}
