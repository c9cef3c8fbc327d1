package television

import (
	"strings"
	"testing"
	"time"

	"lenlop/services/schedule"
)

// planned is an airing of the copy "k", 08:00 to 08:30.
func planned() (schedule.Airing, time.Time) {
	at := time.Date(2020, 4, 13, 8, 0, 0, 0, time.FixedZone("ICT", 7*3600))
	return schedule.Airing{ID: "a", CopyID: "k", LessonID: "l", ChannelID: "c", StartsAt: at,
		EndsAt: at.Add(30 * time.Minute), Outcome: schedule.Planned}, at
}

var (
	firstCode  = Code{Code: "FIRST", CopyID: "k", LessonID: "l", ChannelID: "c", Moment: time.Minute}
	secondCode = Code{Code: "SECOND", CopyID: "k", LessonID: "l", ChannelID: "c", Second: true,
		Moment: 12 * time.Minute}
)

// TestWhenACodeIsTaken: the edges of the time in which a code may have been
// read off a screen, by the plan and by what as-run said.
func TestWhenACodeIsTaken(t *testing.T) {
	a, at := planned()
	aired := a
	aired.Outcome, aired.StartedAt, aired.EndedAt = schedule.Moved, at.Add(time.Hour), at.Add(90*time.Minute)
	dropped := a
	dropped.Outcome = schedule.Dropped
	const ms = time.Millisecond
	for name, x := range map[string]struct {
		airing schedule.Airing
		code   Code
		after  time.Duration
		want   bool
	}{
		"before the start":                {a, firstCode, -ms, false},
		"at the start":                    {a, firstCode, 0, true},
		"15 minutes after the end":        {a, firstCode, 45 * time.Minute, true},
		"a moment later":                  {a, firstCode, 45*time.Minute + ms, false},
		"second code before its moment":   {a, secondCode, 12*time.Minute - ms, false},
		"second code at its moment":       {a, secondCode, 12 * time.Minute, true},
		"second code at the window's end": {a, secondCode, 45 * time.Minute, true},
		"moved: at the planned time":      {aired, firstCode, 0, false},
		"moved: at the real start":        {aired, firstCode, time.Hour, true},
		"moved: 15 minutes after":         {aired, firstCode, 105 * time.Minute, true},
		"moved: later":                    {aired, firstCode, 105*time.Minute + ms, false},
		"dropped":                         {dropped, firstCode, time.Minute, false},
		"another copy":                    {a, Code{CopyID: "k2", ChannelID: "c"}, time.Minute, false},
		"another channel":                 {a, Code{CopyID: "k", ChannelID: "c2"}, time.Minute, false},
	} {
		if _, ok := airingForCode(x.code, []schedule.Airing{x.airing}, at.Add(x.after)); ok != x.want {
			t.Errorf("%s: %v, want %v", name, ok, x.want)
		}
	}
}

// TestWhatAsRunMakesOfCheckIns: pending, counted or rejected; stayed only by a
// second code entered after its moment.
func TestWhatAsRunMakesOfCheckIns(t *testing.T) {
	a, at := planned()
	codes := map[string]Code{firstCode.Code: firstCode, secondCode.Code: secondCode}
	run := func(o schedule.Outcome, from, to time.Duration) schedule.Airing {
		x := a
		x.Outcome = o
		if o.Happened() {
			x.StartedAt, x.EndedAt = at.Add(from), at.Add(to)
		}
		return x
	}
	entered := func(code string, after, stayed time.Duration) CheckIn {
		k := CheckIn{AiringID: "a", Viewer: "d:1", Code: code, At: at.Add(after)}
		if stayed > 0 {
			k.StayedAt = at.Add(stayed)
		}
		return k
	}
	const minute = time.Minute
	for name, x := range map[string]struct {
		airing schedule.Airing
		k      CheckIn
		state  CheckInState
		stayed bool
	}{
		"planned":             {a, entered("FIRST", 2*minute, 0), CheckInPending, false},
		"planned, both codes": {a, entered("FIRST", 2*minute, 20*minute), CheckInPending, true},
		"aired": {run(schedule.Aired, 0, 30*minute), entered("FIRST", 2*minute, 0),
			CheckInCounted, false},
		"aired, both codes": {run(schedule.Aired, 0, 30*minute), entered("FIRST", 2*minute, 20*minute),
			CheckInCounted, true},
		"aired, only the second": {run(schedule.Aired, 0, 30*minute), entered("SECOND", 20*minute, 20*minute),
			CheckInCounted, true},
		"dropped": {run(schedule.Dropped, 0, 0), entered("FIRST", 2*minute, 20*minute),
			CheckInRejected, false},
		"cut off before the second": {run(schedule.Partial, 0, 5*minute), entered("FIRST", 2*minute, 21*minute),
			CheckInCounted, false},
		"cut off long before it was typed": {run(schedule.Partial, 0, 5*minute), entered("FIRST", 21*minute, 0),
			CheckInRejected, false},
		"typed before the real start": {run(schedule.Moved, 10*minute, 40*minute), entered("FIRST", 9*minute, 0),
			CheckInRejected, false},
		"first too early, second in time": {run(schedule.Moved, 10*minute, 40*minute),
			entered("FIRST", 9*minute, 25*minute), CheckInCounted, true},
		"second before its real moment": {run(schedule.Moved, 10*minute, 40*minute),
			entered("FIRST", 11*minute, 21*minute), CheckInCounted, false},
	} {
		got := x.k.Evaluated(x.airing, []schedule.Airing{x.airing}, codes, secondCode)
		if got.State != x.state || got.Stayed != x.stayed || got.Repeat {
			t.Errorf("%s: %+v, want %s stayed %v", name, got, x.state, x.stayed)
		}
		if again := got.Evaluated(x.airing, []schedule.Airing{x.airing}, codes, secondCode); again != got {
			t.Errorf("%s: judged twice: %+v", name, again)
		}
	}
}

// TestWhatIsARepeat: a code that an earlier airing of the copy really showed.
func TestWhatIsARepeat(t *testing.T) {
	a, at := planned()
	earlier := a
	earlier.ID, earlier.Outcome, earlier.StartedAt = "b", schedule.Aired, at.AddDate(0, 0, -7)
	for name, x := range map[string]struct {
		code    Code
		outcome schedule.Outcome
		lasted  time.Duration
		copyID  string
		want    bool
	}{
		"aired a week ago":                   {firstCode, schedule.Aired, 30 * time.Minute, "k", true},
		"nobody said what happened":          {firstCode, schedule.Planned, 30 * time.Minute, "k", false},
		"dropped":                            {firstCode, schedule.Dropped, 30 * time.Minute, "k", false},
		"cut off at the code's moment":       {firstCode, schedule.Partial, time.Minute, "k", false},
		"cut off just after":                 {firstCode, schedule.Partial, time.Minute + time.Second, "k", true},
		"cut off before the second code":     {secondCode, schedule.Partial, 11 * time.Minute, "k", false},
		"another copy with codes of its own": {firstCode, schedule.Aired, 30 * time.Minute, "k2", false},
	} {
		e := earlier
		e.Outcome, e.EndedAt, e.CopyID = x.outcome, e.StartedAt.Add(x.lasted), x.copyID
		if got := shownBefore(x.code, a, []schedule.Airing{a, e}, at.Add(2*time.Minute)); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	later := earlier
	later.StartedAt, later.EndedAt = at.AddDate(0, 0, 7), at.AddDate(0, 0, 7).Add(30*time.Minute)
	if shownBefore(firstCode, a, []schedule.Airing{a, later}, at.Add(2*time.Minute)) {
		t.Error("an airing after it made it a repeat")
	}
}

// TestCodesAsTyped: what thumbs and scanners send is the same code.
func TestCodesAsTyped(t *testing.T) {
	for _, typed := range []string{"ACD347", " acd347 ", "acd 347", "ACD-347", "a.c.d 3-4-7"} {
		if got := NormalCode(typed); got != "ACD347" {
			t.Errorf("%q is %q", typed, got)
		}
	}
	if strings.ContainsAny(CodeLetters, "0OQ1IL2Z5S6G8BUV") || len(CodeLetters) != 20 {
		t.Errorf("letters %s hold look-alikes", CodeLetters)
	}
}
