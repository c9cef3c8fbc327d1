package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Formats that Write knows.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

// ErrFormat is a format that Write does not know.
var ErrFormat = errors.New("sheet: unknown format")

// Write writes rows of text, whole numbers (int, int64), fractions (float64)
// and nothing (nil); the first row is the heading. title names a workbook's
// sheet. Rows are taken one by one and not kept, but for a workbook, which
// excelize puts into a temporary file once it is large.
//
// Text stays text: in CSV, what a spreadsheet would run as a formula is led by
// an apostrophe (OWASP, "CSV Injection"; the wide forms are what East Asian
// keyboards type); in a workbook every text is a text cell.
func Write(w io.Writer, format, title string, rows iter.Seq[[]any]) error {
	switch format {
	case CSV:
		return writeCSV(w, rows)
	case XLSX:
		return writeWorkbook(w, title, rows)
	}
	return ErrFormat
}

// writeCSV begins with a mark, because Excel takes Vietnamese in UTF-8 for
// something else without it.
func writeCSV(w io.Writer, rows iter.Seq[[]any]) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	out := csv.NewWriter(w)
	var cells []string
	for row := range rows {
		cells = cells[:0]
		for _, v := range row {
			cells = append(cells, text(v))
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	return nil
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return safe(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return safe(fmt.Sprint(v))
}

func safe(s string) string {
	for _, lead := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, lead) {
			return "'" + s
		}
	}
	return s
}

// widest column of a workbook, in characters.
const widest = 60

func writeWorkbook(w io.Writer, title string, rows iter.Seq[[]any]) error {
	f := excelize.NewFile()
	defer f.Close()
	name := sheetName(title)
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	n := 0
	for row := range rows {
		if n++; n == 1 {
			if err := heading(out, row); err != nil {
				return err
			}
		}
		for i, v := range row {
			if n == 1 {
				row[i] = excelize.Cell{StyleID: bold, Value: v}
			}
		}
		if err := out.SetRow("A"+strconv.Itoa(n), row); err != nil {
			return fmt.Errorf("workbook: row %d: %w", n, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return nil
}

// heading sets widths and keeps the first row in sight; both must come before
// the first row.
func heading(out *excelize.StreamWriter, row []any) error {
	for i, v := range row {
		width := min(max(12, float64(len([]rune(fmt.Sprint(v)))+2)), widest)
		if i == 0 {
			width = 40
		}
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return fmt.Errorf("workbook: %w", err)
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2",
		ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return nil
}

// sheetName is a title that a workbook takes: at most 31 characters, none of
// []:*?/\ and no apostrophe at its ends.
func sheetName(title string) string {
	s := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || r < ' ' {
			return ' '
		}
		return r
	}, title)
	runes := []rune(strings.TrimSpace(s))
	if len(runes) == 0 {
		return "Lên Lớp"
	}
	return string(runes[:min(len(runes), 31)])
}
