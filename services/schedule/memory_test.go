package schedule

import (
	"context"
	"errors"
	"strings"

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
func commaSheets(_ context.Context, _ string, data []byte) (cells [][]string, _ error) {
	if strings.Contains(string(data), `"`) {
		return nil, errors.New("not a table")
	}
	for line := range strings.Lines(string(data)) {
		cells = append(cells, strings.Split(strings.TrimRight(line, "\n"), ","))
	}
	return cells, nil
}
