package schedule

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/spreadsheet"
)

// logLine is a row of a log by our columns.
type logLine struct {
	number       int
	cells        map[string]string
	skip         bool   // no entry: a total, a heading
	column, code string // of a cell that cannot be read, or ""
}

// usualLogHeaders are what play-out systems and stations write above their
// columns; compared without marks or case by heading.
var usualLogHeaders = map[string][]string{
	LogDate:        {"date", "ngày", "ngày phát", "ngày phát sóng"},
	LogStart:       {"start", "start time", "giờ", "giờ phát", "bắt đầu", "giờ bắt đầu", "thời điểm bắt đầu"},
	LogEnd:         {"end", "end time", "kết thúc", "giờ kết thúc"},
	LogLength:      {"duration", "length", "thời lượng"},
	LogHouseNumber: {"house number", "housenumber", "house id", "mã băng", "mã số", "mã chương trình"},
	LogOutcome:     {"outcome", "status", "kết quả", "tình trạng"},
}

var position = regexp.MustCompile(`^(\d{1,4})-(\d{1,4})$`)

func (s *Service) logLines(ctx context.Context, i AsRunImport) ([]logLine, error) {
	var lines []logLine
	var err error
	if m := position.FindString(i.Mapping[LogDate]); m != "" {
		lines, err = flatLines(i)
	} else {
		lines, err = s.headedLines(ctx, i)
	}
	switch {
	case err != nil:
		return nil, err
	case len(lines) == 0:
		return nil, fault.New(fault.Invalid, "asrun.no_rows")
	case len(lines) > MaxLogRows:
		return nil, fault.New(fault.TooLarge, "asrun.too_many_rows", "max", MaxLogRows)
	}
	return lines, nil
}

// flatLines cuts lines of text at the mapping's characters.
func flatLines(i AsRunImport) ([]logLine, error) {
	all, err := spreadsheet.Decode(i.Data)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "asrun.unreadable")
	}
	cuts := map[string][2]int{}
	for c, where := range i.Mapping {
		m := position.FindStringSubmatch(where)
		if m == nil {
			return nil, fault.New(fault.Invalid, "asrun.missing_column", "column", c)
		}
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[2])
		if a < 1 || b < a {
			return nil, fault.New(fault.Invalid, "asrun.missing_column", "column", c)
		}
		cuts[c] = [2]int{a - 1, b}
	}
	var out []logLine
	number := 0
	for text := range spreadsheet.Lines(all) {
		number++
		if strings.TrimSpace(text) == "" {
			continue
		}
		l, runes := logLine{number: number, cells: map[string]string{}}, []rune(text)
		for c, cut := range cuts {
			if cut[0] < len(runes) {
				l.cells[c] = strings.TrimSpace(string(runes[cut[0]:min(cut[1], len(runes))]))
			}
		}
		l.skip = l.cells[LogDate] == "" && l.cells[LogStart] == ""
		out = append(out, l)
	}
	return out, nil
}

// headedLines reads the first sheet that has the columns.
func (s *Service) headedLines(ctx context.Context, i AsRunImport) ([]logLine, error) {
	sheets, err := s.Sheets(ctx, i.Filename, i.Data)
	if err != nil {
		code := "asrun.unreadable"
		if e := fault.As(err); e != nil {
			code = e.Code // a known kind of file that is no table
		}
		return nil, fault.Wrap(err, fault.Invalid, code)
	}
	missing, some := LogDate, false
	for _, sheet := range sheets {
		lines, lost := sheetLines(sheet, i.Mapping)
		if lost == "" {
			return lines, nil
		}
		if lost == LogStart {
			missing = LogStart
		}
		some = some || slices.ContainsFunc(sheet.Rows, func(r spreadsheet.Row) bool { return !r.Blank() })
	}
	if !some {
		return nil, nil
	}
	return nil, fault.New(fault.Invalid, "asrun.missing_column", "column", missing)
}

// logHeadRows is how far down the header may stand: below a letterhead.
const logHeadRows = 20

// sheetLines reads the rows below the header; lost names a needed column that
// no row names.
func sheetLines(sheet spreadsheet.Sheet, mapping map[string]string) (out []logLine, lost string) {
	for k, head := range sheet.Rows {
		if head.Number > logHeadRows {
			break
		}
		columns := logColumns(head.Texts(), mapping)
		if _, ok := columns[LogDate]; !ok {
			continue
		}
		if _, ok := columns[LogStart]; !ok {
			return nil, LogStart
		}
		for _, r := range sheet.Rows[k+1:] {
			if r.Blank() {
				continue
			}
			l := logLine{number: r.Number, cells: map[string]string{}, skip: r.Skippable(head), code: r.Broken}
			for c, at := range columns {
				cell := r.Cell(at)
				l.cells[c] = cell.Text
				if code := cell.Problem(); code != "" && (l.code == "" || c < l.column) {
					l.column, l.code = c, code
				}
			}
			out = append(out, l)
		}
		return out, ""
	}
	return nil, LogDate
}

// logColumns finds our columns in a row: by the mapping, else by usual names.
func logColumns(row []string, mapping map[string]string) map[string]int {
	columns := map[string]int{}
	for c, usual := range usualLogHeaders {
		at := slices.IndexFunc(row, func(h string) bool { return mapping[c] != "" && sameHeading(h, mapping[c]) })
		if at < 0 {
			at = slices.IndexFunc(row, func(h string) bool {
				return slices.ContainsFunc(usual, func(u string) bool { return sameHeading(h, u) })
			})
		}
		if at >= 0 {
			columns[c] = at
		}
	}
	return columns
}

func sameHeading(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
