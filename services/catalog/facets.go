package catalog

import "strings"

// Bounds of a query. Values beyond them are clamped and never refused: a search
// must not end in an error page.
const (
	MaxLimit     = 100
	DefaultLimit = 20
	MaxOffset    = maxWindow
	maxFilter    = 100 // bytes of a filter value
)

// Bounded returns the query with all values in range and with valid UTF-8.
func (q Query) Bounded() Query {
	q.Text = clip(strings.ToValidUTF8(strings.ReplaceAll(clipBytes(q.Text, 4*MaxText), "\x00", " "), " "), MaxText)
	q.Subject, q.Language, q.School = cleanFilter(q.Subject), cleanFilter(q.Language), cleanFilter(q.School)
	switch {
	case q.Limit <= 0:
		q.Limit = DefaultLimit
	case q.Limit > MaxLimit:
		q.Limit = MaxLimit
	}
	q.Offset = min(max(q.Offset, 0), MaxOffset)
	return q
}

func cleanFilter(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(clipBytes(s, maxFilter), "\x00", " "), " ")
}

func clipBytes(s string, n int) string { return s[:min(len(s), n)] }

// filtered reports whether the query has a filter besides its text.
func (q Query) filtered() bool {
	return q.Subject != "" || q.Grade != 0 || q.Week != 0 || q.Language != "" || q.School != ""
}

// matches reports whether the candidate passes the filters.
func (q Query) matches(c Candidate) bool {
	s, g, w, l, h := q.matchesEach(c)
	return s && g && w && l && h
}

// matchesEach is matches for each filter.
func (q Query) matchesEach(c Candidate) (subject, grade, week, language, school bool) {
	return q.Subject == "" || q.Subject == c.Subject,
		q.Grade == 0 || q.Grade == c.Grade,
		q.Week == 0 || q.Week == c.Week,
		q.Language == "" || q.Language == c.Language,
		q.School == "" || q.School == c.School
}

func newFacets() Facets {
	return Facets{Subject: map[string]int{}, Grade: map[int]int{}, Week: map[int]int{},
		Language: map[string]int{}, School: map[string]int{}}
}

func facetsOf(cs []Candidate, q Query) Facets {
	f := newFacets()
	for _, c := range cs {
		f.add(c, q, 1)
	}
	return f
}

// add counts n entries with the candidate's facts in every group whose other
// filters they pass.
func (f Facets) add(c Candidate, q Query, n int) {
	subject, grade, week, language, school := q.matchesEach(c)
	if subject && grade && week && language && c.School != "" {
		f.School[c.School] += n
	}
	if !school {
		return
	}
	if grade && week && language {
		f.Subject[c.Subject] += n
	}
	if subject && week && language {
		f.Grade[c.Grade] += n
	}
	if subject && grade && language && c.Week > 0 {
		f.Week[c.Week] += n
	}
	if subject && grade && week {
		f.Language[c.Language] += n
	}
}
