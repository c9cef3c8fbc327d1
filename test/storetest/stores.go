// Package storetest holds conformance tests of the store interfaces: each database must pass them.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/audit"
	"lenlop/services/bookmark"
	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/question"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/webhook"
	"lenlop/services/worksheet"
)

// Stores are all stores of one database, and the Atomic that lets them commit together.
type Stores struct {
	Atomic   job.Atomic
	Lessons  lesson.Store
	People   people.Store
	Schools  school.Store
	Classes  school.ClassStore
	Uploads  upload.Store
	Packages production.Store
	Copies   production.CopyStore
	Captions caption.Store
	Steps    lesson.Histories
	Sheets   worksheet.Store
	Schedule interface {
		schedule.Store
		schedule.StagedReports
	}
	Listed    schedule.ProgrammeStore
	Jobs      job.Store
	Audit     audit.Log
	Notices   notice.Store
	Webhooks  webhook.Store
	Questions question.Store
	Thumbs    feedback.ThumbStore
	Bookmarks bookmark.Store
	Problems  feedback.Store
}

// Open returns the stores of a new database that holds only what the migrations insert.
type Open func(t *testing.T) Stores

// AllStores runs the tests of every store in Stores.
func AllStores(t *testing.T, open Open) {
	for _, x := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Atomic", Atomic}, {"Lessons", Lessons}, {"People", People}, {"Schools", Schools}, {"Classes", Classes},
		{"Uploads", Uploads},
		{"Packages", Packages}, {"Copies", Copies}, {"Captions", Captions}, {"LessonSteps", LessonSteps},
		{"Worksheets", Worksheets}, {"Schedule", Schedule}, {"Booking", Booking}, {"Programmes", Programmes},
		{"Jobs", Jobs}, {"Audit", Audit},
		{"Notices", Notices}, {"Webhooks", Webhooks}, {"Questions", Questions}, {"Thumbs", Thumbs},
		{"Bookmarks", Bookmarks}, {"Problems", Problems},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, open) })
	}
}

var bg = context.Background()

// moment is the time n minutes after the start of the tests' day. It is more precise than what a store keeps, and not
// in UTC.
func moment(n int) time.Time {
	return time.Date(2026, 4, 6, 8, 0, 0, 123456789, time.FixedZone("ICT", 7*3600)).Add(time.Duration(n) * time.Minute)
}

// kept is a time as a store returns it: in UTC, truncated to microseconds.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// same fails the test unless got and want are equal in every field. Times must have the same zone too.
func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v, and fails the test when err is not nil.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || !fault.Is(err, code) {
		t.Fatalf("got %v, want the fault %s of kind %d", err, code, kind)
	}
}

// ids returns the ids of a list in its order.
func ids[T any](list []T, id func(T) string) []string {
	out := []string{}
	for _, x := range list {
		out = append(out, id(x))
	}
	return out
}

// Atomic tests an implementation of job.Atomic together with the stores that join its transactions.
func Atomic(t *testing.T, open Open) {
	s := open(t)
	stop := errors.New("stop")
	exists := func(ctx context.Context, id string) bool {
		_, err := s.Lessons.Lesson(ctx, id)
		return err == nil
	}
	err := s.Atomic.Atomically(bg, func(ctx context.Context) error {
		ok(t, s.Lessons.Save(ctx, lesson.Lesson{ID: "l1"}))
		ok(t, s.Jobs.Add(ctx, job.New{Args: errand{"1"}}))
		ok(t, s.Audit.Append(ctx, audit.Entry{ID: "a1", At: moment(0), Subject: "lesson:l1"}))
		if !exists(ctx, "l1") {
			t.Error("a transaction does not see its own writes")
		}
		if exists(bg, "l1") {
			t.Error("others see what is not committed")
		}
		return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
			ok(t, s.Lessons.Save(ctx, lesson.Lesson{ID: "l2"}))
			return stop
		})
	})
	if !errors.Is(err, stop) {
		t.Fatalf("Atomically returned %v, want the error of its function", err)
	}
	if exists(bg, "l1") || exists(bg, "l2") {
		t.Error("lessons of a failed transaction were committed")
	}
	if n := len(must(s.Jobs.Jobs(bg, "", "", 10))(t)); n != 0 {
		t.Errorf("%d jobs of a failed transaction were committed", n)
	}
	if n := len(must(s.Audit.BySubject(bg, "lesson:l1", 10))(t)); n != 0 {
		t.Errorf("%d audit entries of a failed transaction were committed", n)
	}
	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		ok(t, s.Lessons.Save(ctx, lesson.Lesson{ID: "l1"}))
		return s.Atomic.Atomically(ctx,
			func(ctx context.Context) error { return s.Lessons.Save(ctx, lesson.Lesson{ID: "l2"}) })
	}))
	if !exists(bg, "l1") || !exists(bg, "l2") {
		t.Error("committed lessons are missing")
	}
	for name, lock := range map[string]func(context.Context) error{
		"lesson":  func(ctx context.Context) error { _, err := s.Lessons.Lock(ctx, "l1"); return err },
		"upload":  func(ctx context.Context) error { _, err := s.Uploads.Lock(ctx, "u1"); return err },
		"package": func(ctx context.Context) error { _, err := s.Packages.LockPackage(ctx, "p1"); return err },
		"channel": func(ctx context.Context) error { _, err := s.Schedule.LockChannel(ctx, "c1"); return err },
	} {
		if err := lock(bg); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("locking a %s outside a transaction: %v, want an internal error", name, err)
		}
	}
}

// Audit tests an implementation of audit.Log.
func Audit(t *testing.T, open Open) {
	s := open(t)
	first := audit.Entry{ID: "1", At: moment(1), Actor: "p1", Action: "lesson.edit", Subject: "lesson:l1",
		Detail: "sửa tên", Before: `{"title":"a"}`, After: `{"title":"b"}`}
	ok(t, s.Audit.Append(bg, first))
	ok(t, s.Audit.Append(bg, audit.Entry{ID: "2", At: moment(3), Actor: "system", Action: "probe",
		Subject: "lesson:l1"}))
	ok(t, s.Audit.Append(bg, audit.Entry{ID: "3", At: moment(2), Subject: "lesson:l1"}))
	ok(t, s.Audit.Append(bg, audit.Entry{ID: "4", At: moment(4), Subject: "lesson:l2"}))
	list := must(s.Audit.BySubject(bg, "lesson:l1", 10))(t)
	same(t, ids(list, func(e audit.Entry) string { return e.ID }), []string{"2", "3", "1"})
	first.At, first.Number = kept(first.At), 1
	same(t, list[2], first)
	if n := len(must(s.Audit.BySubject(bg, "lesson:l1", 2))(t)); n != 2 {
		t.Errorf("a limit of 2 gave %d", n)
	}
	if err := s.Audit.Append(bg, audit.Entry{ID: "1", At: moment(9), Subject: "lesson:l1"}); err == nil {
		t.Error("an entry was written over another")
	}
}
