// Package viewership is who watched what: on the web by playback sessions and
// heartbeats, on television by figures that others hand in; both side by side
// in a lesson's ledger. Rules are pure functions in rule_*.go.
package viewership

import (
	"time"

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
	UserAgent string    // only to know declared robots; not stored
	SentAt    time.Time // the device's clock when it asks for a grant; zero when not said
}

// Opened is a playback session for a player.
type Opened struct {
	Session string
	Token   string // signed (HMAC): what a heartbeat must carry
	// DeviceToken is a grant beside a signed-in person's own, for whoever
	// watches on this device once that person has signed out; else "".
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
	Played    []Interval // all so far, merged (only the new ones do too)
	Seconds   *float64   // total played, replays included; nil: length of the union
	Position  float64
	Rate      float64
	SentAt    time.Time // the device's clock; zero when not said
	Run       string    // offline: one visit under a grant
	StartedAt time.Time // offline
	Heat      []int     // how often each bin (BinWidth) was played so far; may be left out
}

// BeatResult answers a batch: everything accepted is on disk.
type BeatResult struct {
	Accepted, Refused int
	NextSeconds       int
	Reasons           []string // stable codes of what was refused, in order
}

// Grade says what kind of evidence a television figure is (A to E).
type Grade string

// The grades: identified, codes, sampled, operator, stated.
const (
	GradeA Grade = "A"
	GradeB Grade = "B"
	GradeC Grade = "C"
	GradeD Grade = "D"
	GradeE Grade = "E"
)

// FigureState says whether a figure counts.
type FigureState string

// The states of a figure; they follow from its airing's outcome and from later
// rows, and are not stored.
const (
	Counted  FigureState = "counted"
	Held     FigureState = "held"     // as-run has not said yet whether the airing happened
	Rejected FigureState = "rejected" // the airing did not happen
	Replaced FigureState = "replaced" // a later row corrects it
)

// Figure is one row of television evidence; rows are only ever appended.
type Figure struct {
	ID         string
	AiringID   string
	LessonID   string
	ChannelID  string
	Metric     string // Contacts, Viewers, AverageAudience, PeakAudience
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
	ReplacedBy string // id of the row that corrects it, or ""; when read
	State      FigureState
}

// WebFigures are a lesson's web figures over a period.
type WebFigures struct {
	Views, Viewers, Completions int64
	WatchSeconds                float64
	OfflineViews                int64            // of the views: delivered later by devices that were offline
	UnmatchedViews              int64            // of the views: from embedded players, whose viewers cannot be told from others
	Excluded                    map[string]int64 // reason -> sessions left out
	Rules                       []string         // "web-view/1", ...
}

// AiringFigures is one airing with what is known of it. No Figures means "no
// data", which is not zero.
type AiringFigures struct {
	Airing   schedule.Airing
	Channel  schedule.Channel
	Figures  []Figure // current ones first, replaced ones after with ReplacedBy set
	Codes    int64    // check-in codes entered by anonymous devices (grade B)
	CheckIns CheckInCount
	Asking   Asking // what classes said
}

// ByName is how many different persons are known by name to have watched
// (grade A): by check-in or roll call.
func (a AiringFigures) ByName() int64 { return a.CheckIns.Persons + a.Asking.Named }

// Headline is a lesson's television contacts from one kind of evidence. Figures
// of different grades or units are never added, so there may be several.
type Headline struct {
	Grade   Grade
	Unit    string
	Value   float64
	Airings int  // how many airings it adds up
	Mark    Mark // hides few persons; Value is zero then
}

// Ledger is everything known about who watched a lesson.
type Ledger struct {
	LessonID  string
	Web       WebFigures
	Airings   []AiringFigures
	Downloads int64
	Missing   []string   // codes of what is not known ("airing_without_figures")
	Headlines []Headline // contacts stated by operators, else by the station
	// Reach is how many of the grade's students it reached; nil while no
	// class of the grade has a roster.
	Reach      *Reach
	Identified Identified // everybody known by name, on a roster or not
}

// Query of the department's table.
type Query struct {
	From, To       time.Time // local days, To left out
	By             string    // lesson (or ""), day, subject, grade, school, area, channel; all: one row
	Subject        string
	Grade          int
	School, Lesson string
	Area           string // with the areas below it
	Channel        string
	Teacher        string // person id of the lessons' teacher
	own            bool   // asked by those whose own numbers these are
}

// Row of the department's table; television columns stay apart by grade.
type Row struct {
	Key    string // id or value of the group
	Label  string
	Parent string // of an area: the one around it, when it has a row
	Depth  int    // of an area: how many are around it
	// Mark hides the web's figures of few people; they are then all zero here,
	// so that nothing downstream can show them.
	Mark           Mark
	WebViews       int64
	WebViewers     int64
	WatchSeconds   float64
	Completions    int64
	Television     map[Grade]float64 // contacts by grade, of the grades that have one unit only
	Contacts       []Headline        // contacts by grade and unit, all of them
	OfflineViews   int64             // of WebViews
	Airings        int64
	AiringsNoData  int64
	AiringsPlanned int64
}

// Bin is one hundredth of a recording (at least 1 s) in the retention chart.
type Bin struct {
	From, To float64 // seconds
	Viewers  int64
	Plays    int64
	Share    float64 // of the package's viewers, 0 to 1
}
