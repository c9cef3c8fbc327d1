package student

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/web/page"
)

// freshFor is how long a lesson is marked as new.
const freshFor = 7 * 24 * time.Hour

// Shelves of the home page.
const (
	perSubject = 3  // newest lessons of each subject
	newest     = 12 // when no grade was chosen

	noticesShown = 3
)

// homePage is what the first page shows.
type homePage struct {
	grade    int // 0: not chosen
	names    names
	groups   []subjectGroup
	newest   []catalog.Entry // only without a grade
	total    int
	now      time.Time
	goOn     []begun // lessons that were begun
	notices  []notice.Notice
	nowOnTV  []showing
	nextOnTV []showing
}

// subjectGroup is the newest lessons of one subject.
type subjectGroup struct {
	subject string
	total   int
	entries []catalog.Entry
}

func (r Handler) home(c echo.Context) error {
	ctx := c.Request().Context()
	p := homePage{grade: gradeOf(c), now: r.Now()}
	who, tv := page.Who(c), r.around()
	err := r.fillNotices(ctx, who, &p)
	if err == nil {
		p.names, err = r.subjects(ctx, p.grade)
	}
	if err == nil {
		err = r.fillGroups(ctx, &p)
	}
	if err != nil {
		return err
	}
	plan, err := r.plan(ctx, tv)
	if err != nil {
		return err
	}
	marks, err := r.begun(ctx, who, recentOf(c))
	if err != nil {
		return err
	}
	// What was begun and what is on television is read at once.
	ids := plan.ids()
	for _, b := range marks {
		ids = append(ids, b.LessonID)
	}
	lessons, err := r.lessonsByID(ctx, ids)
	if err != nil {
		return err
	}
	p.goOn = open(marks, lessons)
	p.nowOnTV, p.nextOnTV = r.nowAndNext(r.show(plan, tv, p.names, lessons), p.grade)
	return render(c, home(p))
}

// fillNotices reads the visitor's notices, and their class's grade where none was chosen.
func (r Handler) fillNotices(ctx context.Context, who people.Person, p *homePage) error {
	if r.Notices == nil {
		return nil
	}
	reader, err := r.Notices.Reader(ctx, who, p.grade)
	if err != nil {
		return err
	}
	if p.grade == 0 {
		p.grade = reader.Grade
	}
	p.notices, err = r.Notices.For(ctx, reader, noticesShown)
	return err
}

// fillGroups puts the grade's newest lessons into one group a subject.
func (r Handler) fillGroups(ctx context.Context, p *homePage) (err error) {
	if p.grade == 0 {
		p.newest, p.total, err = r.Lists.First(ctx, newest)
		return err
	}
	found, totals, err := r.Lists.FirstOfSubjects(ctx, p.grade, perSubject)
	if err != nil {
		return err
	}
	by := map[string][]catalog.Entry{}
	for _, e := range found {
		by[e.Subject] = append(by[e.Subject], e)
	}
	for _, n := range totals {
		p.total += n
	}
	for _, code := range p.names.order {
		if len(by[code]) > 0 {
			p.groups = append(p.groups, subjectGroup{subject: code, total: totals[code], entries: by[code]})
		}
	}
	return nil
}
