package viewership

import (
	"context"
	"slices"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/school"
)

func (m *memory) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l, ok := m.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

func (m *memory) Class(_ context.Context, id string) (school.Class, error) {
	c, ok := m.classes[id]
	if !ok {
		return c, fault.New(fault.NotFound, "class.not_found")
	}
	return c, nil
}

func (m *memory) Roster(_ context.Context, class, day string) (out []school.Student, _ error) {
	m.rosterDays = append(m.rosterDays, day)
	for _, s := range m.students {
		if s.class == class {
			out = append(out, school.Student{PersonID: s.id})
		}
	}
	return out, m.fail["Roster"]
}

func (m *memory) Population(_ context.Context, o school.Scope) (int, error) {
	return len(m.roster(o)), m.fail["Population"]
}

// rosters is the part of school.Rosters that the service reads.
type rosters struct {
	school.Rosters
	*memory
}

func (r rosters) Class(ctx context.Context, id string) (school.Class, error) {
	return r.memory.Class(ctx, id)
}

func (r rosters) Roster(ctx context.Context, class, day string) ([]school.Student, error) {
	return r.memory.Roster(ctx, class, day)
}

func (r rosters) Population(ctx context.Context, o school.Scope) (int, error) {
	return r.memory.Population(ctx, o)
}

func (m *memory) AddReport(_ context.Context, r Report) error {
	r.Frozen = Frozen{}
	m.reports = append(m.reports, r)
	return m.fail["AddReport"]
}

func (m *memory) Report(_ context.Context, id string) (Report, error) {
	if i := slices.IndexFunc(m.reports, func(r Report) bool { return r.ID == id }); i >= 0 {
		return m.reports[i], nil
	}
	return Report{}, fault.New(fault.NotFound, "report.not_found")
}

func (m *memory) Reports(_ context.Context, limit int) ([]Report, error) {
	return m.reports[:min(len(m.reports), limit)], m.fail["Reports"]
}

func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	reports, entries := slices.Clone(m.reports), slices.Clone(m.audit)
	err := fn(ctx)
	if err != nil {
		m.reports, m.audit = reports, entries
	}
	return err
}

func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.audit = append(m.audit, e)
	return m.fail["Append"]
}

func (m *memory) BySubject(context.Context, string, int) ([]audit.Entry, error) { return m.audit, nil }
