// Package student is the public side: the catalogue, search, a lesson's page with its player, and the television guide.
package student

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/web/locale"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Catalog finds published lessons (catalog.Service).
type Catalog interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Result, error)
}

// Lists are of published lessons by grade, subject and week, newest first, each
// made in one query (sqlsearch.Index). Fault: fault.Unavailable "catalog.unavailable".
type Lists interface {
	// First lists the first of all, and how many there are.
	First(ctx context.Context, limit int) (es []catalog.Entry, total int, err error)
	// FirstOfSubjects lists the first of each subject of a grade, and how many
	// each subject has.
	FirstOfSubjects(ctx context.Context, grade, each int) ([]catalog.Entry, map[string]int, error)
	// Around lists of a subject and grade the first of all, and the first of
	// every week from one to another.
	Around(ctx context.Context, subject string, grade, first, fromWeek, toWeek, each int) ([]catalog.Entry, error)
}

// Lessons reads a lesson that a person may read (lesson.Service).
type Lessons interface {
	Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error)
}

// Titles reads lessons without asking who wants to know (lesson.Store): the
// television guide names lessons that are not on the web.
type Titles interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
	// LessonsByID reads those that exist, in no order, in one query.
	LessonsByID(ctx context.Context, ids []string) ([]lesson.Lesson, error)
	// Names reads what lessons name by id.
	Names(ctx context.Context, ids ...string) (map[string]lesson.Names, error)
}

// Schools names subjects and schools (school.Store).
type Schools interface {
	Subjects(ctx context.Context) ([]school.Subject, error)
	// SchoolsByID reads those that exist, in no order, in one query.
	SchoolsByID(ctx context.Context, ids []string) ([]school.School, error)
}

// Schedule is what is planned on television (schedule.Store).
type Schedule interface {
	Channels(ctx context.Context) ([]schedule.Channel, error)
	Airing(ctx context.Context, id string) (schedule.Airing, error)
	Airings(ctx context.Context, f schedule.Filter) ([]schedule.Airing, error)
}

// Listed is what other channels announce (schedule.ProgrammeStore).
type Listed interface {
	Programmes(ctx context.Context, channelID string, from, to time.Time) ([]schedule.Programme, error)
}

// Notices is the guidance that concerns a visitor (notice.Service).
type Notices interface {
	// Reader is the visitor with the classes they are in; the grade of a student's
	// class goes before the one given.
	Reader(ctx context.Context, p people.Person, grade int) (notice.Reader, error)
	// For lists newest first, at most so many.
	For(ctx context.Context, r notice.Reader, limit int) ([]notice.Notice, error)
}

// Handler is what the pages need.
type Handler struct {
	Catalog  Catalog
	Lists    Lists
	Lessons  Lessons
	Titles   Titles
	Schools  Schools
	Schedule Schedule
	Listed   Listed  // may be nil
	Notices  Notices // may be nil
	CheckIns CheckIns
	Devices  Devices
	// Questions are what students ask under a lesson; nil: there are none.
	Questions Questions
	// Thumbs are whether viewers understood a lesson's chapters; nil: there are none.
	Thumbs Thumbs
	// Worksheets and Media are a lesson's files; nil: there are none.
	Worksheets Worksheets
	Media      media.Store
	Streams    page.Streams // where what plays is (stream.Handler)
	Bookmarks  Bookmarks    // may be nil
	Problems   Problems     // may be nil
	// Embed says which sites may show lessons in a frame, as sources of a
	// content security policy; "" is every site, NoEmbed none.
	Embed string
	Zone  *time.Location // the site's local time
	Now   func() time.Time
}

// Routes of this audience.
func (r Handler) Routes() []page.Route {
	read := func(method, path string, h echo.HandlerFunc) page.Route {
		return page.Route{Method: method, Path: path, Action: people.ReadPublic, Scope: page.Site, Handle: h}
	}
	return append([]page.Route{
		read(http.MethodGet, "/", r.home),
		read(http.MethodPost, "/grade", r.chooseGrade),
		read(http.MethodGet, "/search", r.search),
		read(http.MethodGet, keptPath, r.kept),
		read(http.MethodGet, "/manifest.webmanifest", r.manifest),
		{Method: http.MethodGet, Path: "/lessons/:lesson", Action: people.ReadLesson, Scope: page.Object,
			Handle: r.lesson},
		{Method: http.MethodGet, Path: embedPath + ":lesson", Action: people.WatchLesson, Scope: page.Object,
			Handle: r.embed},
		r.worksheetRoute(),
		read(http.MethodGet, "/tv", r.day),
		read(http.MethodGet, "/tv/week", r.week),
		read(http.MethodGet, "/tv/reminders", r.reminders),
		read(http.MethodGet, "/tv/reminders/:airing", r.reminder),
		read(http.MethodGet, checkInPath, r.codeForm),
		read(http.MethodPost, checkInPath, r.checkIn),
	}, r.questionRoutes()...)
}

// gradeCookie keeps the chosen grade on the device.
const gradeCookie = "grade"

// gradeLife outlasts a school year.
const gradeLife = 400 * 24 * time.Hour

// GradeOf is the grade that a visitor chose on this device; 0: none.
func GradeOf(c echo.Context) int { return gradeOf(c) }

// gradeOf is the grade kept on the device; 0: none.
func gradeOf(c echo.Context) int {
	k, err := c.Cookie(gradeCookie)
	if err != nil {
		return 0
	}
	return grade(k.Value)
}

// grade reads a grade; anything else is 0.
func grade(s string) int { return within(s, school.MinGrade, school.MaxGrade) }

// within reads a whole number between low and high; anything else is 0.
func within(s string, low, high int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0
	}
	return n
}

// chooseGrade keeps the grade on the device; 0 forgets it.
func (r Handler) chooseGrade(c echo.Context) error {
	life, value := gradeLife, strconv.Itoa(grade(c.FormValue("grade")))
	if value == "0" {
		life = 0
	}
	c.SetCookie(signin.Cookie(page.VisitOf(c.Request().Context()).Base, gradeCookie, value, life))
	return c.Redirect(http.StatusSeeOther, page.LocalPath(c.FormValue("back")))
}

// names are the subjects' names in the page's language, in their order.
type names struct {
	order []string
	by    map[string]string
}

func (n names) of(code string) string {
	if s, ok := n.by[code]; ok {
		return s
	}
	return code
}

// subjects reads the names; taught, when not 0, leaves only that grade's.
func (r Handler) subjects(ctx context.Context, taught int) (names, error) {
	all, err := r.Schools.Subjects(ctx)
	if err != nil {
		return names{}, err
	}
	n := namesOf(ctx, all)
	for _, s := range all {
		if taught == 0 || taught >= s.FromGrade && taught <= s.ToGrade {
			n.order = append(n.order, s.Code)
		}
	}
	return n, nil
}

// namesOf are the names of subjects without an order; one without a name is called by its code.
func namesOf(ctx context.Context, all []school.Subject) names {
	n := names{by: make(map[string]string, len(all))}
	english := locale.From(ctx).Lang == locale.En
	for _, s := range all {
		switch {
		case english && s.NameEn != "":
			n.by[s.Code] = s.NameEn
		case s.Name != "":
			n.by[s.Code] = s.Name
		}
	}
	return n
}

// render writes a public page. The browser may go back to it without asking
// again as long as it holds nobody's name.
func render(c echo.Context, t templ.Component) error {
	if page.Who(c).Anonymous() {
		c.Response().Header().Set("Cache-Control", "private, no-cache")
	}
	return page.Render(c, http.StatusOK, t)
}

func grades() []int {
	gs := make([]int, 0, school.MaxGrade)
	for g := school.MinGrade; g <= school.MaxGrade; g++ {
		gs = append(gs, g)
	}
	return gs
}
