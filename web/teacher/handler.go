// Package teacher is the teacher's desk: own lessons, drafting, uploading,
// progress, submitting; and the school head's view of the school's lessons.
package teacher

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// Handler is what the pages need.
type Handler struct {
	Lessons *lesson.Service
	// Uploads tells of an upload that can be resumed (upload.Service).
	Uploads interface {
		Current(ctx context.Context, by people.Person, lessonID string) (upload.Upload, bool, error)
	}
	Schools  school.Store
	People   people.Store
	Media    media.Store
	Captions Captions
	// Worksheets are the files that lessons give their students.
	Worksheets *worksheet.Service
	Questions  Questions
	Thumbs     Thumbs
	Classes    Classes
	Streams    page.Streams // where what plays is (stream.Handler)
	RollCalls  RollCalls
	Viewing    Viewing
	Sheets     page.Sheets // writes tables as files
	Zone       *time.Location
	Now        func() time.Time
	// MaxUpload is the largest recording in bytes, said before anything is sent.
	MaxUpload int64
}

// Routes of this audience.
func (r Handler) Routes() []page.Route {
	const one = "/teacher/lessons/:lesson"
	return append([]page.Route{
		{Method: http.MethodGet, Path: "/teacher", Action: people.ListLessons, Scope: page.Site, Handle: r.list},
		{Method: http.MethodGet, Path: "/teacher/lessons/new", Action: people.CreateLesson, Scope: page.Site,
			Handle: r.blank},
		{Method: http.MethodPost, Path: "/teacher/lessons/new", Action: people.CreateLesson, Scope: page.Site,
			Handle: r.draft},
		{Method: http.MethodGet, Path: one, Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.edit)},
		{Method: http.MethodPost, Path: one + "/save", Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.save)},
		{Method: http.MethodPost, Path: one + "/submit", Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.step("submitted", r.Lessons.Submit))},
		{Method: http.MethodPost, Path: one + "/retry", Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.step("retried", r.Lessons.Retry))},
		{Method: http.MethodPost, Path: one + "/bin", Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.step("binned", r.Lessons.Bin))},
		{Method: http.MethodPost, Path: one + "/restore", Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(r.step("restored", r.Lessons.Restore))},
		{Method: http.MethodPost, Path: one + "/withdraw", Action: people.WithdrawLesson, Scope: page.Object,
			Handle: page.SignedIn(r.withdraw)},
		{Method: http.MethodGet, Path: one + "/recording", Action: people.ReadRecording, Scope: page.Object,
			Handle: page.SignedIn(r.recording)},
		{Method: http.MethodGet, Path: "/school", Action: people.ReadSchool, Scope: page.Object,
			Handle: page.SignedIn(r.school)},
	}, slices.Concat(r.rollRoutes(), r.alongRoutes(one), r.careRoutes(one), r.questionRoutes(one))...)
}

// may is the check of a page whose object has been read.
func may(c echo.Context, a people.Action, o people.Object) error {
	if people.May(page.Who(c), a, o) {
		return nil
	}
	return errDenied
}
