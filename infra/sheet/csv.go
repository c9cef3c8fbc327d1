package sheet

import (
	"slices"
	"strings"

	"lenlop/services/spreadsheet"
)

// readCSV reads a table of separated texts. A cell in quotes may hold line
// breaks; a quote that is never closed, or that would take whole rows into one
// cell, breaks its own row and no other.
func readCSV(data []byte) ([]spreadsheet.Sheet, error) {
	text, err := spreadsheet.Decode(data)
	if err != nil {
		return nil, err
	}
	lines := slices.Collect(spreadsheet.Lines(text))
	r := csvReader{lines: lines}
	if len(lines) > 0 {
		if sep, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(lines[0])), "sep="); ok && len(sep) <= 1 {
			r.at = 1 // a hint for spreadsheets, no row
			r.sep = sep
		}
	}
	if r.sep == "" {
		r.sep = separator(lines)
	}
	for _, line := range lines[:min(len(lines), headLines)] {
		r.columns = max(r.columns, strings.Count(line, r.sep)+1)
	}
	var s spreadsheet.Sheet
	for r.at < len(lines) {
		row := r.row()
		if row.Blank() {
			continue
		}
		if len(s.Rows) >= maxRows || len(row.Cells) > maxColumns {
			return nil, ErrTooLong
		}
		s.Rows = append(s.Rows, row)
	}
	return []spreadsheet.Sheet{s}, nil
}

// headLines are looked at for the separator and the width of a table.
const headLines = 20

// maxCellLines is the most lines of one cell in quotes.
const maxCellLines = 50

type csvReader struct {
	lines   []string
	at      int // next line
	sep     string
	columns int
}

// row reads the row that begins at the next line.
func (r *csvReader) row() spreadsheet.Row {
	row := spreadsheet.Row{Number: r.at + 1}
	line, next := r.lines[r.at], r.at+1
	for {
		var cell string
		rest, quoted := strings.CutPrefix(strings.TrimLeft(line, " "), `"`)
		if quoted {
			var ok bool
			if cell, line, next, ok = r.quoted(rest, next); !ok {
				row.Cells, row.Broken = nil, "cell.open_quote"
				for cell := range strings.SplitSeq(r.lines[r.at], r.sep) {
					row.Cells = append(row.Cells, spreadsheet.Typed(cell))
				}
				r.at++
				return row
			}
		} else {
			at := strings.Index(line, r.sep)
			if at < 0 {
				at = len(line)
			}
			cell, line = line[:at], line[at:]
		}
		row.Cells = append(row.Cells, spreadsheet.Typed(cell))
		if line == "" {
			r.at = next
			return row
		}
		line = line[len(r.sep):]
	}
}

// quoted reads a cell up to its closing quote, which a separator or the end of
// the line follows. rest is what follows on that line.
func (r *csvReader) quoted(line string, next int) (cell, rest string, _ int, ok bool) {
	var b strings.Builder
	for first := true; ; first = false {
		from := 0
		for {
			at := strings.IndexByte(line[from:], '"')
			if at < 0 {
				break
			}
			at += from
			after := strings.TrimLeft(line[at+1:], " ")
			switch {
			case strings.HasPrefix(line[at+1:], `"`):
				b.WriteString(line[from : at+1])
				from = at + 2
				continue
			case after == "" || strings.HasPrefix(after, r.sep):
				if !first && r.wholeRow(line[:at]) {
					return "", "", 0, false
				}
				b.WriteString(line[from:at])
				return b.String(), after, next, true
			}
			b.WriteString(line[from : at+1]) // a quote within the text
			from = at + 1
		}
		if !first && r.wholeRow(line) || next >= len(r.lines) || b.Len() > maxColumns*maxCellLines*100 {
			return "", "", 0, false
		}
		b.WriteString(line[from:])
		b.WriteByte('\n')
		if strings.Count(b.String(), "\n") > maxCellLines {
			return "", "", 0, false
		}
		line = r.lines[next]
		next++
	}
}

// wholeRow reports whether a line within quotes has as many separators as a
// row: then the quote was never meant to open a cell of several lines.
func (r *csvReader) wholeRow(line string) bool {
	return r.columns > 1 && strings.Count(line, r.sep) >= max(1, r.columns/2)
}

// separator is the one that most of the first lines have equally often:
// Vietnamese spreadsheets write semicolons, and their texts have commas.
func separator(lines []string) string {
	best, mostLines, mostCount := ",", 0, 0
	for _, sep := range []string{",", ";", "\t", "|"} {
		times := map[int]int{}
		for _, line := range lines[:min(len(lines), headLines)] {
			if n := strings.Count(line, sep); n > 0 {
				times[n]++
			}
		}
		for n, equal := range times {
			if equal > mostLines || equal == mostLines && n > mostCount {
				best, mostLines, mostCount = sep, equal, n
			}
		}
	}
	return best
}
