// Package problem is the pages on which viewers say what is wrong with a
// lesson, and those who answer for it close what was said.
package problem

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/problem"
	"lenlop/services/school"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Room is what the pages need.
type Room struct {
	Problems *problem.Service
	Lessons  interface {
		Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error)
	}
	Schools school.Store
}

// ListPath is the page of those who answer.
const ListPath = "/problems"

// Routes of these pages.
func (r Room) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/lessons/:lesson/problem", Action: people.WatchLesson, Scope: page.Object, Handle: r.form},
		{Method: http.MethodPost, Path: "/lessons/:lesson/problem", Action: people.WatchLesson, Scope: page.Object, Handle: r.report},
		{Method: http.MethodGet, Path: ListPath, Action: people.AnswerProblem, Scope: page.Handler, Handle: page.SignedIn(r.list)},
		{Method: http.MethodPost, Path: "/lessons/:lesson/problems/answer", Action: people.AnswerProblem, Scope: page.Object, Handle: page.SignedIn(r.answer)},
	}
}

// watched is the lesson, for somebody who may watch it.
func (r Room) watched(c echo.Context) (lesson.Lesson, error) {
	by := page.Who(c)
	l, err := r.Lessons.Read(c.Request().Context(), by, c.Param("lesson"))
	if err == nil && !people.May(by, people.WatchLesson, l.Object()) {
		err = fault.New(fault.Forbidden, "access.denied")
	}
	return l, err
}

func (r Room) form(c echo.Context) error {
	l, err := r.watched(c)
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, reportPage(l, page.Form{}, c.QueryParam("done") == "sent"))
}

func (r Room) report(c echo.Context) error {
	ctx := c.Request().Context()
	l, err := r.watched(c)
	if err != nil {
		return err
	}
	f := page.FormOf(c, "kind", "text")
	f.Err = r.Problems.Report(ctx, page.Who(c), problem.Report{LessonID: l.ID, Kind: problem.Kind(f.Values["kind"]), Text: f.Values["text"],
		Viewer: signin.Viewer(c), Network: page.VisitOf(ctx).Addr, Agent: c.Request().UserAgent()})
	switch fault.KindOf(f.Err) {
	case fault.Invalid, fault.RateLimited, fault.Conflict:
		page.RetryAfter(c, f.Err)
		return page.Render(c, page.Status(f.Err), reportPage(l, f, false))
	}
	if f.Err != nil {
		return f.Err
	}
	return c.Redirect(http.StatusSeeOther, "/lessons/"+l.ID+"/problem?done=sent")
}

const (
	perPage  = 30
	said     = 5 // texts shown of one group
	maxPages = 1000
)

// entry is one group with what is shown of it.
type entry struct {
	problem.Group
	Lesson lesson.Lesson
	Said   []problem.Problem
}

type listing struct {
	Entries  []entry
	State    problem.State
	Page     int
	More     bool
	Done     string
	Subjects []school.Subject
	Failed   string    // the group whose answer was refused: lesson and kind
	Form     page.Form // and what was typed
}

func (r Room) list(c echo.Context) error {
	return r.show(c, http.StatusOK, listing{Done: page.DoneOf(c)})
}

func (r Room) show(c echo.Context, status int, v listing) error {
	ctx, by := c.Request().Context(), page.Who(c)
	v.State = problem.Open
	if c.QueryParam("state") == string(problem.Answered) {
		v.State = problem.Answered
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
		texts, err := r.Problems.Store.Said(ctx, g.LessonID, g.Kind, g.State, said)
		if err != nil {
			return err
		}
		v.Entries = append(v.Entries, entry{g, l, texts})
	}
	if v.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	return page.Render(c, status, listPage(v))
}

func (r Room) answer(c echo.Context) error {
	f := page.FormOf(c, "kind", "answer")
	id := c.Param("lesson")
	f.Err = r.Problems.Answer(c.Request().Context(), page.Who(c), id, problem.Kind(f.Values["kind"]), f.Values["answer"])
	if fault.KindOf(f.Err) == fault.Invalid {
		return r.show(c, page.Status(f.Err), listing{Form: f, Failed: id + f.Values["kind"]})
	}
	if f.Err != nil {
		return f.Err
	}
	return c.Redirect(http.StatusSeeOther, ListPath+"?done=problem_answered")
}
