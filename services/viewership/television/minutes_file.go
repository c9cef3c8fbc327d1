package television

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/spreadsheet"
)

// MinuteFile is the kind of an import of households by minute.
const MinuteFile = "minutes"

// MinutesRow is what an operator's file gives for one airing.
type MinutesRow struct {
	Airing        schedule.Airing
	Have, Need    int // minutes of the airing that the file has
	Average, Peak float64
	Code          string // why it is refused, or ""
	Args          fault.Args
	Warning       string // "figure.looks_tenfold", or ""
	Same          bool   // exactly these figures exist already
}

// MinutesPreview is an operator's file, read and checked; nothing counts yet.
type MinutesPreview struct {
	Import                        Import
	Rows                          []MinutesRow // one for each airing of the file's time
	Bad                           []ImportRow  // rows that cannot be read
	Minutes, Skipped              int          // rows of the file: taken; totals and headings
	Good, Same, Refused, Warnings int
}

// PreviewMinutes reads a file of households by minute (CSV or XLSX) for a
// channel and reports the result for each airing: the average of its minutes and
// the peak, in households (grade D). d.Share is the part of homes that the
// operator covers, above 0 to 1; it is written into the method, never
// multiplied in. d.Day is the day of a file without dates. Faults:
// "access.denied", "figure.invalid" with fields, "import.too_large",
// "import.unreadable", "import.missing_column", "import.no_rows",
// "import.already", "minutes.no_airings".
func (s *Service) PreviewMinutes(ctx context.Context, by people.Person, filename string, data []byte,
	d ImportDefaults) (MinutesPreview, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return MinutesPreview{}, denied()
	}
	d.Kind, d.Grade, d.Unit, d.Source = MinuteFile, GradeD, Households, strings.TrimSpace(d.Source)
	var bad []fault.Field
	if !(d.Share > 0 && d.Share <= 1) {
		bad = append(bad, fault.Wrong("share", "minutes.bad_share"))
	}
	if d.Source == "" {
		bad = append(bad, fault.Wrong("source", "field.required"))
	}
	if err := fault.Form("figure.invalid", bad...); err != nil {
		return MinutesPreview{}, err
	}
	if len(data) > MaxImportBytes {
		return MinutesPreview{}, fault.New(fault.TooLarge, "import.too_large", "max", MaxImportBytes)
	}
	sum := sha256.Sum256(data)
	i := Import{ID: s.cfg.NewID(), Filename: filename, Hash: hex.EncodeToString(sum[:]), Data: data, Defaults: d,
		By: by.ID, At: s.cfg.Now()}
	if old, found, err := s.cfg.Imports.CommittedByHash(ctx, d.ChannelID, i.Hash); err != nil {
		return MinutesPreview{}, fmt.Errorf("import: %w", err)
	} else if found {
		return MinutesPreview{}, fault.New(fault.Conflict, "import.already", "import", old.ID, "at", old.Committed)
	}
	sheets, err := s.sheets(ctx, i.Filename, i.Data)
	if err != nil {
		return MinutesPreview{Import: i}, err
	}
	p, err := s.readMinutes(ctx, i, sheets)
	if err != nil {
		return p, err
	}
	return p, s.cfg.Imports.SaveImport(ctx, i)
}

// CommitMinutes appends the figures of a previewed file. confirmed accepts the
// warnings. Repeating it changes nothing. Faults: those of CommitImport.
func (s *Service) CommitMinutes(ctx context.Context, by people.Person, id string,
	confirmed bool) (MinutesPreview, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return MinutesPreview{}, denied()
	}
	i, err := s.cfg.Imports.Import(ctx, id)
	switch {
	case err != nil:
		return MinutesPreview{}, err
	case i.Defaults.Kind != MinuteFile:
		return MinutesPreview{}, fault.New(fault.NotFound, "import.not_found")
	case !i.Committed.IsZero():
		return MinutesPreview{Import: i, Good: i.Added / 2}, nil
	}
	sheets, err := s.sheets(ctx, i.Filename, i.Data)
	if err != nil {
		return MinutesPreview{Import: i}, err
	}
	p := MinutesPreview{Import: i}
	done, err := s.commitFigures(ctx, by, i, "figures by minute", func(ctx context.Context) (fs []Figure, err error) {
		if p, err = s.readMinutes(ctx, i, sheets); err != nil {
			return nil, err
		}
		if p.Warnings > 0 && !confirmed {
			return nil, fault.New(fault.Conflict, "import.needs_confirmation", "rows", p.Warnings)
		}
		for n, r := range p.Rows {
			if r.Code != "" || r.Same {
				continue
			}
			for _, f := range r.figures(p.Import.Defaults) {
				f.ImportRow = n + 1
				fs = append(fs, f)
			}
		}
		return fs, nil
	})
	if err != nil {
		return p, err
	}
	p.Import, p.Good = done, done.Added/2
	return p, nil
}

// figures are the airing's average and peak.
func (r MinutesRow) figures(d ImportDefaults) []Figure {
	method := fmt.Sprintf("%d/%d min; %s %%", r.Have, r.Need,
		strconv.FormatFloat(math.Round(d.Share*1000)/10, 'f', -1, 64))
	f := Figure{AiringID: r.Airing.ID, LessonID: r.Airing.LessonID, ChannelID: r.Airing.ChannelID, Unit: Households,
		Grade: GradeD, Source: d.Source, Method: method}
	average, peak := f, f
	average.Metric, average.Value = AverageAudience, r.Average
	peak.Metric, peak.Value = PeakAudience, r.Peak
	return []Figure{average, peak}
}

// householdCount is the households of one minute.
type householdCount struct {
	at    time.Time
	homes float64
}

// readMinutes reads the file and evaluates each airing in its time span.
func (s *Service) readMinutes(ctx context.Context, i Import, sheets []spreadsheet.Sheet) (MinutesPreview, error) {
	p := MinutesPreview{Import: i}
	minutes, err := s.minuteRows(&p, sheets)
	if err != nil {
		return p, err
	}
	if len(minutes) == 0 {
		return p, fault.New(fault.Invalid, "import.no_rows")
	}
	first, last := minutes[0].at, minutes[len(minutes)-1].at
	near, err := s.cfg.Schedule.Airings(ctx,
		schedule.Filter{Channel: i.Defaults.ChannelID, From: first.Add(-24 * time.Hour), To: last.Add(24 * time.Hour)})
	if err != nil {
		return p, fmt.Errorf("airings of channel %s: %w", i.Defaults.ChannelID, err)
	}
	var ids []string
	for _, a := range near {
		ids = append(ids, a.ID)
	}
	figures, err := s.cfg.Figures.FiguresOf(ctx, ids)
	if err != nil {
		return p, fmt.Errorf("figures: %w", err)
	}
	m := &matcher{s: s, d: i.Defaults, usual: map[string]float64{}}
	for _, a := range near {
		r := MinutesRow{Airing: a}
		from, to := a.StartsAt, a.EndsAt
		if a.Outcome.Happened() {
			from, to = a.StartedAt, a.EndedAt
		}
		if !from.Before(last.Add(time.Minute)) || !first.Before(to) {
			continue
		}
		s.evaluateMinutes(&r, from, to, minutes, i.Defaults, figures)
		if r.Code == "" && !r.Same {
			if r.Warning, err = m.warning(ctx, r.figures(i.Defaults)[0]); err != nil {
				return p, err
			}
		}
		switch {
		case r.Code != "":
			p.Refused++
		case r.Same:
			p.Same++
		default:
			p.Good++
		}
		if r.Warning != "" {
			p.Warnings++
		}
		p.Rows = append(p.Rows, r)
	}
	if len(p.Rows) == 0 {
		return p, fault.New(fault.Invalid, "minutes.no_airings")
	}
	return p, nil
}

// evaluateMinutes computes an airing's figures and whether they may be added.
func (s *Service) evaluateMinutes(r *MinutesRow, from, to time.Time, minutes []householdCount, d ImportDefaults,
	known []Figure) {
	first := from.Truncate(time.Minute)
	r.Need = int(to.Sub(first).Minutes())
	byMinute := map[int]float64{}
	for _, m := range minutes {
		if k := int(math.Floor(m.at.Sub(first).Minutes())); k >= 0 && k < r.Need {
			byMinute[k] = m.homes
		}
	}
	r.Have = len(byMinute)
	homes := make([]float64, 0, len(byMinute))
	for _, n := range byMinute {
		homes = append(homes, n)
	}
	slices.Sort(homes) // a sum of decimals depends on its order; a map has none
	refuse := func(code string, args fault.Args) { r.Code, r.Args = code, args }
	switch {
	case r.Airing.Outcome == schedule.Dropped:
		refuse("airing.did_not_happen", nil)
		return
	case !r.Airing.Outcome.Happened():
		refuse("airing.not_reported", nil)
		return
	case r.Have == 0 || 10*r.Have < enoughMinutes*r.Need:
		refuse("minutes.missing", fault.Args{"have": r.Have, "need": r.Need})
		return
	}
	r.Average, r.Peak = MinuteAudience(homes)
	rows := slices.DeleteFunc(slices.Clone(known), func(f Figure) bool { return f.AiringID != r.Airing.ID })
	same := 0
	for _, f := range r.figures(d) {
		f.At = s.cfg.Now()
		for _, old := range ResolveStates(true, false, rows) {
			if old.State == Counted && sameEvidence(old, f) && old.Value == f.Value {
				same++
			}
		}
		if err := conflict(f, r.Airing, rows); err != nil {
			e := fault.As(err)
			r.Code, r.Args = e.Code, e.Args
		}
	}
	if same == 2 {
		r.Code, r.Args, r.Same = "", nil, true
	}
}

// minuteRows reads the file's minutes in order of time; the last row of a minute wins.
func (s *Service) minuteRows(p *MinutesPreview, sheets []spreadsheet.Sheet) ([]householdCount, error) {
	cells, rows, head, column := minuteTable(sheets)
	if column == nil {
		return nil, fault.New(fault.Invalid, "import.missing_column", "column", Households)
	}
	seen := 0
	day, hasDay := schedule.ParseDay(p.Import.Defaults.Day, s.cfg.Location)
	var out []householdCount
	for n, row := range cells[head+1:] {
		cell := func(name string) string {
			if at, ok := column[name]; ok && at < len(row) {
				return strings.TrimSpace(row[at])
			}
			return ""
		}
		refuse := func(name, code string) {
			p.Bad = append(p.Bad, ImportRow{Row: head + n + 2, Column: cells[head][column[name]], Code: code})
		}
		kinds := rows[head+n+2]
		if strings.TrimSpace(strings.Join(row, "")) == "" && kinds.Blank() {
			continue
		}
		if seen++; kinds.Skippable(rows[head+1]) {
			p.Skipped++
			continue
		}
		if name, code := spoiledMinute(kinds, column); code != "" {
			refuse(cmp.Or(name, ColumnTime), code)
			continue
		}
		clock := cell(ColumnTime)
		d, known := day, hasDay
		if text := cell(ColumnDate); text != "" {
			d, known = schedule.ParseDay(text, s.cfg.Location)
		} else if date, rest, both := strings.Cut(strings.Replace(clock, "T", " ", 1), " "); both &&
			strings.ContainsAny(date, "/-.") {
			d, known = schedule.ParseDay(date, s.cfg.Location)
			clock = rest
		}
		if !known {
			_, hasDates := column[ColumnDate]
			refuse(cmp.Or(columnIf(hasDates, ColumnDate), ColumnTime), "import.bad_date")
			continue
		}
		at, ok := schedule.ParseClock(clock)
		if !ok {
			refuse(ColumnTime, "import.bad_time")
			continue
		}
		homes, ok := parseNumber(cell(ColumnValue), true)
		if !ok || homes > MaxFigure {
			refuse(ColumnValue, "figure.bad_value")
			continue
		}
		p.Minutes++
		out = append(out, householdCount{d.Add(at), homes})
	}
	if sum := p.Minutes + p.Skipped + len(p.Bad); sum != seen {
		return nil, fmt.Errorf("import %s: %d rows in, %d accounted for", p.Import.ID, seen, sum)
	}
	slices.SortStableFunc(out, func(a, b householdCount) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return out, nil
}

// minuteTable gives the first sheet that has the columns: its texts, its rows by
// number, and where the columns are; nil without one.
func minuteTable(sheets []spreadsheet.Sheet) (cells [][]string, rows map[int]spreadsheet.Row, head int,
	column map[string]int) {
	for _, s := range sheets {
		cells = s.Texts()
		at, found, ok := minuteColumns(cells)
		if !ok {
			continue
		}
		rows = map[int]spreadsheet.Row{}
		for _, r := range s.Rows {
			rows[r.Number] = r
		}
		return cells, rows, at, found
	}
	return nil, nil, 0, nil
}

// spoiledMinute is the first column whose cell cannot be believed, and why.
func spoiledMinute(r spreadsheet.Row, column map[string]int) (name, code string) {
	if r.Broken != "" {
		return "", r.Broken
	}
	for _, name := range []string{ColumnDate, ColumnTime, ColumnValue} {
		if at, ok := column[name]; ok {
			if code := r.Cell(at).Problem(); code != "" {
				return name, code
			}
		}
	}
	return "", ""
}

// minuteColumns finds the row of headers among the first twenty.
func minuteColumns(cells [][]string) (head int, column map[string]int, ok bool) {
	for i, row := range cells[:min(len(cells), 20)] {
		column = map[string]int{}
		for name, usual := range map[string][]string{ColumnTime: minuteHeaders, ColumnValue: householdHeaders,
			ColumnDate: dateHeaders} {
			if at := slices.IndexFunc(row,
				func(h string) bool { return slices.Contains(usual, foldHeader(h)) }); at >= 0 {
				column[name] = at
			}
		}
		_, hasTime := column[ColumnTime]
		if _, hasHomes := column[ColumnValue]; hasTime && hasHomes {
			return i, column, true
		}
	}
	return 0, nil, false
}
