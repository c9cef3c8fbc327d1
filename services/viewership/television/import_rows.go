package television

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/schedule"
	"lenlop/services/spreadsheet"
)

// Columns of an imported file, by our names. A row finds its airing by its id,
// by the station's number for the item and the day, or by day and time.
const (
	ColumnAiring     = "airing"
	ColumnDate       = "date"
	ColumnTime       = "time"
	ColumnItemNumber = "houseNumber"
	ColumnValue      = "value"
	ColumnUnit       = "unit"
	ColumnMetric     = "metric"
	ColumnSource     = "source"
)

// usualHeaders are the column headers that stations use, folded.
var usualHeaders = map[string][]string{
	ColumnAiring:     {"airing", "airingid", "ma luot phat"},
	ColumnDate:       {"date", "ngay", "ngay phat", "ngay phat song"},
	ColumnTime:       {"time", "gio", "gio phat", "bat dau", "gio bat dau", "start", "starts"},
	ColumnItemNumber: {"housenumber", "house number", "ma bang", "ma chuong trinh", "ma so"},
	ColumnValue:      {"value", "so luot", "so luot xem", "luot xem", "views", "contacts", "so nguoi xem", "gia tri"},
	ColumnUnit:       {"unit", "don vi"},
	ColumnMetric:     {"metric", "chi so"},
	ColumnSource:     {"source", "nguon"},
}

// sheet is a file whose columns are known.
type sheet struct {
	header []string
	number int             // of the header's row, as spreadsheets count
	head   spreadsheet.Row // the header's row
	column map[string]int  // our name -> index
	rows   []sheetRow
}

type sheetRow struct {
	number int // as spreadsheets count
	cells  []string
	row    spreadsheet.Row // with the kinds of the cells
}

// figureTable reads the first sheet that has the columns.
func figureTable(sheets []spreadsheet.Sheet, wanted map[string]string) (*sheet, error) {
	var why error
	for _, s := range sheets {
		t, err := findColumns(s.Texts(), wanted)
		if err != nil {
			why = cmp.Or(why, err)
			continue
		}
		t.rows = nil // a row without texts may have a formula that was not computed
		for _, r := range s.Rows {
			if r.Number == t.number {
				t.head = r
			}
			if r.Number > t.number && !r.Blank() {
				t.rows = append(t.rows, sheetRow{number: r.Number, cells: r.Texts(), row: r})
			}
		}
		return t, nil
	}
	if why == nil {
		why = fault.New(fault.Invalid, "import.no_rows")
	}
	return nil, why
}

// spoiled is the first of our columns whose cell cannot be believed, and why.
func (t *sheet) spoiled(r sheetRow) (column, code string) {
	if r.row.Broken != "" {
		return "", r.row.Broken
	}
	for _, c := range []string{ColumnAiring, ColumnDate, ColumnTime, ColumnItemNumber, ColumnValue, ColumnUnit,
		ColumnMetric, ColumnSource} {
		if at, ok := t.column[c]; ok {
			if code := r.row.Cell(at).Problem(); code != "" {
				return c, code
			}
		}
	}
	return "", ""
}

func (t *sheet) cell(r sheetRow, column string) string {
	i, ok := t.column[column]
	if !ok || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (t *sheet) name(column string) string {
	if i, ok := t.column[column]; ok {
		return strings.TrimSpace(t.header[i])
	}
	return ""
}

func (t *sheet) named() map[string]string {
	m := map[string]string{}
	for c := range t.column {
		m[c] = t.name(c)
	}
	return m
}

// findColumns looks for the row of headers among the first twenty rows: a
// station's sheet may have a letterhead above it.
func findColumns(cells [][]string, wanted map[string]string) (*sheet, error) {
	for i, row := range cells[:min(len(cells), 20)] {
		t := &sheet{header: row, number: i + 1, column: map[string]int{}}
		for c, usual := range usualHeaders {
			named := slices.IndexFunc(row,
				func(h string) bool { return wanted[c] != "" && foldHeader(h) == foldHeader(wanted[c]) })
			if named < 0 {
				named = slices.IndexFunc(row, func(h string) bool { return slices.Contains(usual, foldHeader(h)) })
			}
			if named >= 0 {
				t.column[c] = named
			}
		}
		if _, ok := t.column[ColumnValue]; !ok {
			continue
		}
		for k, r := range cells[i+1:] {
			if strings.TrimSpace(strings.Join(r, "")) != "" {
				t.rows = append(t.rows, sheetRow{number: i + k + 2, cells: r})
			}
		}
		return t, t.checkColumns()
	}
	if len(cells) == 0 {
		return nil, fault.New(fault.Invalid, "import.no_rows")
	}
	return nil, fault.New(fault.Invalid, "import.missing_column", "column", ColumnValue)
}

// checkColumns reports a missing column without which rows cannot be matched to
// airings.
func (t *sheet) checkColumns() error {
	has := func(c string) bool { _, ok := t.column[c]; return ok }
	switch {
	case has(ColumnAiring), has(ColumnDate) && (has(ColumnTime) || has(ColumnItemNumber)):
		return nil
	case !has(ColumnDate):
		return fault.New(fault.Invalid, "import.missing_column", "column", ColumnDate)
	}
	return fault.New(fault.Invalid, "import.missing_column", "column", ColumnTime)
}

// matcher finds the airings of rows and checks their figures.
type matcher struct {
	s       *Service
	d       ImportDefaults
	airings []schedule.Airing
	figures map[string][]Figure
	seen    map[string]int // same evidence -> row
	usual   map[string]float64
}

// load reads the airings of the file's days, and their figures.
func (m *matcher) load(ctx context.Context, t *sheet) error {
	f := schedule.Filter{Channel: m.d.ChannelID}
	for _, r := range t.rows {
		d, _, ok, _ := schedule.ParseMoment(t.cell(r, ColumnDate), t.cell(r, ColumnTime), m.s.cfg.Location)
		if !ok {
			continue
		}
		if f.From.IsZero() || d.Before(f.From) {
			f.From = d
		}
		if end := d.AddDate(0, 0, 2); end.After(f.To) { // hours past 24:00 are the next day's
			f.To = end
		}
	}
	if _, ok := t.column[ColumnAiring]; ok {
		f.From, f.To = time.Time{}, time.Time{}
	}
	var err error
	if m.airings, err = m.s.cfg.Schedule.Airings(ctx, f); err != nil {
		return err
	}
	ids := make([]string, len(m.airings))
	for i, a := range m.airings {
		ids[i] = a.ID
	}
	rows, err := m.s.cfg.Figures.FiguresOf(ctx, ids)
	if err != nil {
		return err
	}
	m.figures = map[string][]Figure{}
	for _, f := range rows {
		m.figures[f.AiringID] = append(m.figures[f.AiringID], f)
	}
	return nil
}

// row reads and checks one row.
func (m *matcher) row(t *sheet, r sheetRow) ImportRow {
	out := ImportRow{Row: r.number}
	refuse := func(column, code string, kv ...any) ImportRow {
		out.Code, out.Column, out.Args = code, t.name(column), fault.New(fault.Invalid, code, kv...).Args
		return out
	}
	if column, code := t.spoiled(r); code != "" {
		return refuse(column, code)
	}
	a, column, code := m.airing(t, r)
	if code != "" {
		return refuse(column, code)
	}
	f := Figure{
		AiringID: a.ID, LessonID: a.LessonID, ChannelID: a.ChannelID, Grade: m.d.Grade, Method: m.d.Method,
		Metric: cmp.Or(t.cell(r, ColumnMetric), m.d.Metric), Unit: cmp.Or(t.cell(r, ColumnUnit), m.d.Unit),
		Source: cmp.Or(t.cell(r, ColumnSource), m.d.Source),
	}
	f.Unit = unitWord(f.Unit)
	var ok bool
	if f.Value, ok = parseNumber(t.cell(r, ColumnValue), f.Metric == Contacts || f.Metric == Viewers); !ok {
		return refuse(ColumnValue, "figure.bad_value")
	}
	out.Figure = f
	if err := f.Check(); err != nil {
		w := fault.As(err).Fields[0]
		return refuse(w.Name, w.Code)
	}
	f.At = m.s.cfg.Now()
	for _, old := range ResolveStates(true, false, m.figures[a.ID]) {
		if old.State != Counted || !sameEvidence(old, f) {
			continue
		}
		if old.Value == f.Value {
			out.Same = true
			return out
		}
		if m.d.Correct {
			f.Replaces = old.ID
		}
	}
	if err := conflict(f, a, m.figures[a.ID]); err != nil {
		e := fault.As(err)
		out = refuse(ColumnValue, e.Code)
		out.Args = e.Args
		return out
	}
	key := fmt.Sprint(f.AiringID, f.Metric, f.Unit, f.Grade)
	if f.Grade != GradeE {
		key += strings.ToLower(f.Source)
	}
	if row, twice := m.seen[key]; twice {
		return refuse(ColumnValue, "import.row_twice", "row", row)
	}
	m.seen[key] = r.number
	out.Figure = f
	return out
}

// clockTolerance is how far a station's time may be from the planned one.
const clockTolerance = 10 * time.Minute

// airing finds the airing of a row.
func (m *matcher) airing(t *sheet, r sheetRow) (a schedule.Airing, column, code string) {
	if id := t.cell(r, ColumnAiring); id != "" {
		i := slices.IndexFunc(m.airings, func(a schedule.Airing) bool { return a.ID == id })
		if i < 0 {
			return a, ColumnAiring, "airing.not_found"
		}
		return m.airings[i], "", ""
	}
	d, clock, ok, hasTime := schedule.ParseMoment(t.cell(r, ColumnDate), t.cell(r, ColumnTime), m.s.cfg.Location)
	if !ok {
		return a, ColumnDate, "import.bad_date"
	}
	itemNumber := t.cell(r, ColumnItemNumber)
	if itemNumber == "" && !hasTime {
		return a, ColumnTime, "import.bad_time"
	}
	var found []schedule.Airing
	for _, x := range m.airings {
		if day := m.s.localDay(x.StartsAt); day != d.Format(time.DateOnly) &&
			!(hasTime && day == d.Add(clock).Format(time.DateOnly)) {
			continue
		}
		if itemNumber != "" && !strings.EqualFold(x.HouseNumber, itemNumber) {
			continue
		}
		if off := x.StartsAt.Sub(d.Add(clock)).Abs(); hasTime && off > clockTolerance {
			continue
		}
		found = append(found, x)
	}
	switch len(found) {
	case 0:
		return a, cmp.Or(columnIf(itemNumber != "", ColumnItemNumber), ColumnTime), "airing.not_found"
	case 1:
		return found[0], "", ""
	}
	return a, ColumnTime, "import.several_airings"
}

func columnIf(ok bool, c string) string {
	if ok {
		return c
	}
	return ""
}

// foldHeader makes headers comparable: lower case, no marks, single spaces.
func foldHeader(s string) string { return catalog.Fold(s) }

// unitWord maps a unit's name, Vietnamese or English, to the unit.
func unitWord(s string) string {
	switch foldHeader(s) {
	case "nguoi", "persons":
		return Persons
	case "ho", "ho gia dinh", "households":
		return Households
	case "luot", "luot xem", "plays":
		return Plays
	}
	return s
}

var (
	plainNumber = regexp.MustCompile(`^\d+([.,]\d+)?$`)
	groups      = regexp.MustCompile(`^\d{1,3}([. ,]\d{3})+$`)
)

// parseNumber reads 1600, 1.600 and 1 600 (thousands, in Vietnamese notation). In
// a number that need not be whole, 1.600 is ambiguous and refused.
func parseNumber(s string, whole bool) (float64, bool) {
	s = strings.ReplaceAll(s, "\u00a0", " ")
	if groups.MatchString(s) && (whole || strings.ContainsRune(s, ' ') ||
		strings.Count(s, ".")+strings.Count(s, ",") > 1) {
		s = strings.NewReplacer(".", "", ",", "", " ", "").Replace(s)
	} else if groups.MatchString(s) || !plainNumber.MatchString(s) {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return n, err == nil
}
