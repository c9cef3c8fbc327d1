// Package station is the television station's desk: schedule, as-run, figures.
package station

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// Handler is what the pages need.
type Handler struct {
	Schedule *schedule.Service
	Lessons  *lesson.Service
	Copies   *production.Copies
	// Figures takes figures, by hand and in files (television.Service).
	Figures interface {
		PreviewImport(ctx context.Context, by people.Person, filename string, data []byte,
			d television.ImportDefaults) (television.Preview, error)
		CommitImport(ctx context.Context, by people.Person, id string, sure bool) (television.Preview, error)
		LastImport(ctx context.Context, by people.Person, channelID string) (television.ImportDefaults, error)
		ImportedFiles(ctx context.Context, by people.Person, channelID string) ([]television.Import, error)
		ImportedFile(ctx context.Context, by people.Person, id string) (television.Import, error)
		PreviewMinutes(ctx context.Context, by people.Person, filename string, data []byte,
			d television.ImportDefaults) (television.MinutesPreview, error)
		CommitMinutes(ctx context.Context, by people.Person, id string, sure bool) (television.MinutesPreview, error)
		AddFigure(ctx context.Context, by people.Person, f television.Figure) (television.Figure, error)
	}
	// Views reads the ledger of a lesson (viewership.Service).
	Views interface {
		Ledger(ctx context.Context, by people.Person, lessonID string,
			perHome viewership.Range) (viewership.Ledger, error)
	}
	Schools school.Store
	People  people.Store
	Now     func() time.Time
	Zone    *time.Location // of every time typed and shown
}

// Routes of this audience.
func (r Handler) Routes() []page.Route {
	const airing, channel = "/station/airings/:airing", "/station/channels/:channel"
	return []page.Route{
		{Method: http.MethodGet, Path: "/station", Action: people.ReadSchedule, Scope: page.Site, Handle: r.week},
		{Method: http.MethodGet, Path: "/station/airings/new", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.blank},
		{Method: http.MethodPost, Path: "/station/airings/new", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.plan},
		{Method: http.MethodGet, Path: airing, Action: people.ReadSchedule, Scope: page.Site, Handle: r.airing},
		{Method: http.MethodPost, Path: airing + "/plan", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.replan},
		{Method: http.MethodPost, Path: airing + "/remove", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.remove},
		{Method: http.MethodPost, Path: airing + "/as-run", Action: people.ReportAsRun, Scope: page.Site,
			Handle: r.asRun},
		{Method: http.MethodPost, Path: airing + "/figures", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.figure},
		{Method: http.MethodPost, Path: "/station/rules", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.saveRule},
		{Method: http.MethodGet, Path: "/station/figures", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.figureImport},
		{Method: http.MethodPost, Path: "/station/figures", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.previewFigures,
			Body:   television.MaxImportBytes + page.FormBytes},
		{Method: http.MethodPost, Path: "/station/figures/:import/commit", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.commitFigures},
		{Method: http.MethodGet, Path: "/station/as-run", Action: people.ReportAsRun, Scope: page.Site,
			Handle: r.asRunImport},
		{Method: http.MethodPost, Path: "/station/as-run", Action: people.ReportAsRun, Scope: page.Site,
			Handle: r.previewAsRun,
			Body:   schedule.MaxLogBytes + page.FormBytes},
		{Method: http.MethodPost, Path: "/station/as-run/:import/commit", Action: people.ReportAsRun, Scope: page.Site,
			Handle: r.commitAsRun},
		{Method: http.MethodGet, Path: "/station/figures/:import/file", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.figureFile},
		{Method: http.MethodGet, Path: "/station/as-run/:import/file", Action: people.ReportAsRun, Scope: page.Site,
			Handle: r.logFile},
		{Method: http.MethodGet, Path: "/station/minutes", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.minutes},
		{Method: http.MethodPost, Path: "/station/minutes", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.previewMinutes,
			Body:   television.MaxImportBytes + page.FormBytes},
		{Method: http.MethodPost, Path: "/station/minutes/:import/commit", Action: people.WriteFigure, Scope: page.Site,
			Handle: r.commitMinutes},
		{Method: http.MethodGet, Path: "/station/guides", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.guide},
		{Method: http.MethodPost, Path: "/station/guides", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.previewGuide,
			Body:   schedule.MaxGuideBytes + page.FormBytes},
		{Method: http.MethodPost, Path: "/station/guides/:guide/commit", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.commitGuide},
		{Method: http.MethodPost, Path: airing + "/repeats", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.repeat},
		{Method: http.MethodPost, Path: airing + "/copies", Action: people.EditSchedule, Scope: page.Site,
			Handle: r.makeCopy},
		{Method: http.MethodGet, Path: "/station/copies/:copy", Action: people.ReadSchedule, Scope: page.Site,
			Handle: r.sheet},
		{Method: http.MethodGet, Path: "/station/channels/new", Action: people.EditChannel, Scope: page.Site,
			Handle: r.blankChannel},
		{Method: http.MethodPost, Path: "/station/channels/new", Action: people.EditChannel, Scope: page.Site,
			Handle: r.saveChannel},
		{Method: http.MethodGet, Path: channel, Action: people.EditChannel, Scope: page.Site, Handle: r.channel},
		{Method: http.MethodPost, Path: channel, Action: people.EditChannel, Scope: page.Site, Handle: r.saveChannel},
	}
}

// may says what the reader is offered on a page.
func may(c echo.Context, a people.Action) bool {
	return people.May(page.Who(c), a, people.Object{})
}

// lessons reads those that airings name, once each; one that is gone leaves an
// empty title behind.
func (r Handler) lessons(ctx context.Context, by people.Person,
	as []schedule.Airing) (map[string]lesson.Lesson, error) {
	m := map[string]lesson.Lesson{}
	for _, a := range as {
		if _, known := m[a.LessonID]; known {
			continue
		}
		l, err := r.Lessons.Read(ctx, by, a.LessonID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		m[a.LessonID] = l
	}
	return m, nil
}
