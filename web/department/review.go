package department

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/page"
)

// perPage is how many lessons the queue shows at a time.
const perPage = 50

// queue is what waits for a reviewer, longest first.
type queue struct {
	Waiting        []lesson.Lesson
	Approved       []lesson.Lesson // waiting for their time only
	Names          *names
	Subject, Grade string
	Next           string
	Now            time.Time
	Done           string
}

func (r Room) queue(c echo.Context) error {
	ctx := c.Request().Context()
	v := queue{Subject: c.QueryParam("subject"), Grade: c.QueryParam("grade"), Now: r.Now(), Done: page.DoneOf(c)}
	grade, _ := strconv.Atoi(v.Grade)
	list, next, err := r.Lessons.List(ctx, page.Who(c), lesson.Filter{
		Status: []lesson.Status{lesson.Submitted}, Subject: v.Subject, Grade: grade,
		OldFirst: true, After: c.QueryParam("after"), Limit: perPage,
	})
	if err != nil {
		return err
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	for _, l := range list {
		if err := v.Names.learn(ctx, l.TeacherID); err != nil {
			return err
		}
		if l.ApprovedBy != "" {
			v.Approved = append(v.Approved, l)
		} else {
			v.Waiting = append(v.Waiting, l)
		}
	}
	if next != "" {
		v.Next = "/review?" + url.Values{"subject": {v.Subject}, "grade": {v.Grade}, "after": {next}}.Encode()
	}
	return page.Render(c, http.StatusOK, queuePage(v))
}

// review is one lesson before its reviewer.
type review struct {
	Lesson    lesson.Lesson
	Recording lesson.Recording
	Names     *names
	Approve   page.Form
	Return    page.Form
	Withdraw  page.Form
	Player    page.Player
	May       bool // the person may review it (nobody reviews their own)
	Now       time.Time
	Zone      *time.Location
	Done      string
}

// tomorrow is a moment to offer for a later publication: seven in the morning.
func (v review) tomorrow() string {
	t := v.Now.In(v.Zone).AddDate(0, 0, 1)
	return time.Date(t.Year(), t.Month(), t.Day(), 7, 0, 0, 0, v.Zone).Format(momentLayout)
}

// momentLayout is how a datetime-local input writes what was chosen.
const momentLayout = "2006-01-02T15:04"

func (r Room) review(c echo.Context) error {
	return r.showReview(c, http.StatusOK, review{Done: page.DoneOf(c)})
}

func (r Room) showReview(c echo.Context, status int, v review) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Lesson, err = r.Lessons.Read(ctx, by, c.Param("lesson")); err != nil {
		return err
	}
	v.May = people.May(by, people.ReviewLesson, v.Lesson.Object())
	if !v.May && !by.Is(people.Reviewer) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	if id := v.Lesson.Media.RecordingID; id != "" {
		if v.Recording, err = r.Lessons.Store.Recording(ctx, id); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	if err := v.Names.learn(ctx, v.Lesson.TeacherID, v.Lesson.ApprovedBy); err != nil {
		return err
	}
	v.Now, v.Zone = r.Now(), r.Zone
	if people.May(by, people.WatchLesson, v.Lesson.Object()) {
		if v.Player, err = page.PlayerOf(ctx, r.Streams, v.Lesson, v.Now.In(v.Zone)); err != nil {
			return err
		}
	}
	return page.Render(c, status, reviewPage(v))
}

func (r Room) approve(c echo.Context) error {
	f := page.FormOf(c, "when", "publishAt")
	var at time.Time
	var err error
	if f.Values["when"] == "later" {
		if at, err = time.ParseInLocation(momentLayout, f.Values["publishAt"], r.Zone); err != nil {
			err = fault.Form("lesson.invalid", fault.Wrong("publishAt", "field.bad_time"))
		}
	}
	done := "approved"
	if err == nil {
		var l lesson.Lesson
		l, err = r.Lessons.Approve(c.Request().Context(), page.Who(c), c.Param("lesson"), at)
		if l.Status == lesson.Published {
			done = "published"
		}
	}
	return r.reviewed(c, err, done, func(v *review) { f.Err = err; v.Approve = f })
}

func (r Room) giveBack(c echo.Context) error {
	f := page.FormOf(c, "reason", "at")
	at, ok := clock(f.Values["at"])
	var err error
	if ok {
		_, err = r.Lessons.Return(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"], at)
	} else {
		err = fault.Form("lesson.invalid", fault.Wrong("at", "field.bad_clock"))
	}
	return r.reviewed(c, err, "returned", func(v *review) { f.Err = err; v.Return = f })
}

func (r Room) withdraw(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Lessons.Withdraw(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"])
	return r.reviewed(c, err, "withdrawn", func(v *review) { f.Err = err; v.Withdraw = f })
}

// reviewed goes back to the queue after a decision, or shows the lesson again
// with what was typed and what is wrong, which put lays into its form.
func (r Room) reviewed(c echo.Context, err error, done string, put func(*review)) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		var v review
		put(&v)
		return r.showReview(c, page.Status(err), v)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/review?done="+done)
}

// clock reads a time in a recording as people write it: 75, 1:15 or 0:01:15.
// Empty is 0.
func clock(s string) (seconds float64, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, true
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || i > 0 && n > 59 {
			return 0, false
		}
		seconds = seconds*60 + float64(n)
	}
	return seconds, true
}
