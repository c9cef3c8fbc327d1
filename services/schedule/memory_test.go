package schedule

import (
	"context"
	"errors"
	"strings"
	"time"

	"lenlop/services/spreadsheet"
	"lenlop/test/memstore"
)

// memoryLogs is a LogStore in memory.
type memoryLogs struct {
	logs    *memstore.Table[AsRunImport]
	mapping map[string]string // of the channel's last log
	err     error             // what reading answers
	limit   int               // asked of CommittedLogs
}

func newLogs() *memoryLogs {
	return &memoryLogs{logs: memstore.NewTable[AsRunImport]("asrun.not_found")}
}

func (m *memoryLogs) SaveAsRun(_ context.Context, i AsRunImport) error { return m.logs.Save(i.ID, i) }

func (m *memoryLogs) AsRun(_ context.Context, id string) (AsRunImport, error) { return m.logs.Get(id) }

func (m *memoryLogs) CommittedAsRun(_ context.Context, channel, hash string) (AsRunImport, bool, error) {
	for _, i := range m.logs.All(nil) {
		if i.ChannelID == channel && i.Hash == hash && !i.Committed.IsZero() {
			return i, true, m.err
		}
	}
	return AsRunImport{}, false, m.err
}

func (m *memoryLogs) CommittedLogs(_ context.Context, channel string, limit int) ([]AsRunImport, error) {
	m.limit = limit
	return m.logs.All(func(i AsRunImport) bool { return i.ChannelID == channel && !i.Committed.IsZero() }), m.err
}

func (m *memoryLogs) LastMapping(context.Context, string) (map[string]string, error) {
	return m.mapping, m.err
}

// commaSheets reads lines of commas; a quotation mark is none of its tables.
func commaSheets(_ context.Context, _ string, data []byte) ([]spreadsheet.Sheet, error) {
	if strings.Contains(string(data), `"`) {
		return nil, errors.New("not a table")
	}
	var cells [][]string
	for line := range strings.Lines(string(data)) {
		cells = append(cells, strings.Split(strings.TrimRight(line, "\n"), ","))
	}
	return spreadsheet.Of(cells), nil
}

// memoryStaged is a StagedReports in memory: at most one batch, visible once it is committed.
type memoryStaged struct {
	store    *memoryStore
	logs     *memoryLogs
	rows     *memstore.Table[Airing]
	visible  bool
	revision int64
	moved    int // commits before which somebody else changes the channel
}

func (m *memoryStaged) Revision(context.Context, string) (int64, error) { return m.revision, nil }

func (m *memoryStaged) StageReports(_ context.Context, _ string, as []Airing) error {
	if m.moved > 0 {
		m.moved--
		m.revision++
	}
	for _, a := range as {
		if err := m.rows.Save(a.ID, a); err != nil {
			return err
		}
	}
	return nil
}

func (m *memoryStaged) CommitReports(ctx context.Context, i AsRunImport, _ string) error {
	m.visible = true
	return m.logs.SaveAsRun(ctx, i)
}

func (m *memoryStaged) UnsettledChannels(context.Context) ([]string, error) {
	if m.visible && len(m.rows.All(nil)) > 0 {
		return []string{"c"}, nil
	}
	return nil, nil
}

func (m *memoryStaged) SettleReports(ctx context.Context, _ string, limit int) (out []SettledReport, _ error) {
	if !m.visible {
		return nil, nil
	}
	for _, a := range m.rows.All(nil) {
		if len(out) == limit {
			break
		}
		m.rows.Delete(a.ID)
		out = append(out, SettledReport{Airing: a})
		if err := m.store.SaveAiring(ctx, a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *memoryStaged) DropReports(context.Context, string, int) (int, error) {
	rows := m.rows.All(nil)
	for _, a := range rows {
		m.rows.Delete(a.ID)
	}
	return len(rows), nil
}

func (m *memoryStaged) DropAbandonedReports(context.Context, time.Time, int) (int, error) {
	return 0, nil
}
