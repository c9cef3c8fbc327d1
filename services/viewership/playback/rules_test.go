package playback

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestUnion(t *testing.T) {
	for _, c := range []struct {
		in     []Span
		want   string
		length int64
	}{
		{nil, "", 0},
		{[]Span{{0, 20_000}, {0, 20_000}}, "0-20000", 20_000}, // the same 20 s twice is 20 s
		{[]Span{{10, 20}, {0, 10}}, "0-20", 20},
		{[]Span{{10, 20}, {0, 9}}, "0-9,10-20", 19},
		{[]Span{{0, 100}, {20, 30}, {90, 110}}, "0-110", 110},
		{[]Span{{5, 5}, {7, 6}}, "", 0},
	} {
		got := Union(c.in)
		if got.String() != c.want || got.Length() != c.length {
			t.Errorf("%v: %s, %d", c.in, got, got.Length())
		}
		back, err := ParseSpans(got.String())
		if err != nil || !slices.Equal(back, got) {
			t.Errorf("%s does not come back: %v %v", got, back, err)
		}
	}
	for _, bad := range []string{"1", "a-b", "1-2,", "1--2-3"} {
		if s, err := ParseSpans(bad); err == nil {
			t.Errorf("%q: %v", bad, s)
		}
	}
}

func TestUnionNeedsNoOrder(t *testing.T) {
	spans := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Span {
		from := rapid.Int64Range(0, 100).Draw(t, "from")
		return Span{from, from + rapid.Int64Range(0, 20).Draw(t, "length")}
	}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := spans.Draw(t, "a"), spans.Draw(t, "b")
		one := Union(a, b)
		if two := Union(Union(b), Union(a, b), a); !slices.Equal(one, two) {
			t.Fatalf("%v, %v: %v and %v", a, b, one, two)
		}
		for x := range int64(125) {
			in := slices.ContainsFunc(slices.Concat(a, b), func(s Span) bool { return s.From <= x && x < s.To })
			if one.Covers(x, x+1) != in {
				t.Fatalf("%v at %d: %t", one, x, in)
			}
		}
	})
}

// sat is a session that began at 0 and was last heard after some seconds.
func sat(after, union, total float64) Session {
	return Session{Last: millis(after), Played: Spans{{0, millis(union)}}, ReportedMs: millis(total)}
}

func TestPlausible(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Session
		want bool
	}{
		{"nothing yet", Session{}, true},
		{"at rate 1", sat(60, 60, 60), true},
		{"at rate 2", sat(60, 120, 120), true},
		{"at rate 2 with all the slack", sat(60, 135, 135), true},
		{"a millisecond more in the union", sat(60, 135.001, 135), false},
		{"a millisecond more in total", sat(60, 10, 135.001), false},
		{"15 s at once", sat(0, 15, 15), true},
		{"replays count in total only", sat(60, 20, 100), true},
	} {
		if got := Plausible(c.s); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	s := sat(10, 60, 60)
	if Plausible(s) {
		t.Error("60 s in 10 s")
	}
	if s = s.Merge(State{Arrival: time.UnixMilli(30_000)}); !Plausible(s) {
		t.Error("it does not come back when time has passed")
	}
}

func TestMergeTotals(t *testing.T) {
	stated := func(s float64) *int64 { ms := millis(s); return &ms }
	beats := []State{
		{Played: Spans{{0, 10_000}}, Arrival: time.UnixMilli(10)},
		{Played: Spans{{20_000, 30_000}}, Seconds: stated(5), Arrival: time.UnixMilli(30)},
		{Played: Spans{{5_000, 21_000}}, Seconds: stated(12), Arrival: time.UnixMilli(20)},
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2, 0, 1, 2}, {2, 0, 1}} {
		var s Session
		for _, i := range order {
			s = s.Merge(beats[i])
		}
		if s.Total() != 30_000 || s.Last != 30 || s.Played.String() != "0-30000" {
			t.Errorf("%v: %+v", order, s)
		}
	}
	if s := (Session{}).Merge(beats[1]); s.Total() != 5_000 {
		t.Errorf("stated alone: %d", s.Total())
	}
}

func TestViewed(t *testing.T) {
	for _, c := range []struct {
		union, duration float64
		want            bool
	}{
		{29.9, 600, false}, {29.999, 600, false}, {30, 600, true}, {30, 60, true}, {29.999, 60, false},
		{29.999, 59.999, false}, {30, 59.999, true}, {29.9, 59.999, false},
		{10, 20, true}, {9.999, 20, false}, {0.5, 1, true}, {0, 1, false}, {0, 0, false},
	} {
		if got := Viewed(millis(c.union), millis(c.duration)); got != c.want {
			t.Errorf("%v of %v s: %t", c.union, c.duration, got)
		}
	}
}

func TestWatchTime(t *testing.T) {
	hour := int64(3_600_000)
	for _, c := range []struct {
		name  string
		spans []Span
		parts []int64
		want  []int64
	}{
		{"one tab", []Span{{0, hour}}, []int64{hour}, []int64{hour}},
		{"two tabs at rate 1 are what one could watch at rate 2", []Span{{0, hour}, {0, hour}}, []int64{hour, hour},
			[]int64{hour, hour}},
		{"two tabs at rate 2 are shared out", []Span{{0, hour}, {0, hour}}, []int64{2 * hour, 2 * hour},
			[]int64{hour + 7_500, hour + 7_500}},
		{"one after the other", []Span{{0, hour}, {hour, 2 * hour}}, []int64{2 * hour, 2 * hour},
			[]int64{2 * hour, 2 * hour}},
		{"odd milliseconds stay", []Span{{0, 1}}, []int64{10_001, 10_001, 10_001}, []int64{5_000, 5_001, 5_001}},
		{"nothing", nil, []int64{0}, []int64{0}},
	} {
		if got := ShareWatch(c.parts, WatchCap(c.spans)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.Int64Range(0, maxSeconds*1000)).Draw(t, "parts")
		limit := rapid.Int64Range(0, 400_000_000).Draw(t, "limit")
		var sum, shared int64
		got := ShareWatch(parts, limit)
		for i := range parts {
			if got[i] < 0 || got[i] > parts[i] {
				t.Fatalf("%v to %d: %v", parts, limit, got)
			}
			sum, shared = sum+parts[i], shared+got[i]
		}
		if shared != min(sum, limit) {
			t.Fatalf("%v to %d: %v is %d", parts, limit, got, shared)
		}
	})
}

func TestCompleted(t *testing.T) {
	day := func(d string, from, to int64) DayCoverage { return DayCoverage{d, Spans{{from, to}}} }
	for _, c := range []struct {
		days     []DayCoverage
		duration int64
		want     string
	}{
		{nil, 100, ""},
		{[]DayCoverage{day("a", 0, 89)}, 100, ""},
		{[]DayCoverage{day("a", 0, 90)}, 100, "a"},
		{[]DayCoverage{day("a", 0, 50), day("b", 50, 90)}, 100, "b"},
		{[]DayCoverage{day("a", 0, 50), day("b", 0, 50), day("c", 49, 100)}, 100, "c"},
		{[]DayCoverage{day("a", 0, 100), day("b", 0, 100)}, 100, "a"},
		{[]DayCoverage{day("a", 0, 9)}, 0, ""},
	} {
		if got := Completed(c.days, c.duration); got != c.want {
			t.Errorf("%v of %d: %q", c.days, c.duration, got)
		}
	}
}

func TestFlagged(t *testing.T) {
	begun := func(n int, gap time.Duration) []Session {
		var out []Session
		for i := range n {
			at := int64(i) * gap.Milliseconds()
			out = append(out, Session{Issued: at, Last: at})
		}
		return out
	}
	for _, c := range []struct {
		name string
		in   []Session
		want string
	}{
		{"60 at once", begun(60, 0), ""},
		{"61 at once", begun(61, 0), FlagSessions},
		{"61 in just under an hour", begun(61, time.Minute-17*time.Millisecond), FlagSessions},
		{"61 in an hour", begun(61, time.Minute), ""},
		{"24 hours", []Session{sat(12*3600, 100, 12*3600), sat(12*3600, 100, 12*3600)}, ""},
		{"a second more", []Session{sat(12*3600, 100, 12*3600), sat(12*3600, 100, 12*3600+1)}, FlagHours},
		{"but not plausible", []Session{sat(12*3600, 100, 12*3600), sat(3600, 100, 12*3600+1)}, ""},
	} {
		if got := Flagged(c.in); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestRunStart(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2020, 4, 13, h, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name           string
		device         time.Time
		offset         time.Duration
		issue, arrival time.Time
		want           time.Time
	}{
		{"right clock", at(10), 0, at(8), at(20), at(10)},
		{"clock three hours ahead", at(13), 3 * time.Hour, at(8), at(20), at(10)},
		{"clock behind", at(7), -3 * time.Hour, at(8), at(20), at(10)},
		{"set back since", at(2), 0, at(8), at(20), at(8)},
		{"set ahead since", at(23), 0, at(8), at(20), at(20)},
	} {
		if got := RunStart(c.device, c.offset, c.issue, c.arrival); !got.Equal(c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		start, arrival time.Duration
		want           bool
	}{{30 * day, 60 * day, true}, {30*day + 1, 31 * day, false}, {0, 30*day + 1, false}, {0, 0, true}} {
		if got := RunInTime(at(0).Add(c.start), at(0), at(0).Add(c.arrival)); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestLeftOut(t *testing.T) {
	published := lesson.Lesson{TeacherID: "t", UploaderID: "u", Status: lesson.Published,
		Media: lesson.Media{Playable: true}}
	draft := published
	draft.Status = lesson.Draft
	phone := "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"
	for _, c := range []struct {
		by    string
		l     lesson.Lesson
		agent string
		want  string
	}{
		{"", published, phone, ""},
		{"other", published, phone, ""},
		{"t", published, phone, OwnTeacher},
		{"u", draft, phone, OwnTeacher},
		{"other", draft, phone, Unpublished},
		{"", published, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Robot},
		{"", published, "facebookexternalhit/1.1", Robot},
		{"", published, "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120 Safari/537.36", ""},
		{"", published, "", ""},
	} {
		if got := exclusionAtOpen(people.Person{ID: c.by, Active: true}, c.l, c.agent); got != c.want {
			t.Errorf("%s, %s, %q: %q", c.by, c.l.Status, c.agent, got)
		}
	}
}

func TestBins(t *testing.T) {
	for _, c := range []struct {
		duration, width int64
		n               int
	}{{1, 1000, 1}, {1000, 1000, 1}, {1001, 1000, 2}, {100_000, 1000, 100}, {100_001, 1001, 100},
		{2_700_000, 27_000, 100}, {59_900, 1000, 60}} {
		if w, n := BinWidth(c.duration), BinCount(c.duration); w != c.width || n != c.n {
			t.Errorf("%d: %d bins of %d", c.duration, n, w)
		}
	}
	got := Seen(Spans{{0, 1800}, {2100, 3900}, {5000, 5500}}, 5_500)
	if want := []bool{true, true, true, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestMidnight: a view belongs to the local day on which its session began.
func TestMidnight(t *testing.T) {
	s := &Service{cfg: Config{Location: time.FixedZone("ICT", 7*3600)}}
	for utc, want := range map[string]string{
		"2020-04-13T16:59:59.999Z": "2020-04-13", "2020-04-13T17:00:00Z": "2020-04-14",
		"2020-04-13T00:00:00Z": "2020-04-13",
	} {
		at, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.localDay(at); got != want {
			t.Errorf("%s: %s", utc, got)
		}
	}
}

func TestCountDayAcrossPackages(t *testing.T) {
	one := Session{ID: "1", Viewer: "v", Day: "d", LessonID: "l", PackageID: "p1", Duration: 600_000, Last: 60_000,
		Played: Spans{{0, 20_000}}, ReportedMs: 20_000}
	two := one
	two.ID, two.PackageID, two.Offline, two.Played = "2", "p2", true, Spans{{15_000, 31_000}}
	c := CountDay("v", "d", []Session{one, two}, false)
	if len(c.Credits) != 2 || !c.Credits[0].Viewed || c.Credits[1].Viewed || !c.Credits[0].Offline {
		t.Errorf("one view of a lesson whose recording was replaced: %+v", c.Credits)
	}
	two.Played = Spans{{0, 20_000}}
	if c = CountDay("v", "d", []Session{one, two}, false); c.Credits[0].Viewed {
		t.Errorf("the same 20 s twice: %+v", c.Credits)
	}
}

func TestToken(t *testing.T) {
	g := newSigner([]byte("secret"))
	p := claims{Session: "s", Lesson: "l", Package: "p", Viewer: "d:x", Issued: 5, Duration: 6, Day: "2020-04-13",
		Grant: true, Offset: -7}
	token := g.sign(p)
	if got, ok := g.open(token); !ok || got != p {
		t.Fatalf("%+v", got)
	}
	if _, ok := newSigner([]byte("another")).open(token); ok {
		t.Error("accepted a token signed with another secret")
	}
	for i := range token {
		b := []byte(token)
		b[i] ^= 1
		if got, ok := g.open(string(b)); ok {
			t.Errorf("byte %d changed: %+v", i, got)
		}
	}
}

func FuzzBeat(f *testing.F) {
	f.Add(0.0, 1.0, 2.0, 3.0, 5.0)
	f.Add(math.NaN(), 1.0, -2.0, math.Inf(1), -5.0)
	f.Fuzz(func(t *testing.T, a, b, c, d, seconds float64) {
		st, code := checkState(Heartbeat{Played: []Interval{{a, b}, {c, d}}, Seconds: &seconds}, 60_000)
		if code != "" {
			return
		}
		if st.Played.Length() > 60_000 || *st.Seconds < 0 || *st.Seconds > maxSeconds*1000 {
			t.Fatalf("%v", st)
		}
		for i, s := range st.Played {
			if s.From < 0 || s.To <= s.From || s.To > 60_000 || i > 0 && s.From <= st.Played[i-1].To {
				t.Fatalf("%v", st.Played)
			}
		}
	})
}
