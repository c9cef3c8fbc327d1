package television

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/spreadsheet"
	"lenlop/services/viewership/playback"
)

var (
	hanoi    = time.FixedZone("ICT", 7*3600)
	errStore = errors.New("store fails")
	day13    = time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
)

// rowsInMemory are the rows that a failed transaction takes back.
type rowsInMemory struct {
	figures  []Figure
	imports  map[string]Import
	codes    []Code
	checkIns map[[2]string]CheckIn // by airing and viewer
	calls    []RollCall
	draws    []Draw
	audit    []audit.Entry
}

// memory keeps the evidence of television's audience, and the schedule, lessons
// and classes that it is about. fail holds an error for the method of that name.
type memory struct {
	rowsInMemory
	staged   map[string][]Figure // by batch
	revision int64
	// whileStaged, when set, runs in StageFigures.
	whileStaged func()

	channels []schedule.Channel
	airings  []schedule.Airing // in order of time
	lessons  map[string]lesson.Lesson
	classes  []school.Class
	rosters  map[string][]school.Student // by class and day
	frame    []FrameClass
	locked   []string // channels and viewers
	purged   []string
	fail     map[string]error
	depth    int // of transactions
	ids      int
	now      time.Time
}

func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	before := m.rowsInMemory
	before.figures, before.calls, before.draws = slices.Clone(m.figures), slices.Clone(m.calls), slices.Clone(m.draws)
	before.imports, before.checkIns = maps.Clone(m.imports), maps.Clone(m.checkIns)
	before.codes, before.audit = slices.Clone(m.codes), slices.Clone(m.audit)
	m.depth++
	err := fn(ctx)
	if m.depth--; err != nil && m.depth == 0 {
		m.rowsInMemory = before
	}
	return err
}

// inside is the error for a method that must be called in a transaction.
func (m *memory) inside(method string) error {
	if m.depth == 0 {
		return errors.New(method + " outside a transaction")
	}
	return m.fail[method]
}

func (m *memory) AddFigures(_ context.Context, fs []Figure) error {
	for _, f := range fs {
		if f.Replaces != "" && slices.ContainsFunc(m.figures, func(x Figure) bool { return x.Replaces == f.Replaces }) {
			return fault.New(fault.Conflict, "figure.already_replaced")
		}
		m.figures = append(m.figures, f)
	}
	return m.inside("AddFigures")
}

func (m *memory) Figure(_ context.Context, id string) (Figure, error) {
	if i := slices.IndexFunc(m.figures, func(f Figure) bool { return f.ID == id }); i >= 0 {
		return m.figures[i], nil
	}
	return Figure{}, fault.New(fault.NotFound, "figure.not_found")
}

func (m *memory) FiguresOf(_ context.Context, airings []string) (out []Figure, _ error) {
	for _, f := range m.figures {
		if slices.Contains(airings, f.AiringID) {
			out = append(out, f)
		}
	}
	return out, m.fail["FiguresOf"]
}

func (m *memory) SaveImport(_ context.Context, i Import) error {
	m.imports[i.ID] = i
	return m.fail["SaveImport"]
}

func (m *memory) Import(_ context.Context, id string) (Import, error) {
	i, ok := m.imports[id]
	if !ok {
		return i, fault.New(fault.NotFound, "import.not_found")
	}
	return i, m.fail["Import"]
}

func (m *memory) CommittedByHash(_ context.Context, channelID, hash string) (Import, bool, error) {
	for _, i := range m.imports {
		if i.Defaults.ChannelID == channelID && i.Hash == hash && !i.Committed.IsZero() {
			return i, true, nil
		}
	}
	return Import{}, false, m.fail["CommittedByHash"]
}

func (m *memory) CommittedImports(_ context.Context, channelID string, limit int) (out []Import, _ error) {
	for _, i := range m.imports {
		if i.Defaults.ChannelID == channelID && !i.Committed.IsZero() && len(out) < limit {
			i.Data = nil
			out = append(out, i)
		}
	}
	return out, m.fail["CommittedImports"]
}

func (m *memory) LastDefaults(_ context.Context, channelID string) (d ImportDefaults, found bool, _ error) {
	var at time.Time
	for _, i := range m.imports {
		if i.Defaults.ChannelID == channelID && i.Defaults.Kind == "" && i.Committed.After(at) {
			d, found, at = i.Defaults, true, i.Committed
		}
	}
	return d, found, m.fail["LastDefaults"]
}

func (m *memory) UsualValues(
	_ context.Context, channelID, metric, unit string, g Grade, limit int,
) (out []float64, _ error) {
	for _, f := range slices.Backward(m.figures) {
		if f.ChannelID == channelID && f.Metric == metric && f.Unit == unit && f.Grade == g && len(out) < limit {
			out = append(out, f.Value)
		}
	}
	return out, m.fail["UsualValues"]
}

func (m *memory) AddCodes(_ context.Context, cs []Code) error {
	m.codes = append(m.codes, cs...)
	return m.inside("AddCodes")
}

func (m *memory) Code(_ context.Context, code string) (Code, error) {
	if i := slices.IndexFunc(m.codes, func(c Code) bool { return c.Code == code }); i >= 0 {
		return m.codes[i], nil
	}
	return Code{}, cmp.Or(m.fail["Code"], error(fault.New(fault.NotFound, "checkin.unknown_code")))
}

func (m *memory) CodesOf(_ context.Context, copyID string) (out []Code, _ error) {
	for _, c := range slices.Backward(m.codes) { // in no order that means anything
		if c.CopyID == copyID {
			out = append(out, c)
		}
	}
	return out, m.fail["CodesOf"]
}

func (m *memory) CheckIns(_ context.Context, airingID, viewer string) (out []CheckIn, _ error) {
	for k, x := range m.checkIns {
		if k[0] == airingID && (viewer == "" || k[1] == viewer) {
			out = append(out, x)
		}
	}
	return out, m.fail["CheckIns"]
}

func (m *memory) SaveCheckIns(_ context.Context, ks []CheckIn) error {
	for _, k := range ks {
		m.checkIns[[2]string{k.AiringID, k.Viewer}] = k
	}
	return m.fail["SaveCheckIns"]
}

func (m *memory) CountCheckIns(_ context.Context, airings []string) (map[string]CheckInCount, error) {
	out := map[string]CheckInCount{}
	for k, x := range m.checkIns {
		if x.State == CheckInCounted && slices.Contains(airings, k[0]) {
			c := out[k[0]]
			if strings.HasPrefix(x.Viewer, playback.PersonPrefix) {
				c.Persons++
			} else {
				c.Devices++
			}
			out[k[0]] = c
		}
	}
	return out, m.fail["CountCheckIns"]
}

func (m *memory) Persons(_ context.Context, airings []string) (map[string]bool, error) {
	out := map[string]bool{}
	for k, x := range m.checkIns {
		id, ok := strings.CutPrefix(k[1], playback.PersonPrefix)
		if ok && x.State == CheckInCounted && slices.Contains(airings, k[0]) {
			out[id] = true
		}
	}
	return out, m.fail["Persons"]
}

func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.audit = append(m.audit, e)
	return m.inside("Append")
}

func (m *memory) BySubject(context.Context, string, int) ([]audit.Entry, error) { return m.audit, nil }

// sheets reads lines of cells parted by semicolons.
func sheets(_ context.Context, _ string, data []byte) ([]spreadsheet.Sheet, error) {
	var out [][]string
	if bytes.HasPrefix(data, []byte("%PDF")) {
		return nil, errors.New("no sheet")
	}
	for line := range strings.SplitSeq(strings.Trim(string(data), "\n"), "\n") {
		if line != "" {
			out = append(out, strings.Split(line, ";"))
		} else if len(out) > 0 {
			out = append(out, nil)
		}
	}
	return spreadsheet.Of(out), nil
}

func (m *memory) config() Config {
	return Config{
		Figures: m, Imports: m, Staged: m, CheckIns: m, RollCalls: m, Classes: m, Lessons: m, Facts: m,
		Viewers: m, Schedule: m,
		Sheets: sheets, Location: hanoi, Atomic: m, Audit: m, Now: func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id%d", m.ids) },
	}
}

// newMemory has two channels, and on the first lesson "l" of grade 9, whose
// airings on 13 April begin at 08:00 (aired), 09:00 (aired partly, 09:10 to
// 09:25), 10:00 (dropped) and 11:00 (not reported) and last half an hour. It is
// now 20:00. Class "c9" of "lan" has four students on that day.
func newMemory() *memory {
	m := &memory{
		rowsInMemory: rowsInMemory{imports: map[string]Import{}, checkIns: map[[2]string]CheckIn{}},
		staged:       map[string][]Figure{},
		channels:     []schedule.Channel{{ID: "tv2"}, {ID: "tv1", Name: "Đài tỉnh"}},
		lessons:      map[string]lesson.Lesson{"l": {ID: "l", Title: "Phân số", Grade: 9}, "m": {ID: "m", Grade: 8}},
		rosters:      map[string][]school.Student{}, fail: map[string]error{}, now: day13.Add(20 * time.Hour),
	}
	for i, o := range []schedule.Outcome{schedule.Aired, schedule.Partial, schedule.Dropped, schedule.Planned} {
		at := day13.Add(time.Duration(8+i) * time.Hour)
		a := schedule.Airing{
			ID: fmt.Sprint("a", 8+i), ChannelID: "tv1", LessonID: "l", HouseNumber: fmt.Sprint("PS-", 8+i),
			CopyID:   "copy",
			StartsAt: at, EndsAt: at.Add(30 * time.Minute), Outcome: o,
		}
		switch o {
		case schedule.Aired:
			a.StartedAt, a.EndedAt = a.StartsAt, a.EndsAt
		case schedule.Partial:
			a.StartedAt, a.EndedAt = at.Add(10*time.Minute), at.Add(25*time.Minute)
		}
		m.airings = append(m.airings, a)
	}
	m.classes = []school.Class{{
		ID: "c9", SchoolID: "s1", Year: "2019-2020", Grade: 9, Teachers: []school.ClassTeacher{{PersonID: "lan"}},
	}}
	for _, id := range []string{"an", "binh", "chi", "dung"} {
		m.rosters["c9 2020-04-13"] = append(m.rosters["c9 2020-04-13"], school.Student{PersonID: id})
	}
	return m
}

func newService(t *testing.T, change ...func(*Config)) (*memory, *Service) {
	t.Helper()
	m := newMemory()
	c := m.config()
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func person(id string, r people.Role) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: "s1"}}}
}

var (
	station  = person("dai", people.Station)
	reviewer = person("so", people.Reviewer)
	teacher  = person("lan", people.Teacher)
)

// outsiders may not hand in figures.
func outsiders() map[string]people.Person {
	return map[string]people.Person{
		"anonymous": {}, "student": person("em", people.Student), "teacher": teacher,
		"head":             person("hieu", people.Head),
		"inactive station": {ID: "dai", Grants: []people.Grant{{Role: people.Station}}},
	}
}

// code is the fault's code, "" for none, or the error's text.
func code(err error) string {
	if e := fault.As(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// fields are the wrong fields of a form, "value figure.bad_value, ...".
func fields(err error) string {
	var out []string
	if e := fault.As(err); e != nil {
		for _, f := range e.Fields {
			out = append(out, f.Name+" "+f.Code)
		}
	}
	return strings.Join(out, ", ")
}
