// Package playback counts who watched lessons on the web: playback sessions,
// their heartbeats, and the credits and totals that the counting rules
// (rule_*.go) make of them. Rules are pure functions; a heartbeat is
// acknowledged only after it is durable.
package playback

import (
	"time"

	"lenlop/services/people"
)

// Interval is a stretch of media time that was played, in seconds, From < To.
type Interval [2]float64

// OpenRequest asks for a playback session.
type OpenRequest struct {
	LessonID  string
	Person    people.Person // zero: anonymous
	Viewer    string        // device identifier from the cookie or viewerToken; "" makes a new one
	Offline   bool          // asks for an offline grant instead
	Embedded  bool
	UserAgent string    // only to recognise declared robots; not stored
	SentAt    time.Time // the device's clock when it asks for a grant; zero when unknown
}

// Opened is a playback session for a player.
type Opened struct {
	Session string
	Token   string // signed (HMAC): what a heartbeat must carry
	// DeviceToken is a second grant beside a signed-in person's own, for
	// viewing on this device after that person has signed out; else "".
	DeviceToken      string
	PackageID        string // what the session may report on
	Viewer           string // device identifier to keep
	HeartbeatSeconds int
	IssuedAt         time.Time
	ExpiresAt        time.Time
}

// Heartbeat is the state of a session so far, as a player reports it.
type Heartbeat struct {
	Token     string
	Sequence  int64
	Played    []Interval // all so far, merged; sending only the new ones has the same effect
	Seconds   *float64   // total played, replays included; nil: length of the union
	Position  float64
	Rate      float64
	SentAt    time.Time // the device's clock; zero when unknown
	Run       string    // offline: one visit under a grant
	StartedAt time.Time // offline
	Heat      []int     // how often each bin (BinWidth) was played so far; optional
}

// HeartbeatResult answers a batch: everything accepted is on disk.
type HeartbeatResult struct {
	Accepted, Refused int
	NextSeconds       int
	Reasons           []string // stable codes of the refused heartbeats, in order
}

// Rules are the versions of the rules that make the web's figures.
func Rules() []string {
	return []string{CreditRule, ViewRule, WatchRule, CompletionRule, FlagRule, OfflineRule}
}
