package student

import (
	"context"

	"github.com/a-h/templ"

	"lenlop/services/catalog"
	"lenlop/web/locale"
)

// facets fills the ways to narrow the search. A chosen one leads back.
func (p *searchPage) facets(ctx context.Context) {
	codes := make([]string, 0, len(p.found.Facets.Subject))
	for code := range p.found.Facets.Subject {
		codes = append(codes, code)
	}
	if s := p.query.Subject; s != "" && p.found.Facets.Subject[s] == 0 {
		codes = append(codes, s)
	}
	for _, code := range p.names.byOrder(codes) {
		f := facet{label: p.names.of(code), count: p.found.Facets.Subject[code], chosen: code == p.query.Subject}
		set := code
		if f.chosen {
			set = ""
		}
		f.href = p.url(func(q *catalog.Query) { q.Subject = set })
		p.subject = append(p.subject, f)
	}
	p.grade = numbers(p.found.Facets.Grade, p.query.Grade,
		func(n int) string { return locale.T(ctx, "grade.name", "n", n) },
		func(n int) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Grade = n }) })
	p.week = numbers(p.found.Facets.Week, p.query.Week,
		func(n int) string { return locale.T(ctx, "week.name", "n", n) },
		func(n int) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Week = n }) })
}
