package playback

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lenlop/services/people"
)

// TestCommit: a session's heartbeats make one view, its watch time, its seconds
// and its completion, on the day it began.
func TestCommit(t *testing.T) {
	c := newCounted(t)
	c.now = time.Date(2020, 4, 13, 23, 59, 30, 0, hanoi)
	o := c.open(t, student, "l")
	steps := []struct {
		after  time.Duration
		played []Interval
		want   Total
	}{
		{29 * time.Second, []Interval{{0, 29.999}}, Total{Watch: 29_999}},
		{2 * time.Second, []Interval{{0, 30}}, Total{Views: 1, Watch: 30_000}}, // after midnight
		{60 * time.Second, []Interval{{30, 89.999}}, Total{Views: 1, Watch: 89_999}},
		{0, []Interval{{89, 90}}, Total{Views: 1, Watch: 90_000, Completions: 1}},
	}
	for i, x := range steps {
		c.now = c.now.Add(x.after)
		for range 2 { // sent twice
			c.beat(t, Heartbeat{Token: o.Token, Played: x.played})
		}
		x.want.LessonID, x.want.Day = "l", "2020-04-13"
		if got := c.on("2020-04-13"); got != x.want {
			t.Errorf("step %d: %+v, want %+v", i, got, x.want)
		}
	}
	if len(c.totals) != 1 || !c.viewers[SetChange{LessonID: "l", Day: "2020-04-13", Viewer: "p:em"}] {
		t.Errorf("totals %v, viewers %v", c.totals, c.viewers)
	}
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("%v", wrong)
	}
}

// TestCommitExcluded: what is excluded is counted under its reason and nowhere
// else, and an implausible session comes back when time has passed.
func TestCommitExcluded(t *testing.T) {
	c := newCounted(t)
	left := func(reason string) int64 {
		return c.exclusions[ExclusionTotal{LessonID: "l", Day: "2020-04-13", Reason: reason}]
	}
	c.watch(t, teacher, "l", 0, 60)
	if left(OwnTeacher) != 1 || c.on("2020-04-13") != (Total{}) {
		t.Errorf("the teacher's own: %v, %v", c.exclusions, c.totals)
	}
	o := c.open(t, student, "l")
	c.beat(t, Heartbeat{Token: o.Token, Played: []Interval{{0, 60}}})
	if left(FasterThanTime) != 1 || c.on("2020-04-13").Views != 0 {
		t.Errorf("60 s at once: %v, %v", c.exclusions, c.totals)
	}
	c.now = c.now.Add(22_500 * time.Millisecond)
	c.beat(t, Heartbeat{Token: o.Token})
	if left(FasterThanTime) != 0 || c.on("2020-04-13").Views != 1 {
		t.Errorf("22.5 s later: %v, %v", c.exclusions, c.totals)
	}
	// What a later heartbeat makes implausible is taken back.
	c.beat(t, Heartbeat{Token: o.Token, Seconds: new(61.0)})
	if left(FasterThanTime) != 1 || c.on("2020-04-13") != (Total{LessonID: "l", Day: "2020-04-13"}) ||
		c.viewers[SetChange{LessonID: "l", Day: "2020-04-13", Viewer: "p:em"}] {
		t.Errorf("taken back: %v, %v, %v", c.exclusions, c.totals, c.viewers)
	}
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("%v", wrong)
	}
}

// TestCommitCompletionMoves: a completion is dated the first day by which the
// union of all days reaches 90 %, also when the earlier day arrives later.
func TestCommitCompletionMoves(t *testing.T) {
	c := newCounted(t)
	c.watch(t, student, "l", 0, 60) // 13 April
	c.now = c.now.AddDate(0, 0, 2)
	c.watch(t, student, "l", 50, 100)
	if c.on("2020-04-15").Completions != 1 || c.on("2020-04-13").Completions != 0 {
		t.Errorf("%v", c.totals)
	}
	c.watch(t, person("khac", people.Student), "l", 0, 95)
	if c.on("2020-04-15").Completions != 2 {
		t.Errorf("another viewer's: %v", c.totals)
	}
	// A run of the 14th that arrives now completes it a day earlier.
	c.now = time.Date(2020, 4, 13, 12, 0, 0, 0, hanoi)
	g, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Person: student, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	c.now = time.Date(2020, 4, 20, 0, 0, 0, 0, hanoi)
	c.beat(t, Heartbeat{
		Token: g.Token, Run: "r", StartedAt: time.Date(2020, 4, 14, 9, 0, 0, 0, hanoi), Played: []Interval{{60, 100}},
	})
	early := c.on("2020-04-14")
	if c.on("2020-04-15").Completions != 1 || early.Completions != 1 || early.OfflineViews != 1 {
		t.Errorf("%v", c.totals)
	}
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("%v", wrong)
	}
}

// TestRunKeepsItsBeginning: when the device's clock is set during an offline run,
// the run stays on its day.
func TestRunKeepsItsBeginning(t *testing.T) {
	c := newCounted(t)
	g, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Offline: true, Embedded: true})
	if err != nil {
		t.Fatal(err)
	}
	began := c.now.Add(time.Hour)
	c.now = c.now.AddDate(0, 0, 5)
	run := func(at time.Time, played ...Interval) Heartbeat {
		return Heartbeat{Token: g.Token, Run: "r", StartedAt: at, Played: played}
	}
	// In one batch, before anything is stored: the first decides.
	both := []Heartbeat{run(began, Interval{0, 20}), run(began.AddDate(0, 0, 2), Interval{20, 30})}
	r, err := c.s.Beat(t.Context(), both)
	if err != nil || r.Accepted != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	c.beat(t, run(began.AddDate(0, 0, 3), Interval{30, 40}))
	c.beat(t, Heartbeat{Token: g.Token, Run: "other", StartedAt: began.AddDate(0, 0, 3), Played: []Interval{{0, 10}}})
	s := c.sessions[g.Session+".r"]
	if s.Day != "2020-04-13" || s.Issued != began.UnixMilli() || s.Played.String() != "0-40000" ||
		len(c.sessions) != 2 {
		t.Errorf("%+v of %d", s, len(c.sessions))
	}
	want := Total{LessonID: "l", Day: "2020-04-13", Views: 1, OfflineViews: 1, UnmatchedViews: 1, Watch: 40_000}
	if got := c.on("2020-04-13"); got != want {
		t.Errorf("%+v", got)
	}
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("%v", wrong)
	}
}

// TestCommitLocks: viewers are locked in one order, each once, before they are read.
func TestCommitLocks(t *testing.T) {
	c := newCounted(t)
	var hs []Heartbeat
	for _, id := range []string{"c", "a", "b", "a"} {
		hs = append(hs, Heartbeat{Token: c.open(t, person(id, people.Student), "l").Token})
	}
	if _, err := c.s.Beat(t.Context(), hs); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.locked); got != "[[p:a p:b p:c]]" {
		t.Errorf("%s", got)
	}
}

// TestTotalsFollowCredits: after any heartbeats in any order, in batches of any
// size and with any repeated, the stored numbers are what a recount makes, and
// the same as when they come one by one.
func TestTotalsFollowCredits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := newCounted(t)
	persons := []people.Person{student, teacher, {}, person("khac", people.Student)}
	var beats []beat
	for range 40 {
		c.now = c.now.Add(time.Duration(random.IntN(5*3600)) * time.Second)
		r := OpenRequest{
			LessonID: []string{"l", "m"}[random.IntN(2)], Person: persons[random.IntN(4)],
			Offline: random.IntN(3) == 0, Embedded: random.IntN(4) == 0,
		}
		o, err := c.s.Open(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(3) {
			from := random.Float64() * 80
			h := Heartbeat{Token: o.Token, Played: []Interval{{from, from + random.Float64()*20}, {0, from / 2}}}
			if r.Offline {
				h.Run, h.StartedAt = []string{"a", "b"}[random.IntN(2)], c.now
			}
			if random.IntN(3) == 0 {
				h.Seconds, h.Heat = new(random.Float64()*60), []int{random.IntN(4), 1}
			}
			b, code := c.s.check(h, c.now.Add(time.Duration(random.IntN(60))*time.Second))
			if code != "" {
				t.Fatal(code)
			}
			beats = append(beats, b)
		}
	}
	store := func(c counted, beats []beat) {
		t.Helper()
		refused, err := c.s.commit(context.Background(), beats)
		if err != nil || slices.ContainsFunc(refused, func(code string) bool { return code != "" }) {
			t.Fatalf("%v, %v", refused, err)
		}
	}
	for _, b := range beats {
		store(c, []beat{b})
	}
	if wrong := c.recount(t); wrong != nil {
		t.Fatalf("one by one: %v", wrong)
	}
	for round := range 8 {
		other := newCounted(t)
		other.now = c.now
		again := append(slices.Clone(beats), beats[:10]...)
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		for rest := again; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(20))
			store(other, slices.Clone(rest[:n]))
			rest = rest[n:]
		}
		if wrong := other.recount(t); wrong != nil {
			t.Errorf("round %d: %v", round, wrong)
		}
		for k, want := range c.totals {
			if got := other.totals[k]; got != want {
				t.Errorf("round %d, %v: %+v, want %+v", round, k, got, want)
			}
		}
	}
}
