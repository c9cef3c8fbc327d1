// Package television keeps what is known of the audience of airings: figures
// that stations and operators hand in, imported files, check-in codes, and roll
// calls of classes. Figures are only ever appended; rules (rule_*.go) are pure
// functions.
package television

import (
	"time"

	"lenlop/services/schedule"
	"lenlop/services/viewership/disclosure"
)

// Grade is the kind of evidence of a television figure (A to E).
type Grade string

// The grades: identified, codes, sampled, operator, stated.
const (
	GradeA Grade = "A"
	GradeB Grade = "B"
	GradeC Grade = "C"
	GradeD Grade = "D"
	GradeE Grade = "E"
)

// Metrics of a television figure.
const (
	Contacts        = "contacts" // lượt: a person may be counted several times
	Viewers         = "viewers"  // different people or households of one airing
	AverageAudience = "average_minute_audience"
	PeakAudience    = "peak_minute_audience"
)

// Units of a television figure.
const (
	Persons    = "persons"
	Households = "households"
	Plays      = "plays"
	Codes      = "codes" // check-in codes entered by anonymous devices
)

// FigureState is whether a figure counts.
type FigureState string

// The states of a figure; they follow from its airing's outcome and from later
// rows, and are not stored.
const (
	Counted  FigureState = "counted"
	Held     FigureState = "held"     // as-run does not say yet whether the airing happened
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
	Unit       string // Persons, Households, Plays
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

// AiringFigures is one airing with what is known of it. No Figures means "no
// data", which is not zero.
type AiringFigures struct {
	Airing   schedule.Airing
	Channel  schedule.Channel
	Figures  []Figure // current ones first, replaced ones after with ReplacedBy set
	Codes    int64    // check-in codes entered by anonymous devices (grade B)
	CheckIns CheckInCount
	Survey   ClassSurvey // what classes reported
}

// NamedPersons is how many different persons are known by name to have watched
// (grade A): by check-in or roll call.
func (a AiringFigures) NamedPersons() int64 { return a.CheckIns.Persons + a.Survey.Named }

// HasCounted reports whether a figure that counts was handed in.
func (a AiringFigures) HasCounted() bool {
	for _, f := range a.Figures {
		if f.State == Counted {
			return true
		}
	}
	return false
}

// Headline is a lesson's television contacts from one kind of evidence. Figures
// of different grades or units are never added, so there may be several.
type Headline struct {
	Grade   Grade
	Unit    string
	Value   float64
	Airings int             // how many airings it adds up
	Mark    disclosure.Mark // hides few persons; Value is zero then
}
