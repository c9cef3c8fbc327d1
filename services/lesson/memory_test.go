package lesson_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/test/memstore"
)

var (
	bg      = context.Background()
	start   = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	errDisk = errors.New("disk full")
)

func person(id string, at string, roles ...people.Role) people.Person {
	p := people.Person{ID: id, Username: id + ".name", Name: "Nguyễn Thị " + id, Active: true}
	for _, r := range roles {
		g := people.Grant{Role: r}
		if people.AtSchool(r) {
			g.School = at
		}
		p.Grants = append(p.Grants, g)
	}
	return p
}

// The people of the tests: lan and minh teach at school s1, where hieu is the head; tu teaches at s2.
var (
	lan      = person("lan", "s1", people.Teacher)
	minh     = person("minh", "s1", people.Teacher)
	tu       = person("tu", "s2", people.Teacher)
	head     = person("hieu", "s1", people.Head)
	reviewer = person("so", "", people.Reviewer)
	station  = person("dai", "", people.Station)
	admin    = person("quan", "", people.Admin)
	student  = person("em", "s1", people.Student)
	nobody   = people.Person{}
	everyone = []people.Person{lan, minh, tu, head, reviewer, station, admin, student}
)

// memory is everything that lesson.Service needs, in memory, at a fixed time.
type memory struct {
	s          *lesson.Service
	lessons    *memstore.Table[lesson.Lesson]
	recordings *memstore.Table[lesson.Recording]
	steps      *memstore.Table[lesson.Step]
	settings   *memstore.Table[string]
	log        *memstore.AuditLog
	jobs       *memstore.Queue

	now       time.Time
	indexed   []string // lessons whose place in the catalogue may have changed
	filter    lesson.Filter
	levels    map[string]school.Level
	readErr   error // what reading subjects, people, schools and steps answers
	indexErr  error
	ids       int
	changes   int // calls of OnChange
	takenDown []string
	staff     []people.Person
}

func newMemory() *memory {
	m := &memory{
		lessons: memstore.NewTable[lesson.Lesson]("lesson.not_found"), now: start,
		recordings: memstore.NewTable[lesson.Recording]("recording.not_found"),
		steps:      memstore.NewTable[lesson.Step](""), settings: memstore.NewTable[string](""),
		log: &memstore.AuditLog{}, jobs: &memstore.Queue{},
		staff: everyone, levels: map[string]school.Level{"s1": school.Primary, "s2": school.UpperSecondary},
	}
	m.s = &lesson.Service{
		Store: m, Jobs: m.jobs, Audit: m.log, Index: m, Subjects: m, People: m, Histories: m, Settings: m, Schools: m,
		Atomic:      memstore.NewAtomic(m.lessons, m.recordings, m.steps, m.settings, m.log, m.jobs),
		OnChange:    func(context.Context, lesson.Lesson, lesson.Lesson) error { m.changes++; return nil },
		OnTakenDown: func(id string) { m.takenDown = append(m.takenDown, id) },
		ReceivedJobs: func(_ lesson.Lesson,
			r lesson.Recording) []job.New {
			return []job.New{{Key: "received " + r.ID}}
		},
		PublishJob: func(l lesson.Lesson) job.New { return job.New{Key: "publish " + l.ID, RunAt: l.PublishAt} },
		Now:        func() time.Time { return m.now },
		NewID:      func() string { m.ids++; return fmt.Sprintf("id-%03d", m.ids) },
	}
	return m
}

// add stores a lesson of lan's at s1 after a change to it.
func (m *memory) add(id string, change func(*lesson.Lesson)) lesson.Lesson {
	l := lesson.Lesson{
		ID: id, Title: "Phân số", Subject: "toan", Grade: 5, Language: "vi", TeacherID: "lan", SchoolID: "s1",
		Status: lesson.Draft,
		Media:  lesson.Media{State: lesson.None}, CreatedAt: start.Add(-time.Hour),
	}
	if change != nil {
		change(&l)
	}
	if err := m.lessons.Save(id, l); err != nil {
		panic(err)
	}
	return l
}

// ready makes a lesson one whose recording has been processed, in a status.
func ready(s lesson.Status) func(*lesson.Lesson) {
	return func(l *lesson.Lesson) {
		l.Status = s
		l.Media = lesson.Media{
			State:       lesson.Ready,
			RecordingID: "r1",
			PackageID:   "p1",
			Playable:    true,
			Duration:    600,
			Fraction:    1,
		}
	}
}

// story is the kinds of a lesson's steps, oldest first.
func (m *memory) story(id string) (kinds []lesson.StepKind) {
	for _, s := range m.steps.All(func(s lesson.Step) bool { return s.LessonID == id }) {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}

func (m *memory) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	return m.lessons.Get(id)
}

func (m *memory) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	if !job.InTransaction(ctx) {
		return lesson.Lesson{}, errors.New("locked outside a transaction")
	}
	return m.lessons.Get(id)
}

func (m *memory) Save(_ context.Context, l lesson.Lesson) error { return m.lessons.Save(l.ID, l) }

func (m *memory) SetProgress(_ context.Context, id, recording, stage string, fraction float64) (bool, error) {
	l, err := m.lessons.Get(id)
	if err != nil || l.Media.RecordingID != recording || l.Media.State != lesson.Processing {
		return false, nil
	}
	l.Media.Stage, l.Media.Fraction = stage, max(l.Media.Fraction, fraction)
	return true, m.lessons.Save(id, l)
}

// Lessons remembers the filter and gives every lesson.
func (m *memory) Lessons(_ context.Context, f lesson.Filter) ([]lesson.Lesson, string, error) {
	m.filter = f
	return m.lessons.All(nil), "", nil
}

func (m *memory) Recording(_ context.Context, id string) (lesson.Recording, error) {
	return m.recordings.Get(id)
}

func (m *memory) SaveRecording(_ context.Context, r lesson.Recording) error {
	return m.recordings.Save(r.ID, r)
}

func (m *memory) Recordings(_ context.Context, id string) ([]lesson.Recording, error) {
	return m.recordings.All(func(r lesson.Recording) bool { return r.LessonID == id }), nil
}

func (m *memory) RecordingsDue(context.Context, time.Time, int) ([]lesson.Recording, error) {
	return nil, errors.New("not read by lesson.Service")
}

func (m *memory) Changed(_ context.Context, id string) error {
	m.indexed = append(m.indexed, id)
	return m.indexErr
}

func (m *memory) Subjects(context.Context) ([]school.Subject, error) {
	return []school.Subject{
		{Code: "toan", FromGrade: 1, ToGrade: 12}, {Code: "hoa-hoc", FromGrade: 8, ToGrade: 9},
	}, m.readErr
}

func (m *memory) ByUsername(_ context.Context, username string) (people.Person, error) {
	if i := slices.IndexFunc(everyone, func(p people.Person) bool { return p.Username == username }); i >= 0 {
		return everyone[i], m.readErr
	}
	return people.Person{}, cmp.Or(m.readErr, error(fault.New(fault.NotFound, "people.not_found")))
}

// Persons gives m.staff in its order.
func (m *memory) Persons(_ context.Context, r people.Role, after string, limit int) ([]people.Person, error) {
	from := slices.IndexFunc(m.staff, func(p people.Person) bool { return p.ID == after }) + 1
	var out []people.Person
	for _, p := range m.staff[from:] {
		if slices.ContainsFunc(p.Grants, func(g people.Grant) bool { return g.Role == r }) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, m.readErr
}

func (m *memory) School(_ context.Context, id string) (school.School, error) {
	if level, ok := m.levels[id]; ok && m.readErr == nil {
		return school.School{ID: id, Level: level}, nil
	}
	return school.School{}, cmp.Or(m.readErr, error(fault.New(fault.NotFound, "school.not_found")))
}

func (m *memory) Setting(_ context.Context, name string) (string, error) {
	v, _ := m.settings.Get(name)
	return v, m.readErr
}

func (m *memory) SetSetting(_ context.Context, name, value string) error {
	return m.settings.Save(name, value)
}

func (m *memory) SaveStep(_ context.Context, s lesson.Step) error { return m.steps.Save(s.ID, s) }

func (m *memory) Steps(_ context.Context, id string, limit int) ([]lesson.Step, error) {
	all := m.steps.All(func(s lesson.Step) bool { return s.LessonID == id })
	slices.Reverse(all)
	return all[:min(limit, len(all))], m.readErr
}

func (m *memory) ForgetSteps(_ context.Context, id string) error {
	for _, s := range m.steps.All(func(s lesson.Step) bool { return s.LessonID == id }) {
		m.steps.Delete(s.ID)
	}
	return nil
}

func (m *memory) Queue(_ context.Context, at string) ([]lesson.Queued, error) {
	return []lesson.Queued{{Subject: "toan " + at, Lessons: 3}}, nil
}

// wantFault checks the kind, the code and the wrong fields ("name: code") of a fault; an empty code wants no error.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string, fields ...string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if !fault.Is(err, code) || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %d code %s", what, err, kind, code)
		return
	}
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Name+": "+f.Code)
	}
	if len(fields) > 0 && !slices.Equal(got, fields) {
		t.Errorf("%s: fields %q, want %q", what, got, fields)
	}
}
