// Package viewership is who watched what: on the web by playback sessions and
// heartbeats, on television by figures that others hand in; both side by side
// in a lesson's ledger. Rules are pure functions in rule_*.go.
package viewership

import (
	"context"
	"errors"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// Interval is a stretch of media time that was played, in seconds, From < To.
type Interval [2]float64

// OpenRequest asks for a playback session.
type OpenRequest struct {
	LessonID  string
	Person    people.Person // zero: anonymous
	Viewer    string        // device identifier from the cookie or viewerToken; "" makes a new one
	Offline   bool          // asks for a grant instead
	Embedded  bool
	UserAgent string // only to know declared robots; not stored
}

// Opened is a playback session for a player.
type Opened struct {
	Session          string
	Token            string // signed (HMAC): what a heartbeat must carry
	Viewer           string // device identifier to keep
	HeartbeatSeconds int
	IssuedAt         time.Time
	ExpiresAt        time.Time
}

// Heartbeat is the state of a session so far, as a player reports it.
type Heartbeat struct {
	Token     string
	Sequence  int64
	Played    []Interval // all so far, merged (only the new ones do too)
	Seconds   *float64   // total played, replays included; nil: length of the union
	Position  float64
	Rate      float64
	SentAt    time.Time // the device's clock; zero when not said
	Run       string    // offline: one visit under a grant
	StartedAt time.Time // offline
}

// BeatResult answers a batch: everything accepted is on disk.
type BeatResult struct {
	Accepted, Refused int
	NextSeconds       int
	Reasons           []string // stable codes of what was refused, in order
}

// Grade says what kind of evidence a television figure is (A to E).
type Grade string

// Figure is one row of television evidence; rows are only ever appended.
type Figure struct {
	ID         string
	AiringID   string
	LessonID   string
	ChannelID  string
	Metric     string // "contacts", "average_minute_audience", "peak_minute_audience"
	Value      float64
	Unit       string // "persons", "households", "plays"
	Grade      Grade
	Source     string // in words: "Phiếu của đài ngày 12/4"
	Method     string
	HandedInBy string
	ImportID   string // file and row it came from, or ""
	ImportRow  int
	At         time.Time
	Replaces   string // id of the row it corrects, or ""
}

// WebFigures are a lesson's web figures over a period.
type WebFigures struct {
	Views, Viewers, Completions int64
	WatchSeconds                float64
	OfflineViews                int64
	Excluded                    map[string]int64 // reason -> sessions left out
	Rules                       []string         // "web-view/1", ...
}

// AiringFigures is one airing with what is known of it. No Figures means "no
// data", which is not zero.
type AiringFigures struct {
	Airing  schedule.Airing
	Channel schedule.Channel
	Figures []Figure // current ones first, replaced ones after with ReplacedBy set by the page
	Codes   int64    // check-in codes entered (grade B)
}

// Ledger is everything known about who watched a lesson.
type Ledger struct {
	LessonID  string
	Web       WebFigures
	Airings   []AiringFigures
	Downloads int64
	Missing   []string // codes of what is not known ("airing_without_figures")
}

// Query of the department's table.
type Query struct {
	From, To       time.Time // local days, To left out
	By             string    // lesson, day, subject, grade, school, channel
	Subject        string
	Grade          int
	School, Lesson string
	Channel        string
}

// Row of the department's table; television columns stay apart by grade.
type Row struct {
	Key            string // id or value of the group
	Label          string
	WebViews       int64
	WebViewers     int64
	WatchSeconds   float64
	Completions    int64
	Television     map[Grade]float64 // headline contacts by grade
	Airings        int64
	AiringsNoData  int64
	AiringsPlanned int64
}

// Bin is one hundredth of a recording (at least 1 s) in the retention chart.
type Bin struct {
	From, To float64 // seconds
	Viewers  int64
	Plays    int64
}

var errStub = errors.New("viewership: to be written")

// Service is the room's face.
type Service struct{}

// Open starts a playback session. Faults: "lesson.not_found", "access.denied".
func (s *Service) Open(ctx context.Context, r OpenRequest) (Opened, error) { return Opened{}, errStub }

// Beat takes heartbeats; it returns when the accepted ones are durable. A bad
// token, interval or number refuses that heartbeat alone; when every one is
// refused the error says why (fault.Invalid "heartbeat.bad_token", ...).
func (s *Service) Beat(ctx context.Context, hs []Heartbeat) (BeatResult, error) {
	return BeatResult{}, errStub
}

// AddFigure appends a television figure to an airing. Faults: "access.denied",
// "figure.invalid" with fields, "airing.not_found", "airing.did_not_happen".
func (s *Service) AddFigure(ctx context.Context, by people.Person, f Figure) (Figure, error) {
	return f, errStub
}

// Ledger of one lesson.
func (s *Service) Ledger(ctx context.Context, by people.Person, lessonID string) (Ledger, error) {
	return Ledger{}, errStub
}

// Retention of one lesson's playing package.
func (s *Service) Retention(ctx context.Context, by people.Person, lessonID string) ([]Bin, error) {
	return nil, errStub
}

// Table is the department's view.
func (s *Service) Table(ctx context.Context, by people.Person, q Query) ([]Row, error) {
	return nil, errStub
}

var _ = fault.Internal
