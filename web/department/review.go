package department

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// lessonsPerPage is how many lessons the queue shows at a time.
const lessonsPerPage = 50

// The parts of the queue.
const (
	waiting     = ""            // for a decision
	preapproved = "preapproved" // for a decision, and a head has looked at them
	approved    = "approved"    // for their time
	again       = "again"       // published, and changed since
)

// queue is what waits for a reviewer, longest first.
type queue struct {
	Show           string // one of the parts
	Lessons        []lesson.Lesson
	Subjects       []lesson.Queued
	Names          *names
	Subject, Grade string
	Address        string // of this page, to which a format can be added
	Next           string
	Now            time.Time
	Done           string
	Levels         []school.Level // whose heads look first
}

// with is the queue's address with one choice changed.
func (v queue) with(name, value string) templ.SafeURL {
	q := url.Values{"subject": {v.Subject}, "grade": {v.Grade}, "show": {v.Show}}
	q.Set(name, value)
	for k := range q {
		if q.Get(k) == "" {
			q.Del(k)
		}
	}
	return templ.SafeURL("/review?" + q.Encode())
}

// filter is what the choices of the page narrow the queue to.
func (v queue) filter(after string, limit int) lesson.Filter {
	grade, _ := strconv.Atoi(v.Grade)
	f := lesson.Filter{Status: []lesson.Status{lesson.Submitted}, Subject: v.Subject, Grade: grade, OldFirst: true,
		After: after, Limit: limit}
	switch v.Show {
	case approved:
		f.Approved = true
	case again:
		f.Status, f.Again = []lesson.Status{lesson.Published}, true
	case preapproved:
		f.Undecided, f.Preapproved = true, true
	default:
		f.Undecided = true
	}
	return f
}

// since is when the lesson began to wait.
func (v queue) since(l lesson.Lesson) time.Time {
	if v.Show == again {
		return l.RereviewSince
	}
	return l.SubmittedAt
}

// days is for how many whole days the lesson has waited.
func (v queue) days(l lesson.Lesson) int { return max(0, int(v.Now.Sub(v.since(l)).Hours()/24)) }

func (r Handler) queue(c echo.Context) error {
	ctx := c.Request().Context()
	v := queue{Subject: c.QueryParam("subject"), Grade: c.QueryParam("grade"), Show: c.QueryParam("show"), Now: r.Now(),
		Done: page.DoneOf(c)}
	if !slices.Contains([]string{waiting, preapproved, approved, again}, v.Show) {
		v.Show = waiting
	}
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	if v.Names, err = r.names(ctx); err != nil {
		return err
	}
	if format != "" {
		return r.sendQueue(c, v, format)
	}
	list, next, err := r.Lessons.List(ctx, page.Who(c), v.filter(c.QueryParam("after"), lessonsPerPage))
	if err != nil {
		return err
	}
	for _, l := range list {
		if err := v.Names.learn(ctx, l.TeacherID); err != nil {
			return err
		}
	}
	v.Lessons = list
	if v.Subjects, err = r.Lessons.Queue(ctx, page.Who(c)); err != nil {
		return err
	}
	if v.Levels, err = r.Lessons.PreapproveLevels(ctx); err != nil {
		return err
	}
	if next != "" {
		v.Next = string(v.with("after", next))
	}
	return page.Render(c, http.StatusOK, queuePage(v))
}

// sendQueue sends the queue as a table: what the page shows, all pages of it.
func (r Handler) sendQueue(c echo.Context, v queue, format string) error {
	ctx, p := c.Request().Context(), locale.From(c.Request().Context())
	var rows [][]any
	for after := ""; ; {
		list, next, err := r.Lessons.List(ctx, page.Who(c), v.filter(after, 200))
		if err != nil {
			return err
		}
		for _, l := range list {
			if err := v.Names.learn(ctx, l.TeacherID); err != nil {
				return err
			}
			pre := ""
			if !l.PreapprovedAt.IsZero() {
				pre = l.PreapprovedAt.In(r.Zone).Format(time.DateTime)
			}
			rows = append(rows, []any{l.ID, l.Title, page.Subject(ctx, v.Names.Subjects, l.Subject), l.Grade, l.Week,
				v.Names.Person(l.TeacherID),
				v.Names.School(l.SchoolID), v.since(l).In(r.Zone).Format(time.DateTime), v.days(l), pre})
		}
		if next == "" {
			break
		}
		after = next
	}
	var head []any
	for _, k := range []string{"id", "title", "subject", "grade", "week", "teacher", "school", "since", "days",
		"preapproved"} {
		head = append(head, p.T("queue.column_"+k))
	}
	return page.SendSheet(c, r.Sheets, format, "cho-duyet", p.T("review.title"), head, slices.Values(rows))
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
	Down      page.Form
	Sheets    []worksheet.Worksheet
	Past      []page.PastStep
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

func (r Handler) review(c echo.Context) error {
	return r.showReview(c, http.StatusOK, review{Done: page.DoneOf(c)})
}

func (r Handler) showReview(c echo.Context, status int, v review) error {
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
	if err := v.Names.learn(ctx, v.Lesson.TeacherID, v.Lesson.UploaderID, v.Lesson.ApprovedBy,
		v.Lesson.PreapprovedBy); err != nil {
		return err
	}
	if v.Sheets, err = r.Worksheets.List(ctx, by, v.Lesson.ID); err != nil {
		return err
	}
	steps, err := r.Lessons.History(ctx, by, v.Lesson.ID)
	if err != nil {
		return err
	}
	for _, x := range steps {
		if err := v.Names.learn(ctx, x.By); err != nil {
			return err
		}
		v.Past = append(v.Past, page.PastStep{Step: x, Who: v.Names.Person(x.By)})
	}
	v.Now, v.Zone = r.Now(), r.Zone
	if people.May(by, people.WatchLesson, v.Lesson.Object()) {
		if v.Player, err = page.PlayerOf(ctx, r.Streams, v.Lesson, v.Now.In(v.Zone)); err != nil {
			return err
		}
	}
	return page.Render(c, status, reviewPage(v))
}

func (r Handler) approve(c echo.Context) error {
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
		if f.Values["when"] == "aired" {
			l, err = r.Lessons.ApproveAfterAiring(c.Request().Context(), page.Who(c), c.Param("lesson"))
		} else {
			l, err = r.Lessons.Approve(c.Request().Context(), page.Who(c), c.Param("lesson"), at)
		}
		if l.Status == lesson.Published {
			done = "published"
		}
	}
	return r.reviewed(c, err, done, func(v *review) { f.Err = err; v.Approve = f })
}

func (r Handler) giveBack(c echo.Context) error {
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

func (r Handler) withdraw(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Lessons.Withdraw(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"])
	return r.reviewed(c, err, "withdrawn", func(v *review) { f.Err = err; v.Withdraw = f })
}

func (r Handler) confirm(c echo.Context) error {
	_, err := r.Lessons.Confirm(c.Request().Context(), page.Who(c), c.Param("lesson"))
	return r.reviewed(c, err, "confirmed", func(v *review) { v.Approve.Err = err })
}

// takeDown takes a lesson off at once; the reviewer stays with it.
func (r Handler) takeDown(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Lessons.TakeDown(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"])
	if err == nil && page.Who(c).Is(people.Reviewer) {
		return c.Redirect(http.StatusSeeOther, "/review/"+c.Param("lesson")+"?done=taken_down")
	}
	return r.reviewed(c, err, "taken_down", func(v *review) { f.Err = err; v.Down = f })
}

func (r Handler) putBack(c echo.Context) error {
	_, err := r.Lessons.PutBack(c.Request().Context(), page.Who(c), c.Param("lesson"))
	return r.reviewed(c, err, "put_back", func(v *review) { v.Approve.Err = err })
}

// reviewLevels are those whose heads may look first.
var reviewLevels = []school.Level{school.Primary, school.LowerSecondary, school.UpperSecondary, school.Mixed}

// storedLevels is that rule as its form has it, each box for itself.
func storedLevels(chosen []school.Level) (out []page.Stored) {
	for _, l := range reviewLevels {
		box := ""
		if slices.Contains(chosen, l) {
			box = "yes"
		}
		out = append(out, page.Now("level-"+string(l), box))
	}
	return out
}

// rules says at schools of which levels heads look first.
func (r Handler) rules(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	f := page.FormOf(c)
	for _, x := range c.Request().Form["level"] {
		f.Values["level-"+x] = "yes"
	}
	_, err := page.SaveMerged(c.Request().Context(), r.Lessons.Atomic, f,
		func(ctx context.Context) ([]page.Stored, error) {
			levels, err := r.Lessons.PreapproveLevels(ctx)
			return storedLevels(levels), err
		},
		func(ctx context.Context, f page.Form) error {
			var levels []school.Level
			for _, l := range reviewLevels {
				if f.Values["level-"+string(l)] != "" {
					levels = append(levels, l)
				}
			}
			return r.Lessons.SetPreapproveLevels(ctx, page.Who(c), levels)
		})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/review?done=rules_saved")
}

// reviewed goes back to the queue after a decision, or shows the lesson again
// with what was typed and what is wrong, which put lays into its form.
func (r Handler) reviewed(c echo.Context, err error, done string, put func(*review)) error {
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
