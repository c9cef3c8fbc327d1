package television

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/spreadsheet"
)

// Limits of an imported file.
const (
	MaxImportBytes = 5 << 20
	MaxImportRows  = 20_000
)

// shownImports is how many past files are listed: half a year of weeks.
const shownImports = 26

// Import is a file of figures: previewed, and counted once committed. The file
// is kept unchanged.
type Import struct {
	ID        string
	Filename  string
	Hash      string // hex SHA-256 of the file
	Data      []byte // nil in lists
	Defaults  ImportDefaults
	By        string
	At        time.Time
	Committed time.Time // zero: a preview
	Added     int       // rows counted
}

// ImportDefaults are the values that the file does not have in each row.
type ImportDefaults struct {
	ChannelID string
	Metric    string
	Unit      string
	Grade     Grade
	Source    string
	Method    string
	// Columns maps our names (ColumnDate, ...) to the file's headers; those
	// left out are found by their usual names.
	Columns map[string]string
	// Correct lets a row whose value differs replace the existing figure.
	Correct bool
	// Kind is "" for figures, or MinuteFile with the two below.
	Kind  string  `json:",omitempty"`
	Share float64 `json:",omitempty"` // of homes that the operator covers, above 0 to 1
	Day   string  `json:",omitempty"` // of a file without dates
}

// ImportRow is what becomes of one row of the file.
type ImportRow struct {
	Row     int    // as spreadsheets count, the header being in it
	Column  string // the file's header of the cell that is wrong, or ""
	Code    string // why it is refused, or ""
	Args    fault.Args
	Warning string // "figure.looks_tenfold", or ""
	Same    bool   // exactly this figure exists already: nothing to do
	Figure  Figure // with AiringID when it was found
}

// Preview is a file, read and checked; nothing counts yet.
type Preview struct {
	Import   Import
	Rows     []ImportRow
	Good     int // to be added
	Same     int
	Refused  int
	Skipped  int // totals and headings; in no row of Rows
	Warnings int
}

// ImportStore keeps imported files. A missing one is fault.NotFound "import.not_found".
type ImportStore interface {
	SaveImport(ctx context.Context, i Import) error
	Import(ctx context.Context, id string) (Import, error)
	// CommittedByHash gives the channel's import of the same file that was committed.
	CommittedByHash(ctx context.Context, channelID, hash string) (i Import, found bool, err error)
	// CommittedImports lists a channel's newest, without their files.
	CommittedImports(ctx context.Context, channelID string, limit int) ([]Import, error)
	// LastDefaults gives those of the channel's last committed import of figures.
	LastDefaults(ctx context.Context, channelID string) (d ImportDefaults, found bool, err error)
	// UsualValues gives up to limit newest values of a channel's figures.
	UsualValues(ctx context.Context, channelID, metric, unit string, g Grade, limit int) ([]float64, error)
}

// PreviewImport reads a CSV or XLSX file of figures and reports the outcome of
// each row. Columns that are nil are taken from the channel's last import; those
// missing from a mapping are found by their usual names. Faults:
// "access.denied", "import.too_large", "import.unreadable", "import.no_rows",
// "import.missing_column" (args "column"), "import.already" (the same file was
// committed; args "import").
func (s *Service) PreviewImport(ctx context.Context, by people.Person, filename string, data []byte,
	d ImportDefaults) (Preview, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return Preview{}, denied()
	}
	if len(data) > MaxImportBytes {
		return Preview{}, fault.New(fault.TooLarge, "import.too_large", "max", MaxImportBytes)
	}
	sum := sha256.Sum256(data)
	i := Import{
		ID: s.cfg.NewID(), Filename: filename, Hash: hex.EncodeToString(sum[:]), Data: data, Defaults: d, By: by.ID,
		At: s.cfg.Now(),
	}
	old, found, err := s.cfg.Imports.CommittedByHash(ctx, i.Defaults.ChannelID, i.Hash)
	if err != nil {
		return Preview{}, fmt.Errorf("import: %w", err)
	}
	if found {
		return Preview{}, fault.New(fault.Conflict, "import.already", "import", old.ID, "at", old.Committed)
	}
	if d.Columns == nil {
		last, found, err := s.cfg.Imports.LastDefaults(ctx, d.ChannelID)
		if err != nil {
			return Preview{}, fmt.Errorf("import: %w", err)
		}
		if found {
			i.Defaults.Columns = last.Columns
		}
	}
	sheets, err := s.sheets(ctx, i.Filename, i.Data)
	if err != nil {
		return Preview{Import: i}, err
	}
	p, err := s.read(ctx, i, sheets)
	if err != nil {
		return p, err
	}
	if err := s.cfg.Imports.SaveImport(ctx, p.Import); err != nil {
		return p, fmt.Errorf("import: %w", err)
	}
	return p, nil
}

// LastImport gives the defaults of the channel's last file of figures, so that
// the next one is read the same way.
func (s *Service) LastImport(ctx context.Context, by people.Person, channelID string) (ImportDefaults, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return ImportDefaults{}, denied()
	}
	d, _, err := s.cfg.Imports.LastDefaults(ctx, channelID)
	return d, err
}

// ImportedFiles lists a channel's newest files that were counted, without their data.
func (s *Service) ImportedFiles(ctx context.Context, by people.Person, channelID string) ([]Import, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return nil, denied()
	}
	return s.cfg.Imports.CommittedImports(ctx, channelID, shownImports)
}

// ImportedFile gives an imported file unchanged. Faults: "import.not_found".
func (s *Service) ImportedFile(ctx context.Context, by people.Person, id string) (Import, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return Import{}, denied()
	}
	return s.cfg.Imports.Import(ctx, id)
}

// CommitImport counts the good rows of a previewed file, all at once; rows
// that are refused are not added. confirmed accepts the warnings. Repeating it
// changes nothing. Faults: "access.denied", "import.not_found", "import.already",
// "import.needs_confirmation" (args "rows").
func (s *Service) CommitImport(ctx context.Context, by people.Person, id string, confirmed bool) (Preview, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return Preview{}, denied()
	}
	i, err := s.cfg.Imports.Import(ctx, id)
	switch {
	case err != nil:
		return Preview{}, err
	case i.Defaults.Kind != "":
		return Preview{}, fault.New(fault.NotFound, "import.not_found")
	case !i.Committed.IsZero():
		return Preview{Import: i, Good: i.Added}, nil
	}
	sheets, err := s.sheets(ctx, i.Filename, i.Data)
	if err != nil {
		return Preview{Import: i}, err
	}
	p := Preview{Import: i}
	done, err := s.commitFigures(ctx, by, i, "figures", func(ctx context.Context) (fs []Figure, err error) {
		if p, err = s.read(ctx, i, sheets); err != nil {
			return nil, err
		}
		if p.Warnings > 0 && !confirmed {
			return nil, fault.New(fault.Conflict, "import.needs_confirmation", "rows", p.Warnings)
		}
		for _, r := range p.Rows {
			if r.Code == "" && !r.Same {
				r.Figure.ImportRow = r.Row
				fs = append(fs, r.Figure)
			}
		}
		return fs, nil
	})
	if err != nil {
		return p, err
	}
	done.Defaults.Columns = p.Import.Defaults.Columns
	p.Import, p.Good = done, done.Added
	return p, nil
}

func (s *Service) lockChannels(ctx context.Context) error {
	channels, err := s.cfg.Schedule.Channels(ctx)
	if err != nil {
		return fmt.Errorf("channels: %w", err)
	}
	slices.SortFunc(channels, func(a, b schedule.Channel) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range channels {
		if _, err := s.cfg.Schedule.LockChannel(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// sheets reads an imported file, outside any transaction.
func (s *Service) sheets(ctx context.Context, filename string, data []byte) ([]spreadsheet.Sheet, error) {
	sheets, err := s.cfg.Sheets(ctx, filename, data)
	if err != nil {
		code := "import.unreadable"
		if e := fault.As(err); e != nil {
			code = e.Code // a known kind of file that is no table
		}
		return nil, fault.Wrap(err, fault.Invalid, code)
	}
	return sheets, nil
}

// read checks every row of a file against the schedule and the existing figures.
func (s *Service) read(ctx context.Context, i Import, sheets []spreadsheet.Sheet) (Preview, error) {
	p := Preview{Import: i}
	t, err := figureTable(sheets, i.Defaults.Columns)
	if err != nil {
		return p, err
	}
	p.Import.Defaults.Columns = t.named()
	if len(t.rows) > MaxImportRows {
		return p, fault.New(fault.TooLarge, "import.too_many_rows", "max", MaxImportRows)
	}
	m := &matcher{s: s, d: i.Defaults, seen: map[string]int{}, usual: map[string]float64{}}
	if err := m.load(ctx, t); err != nil {
		return p, fmt.Errorf("import: %w", err)
	}
	for _, row := range t.rows {
		if row.row.Skippable(t.head) {
			p.Skipped++
			continue
		}
		r := m.row(t, row)
		if r.Code == "" && !r.Same {
			if r.Warning, err = m.warning(ctx, r.Figure); err != nil {
				return p, fmt.Errorf("import: %w", err)
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
	if n := p.Good + p.Same + p.Refused + p.Skipped; n != len(t.rows) {
		return p, fmt.Errorf("import %s: %d rows in, %d accounted for", i.ID, len(t.rows), n)
	}
	if len(p.Rows) == 0 {
		return p, fault.New(fault.Invalid, "import.no_rows")
	}
	return p, nil
}

// warning reports a value that is about ten times what the channel usually has,
// or a tenth of it, or that moves a figure that far away from the usual: probably
// a typing error.
func (m *matcher) warning(ctx context.Context, f Figure) (string, error) {
	k := strings.Join([]string{f.ChannelID, f.Metric, f.Unit, string(f.Grade)}, " ")
	median, ok := m.usual[k]
	if !ok {
		values, err := m.s.cfg.Imports.UsualValues(ctx, f.ChannelID, f.Metric, f.Unit, f.Grade, 50)
		if err != nil {
			return "", err
		}
		if len(values) >= 3 {
			slices.Sort(values)
			median = values[len(values)/2]
		}
		m.usual[k] = median
	}
	if median > 0 && (f.Value >= 8*median || f.Value <= median/8) {
		return "figure.looks_tenfold", nil
	}
	for _, old := range m.figures[f.AiringID] {
		far := f.Value >= 8*old.Value && f.Value > median || f.Value <= old.Value/8 && f.Value < median
		if median > 0 && old.ID == f.Replaces && far {
			return "figure.looks_tenfold", nil
		}
	}
	return "", nil
}
