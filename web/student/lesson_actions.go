package student

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"lenlop/services/bookmark"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Bookmarks is where people stopped in lessons (bookmark.Service).
type Bookmarks interface {
	Of(ctx context.Context, by people.Person, lessonID string) (bookmark.Bookmark, error)
	GoOn(ctx context.Context, by people.Person, limit int) ([]bookmark.Bookmark, error)
}

// Problems is what viewers say is wrong with lessons (feedback.Service).
type Problems interface {
	Mine(ctx context.Context, by people.Person, lessonID string) (feedback.Problem, bool, error)
}

// around is what stands around the player.
type around struct {
	signed   bool
	bookmark bookmark.Bookmark
	follow   *catalog.Entry // what comes after the lesson; nil: nothing
	reported *feedback.Problem
	address  string // of the page, whole
	qr       templ.Component
	embed    string // the code for other sites; "" where that is not allowed
}

// fillAround reads what stands around a lesson's player.
func (r Handler) fillAround(ctx context.Context, by people.Person, p *lessonPage) error {
	a := &p.around
	a.signed = !by.Anonymous()
	a.address = p.base + "/lessons/" + p.lesson.ID
	var err error
	if a.qr, err = page.QRDrawing(a.address, locale.T(ctx, "share.qr")); err != nil {
		return fmt.Errorf("lesson %s: %w", p.lesson.ID, err)
	}
	if r.ancestors() != NoEmbed && p.public {
		a.embed = fmt.Sprintf(
			`<iframe src="%s" width="640" height="440" title="%s" allowfullscreen loading="lazy"></iframe>`,
			html.EscapeString(p.base+embedPath+p.lesson.ID), html.EscapeString(p.lesson.Title))
	}
	if r.Bookmarks != nil {
		if a.bookmark, err = r.Bookmarks.Of(ctx, by, p.lesson.ID); err != nil {
			return err
		}
	}
	if r.Problems != nil {
		mine, ok, err := r.Problems.Mine(ctx, by, p.lesson.ID)
		if err != nil {
			return err
		}
		if ok {
			a.reported = &mine
		}
	}
	return nil
}

// weeksAhead is how many weeks without a lesson may lie between one and the next.
const weeksAhead = 4

// findNext offers other lessons of the grade and subject, and the one that comes
// next: in the order of weeks, rather of the same teacher and school. Without
// them the page stands as well.
func (r Handler) findNext(ctx context.Context, p *lessonPage) error {
	l := p.lesson
	es, err := r.Lists.Around(ctx, l.Subject, l.Grade, nextLessons+1, l.Week, l.Week+weeksAhead, nextLessons*4)
	if fault.KindOf(err) == fault.Unavailable {
		return nil
	}
	if err != nil {
		return err
	}
	first := slices.Clone(es[:min(len(es), nextLessons+1)])
	p.next = slices.DeleteFunc(first, func(e catalog.Entry) bool { return e.LessonID == l.ID })
	p.next = p.next[:min(len(p.next), nextLessons)]
	for week := l.Week; l.Week > 0 && p.public && week <= l.Week+weeksAhead && p.around.follow == nil; week++ {
		p.around.follow = nextIn(l, week, slices.Clone(es))
	}
	return nil
}

// nextIn chooses among a week's lessons. In the lesson's own week only its
// teacher's later ones follow.
func nextIn(l lesson.Lesson, week int, es []catalog.Entry) *catalog.Entry {
	es = slices.DeleteFunc(es, func(e catalog.Entry) bool {
		return e.LessonID == l.ID || e.Week != week ||
			week == l.Week && (e.TeacherID != l.TeacherID || !e.PublishedAt.After(l.PublishedAt))
	})
	if len(es) == 0 {
		return nil
	}
	far := func(e catalog.Entry) int {
		switch {
		case e.TeacherID == l.TeacherID:
			return 0
		case e.SchoolID == l.SchoolID && l.SchoolID != "":
			return 1
		}
		return 2
	}
	e := slices.MinFunc(es, func(a, b catalog.Entry) int {
		return cmp.Or(cmp.Compare(far(a), far(b)), a.PublishedAt.Compare(b.PublishedAt),
			cmp.Compare(a.LessonID, b.LessonID))
	})
	return &e
}

// place is where to go on, in seconds; 0: from the beginning.
func (a around) place() float64 {
	if !a.bookmark.Begun() || a.bookmark.Finished() {
		return 0
	}
	return a.bookmark.At
}

func goOnURL(at float64) templ.SafeURL {
	return templ.SafeURL("#t=" + strconv.FormatFloat(at, 'f', 1, 64))
}

// begun is a lesson to go on with on the home page.
type begun struct {
	catalog.Entry
	At float64 // seconds; 0: only the device knows
}

// share is how much of it was seen, between 0 and 1.
func (b begun) share() string { return strconv.FormatFloat(b.At/max(b.Duration, 1), 'f', 3, 64) }

// goOnShown is how many lessons the home page offers to go on with.
const goOnShown = 3

// begun are the lessons to go on with, before it is known whether they are still
// there: what the person has begun on any device, or of a visitor what was
// opened on this one.
func (r Handler) begun(ctx context.Context, by people.Person, opened []string) ([]bookmark.Bookmark, error) {
	if !by.Anonymous() && r.Bookmarks != nil {
		return r.Bookmarks.GoOn(ctx, by, goOnShown*2)
	}
	list := make([]bookmark.Bookmark, len(opened))
	for i, id := range opened {
		list[i].LessonID = id
	}
	return list, nil
}

// open are the first of those that anybody may watch, as the home page lists them.
func open(marks []bookmark.Bookmark, lessons map[string]lesson.Lesson) []begun {
	var list []begun
	for _, m := range marks {
		l, ok := lessons[m.LessonID]
		if !ok || !people.May(people.Person{}, people.ReadLesson, l.Object()) || len(list) == goOnShown {
			continue
		}
		e := catalog.Entry{LessonID: l.ID, Title: l.Title, Subject: l.Subject, Grade: l.Grade, Week: l.Week,
			Duration: l.Media.Duration}
		list = append(list, begun{e, m.At})
	}
	return list
}
