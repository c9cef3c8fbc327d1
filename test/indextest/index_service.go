package indextest

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
	"lenlop/test/storetest"
)

// catalogue is a service on an index and the stores of its database.
type catalogue struct {
	*testing.T
	svc *catalog.Service
	s   storetest.Stores
}

// save writes a lesson and tells the index, in one transaction that ends with fail.
func (c catalogue) save(l lesson.Lesson, fail error) {
	c.Helper()
	err := c.s.Atomic.Atomically(bg, func(ctx context.Context) error {
		if err := c.s.Lessons.Save(ctx, l); err != nil {
			return err
		}
		if err := c.svc.Changed(ctx, l.ID); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) {
		c.Fatalf("saving %s: %v", l.ID, err)
	}
}

func (c catalogue) finds(text string, want ...string) {
	c.Helper()
	r, err := c.svc.Search(bg, catalog.Query{Text: text})
	ok(c.T, err)
	wantIDs(c.T, hitIDs(r), text, want...)
}

func (c catalogue) equal() {
	c.Helper()
	d, err := c.svc.Check(bg)
	ok(c.T, err)
	if !d.None() {
		c.Errorf("index and database differ: %+v", d)
	}
}

func publishedLesson(n int, title string) lesson.Lesson {
	return lesson.Lesson{
		ID: fmt.Sprintf("l%02d", n), Title: title, Subject: "toan", Grade: 9, Language: "vi", TeacherID: "t1",
		SchoolID: "s1",
		Status:   lesson.Published, PublishedAt: moment(n), CreatedAt: moment(n),
		Media: lesson.Media{State: lesson.Ready, Playable: true, PackageID: "p", Duration: 60.125},
	}
}

// Catalogue examines an index together with the stores of the database that it
// lives in: what commits in one is found in the other, what is undone is not,
// and a lost index comes back.
func Catalogue(t *testing.T, open func(t *testing.T) (catalog.Index, storetest.Stores)) {
	x, s := open(t)
	c := catalogue{t, &catalog.Service{Index: x, Lessons: s.Lessons, Atomic: s.Atomic, People: s.People,
		Schools: s.Schools, Now: func() time.Time { return moment(0) }}, s}
	ok(t, s.Schools.SaveSchool(bg, school.School{ID: "s1", Code: "s1", Name: "THCS Him Lam"}))
	ok(t, s.People.SavePerson(bg, people.Person{ID: "t1", Username: "ha", Name: "Nguyễn Thị Hà", Active: true,
		CreatedAt: moment(0)}))
	for n := range 25 {
		c.save(publishedLesson(n, fmt.Sprintf("Tiết %d", 100+n)), nil)
	}
	c.save(publishedLesson(30, "Hàm số bậc nhất"), nil)
	c.finds("ham so", "l30")
	c.finds("nguyen thi ha tiet 107", "l07")
	c.equal()

	undo := errors.New("undo")
	c.save(publishedLesson(31, "Hàm số bậc hai"), undo)
	c.finds("ham so", "l30")
	withdrawn := publishedLesson(30, "Hàm số bậc nhất")
	withdrawn.Status = lesson.Withdrawn
	c.save(withdrawn, undo)
	c.finds("ham so", "l30")
	c.equal()
	c.save(withdrawn, nil)
	c.finds("ham so")
	c.equal()

	// Told too late, or never: Check sees it and Rebuild mends it.
	ok(t, s.Lessons.Save(bg, publishedLesson(30, "Hàm số bậc nhất")))
	binned := publishedLesson(3, "Tiết 103")
	binned.DeletedAt = moment(99)
	ok(t, s.Lessons.Save(bg, binned))
	ok(t, s.Lessons.Save(bg, publishedLesson(4, "Tiết học khác")))
	d, err := c.svc.Check(bg)
	ok(t, err)
	wantIDs(t, d.Missing, "missing", "l30")
	wantIDs(t, d.Extra, "extra", "l03")
	wantIDs(t, d.Stale, "stale", "l04")
	_, err = c.svc.Rebuild(bg)
	ok(t, err)
	c.equal()
	c.finds("ham so", "l30")
	c.finds("103")

	all, err := x.IDs(bg)
	ok(t, err)
	ok(t, x.Delete(bg, all...))
	d, err = c.svc.Rebuild(bg)
	ok(t, err)
	if len(d.Missing) != 25 {
		t.Errorf("rebuilding an empty index mends %d lessons, want 25", len(d.Missing))
	}
	c.equal()
	c.finds("tiet 107", "l07")
}
