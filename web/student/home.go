package student

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/notice"
	"lenlop/web/page"
)

// freshFor is how long a lesson is marked as new.
const freshFor = 7 * 24 * time.Hour

// Shelves of the home page.
const (
	perSubject = 3  // newest lessons of each subject
	homeLimit  = 60 // lessons read for them
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
	var err error
	if who := page.Who(c); p.grade == 0 && r.Grade != nil && !who.Anonymous() {
		if p.grade, err = r.Grade(ctx, who); err != nil {
			return err
		}
	}
	if p.names, err = r.subjects(ctx, p.grade); err != nil {
		return err
	}
	if err := r.fillGroups(ctx, &p); err != nil {
		return err
	}
	if r.Notices != nil {
		if p.notices, err = r.Notices(ctx, page.Who(c), p.grade, noticesShown); err != nil {
			return err
		}
	}
	if p.goOn, err = r.goOn(ctx, page.Who(c), recentOf(c)); err != nil {
		return err
	}
	if p.nowOnTV, p.nextOnTV, err = r.onAir(ctx, p.grade); err != nil {
		return err
	}
	return render(c, home(p))
}

// fillGroups puts the grade's newest lessons into one group a subject. One
// query fills most; a subject whose lessons are all older gets its own.
func (r Handler) fillGroups(ctx context.Context, p *homePage) error {
	q := catalog.Query{Grade: p.grade, Limit: homeLimit}
	if p.grade == 0 {
		q.Limit = newest
	}
	found, err := r.Catalog.Search(ctx, q)
	if err != nil {
		return err
	}
	p.total = found.EstimatedTotal
	if p.grade == 0 {
		p.newest = entries(found.Hits)
		return nil
	}
	by := map[string][]catalog.Entry{}
	for _, h := range found.Hits {
		if s := h.Entry.Subject; len(by[s]) < perSubject {
			by[s] = append(by[s], h.Entry)
		}
	}
	for _, code := range p.names.order {
		total := found.Facets.Subject[code]
		if total > 0 && len(by[code]) < min(total, perSubject) {
			more, err := r.Catalog.Search(ctx, catalog.Query{Grade: p.grade, Subject: code, Limit: perSubject})
			if err != nil {
				return err
			}
			by[code] = entries(more.Hits)
		}
		if len(by[code]) > 0 {
			p.groups = append(p.groups, subjectGroup{subject: code, total: max(total, len(by[code])), entries: by[code]})
		}
	}
	return nil
}

func entries(hs []catalog.Hit) []catalog.Entry {
	es := make([]catalog.Entry, 0, len(hs))
	for _, h := range hs {
		es = append(es, h.Entry)
	}
	return es
}
