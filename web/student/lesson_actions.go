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
		a.embed = fmt.Sprintf(`<iframe src="%s" width="640" height="440" title="%s" allowfullscreen loading="lazy"></iframe>`,
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
	if p.public {
		a.follow, err = r.following(ctx, p.lesson)
	}
	return err
}

// weeksAhead is how many weeks without a lesson may lie between one and the next.
const weeksAhead = 4

// following is the lesson that comes next: of the subject and grade, in the
// order of weeks, rather of the same teacher and school. Without it the page
// stands as well.
func (r Handler) following(ctx context.Context, l lesson.Lesson) (*catalog.Entry, error) {
	if l.Week == 0 {
		return nil, nil
	}
	for week := l.Week; week <= l.Week+weeksAhead; week++ {
		found, err := r.Catalog.Search(ctx, catalog.Query{Grade: l.Grade, Subject: l.Subject, Week: week, Limit: nextLessons * 4})
		if fault.KindOf(err) == fault.Unavailable {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if e := nextIn(l, week, entries(found.Hits)); e != nil {
			return e, nil
		}
	}
	return nil, nil
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
		return cmp.Or(cmp.Compare(far(a), far(b)), a.PublishedAt.Compare(b.PublishedAt), cmp.Compare(a.LessonID, b.LessonID))
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

// goOn are the lessons to go on with: what the person has begun on any device,
// or of a visitor what was opened on this one.
func (r Handler) goOn(ctx context.Context, by people.Person, opened []string) ([]begun, error) {
	if by.Anonymous() || r.Bookmarks == nil {
		es, err := r.recent(ctx, opened)
		var list []begun
		for _, e := range es {
			list = append(list, begun{Entry: e})
		}
		return list, err
	}
	marks, err := r.Bookmarks.GoOn(ctx, by, goOnShown*2)
	var list []begun
	for _, m := range marks {
		es, err := r.open(ctx, m.LessonID)
		if err != nil {
			return nil, err
		}
		if len(es) > 0 && len(list) < goOnShown {
			list = append(list, begun{es[0], m.At})
		}
	}
	return list, err
}
