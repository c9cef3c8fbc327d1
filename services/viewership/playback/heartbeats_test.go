package playback

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

// TestBeatRefuses: each reason to refuse a heartbeat, at its boundary; a
// refused one does not take the others with it.
func TestBeatRefuses(t *testing.T) {
	c := newCounted(t)
	o := c.open(t, student, "l")
	g, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Person: student, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	run := func(id string) Heartbeat { return Heartbeat{Token: g.Token, Run: id, StartedAt: c.now} }
	played := func(n int) Heartbeat {
		h := Heartbeat{Token: o.Token}
		for range n {
			h.Played = append(h.Played, Interval{0, 1})
		}
		return h
	}
	one := func(from, to float64) Heartbeat { return Heartbeat{Token: o.Token, Played: []Interval{{from, to}}} }
	heat := func(n, plays int) Heartbeat { return Heartbeat{Token: o.Token, Heat: slices.Repeat([]int{plays}, n)} }
	for _, x := range []struct {
		name string
		h    Heartbeat
		want string
	}{
		{"no token", Heartbeat{}, BadToken},
		{"a token without a signature", Heartbeat{Token: "abc"}, BadToken},
		{"a token that is too long", Heartbeat{Token: o.Token + strings.Repeat("x", maxToken)}, BadToken},
		{"another's signature", Heartbeat{Token: newSigner([]byte("another")).sign(claims{})}, BadToken},
		{"a run under a session", Heartbeat{Token: o.Token, Run: "r"}, BadRun},
		{"a grant without a run", Heartbeat{Token: g.Token, StartedAt: c.now}, BadRun},
		{"a grant without a beginning", Heartbeat{Token: g.Token, Run: "r"}, BadRun},
		{"a run of 64 letters", run(strings.Repeat("a", 64)), ""},
		{"a run of 65 letters", run(strings.Repeat("a", 65)), BadRun},
		{"a run's letters", run("azAZ09-"), ""},
		{"a run with a dot", run("a.b"), BadRun},
		{"a run that is not ASCII", run("ê"), BadRun},
		{"the position is no number", Heartbeat{Token: o.Token, Position: math.NaN()}, BadNumber},
		{"the rate is no number", Heartbeat{Token: o.Token, Rate: math.Inf(1)}, BadNumber},
		{"2,000 intervals", played(2000), ""},
		{"2,001 intervals", played(2001), TooManyPieces},
		{"an interval before the beginning", one(-0.001, 1), BadInterval},
		{"an interval that ends before it begins", one(2, 1.999), BadInterval},
		{"an interval that is no number", one(0, math.NaN()), BadInterval},
		{"an interval from no number", one(math.Inf(-1), 2), BadInterval},
		{"an empty interval", one(2, 2), ""},
		{"a second beyond the end", one(0, 101), ""},
		{"more than a second beyond the end", one(0, 101.01), BeyondEnd},
		{"seconds below zero", Heartbeat{Token: o.Token, Seconds: new(-0.001)}, BadSeconds},
		{"seconds that are no number", Heartbeat{Token: o.Token, Seconds: new(math.NaN())}, BadSeconds},
		{"two days and the slack", Heartbeat{Token: o.Token, Seconds: new(2*86_400 + 15.0)}, ""},
		{"more seconds than a day holds", Heartbeat{Token: o.Token, Seconds: new(2*86_400 + 15.001)}, BadSeconds},
		{"a bin for each second", heat(100, 10_000), ""},
		{"a bin too many", heat(101, 1), BadNumber},
		{"too many plays of a bin", heat(1, 10_001), BadNumber},
		{"fewer plays than none", heat(1, -1), BadNumber},
	} {
		r, err := c.s.Beat(t.Context(), []Heartbeat{x.h})
		if x.want == "" {
			if err != nil || r.Accepted != 1 || r.Refused != 0 {
				t.Errorf("%s: %+v, %v", x.name, r, err)
			}
			continue
		}
		if !fault.Is(err, x.want) || fault.KindOf(err) != fault.Invalid || r.Refused != 1 {
			t.Errorf("%s: %+v, %v, want %s", x.name, r, err, x.want)
		}
		r, err = c.s.Beat(t.Context(), []Heartbeat{x.h, one(0, 1)})
		if err != nil || r.Accepted != 1 || !slices.Equal(r.Reasons, []string{x.want}) {
			t.Errorf("%s beside a good one: %+v, %v", x.name, r, err)
		}
	}
}

func TestBeatCounts(t *testing.T) {
	c := newCounted(t)
	o := c.open(t, student, "l")
	for n, want := range map[int]string{0: "heartbeat.empty", 100: "", 101: "heartbeat.too_many"} {
		r, err := c.s.Beat(t.Context(), slices.Repeat([]Heartbeat{{Token: o.Token}}, n))
		if want != "" && !fault.Is(err, want) || want == "" && (err != nil || r.Accepted != n) || r.NextSeconds != 10 {
			t.Errorf("%d heartbeats: %+v, %v", n, r, err)
		}
	}
	// When many wait, players report less often.
	s := &Service{batcher: &batcher{in: make(chan waiting, batchSize)}}
	for range batchSize / 2 {
		s.batcher.in <- waiting{}
	}
	if n := s.heartbeatSeconds(); n != 10 {
		t.Errorf("half full: %d s", n)
	}
	s.batcher.in <- waiting{}
	if n := s.heartbeatSeconds(); n != 30 {
		t.Errorf("more than half full: %d s", n)
	}
}

// TestBeatExpires: a session's heartbeats are accepted for 7 days, a grant's for
// 60, of which a run begins in the first 30 and arrives within 30 of its beginning.
func TestBeatExpires(t *testing.T) {
	day := 24 * time.Hour
	for _, x := range []struct {
		name         string
		offline      bool
		begun, after time.Duration
		want         string
	}{
		{"a session after 7 days", false, 0, 7 * day, ""},
		{"a session after more", false, 0, 7*day + time.Millisecond, Expired},
		{"a run after 30 days", true, 0, 30 * day, ""},
		{"a run after more", true, 0, 30*day + time.Millisecond, Expired},
		{"a run begun on the last day", true, 30 * day, 60 * day, ""},
		{"a run begun later", true, 30*day + time.Millisecond, 60 * day, Expired},
		{"a run when the grant is gone", true, 30 * day, 60*day + time.Millisecond, Expired},
	} {
		c := newCounted(t)
		start := c.now
		o, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Offline: x.offline})
		if err != nil {
			t.Fatal(err)
		}
		h := Heartbeat{Token: o.Token, Played: []Interval{{0, 5}}}
		if x.offline {
			h.Run, h.StartedAt = "r", start.Add(x.begun)
		}
		c.now = start.Add(x.after)
		_, err = c.s.Beat(t.Context(), []Heartbeat{h})
		if x.want == "" && err != nil || x.want != "" && !fault.Is(err, x.want) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

// TestBeatClamps: a player's clock may run a second beyond the end; what is
// counted ends with the recording.
func TestBeatClamps(t *testing.T) {
	c := newCounted(t)
	o := c.open(t, student, "l")
	c.beat(t, Heartbeat{Token: o.Token, Played: []Interval{{99.5, 101}, {100.5, 101}}, Heat: []int{0, 2}})
	s := c.sessions[o.Session]
	if s.Played.String() != "99500-100000" || s.Total() != 500 || !slices.Equal(s.Heat, []int32{0, 2}) {
		t.Errorf("%+v", s)
	}
}

// TestBeatNotStored: a heartbeat that is not durable is never acknowledged, and
// none of a failed transaction remains.
func TestBeatNotStored(t *testing.T) {
	for _, method := range []string{"LockViewers", "SessionStarts", "Sessions", "Flags", "Credits", "Put"} {
		c := newCounted(t)
		g, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Offline: true})
		if err != nil {
			t.Fatal(err)
		}
		h := Heartbeat{Token: g.Token, Run: "r", StartedAt: c.now, Played: []Interval{{0, 5}}}
		c.fail[method] = errStore
		r, err := c.s.Beat(t.Context(), []Heartbeat{h, {}})
		if !errors.Is(err, errStore) || fault.KindOf(err) != fault.Unavailable || r.Accepted != 0 || r.Refused != 0 {
			t.Errorf("%s fails: %+v, %v", method, r, err)
		}
		if len(c.sessions)+len(c.credits)+len(c.totals) != 0 {
			t.Errorf("%s fails: %+v remains", method, c.rowsInMemory)
		}
		delete(c.fail, method)
		c.beat(t, h) // the player sends it again
		if len(c.sessions) != 1 {
			t.Errorf("after %s: %v", method, c.sessions)
		}
	}
}

// TestSessionsBounded: a viewer has at most 1,000 sessions a day; those that
// exist go on.
func TestSessionsBounded(t *testing.T) {
	c := newCounted(t)
	var last Opened
	for n := range maxSessionsADay/MaxHeartbeats + 1 {
		var hs []Heartbeat
		for range MaxHeartbeats {
			o := c.open(t, student, "l")
			hs = append(hs, Heartbeat{Token: o.Token, Played: []Interval{{0, 1}}})
			if n < maxSessionsADay/MaxHeartbeats {
				last = o
			}
		}
		r, err := c.s.Beat(t.Context(), hs)
		switch full := n == maxSessionsADay/MaxHeartbeats; {
		case !full && err != nil:
			t.Fatal(err)
		case full && (!fault.Is(err, TooManySessions) || r.Refused != MaxHeartbeats):
			t.Fatalf("%+v, %v", r, err)
		}
	}
	c.beat(t, Heartbeat{Token: last.Token, Played: []Interval{{1, 2}}})
	if s := c.sessions[last.Session]; s.Played.String() != "0-2000" || len(c.sessions) != 1000 {
		t.Errorf("%+v of %d", s, len(c.sessions))
	}
}

// TestPiecesBounded: a session's union has at most 2,000 intervals; a heartbeat
// that would exceed them is refused and changes nothing.
func TestPiecesBounded(t *testing.T) {
	c := newCounted(t)
	c.lessons["long"] = c.lessons["l"]
	l := c.lessons["long"]
	l.ID, l.Media.Duration = "long", 10_000
	c.lessons["long"] = l
	o := c.open(t, student, "long")
	pieces := func(from, n int) (out []Interval) {
		for i := range n {
			out = append(out, Interval{float64(from + 2*i), float64(from + 2*i + 1)})
		}
		return out
	}
	c.beat(t, Heartbeat{Token: o.Token, Played: pieces(0, 2000)})
	_, err := c.s.Beat(t.Context(), []Heartbeat{{Token: o.Token, Played: pieces(5000, 1)}})
	if !fault.Is(err, TooManyPieces) || len(c.sessions[o.Session].Played) != 2000 {
		t.Errorf("%v, %d pieces", err, len(c.sessions[o.Session].Played))
	}
	c.beat(t, Heartbeat{Token: o.Token, Played: []Interval{{0, 3}}}) // joins two
	if n := len(c.sessions[o.Session].Played); n != 1999 {
		t.Errorf("%d pieces after two were joined", n)
	}
}

// TestRules: the versions that every figure carries.
func TestRules(t *testing.T) {
	want := "[web-credit/1 web-view/1 watch-time/1 completion/1 web-flag/1 offline/1]"
	if got := fmt.Sprint(Rules()); got != want {
		t.Errorf("%s", got)
	}
}
