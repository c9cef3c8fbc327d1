package lesson

import (
	"time"

	"lenlop/services/fault"
)

// Recording is the file a teacher uploaded: never altered, and never lost once
// acknowledged as received. A refused one is kept until KeepUntil for its
// teacher, then removed.
type Recording struct {
	ID          string
	LessonID    string
	Key         string // media key
	Filename    string // as the teacher's machine named it; only ever shown, never used as a path
	Size        int64
	SHA256      string // hex; empty until the hashing job has run
	Claimed     string // hex SHA-256 the uploader said, or ""
	State       MediaState
	FailureCode string
	FailureArgs fault.Args
	ReceivedAt  time.Time
	KeepUntil   time.Time // zero: as long as the lesson lives
	GoneAt      time.Time // when the object was removed; zero: it is there
}
