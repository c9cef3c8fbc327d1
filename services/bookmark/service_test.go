package bookmark

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// memoryStore is a Store in memory that counts its writes.
type memoryStore struct {
	rows   map[[2]string]Bookmark
	writes int
	broken error
}

func (s *memoryStore) SaveBookmarks(_ context.Context, bs ...Bookmark) error {
	if s.broken != nil {
		return s.broken
	}
	s.writes++
	for _, b := range bs {
		if k := [2]string{b.PersonID, b.LessonID}; b.Seen.After(s.rows[k].Seen) {
			s.rows[k] = b
		}
	}
	return nil
}

func (s *memoryStore) Bookmark(_ context.Context, person, lesson string) (Bookmark, error) {
	return s.rows[[2]string{person, lesson}], nil
}

func (s *memoryStore) Unfinished(_ context.Context, person string, limit int) ([]Bookmark, error) {
	list := slices.DeleteFunc(slices.Collect(maps.Values(s.rows)),
		func(b Bookmark) bool { return b.PersonID != person || b.Finished() })
	slices.SortFunc(list, func(a, b Bookmark) int { return b.Seen.Compare(a.Seen) })
	return list[:min(limit, len(list))], nil
}

func (s *memoryStore) ForgetBookmarks(_ context.Context, before time.Time) (n int, _ error) {
	for k, b := range s.rows {
		if b.Seen.Before(before) {
			delete(s.rows, k)
			n++
		}
	}
	return n, nil
}

// school has lessons of ten minutes; "nhap" is no student's.
type lessons struct{}

func (lessons) Read(_ context.Context, by people.Person, id string) (lesson.Lesson, error) {
	l := lesson.Lesson{ID: id, Status: lesson.Published, TeacherID: "t"}
	l.Media.Duration, l.Media.Playable = 600, true
	if id == "nhap" {
		l.Status = lesson.Draft
	}
	if !people.May(by, people.ReadLesson, l.Object()) {
		return lesson.Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

type desk struct {
	*Service
	t     *testing.T
	store *memoryStore
	now   time.Time
}

func open(t *testing.T) *desk {
	d := &desk{t: t, store: &memoryStore{rows: map[[2]string]Bookmark{}},
		now: time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC)}
	d.Service = New(d.store, lessons{}, func() time.Time { return d.now })
	return d
}

func student(id string) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: people.Student, School: "s1"}}}
}

func (d *desk) keep(id, lesson string, p Place) {
	d.t.Helper()
	if err := d.Keep(context.Background(), student(id), lesson, p); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) flush() {
	d.t.Helper()
	if err := d.Flush(context.Background(), false); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) at(id, lesson string) float64 {
	d.t.Helper()
	b, err := d.Of(context.Background(), student(id), lesson)
	if err != nil {
		d.t.Fatal(err)
	}
	return b.At
}

func TestOneWritePerPersonAndTime(t *testing.T) {
	d := open(t)
	d.keep("em", "a", Place{At: 60})
	d.flush()
	for i := range 10 {
		d.now = d.now.Add(time.Second)
		d.keep("em", "a", Place{At: 61 + float64(i)})
		d.keep("em", "b", Place{At: 20 + float64(i)})
		d.flush()
	}
	if d.store.writes != 1 || d.store.rows[[2]string{"em", "a"}].At != 60 {
		t.Fatalf("%d writes within 10 s, %v", d.store.writes, d.store.rows)
	}
	if d.at("em", "a") != 70 {
		t.Errorf("what waits is not read: %v", d.at("em", "a"))
	}
	d.now = d.now.Add(Every)
	d.flush()
	if d.store.writes != 2 || d.store.rows[[2]string{"em", "a"}].At != 70 ||
		d.store.rows[[2]string{"em", "b"}].At != 29 {
		t.Errorf("%d writes, %v", d.store.writes, d.store.rows)
	}
	d.flush()
	if d.store.writes != 2 {
		t.Error("nothing new was written")
	}
}

func TestAllIsWrittenAtTheEnd(t *testing.T) {
	d := open(t)
	d.keep("em", "a", Place{At: 60})
	d.flush()
	d.now = d.now.Add(time.Second)
	d.keep("em", "a", Place{At: 61})
	ctx, stop := context.WithCancel(context.Background())
	stop()
	d.Run(ctx, time.Hour, func(err error) { t.Error(err) })
	if d.store.rows[[2]string{"em", "a"}].At != 61 {
		t.Error("the last place is lost when the service closes")
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	d := open(t)
	d.keep("em", "a", Place{At: 60})
	d.store.broken = errors.New("away")
	if err := d.Flush(context.Background(), false); !errors.Is(err, d.store.broken) {
		t.Fatal(err)
	}
	d.store.broken = nil
	d.now = d.now.Add(Every)
	d.flush()
	if d.store.rows[[2]string{"em", "a"}].At != 60 {
		t.Error("lost")
	}
}

// TestDevicesClocks: what a device's clock says does not matter, only how long
// before sending the person was there.
func TestDevicesClocks(t *testing.T) {
	wrong := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	d := open(t)
	d.keep("em", "a", Place{At: 100})
	d.now = d.now.Add(time.Minute)
	// Another device was there two minutes ago, and its line has come back now.
	d.keep("em", "a", Place{At: 300, SeenAt: wrong, SentAt: wrong.Add(2 * time.Minute)})
	if d.at("em", "a") != 100 {
		t.Error("an older place won")
	}
	d.keep("em", "a", Place{At: 300, SeenAt: wrong, SentAt: wrong.Add(10 * time.Second)})
	if d.at("em", "a") != 300 {
		t.Error("the newer place lost")
	}
	// A moment after the sending is no moment to come: the next one wins.
	d.keep("em", "a", Place{At: 310, SeenAt: wrong.Add(time.Hour), SentAt: wrong})
	d.now = d.now.Add(time.Second)
	d.keep("em", "a", Place{At: 320})
	if d.at("em", "a") != 320 {
		t.Error("a clock that runs ahead holds the place for ever")
	}
}

func TestWhatIsRefused(t *testing.T) {
	d := open(t)
	for _, c := range []struct {
		who    people.Person
		lesson string
		p      Place
		code   string
	}{
		{people.Person{}, "a", Place{At: 60}, "signin.needed"},
		{student("em"), "nhap", Place{At: 60}, "lesson.not_found"},
		{student("em"), "a", Place{At: -1}, "bookmark.invalid"},
		{student("em"), "a", Place{At: 700}, "bookmark.invalid"},
		{student("em"), "a", Place{At: 60, SeenAt: d.now.Add(-Kept), SentAt: d.now}, "bookmark.invalid"},
	} {
		if err := d.Keep(context.Background(), c.who, c.lesson, c.p); !fault.Is(err, c.code) {
			t.Errorf("%+v in %s: %v, want %s", c.p, c.lesson, err, c.code)
		}
	}
}

func TestGoOnLeavesOutWhatIsFinished(t *testing.T) {
	d := open(t)
	for i, c := range []struct {
		lesson string
		at     float64
	}{{"begun", 200}, {"nearly", 575}, {"looked-in", 10}, {"ended", 600}, {"later", 120}} {
		d.now = d.now.Add(time.Minute)
		d.keep("em", c.lesson, Place{At: c.at})
		if i == 1 {
			d.flush()
		}
	}
	d.keep("ban", "other", Place{At: 200})
	ids := func() (ids []string) {
		list, err := d.GoOn(context.Background(), student("em"), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range list {
			ids = append(ids, b.LessonID)
		}
		return ids
	}
	if got := ids(); !slices.Equal(got, []string{"later", "begun"}) {
		t.Errorf("go on with %v", got)
	}
	d.now = d.now.Add(Every)
	d.keep("em", "begun", Place{At: 590})
	if got := ids(); !slices.Equal(got, []string{"later"}) {
		t.Errorf("finished meanwhile, and still %v", got)
	}
	d.flush()
	if got := ids(); !slices.Equal(got, []string{"later"}) {
		t.Errorf("once written: %v", got)
	}
	d.now = d.now.Add(Kept + time.Minute)
	if err := d.Forget(context.Background()); err != nil || len(d.store.rows) != 0 {
		t.Errorf("%v, %d rows after their time", err, len(d.store.rows))
	}
}
