package school

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/services/spreadsheet"
)

// ImportKind says what a file is a list of.
type ImportKind string

// The kinds of file, in the order in which a new province brings them in.
const (
	ImportAreas    ImportKind = "areas"
	ImportSchools  ImportKind = "schools"
	ImportStaff    ImportKind = "staff"
	ImportClasses  ImportKind = "classes"
	ImportStudents ImportKind = "students"
)

// ImportKinds lists them in that order.
var ImportKinds = []ImportKind{ImportAreas, ImportSchools, ImportStaff, ImportClasses, ImportStudents}

// MaxRosterBytes is the largest file taken, in bytes; the reader of tables
// bounds rows by itself.
const MaxRosterBytes = 16 << 20

// Import is one file that was handed in. Nothing of it counts before it is
// committed; it is kept until its rows are settled, then only its counts.
type Import struct {
	ID       string
	Kind     ImportKind
	Filename string
	Hash     string // hex SHA-256 of Data
	Data     []byte
	By       string
	At       time.Time
	Visible  time.Time // zero: not committed
	Settled  time.Time // zero: its rows still carry its mark
	Counts   Counts
}

// Counts says what became of a file's rows.
type Counts struct {
	New, Changed, Same, Refused int
	Skipped                     int `json:",omitempty"` // totals, headings, signatures
}

// Outcome of one row.
type Outcome string

// The outcomes.
const (
	RowNew     Outcome = "new"
	RowChanged Outcome = "changed"
	RowSame    Outcome = "same"
	RowRefused Outcome = "refused"
	RowSkipped Outcome = "skipped" // no entry: a total, a heading
)

// ImportRow says what becomes, or would become, of one row of the file.
type ImportRow struct {
	Row     int // line in the file, from 1
	Outcome Outcome
	Label   string // what the row is about, for people
	Column  string // header of the column at fault
	Code    string // why refused: a locale key
	Args    fault.Args
	Note    string // locale key of what is worth knowing, e.g. a move
	Asks    bool   // the import is not committed before somebody has confirmed Note
}

// Preview is a file with what becomes of its rows.
type Preview struct {
	Import Import
	Rows   []ImportRow
	Asks   int // rows that ask
}

// RosterStore keeps imports, and writes rosters in pieces that are seen all at
// once. A missing import is fault.NotFound "import.not_found".
type RosterStore interface {
	SaveImport(ctx context.Context, i Import) error
	Import(ctx context.Context, id string) (Import, error)
	// Imports lists the latest without their data, newest first.
	Imports(ctx context.Context, limit int) ([]Import, error)
	// StudentsByKey gives the known students among the keys, by key, and
	// EnrolmentsOf all enrolments of the persons, as readers see them.
	StudentsByKey(ctx context.Context, keys []string) (map[string]Student, error)
	EnrolmentsOf(ctx context.Context, persons []string) (map[string][]Enrolment, error)
	// Members lists all enrolments of a class, past ones too, by name and key.
	Members(ctx context.Context, class string) ([]Member, error)
	// ByUsernames gives the persons among the usernames that there are.
	ByUsernames(ctx context.Context, usernames []string) (map[string]people.Person, error)
	Staging
}

// Staging writes rosters in pieces that are seen all at once.
type Staging interface {
	// Stage writes one piece of an import that nobody sees yet.
	Stage(ctx context.Context, batch string, p Piece) error
	// Unstage takes at most limit staged rows of an import back; done says
	// that none is left. Settle makes a visible import's rows plain rows.
	Unstage(ctx context.Context, batch string, limit int) (done bool, err error)
	Settle(ctx context.Context, batch string, limit int) (done bool, err error)
}

// Piece is what one transaction of an import writes.
type Piece struct {
	At     time.Time
	Born   []Newcomer  // students that were not known
	Named  []Student   // known ones whose name changes
	Joined []Newcomer  // known ones who get the role at the school
	Added  []Enrolment // new rows
	Gone   []Enrolment // rows that an added one replaces, by person, class and From
}

// Newcomer is a student with the school whose roster brings them in.
type Newcomer struct {
	Student
	School string
}

// Importer takes files of the organisation in: preview, then commit.
type Importer struct {
	Schools Store
	Classes ClassStore
	Years   Calendar
	People  people.Store
	Store   RosterStore
	Keys    Keys
	Sheets  func(ctx context.Context, filename string, data []byte) ([]spreadsheet.Sheet, error)
	Atomic  job.Atomic
	Audit   audit.Log
	Now     func() time.Time
	NewID   func() string
}

// sizes of pieces: each write transaction stays under 50 ms on SQLite with a
// slow disk's sync included (docs/benchmarks.md).
const (
	rosterPiece = 150
	simplePiece = 50
)

// Preview reads a file and says what each row would do; the file is kept for
// the commit. Faults: "access.denied", "import.unreadable", "import.empty",
// "import.columns" with the missing ones.
func (s *Importer) Preview(ctx context.Context, by people.Person, kind ImportKind, filename string,
	data []byte) (Preview, error) {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return Preview{}, fault.New(fault.Forbidden, "access.denied")
	}
	if len(data) > MaxRosterBytes {
		return Preview{}, fault.New(fault.TooLarge, "request.too_large")
	}
	for len(filename) > 120 || !utf8.ValidString(filename) {
		filename = filename[:max(0, len(filename)-1)]
	}
	h := sha256.Sum256(data)
	i := Import{ID: s.NewID(), Kind: kind, Filename: filename, Hash: hex.EncodeToString(h[:]), Data: data,
		By: by.ID, At: s.Now()}
	p, err := s.plan(ctx, i)
	if err != nil {
		return Preview{}, err
	}
	i.Counts = p.counts()
	if err := s.Store.SaveImport(ctx, i); err != nil {
		return Preview{}, err
	}
	return Preview{i, p.rows, p.asks}, nil
}

// KeepRosterFiles is how long the file of an import is kept: long enough to see
// what went wrong.
const KeepRosterFiles = 30 * 24 * time.Hour

// Look gives a kept file with what its rows would do now.
func (s *Importer) Look(ctx context.Context, by people.Person, id string) (Preview, error) {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return Preview{}, fault.New(fault.Forbidden, "access.denied")
	}
	i, err := s.Store.Import(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	if !i.Visible.IsZero() {
		return Preview{Import: i}, nil
	}
	p, err := s.plan(ctx, i)
	return Preview{i, p.rows, p.asks}, err
}

// Commit does what the good rows say, and only that: rows are planned again
// against what is known now. confirmed answers the rows that ask. It may be
// repeated after a crash. Faults: "access.denied", "import.already",
// "import.nothing", "import.names_known" (args "rows").
func (s *Importer) Commit(ctx context.Context, by people.Person, id string, confirmed bool) (Preview, error) {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return Preview{}, fault.New(fault.Forbidden, "access.denied")
	}
	i, err := s.Store.Import(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	if !i.Visible.IsZero() {
		return Preview{}, fault.New(fault.Conflict, "import.already")
	}
	// What an interrupted commit left is taken back first.
	if err := s.inPieces(ctx, func() (bool, error) { return s.Store.Unstage(ctx, i.ID, rosterPiece) }); err != nil {
		return Preview{}, err
	}
	p, err := s.plan(ctx, i)
	if err != nil {
		return Preview{}, err
	}
	i.Counts = p.counts()
	if i.Counts.New+i.Counts.Changed == 0 {
		return Preview{i, p.rows, p.asks}, fault.New(fault.Conflict, "import.nothing")
	}
	if p.asks > 0 && !confirmed {
		return Preview{i, p.rows, p.asks}, fault.New(fault.Conflict, "import.names_known", "rows", p.asks)
	}
	for _, step := range p.steps {
		if err := s.Atomic.Atomically(ctx, step); err != nil {
			return Preview{}, err
		}
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		again, err := s.Store.Import(ctx, i.ID)
		if err != nil {
			return err
		}
		if !again.Visible.IsZero() {
			return fault.New(fault.Conflict, "import.already")
		}
		i.Visible, i.Data = s.Now(), nil // the file has served
		if err := s.Store.SaveImport(ctx, i); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action:  string(people.ManageSchools),
			Subject: "roster-import:" + i.ID, Detail: "committed " + string(i.Kind)})
	})
	if err != nil {
		return Preview{}, err
	}
	for _, step := range p.after {
		if err := s.Atomic.Atomically(ctx, step); err != nil {
			return Preview{}, err
		}
	}
	return Preview{i, p.rows, p.asks}, s.settle(ctx, i)
}

// settle makes a visible import's rows plain rows.
func (s *Importer) settle(ctx context.Context, i Import) error {
	if err := s.inPieces(ctx, func() (bool, error) { return s.Store.Settle(ctx, i.ID, 2*rosterPiece) }); err != nil {
		return err
	}
	i.Settled = s.Now()
	return s.Store.SaveImport(ctx, i)
}

func (s *Importer) inPieces(ctx context.Context, step func() (bool, error)) error {
	for {
		if done, err := step(); err != nil || done {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Abandoned is how long a file that nobody commits is kept.
const Abandoned = 7 * 24 * time.Hour

// Tidy finishes imports that a crash left, and empties files that nobody
// committed.
func (s *Importer) Tidy(ctx context.Context) error {
	list, err := s.Store.Imports(ctx, 500)
	if err != nil {
		return err
	}
	for _, i := range list {
		switch {
		case !i.Settled.IsZero():
		case !i.Visible.IsZero():
			err = s.settle(ctx, i)
		case s.Now().Sub(i.At) > Abandoned:
			if err = s.inPieces(ctx, func() (
				bool, error) {
				return s.Store.Unstage(ctx, i.ID, rosterPiece)
			}); err == nil {
				i.Data, i.Settled = nil, s.Now()
				err = s.Store.SaveImport(ctx, i)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) counts() (c Counts) {
	for _, r := range p.rows {
		switch r.Outcome {
		case RowNew:
			c.New++
		case RowChanged:
			c.Changed++
		case RowSame:
			c.Same++
		case RowRefused:
			c.Refused++
		case RowSkipped:
			c.Skipped++
		}
	}
	return c
}
