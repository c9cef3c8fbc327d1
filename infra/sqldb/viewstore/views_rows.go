package viewstore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership/playback"
)

type viewerRow struct {
	bun.BaseModel `bun:"table:viewers,alias:v"`

	ID     string `bun:",pk"`
	Number int64  // 0 until the first view
}

type sessionViewRow struct {
	bun.BaseModel `bun:"table:view_sessions,alias:s"`

	ID         string `bun:",pk"`
	Viewer     string
	Day        string
	LessonID   string
	PackageID  string
	IssuedMs   int64
	LastMs     int64
	DurationMs int64
	Played     string
	StatedMs   int64
	ByUnion    bool
	LeftOut    string
	Offline    bool
	Embedded   bool
	Heat       string
}

func (r *sessionViewRow) session() (playback.Session, error) {
	played, err := playback.ParseSpans(r.Played)
	if err != nil {
		return playback.Session{}, fmt.Errorf("playback session %s: %w", r.ID, err)
	}
	heat, err := parseHeat(r.Heat)
	if err != nil {
		return playback.Session{}, fmt.Errorf("playback session %s: %w", r.ID, err)
	}
	return playback.Session{
		ID: r.ID, Viewer: r.Viewer, Day: r.Day, LessonID: r.LessonID, PackageID: r.PackageID, Issued: r.IssuedMs,
		Last: r.LastMs, Duration: r.DurationMs, Played: played, ReportedMs: r.StatedMs, ByUnion: r.ByUnion,
		Excluded: r.LeftOut, Offline: r.Offline, Embedded: r.Embedded, Heat: heat,
	}, nil
}

type creditRow struct {
	bun.BaseModel `bun:"table:view_credits,alias:c"`

	Viewer     string `bun:",pk"`
	Day        string `bun:",pk"`
	LessonID   string `bun:",pk"`
	PackageID  string `bun:",pk"`
	DurationMs int64
	Coverage   string
	WatchMs    int64
	Viewed     bool
	Offline    bool
	Unmatched  bool
	Heat       string
}

func (r *creditRow) credit() (playback.Credit, error) {
	coverage, err := playback.ParseSpans(r.Coverage)
	if err != nil {
		return playback.Credit{}, fmt.Errorf("viewing of %s on %s: %w", r.PackageID, r.Day, err)
	}
	heat, err := parseHeat(r.Heat)
	if err != nil {
		return playback.Credit{}, fmt.Errorf("viewing of %s on %s: %w", r.PackageID, r.Day, err)
	}
	return playback.Credit{
		Viewer: r.Viewer, Day: r.Day, LessonID: r.LessonID, PackageID: r.PackageID, Duration: r.DurationMs,
		Coverage: coverage, Watch: r.WatchMs, Viewed: r.Viewed, Offline: r.Offline, Unmatched: r.Unmatched, Heat: heat,
	}, nil
}

type flagRow struct {
	bun.BaseModel `bun:"table:view_flags,alias:f"`

	Viewer     string `bun:",pk"`
	Day        string `bun:",pk"`
	Reason     string
	At         sqldb.Timestamp
	RestoredBy string
	RestoredAt sqldb.Timestamp
}

func (r *flagRow) flag() playback.Flag {
	return playback.Flag{
		Viewer: r.Viewer, Day: r.Day, Reason: r.Reason, At: r.At.Time(), RestoredBy: r.RestoredBy,
		RestoredAt: r.RestoredAt.Time(),
	}
}

type totalRow struct {
	bun.BaseModel `bun:"table:view_totals,alias:t"`

	LessonID       string `bun:",pk"`
	Day            string `bun:",pk"`
	Views          int64
	OfflineViews   int64
	UnmatchedViews int64
	Completions    int64
	WatchMs        int64
}

type leftOutRow struct {
	bun.BaseModel `bun:"table:view_left_out,alias:t"`

	LessonID string `bun:",pk"`
	Day      string `bun:",pk"`
	Reason   string `bun:",pk"`
	Sessions int64
}

func sessionRows(list []playback.Session) []sessionViewRow {
	rows := make([]sessionViewRow, len(list))
	for i, x := range list {
		rows[i] = sessionViewRow{
			ID: x.ID, Viewer: x.Viewer, Day: x.Day, LessonID: x.LessonID, PackageID: x.PackageID, IssuedMs: x.Issued,
			LastMs: x.Last, DurationMs: x.Duration, Played: x.Played.String(), StatedMs: x.ReportedMs,
			ByUnion: x.ByUnion,
			LeftOut: x.Excluded, Offline: x.Offline, Embedded: x.Embedded, Heat: heatText(x.Heat),
		}
	}
	return rows
}

func creditRows(list []playback.Credit) []creditRow {
	rows := make([]creditRow, len(list))
	for i, c := range list {
		rows[i] = creditRow{
			Viewer: c.Viewer, Day: c.Day, LessonID: c.LessonID, PackageID: c.PackageID, DurationMs: c.Duration,
			Coverage: c.Coverage.String(), WatchMs: c.Watch, Viewed: c.Viewed, Offline: c.Offline,
			Unmatched: c.Unmatched, Heat: heatText(c.Heat),
		}
	}
	return rows
}

func flagRows(list []playback.Flag) []flagRow {
	rows := make([]flagRow, len(list))
	for i, f := range list {
		rows[i] = flagRow{
			Viewer: f.Viewer, Day: f.Day, Reason: f.Reason, At: sqldb.Timestamp(f.At), RestoredBy: f.RestoredBy,
			RestoredAt: sqldb.Timestamp(f.RestoredAt),
		}
	}
	return rows
}

// heatText writes plays of each bin as "1,1,2"; zeros at the end are left off.
func heatText(heat []int32) string {
	for len(heat) > 0 && heat[len(heat)-1] == 0 {
		heat = heat[:len(heat)-1]
	}
	b := make([]byte, 0, 2*len(heat))
	for i, n := range heat {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(b)
}

func parseHeat(text string) ([]int32, error) {
	if text == "" {
		return nil, nil
	}
	out := make([]int32, 0, len(text)/2+1)
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("heat %.20q: %w", part, err)
		}
		out = append(out, int32(n))
	}
	return out, nil
}
