package shared

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Problems is what the pages need.
type Problems struct {
	Problems *feedback.Service
	Lessons  interface {
		Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error)
	}
	Schools school.Store
}

// ListPath is the page of those who answer.
const ListPath = "/problems"

// Routes of these pages.
func (r Problems) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/lessons/:lesson/problem", Action: people.WatchLesson, Scope: page.Object,
			Handle: r.form},
		{Method: http.MethodPost, Path: "/lessons/:lesson/problem", Action: people.WatchLesson, Scope: page.Object,
			Handle: r.report},
		{Method: http.MethodGet, Path: ListPath, Action: people.AnswerProblem, Scope: page.Handler,
			Handle: page.SignedIn(r.list)},
		{Method: http.MethodPost, Path: "/lessons/:lesson/problems/answer", Action: people.AnswerProblem,
			Scope: page.Object, Handle: page.SignedIn(r.answer)},
	}
}

// watched is the lesson, for somebody who may watch it.
func (r Problems) watched(c echo.Context) (lesson.Lesson, error) {
	by := page.Who(c)
	l, err := r.Lessons.Read(c.Request().Context(), by, c.Param("lesson"))
	if err == nil && !people.May(by, people.WatchLesson, l.Object()) {
		err = fault.New(fault.Forbidden, "access.denied")
	}
	return l, err
}

func (r Problems) form(c echo.Context) error {
	l, err := r.watched(c)
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, problemReport(l, page.Form{}, c.QueryParam("done") == "sent"))
}

func (r Problems) report(c echo.Context) error {
	ctx := c.Request().Context()
	l, err := r.watched(c)
	if err != nil {
		return err
	}
	f := page.FormOf(c, "kind", "text")
	f.Err = r.Problems.Report(ctx, page.Who(c),
		feedback.Report{LessonID: l.ID, Kind: feedback.Kind(f.Values["kind"]), Text: f.Values["text"],
			Viewer: signin.Viewer(c), Network: page.VisitOf(ctx).Addr, Agent: c.Request().UserAgent()})
	switch fault.KindOf(f.Err) {
	case fault.Invalid, fault.RateLimited, fault.Conflict:
		page.RetryAfter(c, f.Err)
		return page.Render(c, page.Status(f.Err), problemReport(l, f, false))
	}
	if f.Err != nil {
		return f.Err
	}
	return c.Redirect(http.StatusSeeOther, "/lessons/"+l.ID+"/problem?done=sent")
}

const (
	perPage    = 30
	textsShown = 5 // texts shown of one group
	maxPages   = 1000
)

// problemEntry is one group with what is shown of it.
type problemEntry struct {
	feedback.Group
	Lesson lesson.Lesson
	Said   []feedback.Problem
}

type problemListing struct {
	Entries  []problemEntry
	State    feedback.State
	Page     int
	More     bool
	Done     string
	Subjects []school.Subject
	Failed   string    // the group whose answer was refused: lesson and kind
	Form     page.Form // and what was typed
}

func (r Problems) list(c echo.Context) error {
	return r.show(c, http.StatusOK, problemListing{Done: page.DoneOf(c)})
}

func (r Problems) show(c echo.Context, status int, v problemListing) error {
	ctx, by := c.Request().Context(), page.Who(c)
	v.State = feedback.Open
	if c.QueryParam("state") == string(feedback.Answered) {
		v.State = feedback.Answered
	}
	v.Page, _ = strconv.Atoi(c.QueryParam("page"))
	v.Page = max(1, min(v.Page, maxPages))
	groups, err := r.Problems.List(ctx, by, v.State, perPage+1, (v.Page-1)*perPage)
	if err != nil {
		return err
	}
	v.More = len(groups) > perPage
	for _, g := range groups[:min(perPage, len(groups))] {
		l, err := r.Lessons.Read(ctx, by, g.LessonID)
		if fault.KindOf(err) == fault.NotFound {
			continue // gone since
		}
		if err != nil {
			return err
		}
		texts, err := r.Problems.Store.Said(ctx, g.LessonID, g.Kind, g.State, textsShown)
		if err != nil {
			return err
		}
		v.Entries = append(v.Entries, problemEntry{g, l, texts})
	}
	if v.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	return page.Render(c, status, problemList(v))
}

func (r Problems) answer(c echo.Context) error {
	f := page.FormOf(c, "kind", "answer")
	id := c.Param("lesson")
	f.Err = r.Problems.Answer(c.Request().Context(), page.Who(c), id, feedback.Kind(f.Values["kind"]),
		f.Values["answer"])
	if fault.KindOf(f.Err) == fault.Invalid {
		return r.show(c, page.Status(f.Err), problemListing{Form: f, Failed: id + f.Values["kind"]})
	}
	if f.Err != nil {
		return f.Err
	}
	return c.Redirect(http.StatusSeeOther, ListPath+"?done=problem_answered")
}
