package contract

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Catalogue examines an index together with the stores of the database that it
// lives in: what commits in one is found in the other, what is undone is not,
// and a lost index comes back.
func Catalogue(t *testing.T, open func(t *testing.T) (catalog.Index, Stores)) {
	x, s := open(t)
	svc := &catalog.Service{Index: x, Lessons: s.Lessons, Atomic: s.Atomic, People: s.People, Schools: s.Schools, Now: func() time.Time { return moment(0) }}
	ok(t, s.Schools.SaveSchool(bg, school.School{ID: "s1", Code: "s1", Name: "THCS Him Lam"}))
	ok(t, s.People.SavePerson(bg, people.Person{ID: "t1", Username: "ha", Name: "Nguyễn Thị Hà", Active: true, CreatedAt: moment(0)}))
	// save writes a lesson and tells the index, in one transaction that fails with fail.
	save := func(l lesson.Lesson, fail error) {
		t.Helper()
		err := s.Atomic.Atomically(bg, func(ctx context.Context) error {
			if err := s.Lessons.Save(ctx, l); err != nil {
				return err
			}
			if err := svc.Changed(ctx, l.ID); err != nil {
				return err
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatalf("saving %s: %v", l.ID, err)
		}
	}
	finds := func(text string, want ...string) {
		t.Helper()
		r, err := svc.Search(bg, catalog.Query{Text: text})
		ok(t, err)
		wantIDs(t, hitIDs(r), text, want...)
	}
	equal := func() {
		t.Helper()
		d, err := svc.Check(bg)
		ok(t, err)
		if !d.None() {
			t.Errorf("index and database differ: %+v", d)
		}
	}
	published := func(n int, title string) lesson.Lesson {
		return lesson.Lesson{
			ID: fmt.Sprintf("l%02d", n), Title: title, Subject: "toan", Grade: 9, Language: "vi", TeacherID: "t1", SchoolID: "s1",
			Status: lesson.Published, PublishedAt: moment(n), CreatedAt: moment(n),
			Media: lesson.Media{State: lesson.Ready, Playable: true, PackageID: "p", Duration: 60.125},
		}
	}
	for n := range 25 {
		save(published(n, fmt.Sprintf("Tiết %d", 100+n)), nil)
	}
	save(published(30, "Hàm số bậc nhất"), nil)
	finds("ham so", "l30")
	finds("nguyen thi ha tiet 107", "l07")
	equal()

	undo := errors.New("undo")
	save(published(31, "Hàm số bậc hai"), undo)
	finds("ham so", "l30")
	withdrawn := published(30, "Hàm số bậc nhất")
	withdrawn.Status = lesson.Withdrawn
	save(withdrawn, undo)
	finds("ham so", "l30")
	equal()
	save(withdrawn, nil)
	finds("ham so")
	equal()

	// Told too late, or never: Check sees it and Rebuild mends it.
	ok(t, s.Lessons.Save(bg, published(30, "Hàm số bậc nhất")))
	binned := published(3, "Tiết 103")
	binned.DeletedAt = moment(99)
	ok(t, s.Lessons.Save(bg, binned))
	ok(t, s.Lessons.Save(bg, published(4, "Tiết học khác")))
	d, err := svc.Check(bg)
	ok(t, err)
	wantIDs(t, d.Missing, "missing", "l30")
	wantIDs(t, d.Extra, "extra", "l03")
	wantIDs(t, d.Stale, "stale", "l04")
	_, err = svc.Rebuild(bg)
	ok(t, err)
	equal()
	finds("ham so", "l30")
	finds("103")

	all, err := x.IDs(bg)
	ok(t, err)
	ok(t, x.Delete(bg, all...))
	d, err = svc.Rebuild(bg)
	ok(t, err)
	if len(d.Missing) != 25 {
		t.Errorf("rebuilding an empty index mends %d lessons, want 25", len(d.Missing))
	}
	equal()
	finds("tiet 107", "l07")
}
