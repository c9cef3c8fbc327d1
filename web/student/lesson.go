package student

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// nextLessons is how many other lessons a lesson's page offers.
const nextLessons = 6

// lessonPage is one lesson with its player.
type lessonPage struct {
	lesson    lesson.Lesson
	subject   string
	teacher   string
	school    string
	player    page.Player
	public    bool
	mine      bool // may change it
	next      []catalog.Entry
	names     names
	now       time.Time
	base      string // scheme and host, for the link card
	showings  []showing
	sheets    []worksheet.Worksheet
	around    around
	questions questionSection
}

func (r Handler) lesson(c echo.Context) error {
	return r.showLesson(c, http.StatusOK, page.Form{})
}

// showLesson renders the page with the question as it was typed.
func (r Handler) showLesson(c echo.Context, status int, typed page.Form) error {
	ctx, by := c.Request().Context(), page.Who(c)
	l, err := r.Lessons.Read(ctx, by, c.Param("lesson"))
	if err != nil {
		return err
	}
	p := lessonPage{lesson: l, now: r.Now(), base: page.VisitOf(ctx).Base, public: l.Object().Published,
		mine: people.May(by, people.EditLesson, l.Object())}
	if people.May(by, people.WatchLesson, l.Object()) {
		if p.player, err = page.PlayerOf(ctx, r.Streams, l, p.now.In(r.Zone)); err != nil {
			return err
		}
	}
	if r.Worksheets != nil {
		if p.sheets, err = r.Worksheets.Of(ctx, l.ID); err != nil {
			return err
		}
	}
	if err := r.fillAsked(c, &p, typed); err != nil {
		return err
	}
	if err := r.nameOwners(ctx, &p); err != nil {
		return err
	}
	if err := r.findNext(ctx, &p); err != nil {
		return err
	}
	if err := r.findShowings(ctx, &p); err != nil {
		return err
	}
	if err := r.fillAround(ctx, by, &p); err != nil {
		return err
	}
	if p.public && by.Anonymous() {
		remember(c, l.ID)
	}
	if status != http.StatusOK {
		return page.Render(c, status, lessonView(p))
	}
	return render(c, lessonView(p))
}

// nameOwners names the subject, the teacher and the school; a lesson whose
// teacher or school is gone is shown without.
func (r Handler) nameOwners(ctx context.Context, p *lessonPage) error {
	all, err := r.Titles.Names(ctx, p.lesson.ID)
	if err != nil {
		return err
	}
	n := all[p.lesson.ID]
	p.teacher, p.school = n.Teacher, n.School
	p.names = namesOf(ctx, []school.Subject{{Code: p.lesson.Subject, Name: n.Subject, NameEn: n.SubjectEn}})
	p.subject = p.names.of(p.lesson.Subject)
	return nil
}

// findShowings tells when the lesson comes on television in the next week.
func (r Handler) findShowings(ctx context.Context, p *lessonPage) error {
	week := span{from: p.now, to: p.now.AddDate(0, 0, 7), grade: p.lesson.Grade, lesson: p.lesson.ID}
	plan, err := r.plan(ctx, week)
	for _, s := range r.show(plan, week, p.names, map[string]lesson.Lesson{p.lesson.ID: p.lesson}) {
		if s.lesson.ID == p.lesson.ID {
			p.showings = append(p.showings, s)
		}
	}
	return err
}

// paragraphs splits a description at its empty lines.
func paragraphs(s string) []string {
	var ps []string
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			ps = append(ps, p)
		}
	}
	return ps
}

// summary is the description cut for a link card.
func summary(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if rs := []rune(s); len(rs) > 200 {
		return string(rs[:199]) + "…"
	}
	return s
}
