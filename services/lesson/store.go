package lesson

import (
	"context"
	"time"
)

// Filter of a list; zero values mean any. Page with After (the id of the last
// lesson of the page before) and Limit.
type Filter struct {
	Status  []Status
	Media   []MediaState
	Subject string
	Grade   int
	Week    int
	Teacher string
	CaredBy string // its teacher or its uploader
	School  string
	Deleted bool // the deleted lessons instead of the others
	// Of the reviewers' queue: those that wait for a decision, those approved
	// whose time has not come, those a head has looked at, those that changed
	// after they were published.
	Undecided, Approved, Preapproved, Again bool
	After                                   string
	Limit                                   int
	OldFirst                                bool // reviewers' queue: longest waiting first
}

// Store keeps lessons and recordings. Missing rows are fault.NotFound
// "lesson.not_found" (or "recording.not_found"). Calls join the transaction in ctx.
type Store interface {
	Lesson(ctx context.Context, id string) (Lesson, error)
	// Lock reads a lesson and keeps others from changing it until the
	// transaction in ctx ends. Outside one it is an error.
	Lock(ctx context.Context, id string) (Lesson, error)
	Save(ctx context.Context, l Lesson) error
	// SetProgress stores the stage of the lesson's recording and the greater of its
	// fraction and the stored one, and changes nothing else. It reports whether the
	// recording is still the lesson's newest and in the state Processing.
	SetProgress(ctx context.Context, lessonID, recordingID, stage string, fraction float64) (bool, error)
	// Lessons lists newest first (OldFirst: by SubmittedAt), with the id to
	// continue after, or "" at the end.
	Lessons(ctx context.Context, f Filter) (items []Lesson, next string, err error)
	RecordingStore
}

// Names are what a lesson names by id; "" for what is gone.
type Names struct {
	Teacher, School    string
	Subject, SubjectEn string
}

// RecordingStore keeps recordings.
type RecordingStore interface {
	Recording(ctx context.Context, id string) (Recording, error)
	SaveRecording(ctx context.Context, r Recording) error
	// Recordings of a lesson, newest first.
	Recordings(ctx context.Context, lesson string) ([]Recording, error)
	// RecordingsDue lists recordings whose KeepUntil has passed and whose
	// object has not been removed yet.
	RecordingsDue(ctx context.Context, now time.Time, limit int) ([]Recording, error)
}

// Index is told, inside the transaction, that a lesson's place in the
// catalogue may have changed (catalog.Service implements it).
type Index interface {
	Changed(ctx context.Context, lessonID string) error
}
