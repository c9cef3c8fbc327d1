package playback

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// flagged has a viewer "p:em" with 61 sessions on 13 April, of which one has a view.
func flagged(t *testing.T) counted {
	t.Helper()
	c := newCounted(t)
	c.watch(t, student, "l", 0, 40)
	for range 60 {
		c.beat(t, Heartbeat{Token: c.open(t, student, "m").Token, Played: []Interval{{0, 1}}})
	}
	return c
}

const flagDay = "2020-04-13"

// TestRestore: a flag takes the viewer's whole day out, a person brings it back
// and may set the flag again; each step is in the audit log.
func TestRestore(t *testing.T) {
	c := flagged(t)
	day := ViewerDay{"p:em", flagDay}
	check := func(step string, views, sessions int64, by string) {
		t.Helper()
		left := c.exclusions[ExclusionTotal{LessonID: "m", Day: flagDay, Reason: FlaggedViewer}]
		f := c.flags[day]
		if c.on(flagDay).Views != views || left != sessions || f.Reason != FlagSessions || f.RestoredBy != by ||
			f.At.IsZero() || f.RestoredAt.IsZero() != (by == "") {
			t.Errorf("%s: %v, %d left out, %+v", step, c.totals, left, f)
		}
		if wrong := c.recount(t); wrong != nil {
			t.Errorf("%s: %v", step, wrong)
		}
	}
	check("flagged", 0, 60, "")
	first := c.flags[day].At
	c.now = c.now.Add(time.Hour)
	for range 2 { // the second changes nothing
		if err := c.s.Restore(t.Context(), reviewer, "p:em", flagDay, true); err != nil {
			t.Fatal(err)
		}
	}
	check("restored", 1, 0, "so")
	if f := c.flags[day]; f.At != first || f.RestoredAt != c.now {
		t.Errorf("flagged %v, restored %v", f.At, f.RestoredAt)
	}
	// The viewer plays on: the day stays restored.
	c.watch(t, student, "l", 40, 60)
	check("plays on", 1, 0, "so")
	if err := c.s.Restore(t.Context(), reviewer, "p:em", flagDay, false); err != nil {
		t.Fatal(err)
	}
	check("set again", 0, 60, "")
	if len(c.audit) != 2 || c.audit[0].Actor != "so" || c.audit[0].Subject != "viewer:p:em" ||
		c.audit[0].Detail != "flag of 2020-04-13 undone: true" ||
		c.audit[1].Detail != "flag of 2020-04-13 undone: false" {
		t.Errorf("%+v", c.audit)
	}
}

func TestRestoreFaults(t *testing.T) {
	c := flagged(t)
	for _, x := range []struct {
		name   string
		by     people.Person
		viewer string
		want   string
	}{
		{"anonymous", people.Person{}, "p:em", "access.denied"},
		{"a student", student, "p:em", "access.denied"},
		{"a teacher", teacher, "p:em", "access.denied"},
		{"the head", person("hieu", people.Head), "p:em", "access.denied"},
		{"the station", person("dai", people.Station), "p:em", "access.denied"},
		{"no flag", reviewer, "p:khac", "flag.not_found"},
	} {
		if err := c.s.Restore(t.Context(), x.by, x.viewer, flagDay, true); !fault.Is(err, x.want) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	for _, method := range []string{"LockViewers", "Sessions", "Flags", "Put", "Append"} {
		c.fail = map[string]error{method: errStore}
		err := c.s.Restore(t.Context(), reviewer, "p:em", flagDay, true)
		if !errors.Is(err, errStore) || c.flags[ViewerDay{"p:em", flagDay}].RestoredBy != "" ||
			c.on(flagDay).Views != 0 {
			t.Errorf("%s fails: %v, %v", method, err, c.totals)
		}
	}
	c.fail = nil
	clear(c.sessions) // folded
	if err := c.s.Restore(t.Context(), reviewer, "p:em", flagDay, true); !fault.Is(err, "flag.folded") {
		t.Errorf("folded: %v", err)
	}
	admin := person("quan", people.Admin)
	if err := c.s.Restore(t.Context(), admin, "p:em", flagDay, true); !fault.Is(err, "flag.folded") {
		t.Errorf("an administrator: %v", err)
	}
}

func TestFlagsListed(t *testing.T) {
	c := newCounted(t)
	for n := range 600 {
		v := fmt.Sprintf("p:%03d", n)
		day := time.Date(2020, 4, 1+n%3, 0, 0, 0, 0, hanoi).Format(time.DateOnly)
		c.flags[ViewerDay{v, day}] = Flag{Viewer: v, Day: day, Reason: FlagHours}
	}
	at := func(d int) time.Time { return time.Date(2020, 4, d, 0, 0, 0, 0, hanoi) }
	for _, x := range []struct {
		from, to time.Time
		n        int
		newest   string
	}{
		{time.Time{}, time.Time{}, 500, "2020-04-03"},
		{at(2), time.Time{}, 400, "2020-04-03"},
		{time.Time{}, at(2), 200, "2020-04-01"},
		{at(2).UTC(), at(3).UTC(), 200, "2020-04-02"}, // local days, though UTC is the day before
	} {
		list, err := c.s.Flags(t.Context(), reviewer, x.from, x.to)
		if err != nil || len(list) != x.n || list[0].Day != x.newest {
			t.Errorf("%v to %v: %d, %v", x.from, x.to, len(list), err)
		}
	}
	if _, err := c.s.Flags(t.Context(), teacher, at(1), at(2)); !fault.Is(err, "access.denied") {
		t.Errorf("a teacher: %v", err)
	}
	c.fail["FlaggedDays"] = errStore
	if _, err := c.s.Flags(t.Context(), reviewer, at(1), at(2)); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
}

// TestRetention: sessions are folded 60 days after they began, viewers' rows are
// removed six months after their term, in local days and in bounded steps.
func TestRetention(t *testing.T) {
	c := newCounted(t)
	c.now = time.Date(2020, 7, 15, 17, 0, 0, 0, time.UTC) // already the 16th in Hà Nội
	if n, err := c.s.Fold(t.Context()); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := c.s.Purge(t.Context()); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	want := "[sessions before 2020-05-17, at most 500 viewers before 2020-01-16, at most 500]"
	if got := fmt.Sprint(c.removed); got != want {
		t.Errorf("%s", got)
	}
	c.fail["Fold"], c.fail["Purge"] = errStore, errStore
	if _, err := c.s.Fold(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	if _, err := c.s.Purge(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	without := newCounted(t, func(c *Config) { c.Retention = nil })
	for _, f := range []int{must(without.s.Fold(t.Context())), must(without.s.Purge(t.Context()))} {
		if f != 0 || without.removed != nil {
			t.Errorf("without retention: %d, %v", f, without.removed)
		}
	}
}

func must(n int, err error) int {
	if err != nil {
		return -1
	}
	return n
}
