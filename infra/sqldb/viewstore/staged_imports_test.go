package viewstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
)

var importer = people.Person{ID: "s", Active: true, Grants: []people.Grant{{Role: people.Station}}}

// importMoment is after all airings of onAirs.
var importMoment = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// onAirs plans n airings of one lesson, ten minutes apart, that have been on air.
func onAirs(t *testing.T, db *sqldb.DB, n int) []string {
	t.Helper()
	ctx := t.Context()
	good := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	good(db.Lessons().Save(ctx, lesson.Lesson{ID: "l"}))
	good(db.Schedule().SaveChannel(ctx, schedule.Channel{ID: "c", Name: "C", Own: true, Timezone: "UTC"}))
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("a%05d", i)
	}
	first := importMoment.Add(-time.Duration(n+1) * 10 * time.Minute)
	for part := range slices.Chunk(ids, 250) {
		good(db.Atomically(ctx, func(ctx context.Context) error {
			for _, id := range part {
				var i int
				fmt.Sscanf(id, "a%d", &i)
				a := schedule.Airing{ID: id, ChannelID: "c", LessonID: "l", Outcome: schedule.Planned,
					HouseNumber: "MB-" + id,
					StartsAt:    first.Add(time.Duration(i) * 10 * time.Minute),
					EndsAt:      first.Add(time.Duration(i+1) * 10 * time.Minute)}
				if err := db.Schedule().SaveAiring(ctx, a); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return ids
}

// staging is the store of staged figures with a hook before each call; a call
// whose hook fails does nothing, like all calls of a process that was killed.
type staging struct {
	*viewstore.Figures
	before func(call string) error
}

func (s staging) StageFigures(ctx context.Context, batch string, fs []television.Figure) error {
	if err := s.before("stage"); err != nil {
		return err
	}
	return s.Figures.StageFigures(ctx, batch, fs)
}

func (s staging) CommitStaged(ctx context.Context, i television.Import, batch string) error {
	if err := s.before("commit"); err != nil {
		return err
	}
	return s.Figures.CommitStaged(ctx, i, batch)
}

func (s staging) SettleFigures(ctx context.Context, limit int) (int, error) {
	if err := s.before("settle"); err != nil {
		return 0, err
	}
	return s.Figures.SettleFigures(ctx, limit)
}

func (s staging) DropStaged(ctx context.Context, batch string, limit int) (int, error) {
	if err := s.before("drop"); err != nil {
		return 0, err
	}
	return s.Figures.DropStaged(ctx, batch, limit)
}

func figureService(
	t *testing.T, db *sqldb.DB, now func() time.Time, before func(call string) error,
) *television.Service {
	t.Helper()
	var ids atomic.Int64
	prefix := fmt.Sprint(time.Now().UnixNano())
	s, err := television.New(television.Config{
		Figures: viewstore.NewFigures(db), Imports: viewstore.NewImports(db),
		Staged:   staging{viewstore.NewFigures(db), before},
		Schedule: db.Schedule(), Sheets: sheet.Read, Location: time.UTC, Now: now, Atomic: db, Audit: db.Audit(),
		NewID: func() string { return fmt.Sprintf("%s-%d", prefix, ids.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// figureFile has a row for each airing and source; width pads the sources.
func figureFile(airings []string, sources, width int) []byte {
	var b strings.Builder
	b.WriteString("airing,value,source\n")
	for _, a := range airings {
		for k := range sources {
			fmt.Fprintf(&b, "%s,%d,operator %03d%s\n", a, 1000+k, k, strings.Repeat("x", width))
		}
	}
	return []byte(b.String())
}

var figureDefaults = television.ImportDefaults{
	ChannelID: "c", Metric: television.AverageAudience, Unit: television.Households, Grade: television.GradeD,
}

// TestLargeFigureImport: a file of 5 MB and 20,000 rows is imported within the
// budget of write transactions, which fails the test by itself; other writers
// have their turn between its pieces, and readers see all of it or nothing.
func TestLargeFigureImport(t *testing.T) {
	db := engines["sqlite"](t)
	airings := onAirs(t, db, 200)
	file := figureFile(airings, 100, 225)
	if len(file) < 5_000_000 || len(file) > television.MaxImportBytes {
		t.Fatalf("%d bytes", len(file))
	}
	var staged atomic.Int64
	seen := func() int {
		fs, err := viewstore.NewFigures(db).FiguresOf(t.Context(), airings)
		if err != nil {
			t.Error(err)
		}
		return len(fs)
	}
	others := func(string) error { return nil }
	svc := figureService(t, db, func() time.Time { return importMoment }, func(call string) error {
		want := 0
		if call == "settle" {
			want = 20_000
		}
		if k := staged.Add(1); k%20 == 0 || call != "stage" && k < 90 {
			if n := seen(); n != want {
				t.Errorf("%d figures seen before the call %q, want %d", n, call, want)
			}
		}
		return others(call)
	})
	p, err := svc.PreviewImport(t.Context(), importer, "figures.csv", file, figureDefaults)
	if err != nil || p.Good != 20_000 {
		t.Fatalf("%d good rows, %v", p.Good, err)
	}
	// The other writer waits for its turn all the time.
	ctx, stop := context.WithCancel(t.Context())
	var turns atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := db.SetSetting(context.WithoutCancel(ctx), "other", fmt.Sprint(turns.Load())); err != nil {
				t.Error(err)
				return
			}
			turns.Add(1)
		}
	})
	done, err := svc.CommitImport(t.Context(), importer, p.Import.ID, true)
	stop()
	wg.Wait()
	if err != nil || done.Good != 20_000 || done.Import.Committed.IsZero() {
		t.Fatalf("%+v, %v", done.Import, err)
	}
	if n := turns.Load(); n < staged.Load()/4 {
		t.Errorf("another writer had %d turns during %d transactions of the import", n, staged.Load())
	}
	counts, err := db.Counts(t.Context())
	if err != nil || counts["figures"] != 20_000 || counts["figures_staged"] != 0 || seen() != 20_000 {
		t.Errorf("%d figures, %d staged, %d seen, %v", counts["figures"], counts["figures_staged"], seen(), err)
	}
}

var errKilled = errors.New("killed")

// TestKilledFigureImport: a process that is killed at any call of an import
// leaves all of it or nothing; the import can be committed again, and what was
// left is removed.
func TestKilledFigureImport(t *testing.T) {
	onOne(t, func(t *testing.T, db *sqldb.DB) {
		airings := onAirs(t, db, 6)
		now := importMoment
		clock := func() time.Time { return now }
		total := 0
		for at := 1; ; at++ { // the call that is not reached any more
			d := figureDefaults
			d.Source = fmt.Sprint("s", at)
			file := figureFile(airings, 100, at)
			calls, dead := 0, false
			victim := figureService(t, db, clock, func(string) error {
				if calls++; calls >= at {
					dead = true
					return errKilled
				}
				return nil
			})
			p, err := victim.PreviewImport(t.Context(), importer, "k.csv", file, d)
			if err != nil || p.Good != 600 {
				t.Fatalf("%d good rows, %v", p.Good, err)
			}
			_, err = victim.CommitImport(t.Context(), importer, p.Import.ID, true)
			seen, ferr := viewstore.NewFigures(db).FiguresOf(t.Context(), airings)
			if ferr != nil {
				t.Fatal(ferr)
			}
			switch committed := err == nil; {
			case committed && len(seen) != total+600, !committed && len(seen) != total:
				t.Fatalf("killed at call %d (%v): %d figures seen of %d", at, err, len(seen), total)
			}
			survivor := figureService(t, db, clock, func(string) error { return nil })
			again, err := survivor.CommitImport(t.Context(), importer, p.Import.ID, true)
			if err != nil || again.Good != 600 {
				t.Fatalf("again after call %d: %d good rows, %v", at, again.Good, err)
			}
			total += 600
			now = now.Add(2 * time.Hour)
			if err := survivor.TidyImports(t.Context()); err != nil {
				t.Fatal(err)
			}
			counts, err := db.Counts(t.Context())
			if err != nil || counts["figures"] != int64(total) || counts["figures_staged"] != 0 {
				t.Fatalf("after call %d: %d figures, %d staged, %v", at, counts["figures"],
					counts["figures_staged"], err)
			}
			if !dead {
				if at < 6 {
					t.Fatalf("the import made only %d calls", at)
				}
				return
			}
		}
	})
}

// TestImportPlannedAgain: a figure that is added while a file is being written
// is heeded; a channel that changes all the time refuses the import whole.
func TestImportPlannedAgain(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		airings := onAirs(t, db, 3)
		changes := 0
		svc := figureService(t, db, func() time.Time { return importMoment }, func(string) error { return nil })
		change := func() error {
			if changes++; changes > 1 {
				return nil
			}
			_, err := svc.AddFigure(t.Context(), importer, television.Figure{
				AiringID: airings[0], Metric: television.AverageAudience, Unit: television.Households,
				Grade: television.GradeD, Source: "operator 000", Value: 5,
			})
			return err
		}
		racing := figureService(t, db, func() time.Time { return importMoment }, func(call string) error {
			if call == "stage" {
				return change()
			}
			return nil
		})
		p, err := racing.PreviewImport(t.Context(), importer, "r.csv", figureFile(airings, 1, 0), figureDefaults)
		if err != nil || p.Good != 3 {
			t.Fatalf("%d good rows, %v", p.Good, err)
		}
		done, err := racing.CommitImport(t.Context(), importer, p.Import.ID, true)
		if err != nil || done.Good != 2 || done.Refused != 1 {
			t.Fatalf("%d good, %d refused, %v", done.Good, done.Refused, err)
		}
		always := figureService(t, db, func() time.Time { return importMoment }, func(call string) error {
			if call == "stage" {
				return db.BumpChannel(t.Context(), "c")
			}
			return nil
		})
		p, err = always.PreviewImport(t.Context(), importer, "s.csv", figureFile(airings, 1, 3), figureDefaults)
		if err != nil {
			t.Fatal(err)
		}
		_, err = always.CommitImport(t.Context(), importer, p.Import.ID, true)
		if err == nil || !strings.Contains(err.Error(), "import.changed") {
			t.Errorf("changed again and again: %v", err)
		}
		var left int
		err = db.Reader(t.Context()).NewRaw("SELECT COUNT(*) FROM figures_staged").Scan(t.Context(), &left)
		if err != nil || left != 0 {
			t.Errorf("%d rows left, %v", left, err)
		}
	})
}
