// Package lesson is a lesson's life: drafted by a teacher, given a recording,
// submitted, returned or approved by a reviewer, published, withdrawn, binned.
package lesson

import (
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Status is the lesson's life, apart from what its recording goes through.
type Status string

// The statuses.
const (
	Draft     Status = "draft"
	Submitted Status = "submitted"
	Returned  Status = "returned"
	Published Status = "published"
	Withdrawn Status = "withdrawn"
)

// MediaState is what the newest recording goes through.
type MediaState string

// The media states.
const (
	None       MediaState = "none"
	Receiving  MediaState = "receiving"
	Checking   MediaState = "checking"
	Processing MediaState = "processing"
	Ready      MediaState = "ready"
	Failed     MediaState = "failed"
)

// Media is the state of the newest recording and the package that plays now.
type Media struct {
	State       MediaState
	Stage       string  // for people: "probe", "transcode", "verify", "publish"; a locale key
	Fraction    float64 // 0 to 1, never runs backwards for one recording
	RecordingID string  // newest recording, or ""
	MakingID    string  // package being made from it, or ""
	PackageID   string  // package that plays now, or ""; an older recording's until a replacement is verified
	Playable    bool    // PackageID can be played (perhaps still growing)
	FailureCode string  // stable code when State is Failed ("recording.not_media")
	FailureArgs fault.Args
	WarningCode string  // "recording.truncated" when something was salvaged
	Duration    float64 // seconds, of PackageID; 0 until playable
	Sounds      []Sound // of PackageID, when there are several to choose from
}

// Rendition is one encoding in the package that plays.
type Rendition struct {
	Name      string // "720p", "audio", "saver"
	Kind      string // "video", "audio"; KindFile, KindStoryboard
	Width     int
	Height    int
	Bandwidth int   // bits a second, peak over a segment, measured
	Bytes     int64 // all segments
	Codecs    string
	File      string // path below the package of what is one file; else ""
}

// The kinds of renditions that are one file each: "saver" and "sound" to be
// kept or played without playlists, and the index of the storyboard.
const (
	KindFile       = "file"
	KindStoryboard = "storyboard"
)

// Lesson is one teaching unit.
type Lesson struct {
	ID          string
	Title       string
	Description string
	Subject     string // school.Subject code
	Grade       int
	Week        int    // 0: none
	Language    string // BCP 47
	TeacherID   string
	UploaderID  string // who uploads, when not the teacher; else ""
	SchoolID    string
	Status      Status
	Media       Media
	Renditions  []Rendition
	ReturnNote  string  // the reviewer's words when returned
	ReturnAt    float64 // seconds into the recording, 0 when not given
	WithdrawnBy string
	Reason      string // why withdrawn
	PublishAt   time.Time
	PublishedAt time.Time
	SubmittedAt time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time // in the bin since; zero: not
	ApprovedBy  string    // reviewer, once approved; publication may still wait for PublishAt
	AfterAiring bool      // approved to be published once an airing of it has happened

	PreapprovedBy   string // the school head who has looked at it for the department, or ""
	PreapprovedAt   time.Time
	RereviewSince   time.Time // published, and changed since so that a reviewer must look again; zero: not
	RereviewReasons string    // what changed: Parts joined by ","
	Consent         Consent
	TakenDownAt     time.Time // off for everybody but reviewers and administrators since; zero: not
	TakenDownBy     string
}

// Limits of the text of a lesson, in characters.
const (
	MaxTitle       = 200
	MaxDescription = 4000
)

// Object is what the policy needs to know.
func (l Lesson) Object() people.Object {
	return people.Object{
		Owner: l.TeacherID, Uploader: l.UploaderID, School: l.SchoolID,
		Published: l.Status == Published && l.Media.Playable && l.TakenDownAt.IsZero(), Deleted: !l.DeletedAt.IsZero(),
		TakenDown: !l.TakenDownAt.IsZero(),
	}
}

// Text is what a person types about a lesson; nil pointers leave a value as it is.
type Text struct {
	Title, Description, Subject, Language *string
	Grade, Week                           *int
}

// Apply returns the lesson with the text changed, or a Form fault "lesson.invalid"
// with every wrong field. subjects are the codes that exist.
func (l Lesson) Apply(t Text, subjects map[string]school.Subject) (Lesson, error) {
	var bad []fault.Field
	if t.Title != nil {
		l.Title = strings.Join(strings.Fields(*t.Title), " ")
	}
	if t.Description != nil {
		l.Description = strings.TrimSpace(*t.Description)
	}
	if t.Subject != nil {
		l.Subject = *t.Subject
	}
	if t.Grade != nil {
		l.Grade = *t.Grade
	}
	if t.Week != nil {
		l.Week = *t.Week
	}
	if t.Language != nil {
		l.Language = *t.Language
	}
	if l.Language == "" {
		l.Language = "vi"
	}
	switch n := utf8.RuneCountInString(l.Title); {
	case n == 0:
		bad = append(bad, fault.Wrong("title", "field.required"))
	case n > MaxTitle:
		bad = append(bad, fault.Wrong("title", "field.too_long", "max", MaxTitle))
	case !people.Legible(l.Title):
		bad = append(bad, fault.Wrong("title", "field.bad_text"))
	}
	if utf8.RuneCountInString(l.Description) > MaxDescription {
		bad = append(bad, fault.Wrong("description", "field.too_long", "max", MaxDescription))
	} else if !people.Legible(l.Description) {
		bad = append(bad, fault.Wrong("description", "field.bad_text"))
	}
	subject, known := subjects[l.Subject]
	switch {
	case l.Subject == "":
		bad = append(bad, fault.Wrong("subject", "field.required"))
	case !known:
		bad = append(bad, fault.Wrong("subject", "lesson.unknown_subject"))
	}
	switch {
	case l.Grade == 0:
		bad = append(bad, fault.Wrong("grade", "field.required"))
	case l.Grade < school.MinGrade || l.Grade > school.MaxGrade:
		bad = append(bad, fault.Wrong("grade", "field.out_of_range", "min", school.MinGrade, "max", school.MaxGrade))
	case known && (l.Grade < subject.FromGrade || l.Grade > subject.ToGrade):
		bad = append(bad, fault.Wrong("subject", "lesson.subject_not_in_grade", "grade", l.Grade, "from",
			subject.FromGrade, "to", subject.ToGrade))
	}
	if l.Week < 0 || l.Week > school.MaxWeek {
		bad = append(bad, fault.Wrong("week", "field.out_of_range", "min", school.MinWeek, "max", school.MaxWeek))
	}
	if !languageTag(l.Language) {
		bad = append(bad, fault.Wrong("language", "lesson.bad_language"))
	}
	return l, fault.Form("lesson.invalid", bad...)
}

// languageTag accepts the shape of a BCP 47 tag: a language of two to eight
// letters and subtags of one to eight letters or digits.
func languageTag(s string) bool {
	if len(s) > 35 {
		return false
	}
	for i, sub := range strings.Split(s, "-") {
		if len(sub) < 1 || len(sub) > 8 || i == 0 && len(sub) < 2 {
			return false
		}
		for _, r := range sub {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
			if !letter && (i == 0 || r < '0' || r > '9') {
				return false
			}
		}
	}
	return true
}
