package teacher

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

var errDenied = fault.New(fault.Forbidden, "access.denied")

// perPage is how many lessons a list shows at a time.
const perPage = 50

// statuses that a list can be narrowed to, in the order of a lesson's life.
var statuses = []lesson.Status{lesson.Draft, lesson.Submitted, lesson.Returned, lesson.Published, lesson.Withdrawn}

// listing is a list of lessons as its page shows it.
type listing struct {
	Path     string
	Status   string // one of statuses, "bin" or ""
	Lessons  []lesson.Lesson
	Next     string // address of the next page, or ""
	Subjects []school.Subject
	Teachers map[string]string // names by id; nil: the reader's own lessons
	School   string
	Done     string
	Now      time.Time
	Results  []lesson.Outcome // of a change of many; their lessons stay chosen
	Bulk     page.Form
	Chosen   map[string]bool
	Own      bool // the reader cares for them: boxes to choose by
}

// daysLeft is how many days a lesson in the bin still has.
func (v listing) daysLeft(l lesson.Lesson) int {
	left := lesson.KeepBinned - v.Now.Sub(l.DeletedAt)
	return max(0, int((left+24*time.Hour-1)/(24*time.Hour)))
}

// fill reads one page of lessons under a filter that the address narrows.
func (r Handler) fill(c echo.Context, v *listing, f lesson.Filter) error {
	ctx := c.Request().Context()
	v.Status, v.Done, v.Now = c.QueryParam("status"), page.DoneOf(c), r.Now()
	if v.Path == "" {
		v.Path = c.Path()
	}
	switch {
	case v.Status == "bin":
		f.Deleted = true
		// What has been erased is gone, and no longer offered.
		f.Media = []lesson.MediaState{lesson.None, lesson.Receiving, lesson.Checking, lesson.Processing, lesson.Ready,
			lesson.Failed}
	case slices.Contains(statuses, lesson.Status(v.Status)):
		f.Status = []lesson.Status{lesson.Status(v.Status)}
	default:
		v.Status = ""
	}
	f.After, f.Limit = c.QueryParam("after"), perPage
	var next string
	var err error
	if v.Lessons, next, err = r.Lessons.List(ctx, page.Who(c), f); err != nil {
		return err
	}
	if next != "" {
		v.Next = v.Path + "?" + url.Values{"status": {v.Status}, "after": {next}}.Encode()
	}
	v.Subjects, err = r.Schools.Subjects(ctx)
	return err
}

func (r Handler) list(c echo.Context) error {
	return r.showList(c, http.StatusOK, listing{})
}

// showList shows the lessons that the person cares for.
func (r Handler) showList(c echo.Context, status int, v listing) error {
	v.Path, v.Own = "/teacher", true
	if err := r.fill(c, &v, lesson.Filter{CaredBy: page.Who(c).ID}); err != nil {
		return err
	}
	return page.Render(c, status, lessons(v))
}

// school shows a head the school's lessons and where each stands.
func (r Handler) school(c echo.Context) error {
	by := page.Who(c)
	// Who leads one school may teach at another: the one they lead is meant.
	at := by.SchoolAs(people.Head)
	if at == "" {
		at = by.SchoolAs(people.Teacher)
	}
	if err := may(c, people.ReadSchool, people.Object{School: at}); err != nil {
		return err
	}
	ctx := c.Request().Context()
	v := listing{Teachers: map[string]string{}}
	s, err := r.Schools.School(ctx, at)
	if err != nil {
		return err
	}
	v.School = s.Name
	if err := r.fill(c, &v, lesson.Filter{School: at}); err != nil {
		return err
	}
	for _, l := range v.Lessons {
		if _, known := v.Teachers[l.TeacherID]; known {
			continue
		}
		p, err := r.People.Person(ctx, l.TeacherID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		v.Teachers[l.TeacherID] = p.Name
	}
	return page.Render(c, http.StatusOK, schoolLessons(v))
}

// number reads a choice of grade or week: an empty one is none, and what is
// no number is out of every range, so that the rule says so.
func number(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
