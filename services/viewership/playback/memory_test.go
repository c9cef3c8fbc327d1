package playback

import (
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
)

// rowsInMemory are the stored rows of viewing.
type rowsInMemory struct {
	sessions   map[string]Session
	credits    map[[4]string]Credit
	flags      map[ViewerDay]Flag
	totals     map[lessonDay]Total
	exclusions map[ExclusionTotal]int64
	viewers    map[SetChange]bool // with In false
	audit      []audit.Entry
}

func (r rowsInMemory) clone() rowsInMemory {
	return rowsInMemory{
		maps.Clone(r.sessions), maps.Clone(r.credits), maps.Clone(r.flags), maps.Clone(r.totals),
		maps.Clone(r.exclusions), maps.Clone(r.viewers), slices.Clone(r.audit),
	}
}

// memory keeps everything that the service stores or reads. Transactions that
// fail leave no trace. fail holds an error for the method of that name.
type memory struct {
	rowsInMemory
	inside    bool // a transaction is open
	locked    [][]string
	downloads map[string]int // by lesson, viewer and day
	lessons   map[string]lesson.Lesson
	removed   []string // the calls of Fold and Purge
	fail      map[string]error
	ids       int
	now       time.Time
}

var errStore = errors.New("store fails")

func newMemory() *memory {
	return &memory{
		rowsInMemory: rowsInMemory{
			sessions: map[string]Session{}, credits: map[[4]string]Credit{}, flags: map[ViewerDay]Flag{},
			totals: map[lessonDay]Total{}, exclusions: map[ExclusionTotal]int64{}, viewers: map[SetChange]bool{},
		},
		downloads: map[string]int{}, lessons: map[string]lesson.Lesson{}, fail: map[string]error{},
		now: time.Date(2020, 4, 13, 8, 0, 0, 0, hanoi),
	}
}

func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	before := m.clone()
	m.inside = true
	defer func() { m.inside = false }()
	if err := fn(ctx); err != nil {
		m.rowsInMemory = before
		return err
	}
	return nil
}

// write refuses a call outside a transaction.
func (m *memory) write(name string) error {
	if !m.inside {
		return fmt.Errorf("%s outside a transaction", name)
	}
	return m.fail[name]
}

func (m *memory) LockViewers(_ context.Context, viewers []string) error {
	if !slices.IsSorted(viewers) {
		return fmt.Errorf("viewers %v are not sorted", viewers)
	}
	m.locked = append(m.locked, viewers)
	return m.write("LockViewers")
}

func (m *memory) SessionStarts(_ context.Context, ids []string) (out []Session, _ error) {
	for _, id := range ids {
		if s, ok := m.sessions[id]; ok {
			out = append(out, Session{ID: s.ID, Day: s.Day, Issued: s.Issued})
		}
	}
	return out, m.fail["SessionStarts"]
}

func (m *memory) Sessions(_ context.Context, days []ViewerDay) (out []Session, _ error) {
	for _, s := range m.sessions {
		if slices.Contains(days, ViewerDay{s.Viewer, s.Day}) {
			out = append(out, s)
		}
	}
	return out, m.fail["Sessions"]
}

func (m *memory) Flags(_ context.Context, days []ViewerDay) (out []Flag, _ error) {
	for _, d := range days {
		if f, ok := m.flags[d]; ok {
			out = append(out, f)
		}
	}
	return out, m.fail["Flags"]
}

func (m *memory) Credits(_ context.Context, of []ViewerPackage) (out []Credit, _ error) {
	for _, c := range m.credits {
		if slices.Contains(of, ViewerPackage{c.Viewer, c.PackageID}) {
			out = append(out, c)
		}
	}
	return out, m.fail["Credits"]
}

func (m *memory) Put(_ context.Context, c Changes) error {
	for _, s := range c.Sessions {
		m.sessions[s.ID] = s
	}
	for _, x := range c.Credits {
		x.Heat = trim(x.Heat)
		m.credits[[4]string{x.Viewer, x.Day, x.LessonID, x.PackageID}] = x
	}
	for _, f := range c.Flags {
		m.flags[ViewerDay{f.Viewer, f.Day}] = f
	}
	for _, t := range c.Totals {
		k := lessonDay{t.LessonID, t.Day}
		sum := m.totals[k]
		sum.Add(t)
		sum.LessonID, sum.Day = t.LessonID, t.Day
		m.totals[k] = sum
	}
	for _, x := range c.Exclusions {
		n := x.Sessions
		x.Sessions = 0
		m.exclusions[x] += n
	}
	for _, x := range c.Seen {
		in := x.In
		x.In = false
		if m.viewers[x] == in {
			return fmt.Errorf("%+v is told twice", x)
		}
		m.viewers[x] = in
	}
	return m.write("Put")
}

func (m *memory) FlaggedDays(_ context.Context, from, to string, limit int) (out []Flag, _ error) {
	for _, f := range m.flags {
		if f.Reason != "" && f.Day >= from && (to == "" || f.Day < to) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Flag) int { return strings.Compare(b.Day+b.Viewer, a.Day+a.Viewer) })
	return out[:min(len(out), limit)], m.fail["FlaggedDays"]
}

func (m *memory) Fold(_ context.Context, before string, limit int) (int, error) {
	m.removed = append(m.removed, fmt.Sprint("sessions before ", before, ", at most ", limit))
	return 3, m.fail["Fold"]
}

func (m *memory) Purge(_ context.Context, before string, limit int) (int, error) {
	m.removed = append(m.removed, fmt.Sprint("viewers before ", before, ", at most ", limit))
	return 4, m.fail["Purge"]
}

func (m *memory) AddDownload(_ context.Context, lessonID, viewer, day string) error {
	m.downloads[lessonID+" "+viewer+" "+day]++
	return m.fail["AddDownload"]
}

func (m *memory) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l, ok := m.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.audit = append(m.audit, e)
	return m.write("Append")
}

func (m *memory) BySubject(context.Context, string, int) ([]audit.Entry, error) { return m.audit, nil }

func (m *memory) Viewers(_ context.Context, after string, limit int) (out []string, _ error) {
	set := map[string]bool{}
	for k := range m.credits {
		set[k[0]] = true
	}
	for _, s := range m.sessions {
		set[s.Viewer] = true
	}
	for _, v := range slices.Sorted(maps.Keys(set)) {
		if v > after && len(out) < limit {
			out = append(out, v)
		}
	}
	return out, m.fail["Viewers"]
}

func (m *memory) AllOf(_ context.Context, viewers []string) (ss []Session, cs []Credit, fs []Flag, _ error) {
	for _, s := range m.sessions {
		if slices.Contains(viewers, s.Viewer) {
			ss = append(ss, s)
		}
	}
	for _, c := range m.credits {
		if slices.Contains(viewers, c.Viewer) {
			cs = append(cs, c)
		}
	}
	for _, f := range m.flags {
		if slices.Contains(viewers, f.Viewer) {
			fs = append(fs, f)
		}
	}
	return ss, cs, fs, m.fail["AllOf"]
}

func (m *memory) Totals(_ context.Context, from string) (ts []Total, ls []ExclusionTotal, _ error) {
	for _, t := range m.totals {
		if t.Day >= from {
			ts = append(ts, t)
		}
	}
	for x, n := range m.exclusions {
		if x.Day >= from {
			x.Sessions = n
			ls = append(ls, x)
		}
	}
	return ts, ls, m.fail["Totals"]
}

var hanoi = time.FixedZone("ICT", 7*3600)

func person(id string, r people.Role) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: "s1"}}}
}

var (
	student  = person("em", people.Student)
	teacher  = person("lan", people.Teacher)
	reviewer = person("so", people.Reviewer)
)

// counted is the service over a memory that holds two published lessons of
// "lan" and a draft, each of 100 s.
type counted struct {
	*memory
	s *Service
}

func newCounted(t *testing.T, change ...func(*Config)) counted {
	t.Helper()
	m := newMemory()
	for id, status := range map[string]lesson.Status{"l": lesson.Published, "m": lesson.Published,
		"draft": lesson.Draft} {
		l := lesson.Lesson{ID: id, Status: status}
		l.TeacherID, l.SchoolID = "lan", "s1"
		l.Media = lesson.Media{Playable: true, PackageID: "pkg-" + l.ID, Duration: 100}
		m.lessons[l.ID] = l
	}
	c := m.config()
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return counted{m, s}
}

func (m *memory) config() Config {
	return Config{
		Store: m, Retention: m, Downloads: m, Lessons: m, Secret: []byte("0123456789abcdef"),
		Location: hanoi, Atomic: m,
		Audit: m, Wait: time.Microsecond, Now: func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id%03d", m.ids) },
	}
}

// open opens a session of a lesson.
func (c counted) open(t *testing.T, by people.Person, lessonID string) Opened {
	t.Helper()
	o, err := c.s.Open(t.Context(), OpenRequest{LessonID: lessonID, Person: by})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// beat sends the state of one session and fails unless it is accepted.
func (c counted) beat(t *testing.T, h Heartbeat) {
	t.Helper()
	if r, err := c.s.Beat(t.Context(), []Heartbeat{h}); err != nil || r.Accepted != 1 {
		t.Fatalf("%+v: %v", r, err)
	}
}

// watch opens a session, plays from one second to another at rate 1 and reports it.
func (c counted) watch(t *testing.T, by people.Person, lessonID string, from, to float64) Opened {
	t.Helper()
	o := c.open(t, by, lessonID)
	c.now = c.now.Add(time.Duration((to - from) * float64(time.Second)))
	c.beat(t, Heartbeat{Token: o.Token, Played: []Interval{{from, to}}})
	return o
}

// recount returns what the stored numbers have wrong.
func (c counted) recount(t *testing.T) (wrong []Miscount) {
	t.Helper()
	r := Recounter{Rows: c.memory, Location: hanoi, Now: func() time.Time { return c.now }}
	if err := r.Recount(t.Context(), func(m Miscount) { wrong = append(wrong, m) }); err != nil {
		t.Fatal(err)
	}
	return wrong
}

// on is the stored total of lesson "l" on a day.
func (c counted) on(day string) Total { return c.totals[lessonDay{"l", day}] }
