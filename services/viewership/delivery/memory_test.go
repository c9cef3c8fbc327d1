package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

var (
	hanoi    = time.FixedZone("ICT", 7*3600)
	errStore = errors.New("store fails")
)

// memory keeps what was served and answers what else the service reads. fail
// holds an error for the method of that name.
type memory struct {
	rows  []Served
	logs  map[string]ServedLog
	audit []audit.Entry
	adds  []int // rows of each AddServed
	drops int

	meanwhile func() // happens during AddServed; nil: nothing does

	lengths map[string]map[string]production.Length
	read    []string // packages whose lengths were read
	watched []playback.Sums
	scopes  []playback.Scope
	fail    map[string]error
	inside  bool
	ids     int
	now     time.Time
}

func newMemory() *memory {
	return &memory{
		logs: map[string]ServedLog{}, fail: map[string]error{}, now: time.Date(2020, 4, 14, 12, 0, 0, 0, hanoi),
		lengths: map[string]map[string]production.Length{},
	}
}

func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	logs, entries := map[string]ServedLog{}, slices.Clone(m.audit)
	maps.Copy(logs, m.logs)
	m.inside = true
	defer func() { m.inside = false }()
	if err := fn(ctx); err != nil {
		m.logs, m.audit = logs, entries
		return err
	}
	return nil
}

func (m *memory) AddServed(_ context.Context, list []Served) error {
	if m.meanwhile != nil {
		m.meanwhile()
	}
	if err := m.fail["AddServed"]; err != nil {
		return err
	}
	m.rows, m.adds = append(m.rows, list...), append(m.adds, len(list))
	return nil
}

func (m *memory) ServedBy(_ context.Context, by string, s playback.Scope) (map[string]Served, error) {
	m.scopes = append(m.scopes, s)
	out := map[string]Served{}
	for _, r := range m.rows {
		k := r.LessonID
		if by == ByDay {
			k = r.Day
		}
		x := out[k]
		x.Millis, x.Bytes = x.Millis+r.Millis, x.Bytes+r.Bytes
		out[k] = x
	}
	return out, m.fail["ServedBy"]
}

func (m *memory) SaveServedLog(_ context.Context, x ServedLog) error {
	if err := m.fail["SaveServedLog"]; err != nil {
		return err
	}
	m.logs[x.ID] = x
	return nil
}

func (m *memory) ServedLogByHash(_ context.Context, hash string) (ServedLog, bool, error) {
	for _, x := range m.logs {
		if x.Hash == hash && !x.Committed.IsZero() {
			return x, true, m.fail["ServedLogByHash"]
		}
	}
	return ServedLog{}, false, m.fail["ServedLogByHash"]
}

func (m *memory) ServedLogs(_ context.Context, limit int) (out []ServedLog, _ error) {
	for _, x := range m.logs {
		if !x.Committed.IsZero() && len(out) < limit {
			out = append(out, x)
		}
	}
	return out, m.fail["ServedLogs"]
}

func (m *memory) DropServed(ctx context.Context, id string, limit int) (int, error) {
	if err := errors.Join(ctx.Err(), m.fail["DropServed"]); err != nil {
		return 0, err
	}
	m.drops++
	n := 0
	m.rows = slices.DeleteFunc(m.rows, func(r Served) bool {
		if r.Source == id && n < limit {
			n++
			return true
		}
		return false
	})
	if n < limit && m.logs[id].Committed.IsZero() {
		delete(m.logs, id)
	}
	return n, nil
}

func (m *memory) Grouped(context.Context, string, playback.Scope) ([]playback.Sums, playback.Sums, error) {
	return m.watched, playback.Sums{}, m.fail["Grouped"]
}

func (m *memory) Lengths(_ context.Context, packageID string) (map[string]production.Length, error) {
	m.read = append(m.read, packageID)
	return m.lengths[packageID], m.fail["Lengths"]
}

func (m *memory) Append(_ context.Context, e audit.Entry) error {
	if !m.inside {
		return errors.New("audit entry outside a transaction")
	}
	m.audit = append(m.audit, e)
	return m.fail["Append"]
}

func (m *memory) BySubject(context.Context, string, int) ([]audit.Entry, error) { return m.audit, nil }

func (m *memory) config() Config {
	return Config{
		Store: m, Watched: m, Lengths: m, Location: hanoi, Atomic: m, Audit: m, Now: func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id%d", m.ids) },
	}
}

func newService(t *testing.T) (*memory, *Service) {
	t.Helper()
	m := newMemory()
	s, err := New(m.config())
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// file puts a segment of a lesson's package into the memory and returns its
// address below the server's root.
func (m *memory) file(lesson string, n int, millis, bytes int64) string {
	address := fmt.Sprintf("%s/pkg-%s/360p/0-1/%d.m4s", lesson, lesson, n)
	o, ok := production.ObjectAt(address)
	if !ok {
		panic(address + " is no address of a segment")
	}
	if m.lengths[o.Package] == nil {
		m.lengths[o.Package] = map[string]production.Length{}
	}
	m.lengths[o.Package][o.Key] = production.Length{Millis: millis, Bytes: bytes}
	return "/watch/" + address
}

func person(r people.Role) people.Person {
	return people.Person{ID: "so", Active: true, Grants: []people.Grant{{Role: r, School: "s1"}}}
}

// outsiders are those who may not read viewing figures.
func outsiders() map[string]people.Person {
	return map[string]people.Person{
		"anonymous": {}, "student": person(people.Student), "teacher": person(people.Teacher),
		"head":              person(people.Head),
		"station":           person(people.Station),
		"inactive reviewer": {ID: "cu", Grants: []people.Grant{{Role: people.Reviewer}}},
	}
}

var reviewer = person(people.Reviewer)
