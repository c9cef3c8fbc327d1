package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

var logMoment = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

var reporter = people.Person{ID: "s", Active: true, Grants: []people.Grant{{Role: people.Station}}}

// plannedAirings plans n airings, ten minutes apart and over by logMoment, and
// gives a flat log that says that each was on air.
func plannedAirings(t *testing.T, db *sqldb.DB, n int) (ids []string, log []byte) {
	t.Helper()
	ctx := t.Context()
	good(t, db.Lessons().Save(ctx, lesson.Lesson{ID: "l"}))
	good(t, db.Schedule().SaveChannel(ctx, schedule.Channel{ID: "c", Name: "C", Own: true, Timezone: "UTC"}))
	var all []schedule.Airing
	var text strings.Builder
	for i := range n {
		start := logMoment.Add(-time.Duration(n-i+1) * 10 * time.Minute)
		a := schedule.Airing{ID: fmt.Sprintf("a%05d", i), ChannelID: "c", LessonID: "l", Outcome: schedule.Planned,
			HouseNumber: fmt.Sprintf("MB-%05d", i), StartsAt: start, EndsAt: start.Add(10 * time.Minute)}
		all, ids = append(all, a), append(ids, a.ID)
		fmt.Fprintf(&text, "%s 00:10:00 %s\n", start.Format("02/01/2006 15:04:05"), a.HouseNumber)
	}
	for part := range slices.Chunk(all, 250) {
		good(t, db.Atomically(ctx, func(ctx context.Context) error {
			for _, a := range part {
				if err := db.Schedule().SaveAiring(ctx, a); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return ids, []byte(text.String())
}

var flatLog = map[string]string{
	schedule.LogDate: "1-10", schedule.LogStart: "12-19", schedule.LogLength: "21-28", schedule.LogHouseNumber: "30-37",
}

// stagedReports has a hook before each call that changes rows; a call whose hook
// fails does nothing, like all calls of a process that was killed.
type stagedReports struct {
	*sqldb.Schedule
	before func(call string) error
}

func (s stagedReports) StageReports(ctx context.Context, batch string, as []schedule.Airing) error {
	if err := s.before("stage"); err != nil {
		return err
	}
	return s.Schedule.StageReports(ctx, batch, as)
}

func (s stagedReports) CommitReports(ctx context.Context, i schedule.AsRunImport, batch string) error {
	if err := s.before("commit"); err != nil {
		return err
	}
	return s.Schedule.CommitReports(ctx, i, batch)
}

func (s stagedReports) SettleReports(ctx context.Context, channel string, limit int) ([]schedule.SettledReport, error) {
	if err := s.before("settle"); err != nil {
		return nil, err
	}
	return s.Schedule.SettleReports(ctx, channel, limit)
}

func (s stagedReports) DropReports(ctx context.Context, batch string, limit int) (int, error) {
	if err := s.before("drop"); err != nil {
		return 0, err
	}
	return s.Schedule.DropReports(ctx, batch, limit)
}

// asRunService counts what follows from reports in followed.
func asRunService(
	db *sqldb.DB, now func() time.Time, followed map[string]int, before func(call string) error,
) *schedule.Service {
	var ids atomic.Int64
	prefix := fmt.Sprint(time.Now().UnixNano())
	return &schedule.Service{
		Store: db.Schedule(), Lessons: db.Lessons(), Atomic: db, Audit: db.Audit(), Now: now, Logs: db.Logs(),
		Staged: stagedReports{db.Schedule(), before},
		NewID:  func() string { return fmt.Sprintf("%s-%d", prefix, ids.Add(1)) },
		OnAsRun: func(_ context.Context, a schedule.Airing) error {
			followed[a.ID]++
			return nil
		},
	}
}

// happened counts the airings that readers see as reported.
func happened(t *testing.T, db *sqldb.DB) int {
	t.Helper()
	list, err := db.Schedule().Airings(t.Context(), schedule.Filter{Channel: "c"})
	good(t, err)
	return len(slices.DeleteFunc(list, func(a schedule.Airing) bool { return a.Outcome == schedule.Planned }))
}

// TestLargeAsRunLog: a log of 20,000 rows is reported within the budget of write
// transactions, which fails the test by itself; readers see all of it or nothing.
func TestLargeAsRunLog(t *testing.T) {
	db := engines["sqlite"](t)
	const rows = schedule.MaxLogRows
	_, log := plannedAirings(t, db, rows)
	followed, calls := map[string]int{}, 0
	svc := asRunService(db, func() time.Time { return logMoment }, followed, func(call string) error {
		if calls++; call == "stage" && calls%20 == 0 || call == "commit" {
			if n := happened(t, db); n != 0 {
				t.Errorf("%d airings reported before the call %q", n, call)
			}
		}
		return nil
	})
	p, err := svc.PreviewAsRun(t.Context(), reporter, "c", "log.txt", log, flatLog)
	good(t, err)
	if p.Good != rows {
		t.Fatalf("%d good rows, %d refused", p.Good, p.Refused)
	}
	p, err = svc.CommitAsRun(t.Context(), reporter, p.Import.ID)
	good(t, err)
	if n := happened(t, db); n != rows || p.Good != rows || p.Import.Committed.IsZero() {
		t.Fatalf("%d airings seen as reported of %d", n, p.Good)
	}
	if len(followed) == 0 || len(followed) == rows {
		t.Errorf("what follows from %d reports was done in the request", len(followed))
	}
}

// TestKilledAsRunLog: a process that is killed at any call leaves all of a log or
// nothing; it can be committed again, and each report is followed up once.
func TestKilledAsRunLog(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ids, log := plannedAirings(t, db, 300)
		now := logMoment
		followed := map[string]int{}
		reported := 0
		for at := 1; ; at++ {
			// Each round's log says something else about all airings.
			text := strings.ReplaceAll(string(log), "00:10:00", fmt.Sprintf("00:05:%02d", at))
			calls, dead := 0, false
			victim := asRunService(db, func() time.Time { return now }, followed, func(string) error {
				if calls++; calls >= at {
					dead = true
					return errors.New("killed")
				}
				return nil
			})
			survivor := asRunService(db, func() time.Time { return now }, followed, func(string) error { return nil })
			p, err := survivor.PreviewAsRun(t.Context(), reporter, "c", "log.txt", []byte(text), flatLog)
			good(t, err)
			_, err = victim.CommitAsRun(t.Context(), reporter, p.Import.ID)
			ends := map[time.Duration]int{}
			for _, id := range ids {
				a, aerr := db.Schedule().Airing(t.Context(), id)
				good(t, aerr)
				ends[a.EndedAt.Sub(a.StartedAt)]++
			}
			if len(ends) != 1 || (err == nil) != (ends[5*time.Minute+time.Duration(at)*time.Second] == len(ids)) {
				t.Fatalf("killed at call %d (%v): %v", at, err, ends)
			}
			again, err := survivor.CommitAsRun(t.Context(), reporter, p.Import.ID)
			good(t, err)
			if again.Good != len(ids) {
				t.Fatalf("again after call %d: %d of %d", at, again.Good, len(ids))
			}
			now = now.Add(2 * time.Hour)
			good(t, survivor.TidyLogs(t.Context()))
			reported++
			for _, id := range ids {
				if followed[id] != reported {
					t.Fatalf("after call %d: %s followed up %d times of %d", at, id, followed[id], reported)
				}
			}
			counts, err := db.Counts(t.Context())
			good(t, err)
			if counts["asrun_staged"] != 0 {
				t.Fatalf("after call %d: %d rows left", at, counts["asrun_staged"])
			}
			if !dead || at > 8 {
				if at < 5 {
					t.Fatalf("the import made only %d calls", at)
				}
				return
			}
		}
	})
}

// TestReportedAgain: a report that is made while a visible log is not settled
// wins over it, and the next log of the channel waits for the first.
func TestReportedAgain(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ids, log := plannedAirings(t, db, 4)
		followed := map[string]int{}
		clock := func() time.Time { return logMoment }
		svc := asRunService(db, clock, followed, func(call string) error {
			if call == "settle" && happened(t, db) == 4 {
				return errors.New("stopped")
			}
			return nil
		})
		p, err := svc.PreviewAsRun(t.Context(), reporter, "c", "log.txt", log, flatLog)
		good(t, err)
		_, err = svc.CommitAsRun(t.Context(), reporter, p.Import.ID)
		good(t, err)
		_, err = svc.Report(t.Context(), reporter, ids[0], schedule.AsRun{Outcome: schedule.Dropped})
		good(t, err)
		outcome := func(id string) schedule.Outcome {
			a, err := db.Schedule().Airing(t.Context(), id)
			good(t, err)
			return a.Outcome
		}
		if outcome(ids[0]) != schedule.Dropped || outcome(ids[1]) != schedule.Aired || len(followed) != 1 {
			t.Fatalf("%s, %s, %v", outcome(ids[0]), outcome(ids[1]), followed)
		}
		plain := asRunService(db, clock, followed, func(string) error { return nil })
		next := []byte(strings.ReplaceAll(string(log), "00:10:00", "00:04:00"))
		p, err = plain.PreviewAsRun(t.Context(), reporter, "c", "next.txt", next, flatLog)
		good(t, err)
		if _, err = svc.CommitAsRun(t.Context(), reporter, p.Import.ID); err == nil {
			t.Error("a log was committed before the one before it was settled")
		}
		if outcome(ids[1]) != schedule.Aired {
			t.Errorf("the second airing is %s", outcome(ids[1]))
		}
		_, err = plain.CommitAsRun(t.Context(), reporter, p.Import.ID)
		good(t, err)
		if outcome(ids[0]) != schedule.Partial || followed[ids[0]] != 2 || followed[ids[1]] != 2 {
			t.Errorf("%s, %v", outcome(ids[0]), followed)
		}
	})
}
