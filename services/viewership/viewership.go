// Package viewership reads who watched what: the web's figures (playback) and
// television's (television) side by side, in a lesson's ledger, in the
// department's tables and in signed reports. Small numbers of people are
// suppressed (disclosure). What was sent is compared with what was watched in
// delivery.
package viewership

import (
	"time"

	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/television"
)

// WebFigures are a lesson's web figures over a period.
type WebFigures struct {
	Views, Viewers, Completions int64
	WatchSeconds                float64
	OfflineViews                int64 // of the views: delivered later by devices that were offline
	// of the views: from embedded players, whose viewers cannot be distinguished
	UnmatchedViews int64
	Excluded       map[string]int64 // reason -> excluded sessions
	Rules          []string         // "web-view/1", ...
}

// Ledger is everything known about who watched a lesson.
type Ledger struct {
	LessonID  string
	Web       WebFigures
	Airings   []television.AiringFigures
	Downloads int64
	Missing   []string              // codes of what is not known ("airing_without_figures")
	Headlines []television.Headline // contacts stated by operators, else by the station
	// Reach is how many of the grade's students it reached; nil while no
	// class of the grade has a roster.
	Reach      *Reach
	Identified Identified // everybody known by name, on a roster or not
}

// Groups of the department's table.
const (
	ByLesson  = "lesson"
	ByDay     = "day"
	BySubject = "subject"
	ByGrade   = "grade"
	BySchool  = "school"
	ByChannel = "channel"
	ByArea    = "area"
	// ByAll makes the table one row: a period's total, with its distinct viewers.
	ByAll = "all"

	ungrouped = "" // of Reader.Grouped: one group of everything
)

// Query of the department's table.
type Query struct {
	From, To       time.Time // local days, To exclusive
	By             string    // ByLesson (or ""), ByDay, ...
	Subject        string
	Grade          int
	School, Lesson string
	Area           string // with the areas below it
	Channel        string
	Teacher        string // person id of the lessons' teacher
	own            bool   // by those whose own numbers these are
}

// restricted reports whether the whole query is about one school or area, so
// that every row of its answer is a count of its people and small ones are hidden.
func (q Query) restricted() bool { return !q.own && (q.School != "" || q.Area != "") }

// badPeriod reports whether the query's period is empty.
func (q Query) badPeriod() bool { return badPeriod(q.From, q.To) }

func badPeriod(from, to time.Time) bool { return !from.IsZero() && !to.IsZero() && !from.Before(to) }

// Row of the department's table; television columns are separate by grade.
type Row struct {
	Key    string // id or value of the group
	Label  string
	Parent string // of an area: the one that contains it, when it has a row
	Depth  int    // of an area: how many areas contain it
	// Mark hides the web's figures of few people; they are then all zero here,
	// so that nothing downstream can show them.
	Mark           disclosure.Mark
	WebViews       int64
	WebViewers     int64
	WatchSeconds   float64
	Completions    int64
	Television     map[television.Grade]float64 // contacts by grade, of the grades that have one unit only
	Contacts       []television.Headline        // contacts by grade and unit, all of them
	OfflineViews   int64                        // of WebViews
	Airings        int64
	AiringsNoData  int64
	AiringsPlanned int64
}
