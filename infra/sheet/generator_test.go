package sheet

import (
	"encoding/binary"
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"lenlop/services/spreadsheet"
)

// letters are what generated cells are made of: Vietnamese, letters that look
// alike, quotes, separators, invisible signs.
var letters = []string{"a", "B", "Nguyễn Thị Ước", "Đ", "Ð", "HS", "0012345678", "1,23457E+11", "#REF!",
	"6/1", " ", "9A",
	"'", "Lò \"Bé\" An", "x,y", "x;y", "x|y", "\u200b", "NguyÔn", "Nguyeãn", "TRUE", "46174"}

func generatedText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// encode writes a text as a spreadsheet would: the encoding is one of five.
func encode(text string, kind int) []byte {
	order := []binary.AppendByteOrder{nil, nil, binary.LittleEndian, binary.BigEndian, binary.LittleEndian}[kind]
	switch kind {
	case 0:
		return []byte(text)
	case 1:
		return []byte("\xef\xbb\xbf" + text)
	case 4: // no mark
	default:
		text = "\ufeff" + text
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// TestGeneratedCSV makes tables in all encodings, with all separators and line
// ends: each row that has anything comes out once, with its number and texts.
func TestGeneratedCSV(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		sep, end := []string{",", ";", "\t", "|"}[r.IntN(4)], []string{"\n", "\r\n", "\r"}[r.IntN(3)]
		columns := 3 + r.IntN(4)
		head := make([]string, columns)
		for i := range head {
			head[i] = fmt.Sprint("column ", i)
		}
		table := [][]string{head, head, head, head}
		for range r.IntN(12) {
			row := make([]string, columns)
			for i := range row {
				row[i] = generatedText(r)
			}
			table = append(table, row)
		}
		var b strings.Builder
		for _, row := range table {
			for i, text := range row {
				if i > 0 {
					b.WriteString(sep)
				}
				b.WriteString(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
			}
			b.WriteString(end)
		}
		sheets, err := Read(t.Context(), "x.csv", encode(b.String(), r.IntN(5)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		at := 0
		for i, row := range table {
			want := spreadsheet.Of([][]string{row})[0].Rows[0]
			if want.Blank() {
				continue
			}
			if at >= len(sheets[0].Rows) {
				t.Fatalf("seed %d: row %d vanished", seed, i+1)
			}
			got := sheets[0].Rows[at]
			at++
			if got.Broken != "" || got.Number != i+1 ||
				strings.Join(got.Texts(), "\x00") != strings.Join(want.Texts(), "\x00") {
				t.Fatalf("seed %d: row %d is %+v, want %q", seed, i+1, got, want.Texts())
			}
		}
		if at != len(sheets[0].Rows) {
			t.Errorf("seed %d: %d rows more than were written", seed, len(sheets[0].Rows)-at)
		}
	}
}

// TestSpoiledCSV drops and adds quotes: whatever becomes of a row, each line
// that has anything belongs to exactly one row.
func TestSpoiledCSV(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 2))
		var lines []string
		for range 2 + r.IntN(15) {
			var cells []string
			for range 4 {
				text := strings.ReplaceAll(generatedText(r), `"`, "")
				if r.IntN(6) == 0 {
					text = `"` + text
				}
				if r.IntN(6) == 0 {
					text += `"`
				}
				cells = append(cells, text)
			}
			lines = append(lines, "mã;"+strings.Join(cells, ";"))
		}
		sheets, err := Read(t.Context(), "x.csv", []byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		rows := sheets[0].Rows
		for i, row := range rows {
			next := len(lines) + 1
			if i+1 < len(rows) {
				next = rows[i+1].Number
			}
			if row.Number >= next || row.Broken != "" && next != row.Number+1 {
				t.Fatalf("seed %d: row %d is followed by row %d: %q", seed, row.Number, next, lines)
			}
			// A cell of several lines says all of them.
			all := strings.Join(row.Texts(), " ")
			if n := strings.Count(all, "mã"); row.Broken == "" && n != next-row.Number {
				t.Fatalf("seed %d: row %d has %d of %d lines: %q", seed, row.Number, n, next-row.Number, lines)
			}
		}
		if len(rows) == 0 || rows[0].Number != 1 {
			t.Fatalf("seed %d: the first row is missing: %q", seed, lines)
		}
	}
}

// TestGeneratedWorkbook makes rows of all types of cells: no cell that shows
// anything comes out empty, and each has a kind that the service can refuse.
func TestGeneratedWorkbook(t *testing.T) {
	formats := []string{"General", "0000000000", "0.00E+00", "dd/mm/yyyy", "h:mm", "[h]:mm:ss", "#,##0", "@"}
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 3))
		var b strings.Builder
		var shown []bool
		for column := range 40 {
			style := fmt.Sprintf(` r="%s1" s="%d"`, columnName(column), r.IntN(len(formats)+2))
			text, number := generatedText(r),
				fmt.Sprint([]float64{0, 1, 46174.5, 123456789012, 1e17, 0.25, -3}[r.IntN(7)])
			escaped := html.EscapeString(text)
			filled := strings.TrimSpace(strings.ReplaceAll(text, "\u200b", "")) != ""
			switch r.IntN(8) {
			case 0:
				fmt.Fprintf(&b, `<c%s t="inlineStr"><is><t>%s</t></is></c>`, style, escaped)
			case 1:
				fmt.Fprintf(&b, `<c%s t="inlineStr"><is><r><t>%s</t></r><r><rPr><b/></rPr><t>%s</t></r></is></c>`,
					style, escaped,
					escaped)
			case 2:
				fmt.Fprintf(&b, `<c%s t="str"><f>A1</f><v>%s</v></c>`, style, escaped)
			case 3:
				fmt.Fprintf(&b, `<c%s t="e"><v>#REF!</v></c>`, style)
				filled = true
			case 4:
				fmt.Fprintf(&b, `<c%s><f>SUM(A1)</f></c>`, style)
				filled = true
			case 5:
				fmt.Fprintf(&b, `<c%s t="b"><v>1</v></c>`, style)
				filled = true
			case 6:
				fmt.Fprintf(&b, `<c%s/>`, style)
				filled = false
			default:
				fmt.Fprintf(&b, `<c%s><v>%s</v></c>`, style, number)
				filled = true
			}
			shown = append(shown, filled)
		}
		sheets, err := Read(t.Context(), "x.xlsx", book(t, b.String(), "", formats...))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		row := sheets[0].Rows[0]
		for i, filled := range shown {
			if got := row.Cell(i); filled != (got != spreadsheet.Cell{}) {
				t.Fatalf("seed %d, cell %d: %+v, filled %t: %s", seed, i, got, filled, b.String())
			}
		}
	}
}

func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return string(rune('A'+i/26-1)) + string(rune('A'+i%26))
}
