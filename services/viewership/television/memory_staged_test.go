package television

import (
	"context"
	"time"

	"lenlop/services/fault"
)

func (m *memory) Revision(context.Context, string) (int64, error) {
	return m.revision, m.fail["Revision"]
}

func (m *memory) StageFigures(_ context.Context, batch string, fs []Figure) error {
	m.staged[batch] = append(m.staged[batch], fs...)
	if m.whileStaged != nil {
		m.whileStaged()
	}
	return m.fail["StageFigures"]
}

func (m *memory) CommitStaged(_ context.Context, i Import, batch string) error {
	if len(m.staged[batch]) != i.Added || !m.imports[i.ID].Committed.IsZero() {
		return fault.New(fault.Conflict, "import.changed")
	}
	m.figures = append(m.figures, m.staged[batch]...)
	m.imports[i.ID] = i
	delete(m.staged, batch)
	return m.inside("CommitStaged")
}

func (m *memory) SettleFigures(context.Context, int) (int, error) { return 0, m.fail["SettleFigures"] }

func (m *memory) DropStaged(_ context.Context, batch string, _ int) (int, error) {
	n := len(m.staged[batch])
	delete(m.staged, batch)
	return n, m.fail["DropStaged"]
}

func (m *memory) DropAbandoned(_ context.Context, before time.Time, _ int) (n int, _ error) {
	for batch, fs := range m.staged {
		if fs[0].At.Before(before) {
			n += len(fs)
			delete(m.staged, batch)
		}
	}
	return n, m.fail["DropAbandoned"]
}
