package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Limits of an imported as-run log.
const (
	MaxLogBytes = 5 << 20
	MaxLogRows  = 20_000
)

// shownLogs is how many past logs are listed: a month of days.
const shownLogs = 31

// Columns of an as-run log, by our names. A row finds its airing by the
// station's number for the item and the day, else by day and time.
const (
	LogDate        = "date"
	LogStart       = "start"
	LogEnd         = "end"
	LogLength      = "length"
	LogHouseNumber = "houseNumber"
	LogOutcome     = "outcome"
)

// AsRunImport is a station's log: previewed, and believed once committed. The
// file is kept as it came.
type AsRunImport struct {
	ID        string
	ChannelID string
	Filename  string
	Hash      string // hex SHA-256
	Data      []byte
	// Mapping says where our columns are: a header of the file, or for flat
	// text the characters "1-10", counted from 1, both ends in.
	Mapping   map[string]string
	By        string
	At        time.Time
	Committed time.Time // zero: a preview
	Reported  int       // airings reported
}

// AsRunRow is what becomes of one row of a log.
type AsRunRow struct {
	Row    int    // as spreadsheets count
	Column string // our name of the cell that is wrong, or ""
	Code   string // why it is refused, or ""
	Airing Airing // the one it is about
	AsRun  AsRun
	Same   bool // reported just so already
}

// AsRunPreview is a log read and checked.
type AsRunPreview struct {
	Import              AsRunImport
	Rows                []AsRunRow
	Good, Same, Refused int
	Skipped             int      // totals and headings; in no row of Rows
	Silent              []Airing // of the log's days, over, and in no row: nobody says they were on air
}

// LogStore keeps as-run logs. A missing one is fault.NotFound "asrun.not_found".
type LogStore interface {
	SaveAsRun(ctx context.Context, i AsRunImport) error
	AsRun(ctx context.Context, id string) (AsRunImport, error)
	// CommittedAsRun gives the channel's committed log of the same file.
	CommittedAsRun(ctx context.Context, channelID, hash string) (i AsRunImport, found bool, err error)
	// CommittedLogs lists a channel's newest, without their files.
	CommittedLogs(ctx context.Context, channelID string, limit int) ([]AsRunImport, error)
	// LastMapping is the one of the channel's last committed log.
	LastMapping(ctx context.Context, channelID string) (map[string]string, error)
}

// PreviewAsRun reads a station's log. Without a mapping (nil) the channel's
// last one is taken; columns left out of it are found by their usual names. Faults: "access.denied",
// "channel.not_found", "asrun.too_large", "asrun.unreadable", "asrun.no_rows",
// "asrun.missing_column" (args "column"), "asrun.already".
func (s *Service) PreviewAsRun(ctx context.Context, by people.Person, channelID, filename string, data []byte,
	mapping map[string]string) (AsRunPreview, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return AsRunPreview{}, denied()
	}
	if len(data) > MaxLogBytes {
		return AsRunPreview{}, fault.New(fault.TooLarge, "asrun.too_large", "max", MaxLogBytes)
	}
	sum := sha256.Sum256(data)
	i := AsRunImport{
		ID: s.NewID(), ChannelID: channelID, Filename: filename, Hash: hex.EncodeToString(sum[:]), Data: data,
		Mapping: mapping, By: by.ID, At: s.Now(),
	}
	if old, found, err := s.Logs.CommittedAsRun(ctx, i.ChannelID, i.Hash); err != nil {
		return AsRunPreview{}, fmt.Errorf("as-run log: %w", err)
	} else if found {
		return AsRunPreview{}, fault.New(fault.Conflict, "asrun.already", "import", old.ID, "at", old.Committed)
	}
	if mapping == nil {
		var err error
		if i.Mapping, err = s.Logs.LastMapping(ctx, channelID); err != nil {
			return AsRunPreview{}, fmt.Errorf("as-run log: %w", err)
		}
	}
	if _, err := s.Store.Channel(ctx, i.ChannelID); err != nil {
		return AsRunPreview{Import: i}, err
	}
	lines, err := s.logLines(ctx, i)
	if err != nil {
		return AsRunPreview{Import: i}, err
	}
	p, err := s.readLog(ctx, i, lines)
	if err != nil {
		return p, err
	}
	return p, s.Logs.SaveAsRun(ctx, i)
}

// LastLog is the mapping of the channel's last log, or nil.
func (s *Service) LastLog(ctx context.Context, by people.Person, channelID string) (map[string]string, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return nil, denied()
	}
	return s.Logs.LastMapping(ctx, channelID)
}

// ImportedLogs lists a channel's newest logs that were believed, without their data.
func (s *Service) ImportedLogs(ctx context.Context, by people.Person, channelID string) ([]AsRunImport, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return nil, denied()
	}
	return s.Logs.CommittedLogs(ctx, channelID, shownLogs)
}

// ImportedLog gives a log as it came. Faults: "asrun.not_found".
func (s *Service) ImportedLog(ctx context.Context, by people.Person, id string) (AsRunImport, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return AsRunImport{}, denied()
	}
	return s.Logs.AsRun(ctx, id)
}

// CommitAsRun reports what a previewed log says, all at once. Repeating it
// changes nothing. Faults: "access.denied", "asrun.not_found", "asrun.already".
func (s *Service) CommitAsRun(ctx context.Context, by people.Person, id string) (AsRunPreview, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return AsRunPreview{}, denied()
	}
	i, err := s.Logs.AsRun(ctx, id)
	if err != nil {
		return AsRunPreview{}, err
	}
	if !i.Committed.IsZero() {
		return AsRunPreview{Import: i, Good: i.Reported}, nil
	}
	lines, err := s.logLines(ctx, i)
	if err != nil {
		return AsRunPreview{Import: i}, err
	}
	return s.commitLog(ctx, by, i, lines)
}

// readLog reads the file and finds its airings.
func (s *Service) readLog(ctx context.Context, i AsRunImport, lines []logLine) (AsRunPreview, error) {
	p := AsRunPreview{Import: i}
	channel, err := s.Store.Channel(ctx, i.ChannelID)
	if err != nil {
		return p, err
	}
	loc, err := time.LoadLocation(channel.Timezone)
	if err != nil {
		return p, fmt.Errorf("channel %s: %w", channel.ID, err)
	}
	var from, to time.Time
	for _, l := range lines {
		d, _, ok, _ := ParseMoment(l.cells[LogDate], l.cells[LogStart], loc)
		if !ok || l.skip {
			continue
		}
		if from.IsZero() || d.Before(from) {
			from = d
		}
		if end := d.AddDate(0, 0, 1); end.After(to) {
			to = end
		}
	}
	near := Filter{Channel: i.ChannelID, From: from, To: to}
	if !from.IsZero() {
		// What was planned just before midnight, and hours past 24:00.
		near.From, near.To = from.AddDate(0, 0, -1), to.AddDate(0, 0, 1)
	}
	airings, err := s.Store.Airings(ctx, near)
	if err != nil {
		return p, fmt.Errorf("airings of channel %s: %w", i.ChannelID, err)
	}
	taken, plan := map[string]AsRun{}, newDayPlan(airings)
	for _, l := range lines {
		if l.skip {
			p.Skipped++
			continue
		}
		r := s.logRow(l, plan, taken, loc)
		switch {
		case r.Code != "":
			p.Refused++
		case r.Same:
			p.Same++
		default:
			p.Good++
		}
		if r.Airing.ID != "" {
			taken[r.Airing.ID] = r.AsRun
		}
		p.Rows = append(p.Rows, r)
	}
	if n := p.Good + p.Same + p.Refused + p.Skipped; n != len(lines) {
		return p, fmt.Errorf("as-run log %s: %d rows in, %d accounted for", i.ID, len(lines), n)
	}
	for _, a := range airings {
		if a.StartsAt.Before(from) || !a.StartsAt.Before(to) {
			continue
		}
		_, reported := taken[a.ID]
		if !reported && a.Outcome == Planned && a.EndsAt.Before(s.Now()) && !from.IsZero() {
			p.Silent = append(p.Silent, a)
		}
	}
	return p, nil
}
