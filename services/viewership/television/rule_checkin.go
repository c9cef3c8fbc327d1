package television

import (
	"strings"
	"time"

	"lenlop/services/schedule"
)

// CheckInRule names the rules of this file.
const CheckInRule = "check-in/1"

// CodeLetters of check-in codes are letters and digits that are not confused
// when read off a distant screen: no 0 O Q, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V.
const CodeLetters = "3479ACDEFHJKMNPRTWXY"

// codeLength of a check-in code: 64 million codes.
const codeLength = 6

// CheckInState is whether a check-in counts.
type CheckInState string

// The states.
const (
	CheckInPending  CheckInState = "pending" // as-run does not say yet what happened
	CheckInCounted  CheckInState = "counted"
	CheckInRejected CheckInState = "rejected"
)

// NormalCode is the stored form of a code that was typed.
func NormalCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(typed)))
}

// Code is one of the two that are burned into a broadcast copy.
type Code struct {
	Code      string
	CopyID    string
	LessonID  string
	ChannelID string
	Second    bool
	Moment    time.Duration // into the copy, when it is shown first
}

// CheckIn is one viewer's proof of watching one airing.
type CheckIn struct {
	AiringID string
	Viewer   string
	Code     string    // the one entered first
	At       time.Time // when
	StayedAt time.Time // when the second code was entered; zero: it was not
	Repeat   bool      // the code was shown in an earlier airing already
	State    CheckInState
	Stayed   bool // the second code counts; follows from as-run like State
}

// codeReadable reports whether a code may have been read off an airing at a
// moment: from when it is shown until 15 minutes after the end. The planned times
// hold until as-run gives the real ones.
func codeReadable(a schedule.Airing, c Code, at time.Time) bool {
	from, to := a.StartsAt, a.EndsAt
	if a.Outcome.Happened() {
		from, to = a.StartedAt, a.EndedAt
	}
	if c.Second {
		from = from.Add(c.Moment)
	}
	return !at.Before(from) && !at.After(to.Add(schedule.CheckInAfter))
}

// airingForCode finds the airing that a code entered at a moment belongs to.
func airingForCode(c Code, airings []schedule.Airing, at time.Time) (a schedule.Airing, ok bool) {
	for _, x := range airings {
		if x.CopyID != c.CopyID || x.ChannelID != c.ChannelID || x.Outcome == schedule.Dropped ||
			!codeReadable(x, c, at) {
			continue
		}
		a, ok = x, true
	}
	return a, ok
}

// shownBefore reports whether an airing of the code's copy other than a had
// shown the code by then: one that was cut off before the code's moment had not.
func shownBefore(c Code, a schedule.Airing, airings []schedule.Airing, at time.Time) bool {
	for _, x := range airings {
		shown := x.StartedAt.Add(c.Moment)
		if x.ID != a.ID && x.CopyID == c.CopyID && x.Outcome.Happened() && shown.Before(x.EndedAt) && shown.Before(at) {
			return true
		}
	}
	return false
}

// Evaluated returns the check-in with its state set from what as-run says of its
// airing and of the other airings of the copy. codes are the two of the copy.
func (k CheckIn) Evaluated(a schedule.Airing, airings []schedule.Airing, codes map[string]Code, second Code) CheckIn {
	k.Repeat = shownBefore(codes[k.Code], a, airings, k.At)
	if a.Outcome == schedule.Planned {
		k.State, k.Stayed = CheckInPending, !k.StayedAt.IsZero()
		return k
	}
	first := a.Outcome.Happened() && codeReadable(a, codes[k.Code], k.At)
	k.Stayed = a.Outcome.Happened() && !k.StayedAt.IsZero() && codeReadable(a, second, k.StayedAt)
	k.State = CheckInRejected
	if first || k.Stayed {
		k.State = CheckInCounted
	}
	return k
}
