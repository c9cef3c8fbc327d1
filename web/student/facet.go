package student

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/a-h/templ"

	"lenlop/services/catalog"
	"lenlop/web/locale"
)

// schoolsShown is how many schools are offered as filters: those with most
// lessons. A province has hundreds.
const schoolsShown = 12

// schoolNames reads the names of the schools to choose from.
func (r Handler) schoolNames(ctx context.Context, p *searchPage) error {
	counts := p.found.Facets.School
	ids := slices.SortedFunc(maps.Keys(counts),
		func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	ids = ids[:min(len(ids), schoolsShown)]
	if id := p.query.School; id != "" && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	p.schools = make(map[string]string, len(ids))
	if len(ids) == 0 {
		return nil
	}
	found, err := r.Schools.SchoolsByID(ctx, ids)
	for _, s := range found {
		p.schools[s.ID] = s.Name
	}
	if id := p.query.School; id != "" && p.schools[id] == "" {
		p.schools[id] = locale.T(ctx, "search.unknown_school")
	}
	return err
}

// facets fills the ways to narrow the search. A chosen one leads back.
func (p *searchPage) facets(ctx context.Context) {
	words := locale.From(ctx)
	p.grade = group(p.found.Facets.Grade, p.query.Grade, cmp.Compare[int],
		func(n int) string { return words.T("grade.name", "n", n) },
		func(n int) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Grade = n }) })
	p.subject = group(p.found.Facets.Subject, p.query.Subject, p.names.before, p.names.of,
		func(s string) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Subject = s }) })
	weeks := maps.Clone(p.found.Facets.Week)
	delete(weeks, 0)
	p.week = group(weeks, p.query.Week, cmp.Compare[int],
		func(n int) string { return words.T("week.name", "n", n) },
		func(n int) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Week = n }) })
	p.language = group(p.found.Facets.Language, p.query.Language, cmp.Compare[string], words.Language,
		func(s string) templ.SafeURL { return p.url(func(q *catalog.Query) { q.Language = s }) })
	counts := map[string]int{}
	for id := range p.schools {
		counts[id] = p.found.Facets.School[id]
	}
	p.school = group(counts, p.query.School,
		func(a, b string) int {
			return cmp.Or(counts[b]-counts[a], cmp.Compare(p.schools[a], p.schools[b]), cmp.Compare(a, b))
		},
		func(id string) string { return p.schools[id] },
		func(s string) templ.SafeURL { return p.url(func(q *catalog.Query) { q.School = s }) })
}

// group makes one group's facets in order; zero is "any". The chosen one is
// there even when nothing has it.
func group[K comparable](counts map[K]int, chosen K, order func(a, b K) int, label func(K) string,
	href func(K) templ.SafeURL) []facet {
	var none K
	keys := slices.Collect(maps.Keys(counts))
	if _, ok := counts[chosen]; !ok && chosen != none {
		keys = append(keys, chosen)
	}
	slices.SortFunc(keys, order)
	var fs []facet
	for _, k := range keys {
		f := facet{label: label(k), count: counts[k], chosen: k == chosen && k != none}
		if f.chosen {
			f.href = href(none)
		} else {
			f.href = href(k)
		}
		fs = append(fs, f)
	}
	return fs
}

// before orders subject codes as the curriculum lists them.
func (n names) before(a, b string) int {
	return cmp.Or(cmp.Compare(slices.Index(n.order, a), slices.Index(n.order, b)), cmp.Compare(a, b))
}

// groups are all facets, in the order they are shown.
func (p searchPage) groups() [][]facet {
	return [][]facet{p.grade, p.subject, p.week, p.language, p.school}
}

// chosen are the filters that are on.
func (p searchPage) chosen() []facet {
	var fs []facet
	for _, g := range p.groups() {
		for _, f := range g {
			if f.chosen {
				fs = append(fs, f)
			}
		}
	}
	return fs
}

// drops are the filters whose removal lets something be found, with how much.
func (p searchPage) drops() []facet {
	var fs []facet
	for _, g := range p.groups() {
		all, at := 0, -1
		for i, f := range g {
			all += f.count
			if f.chosen {
				at = i
			}
		}
		if at >= 0 && all > 0 {
			f := g[at]
			f.count = all
			fs = append(fs, f)
		}
	}
	return fs
}

// choosable reports whether there is anything to narrow by.
func (p searchPage) choosable() bool {
	return slices.ContainsFunc(p.groups(), func(g []facet) bool { return len(g) > 1 })
}

// with is the same search for other words, in all grades, subjects and schools.
func (p searchPage) with(text string) templ.SafeURL {
	return p.url(func(q *catalog.Query) { *q = catalog.Query{Text: text} })
}
