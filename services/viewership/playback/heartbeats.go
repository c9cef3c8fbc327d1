package playback

import (
	"context"
	"math"
	"time"

	"lenlop/services/fault"
)

// Limits of what a heartbeat may say.
const (
	MaxHeartbeats = 100  // heartbeats in one request
	MaxPlayed     = 2000 // intervals in one heartbeat, and in a session's union
	// endSlack is how far beyond the recording's end, in milliseconds, a
	// player's clock may run; it is clamped.
	endSlack = 1_000
	// maxSeconds is more than a day's session can hold at the fastest rate.
	maxSeconds = fastest*24*60*60 + slack/1000
	maxPlays   = 10_000 // of one bin
	maxRunID   = 64
)

// Codes of refused heartbeats, each fault.Invalid when it refuses all.
const (
	BadToken        = "heartbeat.bad_token"
	Expired         = "heartbeat.expired"
	BadNumber       = "heartbeat.bad_number"
	BadInterval     = "heartbeat.bad_interval"
	BeyondEnd       = "heartbeat.beyond_end"
	BadSeconds      = "heartbeat.bad_seconds"
	BadRun          = "heartbeat.bad_run"
	TooManyPieces   = "heartbeat.too_many_intervals"
	TooManySessions = "heartbeat.too_many_sessions"
)

// beat is a heartbeat that passed every check that needs no database.
type beat struct {
	session Session // as it would be made: no intervals yet
	state   State
}

// Beat records heartbeats; it returns when the accepted ones are durable. A bad
// token, interval or number refuses only that heartbeat; when all are refused
// the error is that of the first (fault.Invalid "heartbeat.bad_token", ...).
// More than MaxHeartbeats are refused together: "heartbeat.too_many".
func (s *Service) Beat(ctx context.Context, hs []Heartbeat) (HeartbeatResult, error) {
	res := HeartbeatResult{NextSeconds: s.heartbeatSeconds()}
	switch {
	case len(hs) == 0:
		return res, fault.New(fault.Invalid, "heartbeat.empty")
	case len(hs) > MaxHeartbeats:
		return res, fault.New(fault.Invalid, "heartbeat.too_many", "max", MaxHeartbeats)
	}
	now := s.cfg.Now()
	beats := make([]beat, 0, len(hs))
	codes := make([]string, len(hs)) // "" while a heartbeat stands
	at := make([]int, 0, len(hs))    // beats[k] is hs[at[k]]
	for i, h := range hs {
		b, code := s.check(h, now)
		if codes[i] = code; code == "" {
			beats, at = append(beats, b), append(at, i)
		}
	}
	if len(beats) > 0 {
		refused, err := s.batcher.add(ctx, beats)
		if err != nil {
			return res, err
		}
		for k, code := range refused {
			codes[at[k]] = code
		}
	}
	for _, code := range codes {
		if code == "" {
			res.Accepted++
			continue
		}
		res.Refused++
		res.Reasons = append(res.Reasons, code)
	}
	if res.Accepted == 0 {
		return res, fault.New(fault.Invalid, res.Reasons[0])
	}
	return res, nil
}

// check verifies one heartbeat; code says why it is refused.
func (s *Service) check(h Heartbeat, now time.Time) (b beat, code string) {
	p, ok := s.signer.open(h.Token)
	if !ok {
		return b, BadToken
	}
	issue := time.UnixMilli(p.Issued)
	if now.After(p.expires()) {
		return b, Expired
	}
	b.session = Session{
		ID: p.Session, Viewer: p.Viewer, Day: p.Day, LessonID: p.Lesson, PackageID: p.Package,
		Issued: p.Issued, Last: p.Issued, Duration: p.Duration, Excluded: p.Excluded, Embedded: p.Embedded,
	}
	switch {
	case p.Grant:
		if !validRun(h.Run) || h.StartedAt.IsZero() {
			return b, BadRun
		}
		start := RunStart(h.StartedAt, time.Duration(p.Offset)*time.Millisecond, issue, now)
		if !RunInTime(start, issue, now) {
			return b, Expired
		}
		b.session.ID += "." + h.Run
		b.session.Offline, b.session.Issued, b.session.Last, b.session.Day = true, start.UnixMilli(), start.UnixMilli(),
			s.localDay(start)
	case h.Run != "":
		return b, BadRun
	}
	if !finite(h.Position) || !finite(h.Rate) {
		return b, BadNumber
	}
	if b.state, code = checkState(h, p.Duration); code != "" {
		return b, code
	}
	b.state.Arrival = now
	return b, ""
}

// checkState turns what was played into milliseconds.
func checkState(h Heartbeat, duration int64) (State, string) {
	var st State
	if len(h.Played) > MaxPlayed {
		return st, TooManyPieces
	}
	spans := make([]Span, 0, len(h.Played))
	for _, iv := range h.Played {
		if !finite(iv[0]) || !finite(iv[1]) || iv[0] < 0 || iv[1] < iv[0] {
			return st, BadInterval
		}
		if iv[1] > float64(duration+endSlack)/1000 {
			return st, BeyondEnd
		}
		spans = append(spans, Span{min(millis(iv[0]), duration), min(millis(iv[1]), duration)})
	}
	st.Played = Union(spans)
	if h.Seconds != nil {
		if x := *h.Seconds; !finite(x) || x < 0 || x > maxSeconds {
			return st, BadSeconds
		}
		ms := millis(*h.Seconds)
		st.Seconds = &ms
	}
	if len(h.Heat) > BinCount(duration) {
		return st, BadNumber
	}
	for _, n := range h.Heat {
		if n < 0 || n > maxPlays {
			return st, BadNumber
		}
		st.Heat = append(st.Heat, int32(n))
	}
	return st, ""
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func millis(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }

// validRun accepts an identifier of letters, digits and hyphens.
func validRun(s string) bool {
	if s == "" || len(s) > maxRunID {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}
