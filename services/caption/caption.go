// Package caption is what is written along with a lesson: its captions in
// several languages, and its chapters.
package caption

import (
	"context"
	"time"
)

// The bounds of captions. A lesson of four hours with a caption every two
// seconds has 7,200.
const (
	MaxBytes   = 1 << 20 // of a file as it is handed in
	MaxCues    = 10_000
	MaxCueText = 500 // characters of one caption
	MaxLines   = 6   // of one caption
)

// Cue is one caption: text shown over a stretch of the lesson.
type Cue struct {
	From, To time.Duration
	// Text is WebVTT's own markup, cleaned: escaped text, line breaks, and
	// nothing but <b>, <i> and <u>, each closed.
	Text string
}

// Source says where captions came from.
type Source string

// The sources.
const (
	Uploaded Source = "uploaded" // a file that a person handed in
	Edited   Source = "edited"   // typed or changed on the site
	Found    Source = "found"    // a text track inside the recording
)

// Caption is a lesson's captions in one language.
type Caption struct {
	LessonID  string
	Language  string // BCP 47; lesson.Undetermined only while offered
	Key       string // media key; another for each version
	Body      string // the WebVTT itself, as stored; Captions leaves it out
	Cues      int
	Size      int64 // bytes
	Source    Source
	Offered   bool // found inside the recording, and not shown until its teacher says so
	UpdatedAt time.Time
	UpdatedBy string // person id, or "" when the system did it
}

// Store keeps captions and chapters. Missing captions are fault.NotFound
// "caption.not_found". Calls join the transaction in ctx.
type Store interface {
	// Captions of the lessons in order of lesson and language, without their bodies.
	Captions(ctx context.Context, lessons ...string) ([]Caption, error)
	// Caption with its body.
	Caption(ctx context.Context, lesson, language string) (Caption, error)
	// SaveCaption adds or replaces the lesson's captions in the language.
	SaveCaption(ctx context.Context, c Caption) error
	DeleteCaption(ctx context.Context, lesson, language string) error
	// Chapters of a lesson in order of time; none is no error.
	Chapters(ctx context.Context, lesson string) ([]Chapter, error)
	// ChaptersByLesson of several lessons, by lesson.
	ChaptersByLesson(ctx context.Context, lessons ...string) (map[string][]Chapter, error)
	SaveChapters(ctx context.Context, lesson string, list []Chapter) error
	// Forget removes all of a lesson's captions and chapters.
	Forget(ctx context.Context, lesson string) error
}
