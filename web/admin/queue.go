package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/web/page"
)

// shownJobs is how many jobs a page shows.
const shownJobs = 100

// states that the list of jobs can be narrowed to.
var states = []job.State{job.Parked, job.Running, job.Waiting, job.Done, job.Cancelled}

// overview is the first page: is everything well, does anything wait for a person.
type overview struct {
	Health []Part
	Parked []job.Job
	Busy   int // running and waiting, at most shownJobs each
	Done   string
}

// well reports whether nothing is broken.
func (v overview) well() bool {
	return !slices.ContainsFunc(v.Health, func(p Part) bool { return p.Err != nil })
}

func (r Handler) overview(c echo.Context) error {
	ctx := c.Request().Context()
	v := overview{Health: r.Health(ctx), Done: page.DoneOf(c)}
	var err error
	if v.Parked, err = r.Queue.Jobs(ctx, "", job.Parked, shownJobs); err != nil {
		return err
	}
	for _, s := range []job.State{job.Running, job.Waiting} {
		js, err := r.Queue.Jobs(ctx, "", s, shownJobs)
		if err != nil {
			return err
		}
		v.Busy += len(js)
	}
	return page.Render(c, http.StatusOK, overviewPage(v))
}

// queue is the list of jobs in one state, newest first.
type queue struct {
	State job.State
	Jobs  []job.Job
	Form  page.Form
	Done  string
}

func (r Handler) jobs(c echo.Context) error {
	return r.showJobs(c, http.StatusOK, job.State(c.QueryParam("state")), page.Form{})
}

func (r Handler) showJobs(c echo.Context, status int, state job.State, f page.Form) error {
	v := queue{State: state, Form: f, Done: page.DoneOf(c)}
	if !slices.Contains(states, v.State) {
		v.State = job.Parked
	}
	var err error
	if v.Jobs, err = r.Queue.Jobs(c.Request().Context(), "", v.State, shownJobs); err != nil {
		return err
	}
	return page.Render(c, status, queuePage(v))
}

// retry puts a parked job back to work.
func (r Handler) retry(c echo.Context) error {
	id := c.Param("job")
	err := r.noted(c, "job:"+id, "requeued", func(ctx context.Context) error { return r.Queue.Requeue(ctx, id) })
	return r.backToJobs(c, err, job.Parked, "requeued")
}

// park sets a waiting job aside.
func (r Handler) park(c echo.Context) error {
	id := c.Param("job")
	err := r.noted(c, "job:"+id, "set aside",
		func(ctx context.Context) error { return r.Queue.Park(ctx, id, "set aside by hand") })
	return r.backToJobs(c, err, job.Waiting, "set_aside")
}

// cancel asks every job of a subject to stop; a subject must be named, because
// none would mean every one.
func (r Handler) cancel(c echo.Context) error {
	subject := c.FormValue("subject")
	if noun, id, ok := strings.Cut(subject, ":"); !ok || noun == "" || id == "" {
		return fault.New(fault.Invalid, "request.malformed")
	}
	err := r.noted(c, subject, "jobs cancelled",
		func(ctx context.Context) error { return r.Queue.CancelSubject(ctx, subject) })
	return r.backToJobs(c, err, job.State(c.FormValue("state")), "cancelled")
}

// noted commits a step of the queue together with its audit entry.
func (r Handler) noted(c echo.Context, subject, detail string, step func(context.Context) error) error {
	return r.Atomic.Atomically(c.Request().Context(), func(ctx context.Context) error {
		if err := step(ctx); err != nil {
			return err
		}
		return r.Audit.Append(ctx, audit.Entry{ID: r.NewID(), At: r.Now(), Actor: page.Who(c).ID,
			Action: string(people.ManageQueue), Subject: subject, Detail: detail})
	})
}

func (r Handler) backToJobs(c echo.Context, err error, state job.State, done string) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.NotFound:
		return r.showJobs(c, page.Status(err), state, page.Form{Err: err})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/jobs?state="+string(state)+"&done="+done)
}
