package sqldb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lenlop/infra/contract"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership"
)

func TestPackNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfDistinct(rapid.Uint64Range(1, 1<<24), func(n uint64) uint64 { return n }).Draw(t, "numbers")
		slices.Sort(numbers)
		back, err := unpackNumbers(packNumbers(numbers), nil)
		if err != nil || !slices.Equal(back, numbers) {
			t.Fatalf("%v: %v %v", numbers, back, err)
		}
		var set bitset
		for _, n := range slices.Concat(numbers, numbers) {
			set.add(n)
		}
		if set.len() != int64(len(numbers)) {
			t.Fatalf("%v: %d", numbers, set.len())
		}
	})
	if _, err := unpackNumbers([]byte{0x80}, nil); err == nil {
		t.Error("half a varint")
	}
}

// BenchmarkDashboard answers the department's page over a term: 3,000 lessons
// of 1,000 schools, with the views that LENLOP_BENCH_VIEWS says (a hundred
// thousand without it; the goal is set for ten million).
func BenchmarkDashboard(b *testing.B) {
	views := 100_000
	if n, err := strconv.Atoi(os.Getenv("LENLOP_BENCH_VIEWS")); err == nil {
		views = n
	}
	for name, dsn := range map[string]func() string{
		"sqlite":   func() string { return b.TempDir() + "/lenlop.db" },
		"postgres": func() string { return contract.Postgres(b) },
	} {
		b.Run(name, func(b *testing.B) { dashboard(b, dsn(), views) })
	}
}

func dashboard(b *testing.B, dsn string, views int) {
	ctx := context.Background()
	db, err := Open(ctx, dsn, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	term := time.Date(2020, 1, 16, 0, 0, 0, 0, time.UTC)
	if err := db.Atomically(ctx, func(ctx context.Context) error { return fillTerm(ctx, db, term, views) }); err != nil {
		b.Fatal(err)
	}
	s := viewership.New(viewership.Config{
		Store: db.Views(), Reader: db.Views(), Figures: db.Figures(), Lessons: db.Lessons(), Schedule: db.Schedule(),
		Secret: []byte("a secret for the benchmark"), Location: time.UTC, Now: time.Now, Atomic: db, Audit: db.Audit(),
	})
	defer s.Close()
	by := people.Person{ID: "d", Active: true, Grants: []people.Grant{{Role: people.Reviewer}}}
	for _, group := range []string{viewership.ByLesson, viewership.ByDay, viewership.BySubject, viewership.ByGrade, viewership.BySchool, viewership.ByAll} {
		for _, q := range []viewership.Query{{By: group, From: term, To: term.AddDate(0, 0, 120)}, {By: group, From: term.AddDate(0, 0, 30), To: term.AddDate(0, 0, 37), Grade: 9}} {
			b.Run(fmt.Sprintf("%s/%d days", group, int(q.To.Sub(q.From).Hours()/24)), func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Table(ctx, by, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// fillTerm writes a term's totals and viewers straight into the tables.
func fillTerm(ctx context.Context, db *DB, term time.Time, views int) error {
	const lessons, schools, viewers, airedDays = 3000, 1000, 200_000, 40
	r := rand.New(rand.NewPCG(1, 2))
	for i := range schools {
		if err := db.Schools().SaveSchool(ctx, school.School{ID: fmt.Sprintf("school-%04d", i), Name: fmt.Sprint("Trường ", i)}); err != nil {
			return err
		}
	}
	for i := range lessons {
		id := fmt.Sprintf("%08d-0000-7000-8000-000000000000", i)
		l := lesson.Lesson{
			ID: id, Title: fmt.Sprint("Bài ", i), Subject: []string{"toan", "ngu-van", "tieng-anh", "khtn"}[i%4], Grade: 1 + i%12,
			SchoolID: fmt.Sprintf("school-%04d", i%schools), Status: lesson.Published,
		}
		if err := db.Lessons().Save(ctx, l); err != nil {
			return err
		}
		var totals []totalRow
		var sets []viewSetRow
		for d := range airedDays {
			day := term.AddDate(0, 0, (i/30+d)%120).Format("2006-01-02")
			var set bitset
			n := views / lessons / airedDays
			for range n {
				set.add(1 + r.Uint64N(viewers))
			}
			var numbers []uint64
			for w, bits := range set {
				for k := range uint64(64) {
					if bits&(1<<k) != 0 {
						numbers = append(numbers, uint64(w)*64+k)
					}
				}
			}
			totals = append(totals, totalRow{LessonID: id, Day: day, Views: int64(len(numbers)), Completions: int64(n / 3), WatchMs: int64(n) * 600_000})
			sets = append(sets, viewSetRow{LessonID: id, Day: day, Viewers: packNumbers(numbers)})
		}
		if _, err := db.Writer(ctx).NewInsert().Model(&totals).Exec(ctx); err != nil {
			return err
		}
		if _, err := db.Writer(ctx).NewInsert().Model(&sets).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
