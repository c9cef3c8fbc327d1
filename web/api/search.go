package api

import (
	"maps"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/people"
	"lenlop/web/page"
)

type shortLesson struct {
	ID              string     `json:"id"`
	Title           string     `json:"title"`
	Description     string     `json:"description"`
	Subject         string     `json:"subject"`
	Grade           int        `json:"grade"`
	Week            int        `json:"week,omitempty"`
	Language        string     `json:"language"`
	Teacher         named      `json:"teacher"`
	School          *named     `json:"school,omitempty"`
	DurationSeconds float64    `json:"durationSeconds"`
	PublishedAt     *time.Time `json:"publishedAt"`
}

// spanDoc is a run of text, match when it is what was searched for: never
// markup, so that no page can be made to show somebody else's.
type spanDoc struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

type highlightDoc struct {
	Title       []spanDoc `json:"title"`
	Description []spanDoc `json:"description"`
}

type hitDoc struct {
	Lesson    shortLesson  `json:"lesson"`
	Highlight highlightDoc `json:"highlight"`
	Moment    *momentDoc   `json:"moment,omitempty"`
}

// momentDoc is where in a lesson the words are said, of a hit that only its
// captions made.
type momentDoc struct {
	AtSeconds float64   `json:"atSeconds"`
	Text      []spanDoc `json:"text"`
}

type searchOut struct {
	Hits           []hitDoc                  `json:"hits"`
	Facets         map[string]map[string]int `json:"facets"`
	EstimatedTotal int                       `json:"estimatedTotal"`
	Corrected      string                    `json:"corrected,omitempty"`
	Nearby         []string                  `json:"nearby,omitempty"`
	TookMs         float64                   `json:"tookMs"`
}

type suggestDoc struct {
	Text     string `json:"text"`
	LessonID string `json:"lessonId"`
	Subject  string `json:"subject"`
	Grade    int    `json:"grade"`
	Teacher  string `json:"teacher"`
	School   string `json:"school,omitempty"`
}

var searchCalls = []call{
	{method: "GET", path: "/search", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "Find published lessons; forgives missing diacritics and typos", out: searchOut{},
		query:  []string{"q", "subject", "grade", "week", "language", "school", "limit", "offset"},
		handle: jsonHandler(200, search)},
	{method: "GET", path: "/suggest", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "Complete what is being typed", out: list[suggestDoc]{}, query: []string{"q", "grade", "limit"},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[suggestDoc], err error) {
			grade, err := intParam(c, "grade", 0)
			if err != nil {
				return out, err
			}
			limit, err := intParam(c, "limit", 8)
			if err != nil {
				return out, err
			}
			ss, err := r.Catalog.Suggest(c.Request().Context(), c.QueryParam("q"), grade, min(max(limit, 1), 20))
			out.Items = []suggestDoc{}
			for _, s := range ss {
				out.Items = append(out.Items, suggestDoc(s))
			}
			return out, err
		})},
}

func search(r *Handler, c echo.Context, _ people.Person, _ struct{}) (searchOut, error) {
	q := catalog.Query{Text: c.QueryParam("q"), Subject: c.QueryParam("subject"), Language: c.QueryParam("language"),
		School: c.QueryParam("school")}
	for _, p := range []struct {
		name string
		into *int
	}{{"grade", &q.Grade}, {"week", &q.Week}, {"limit", &q.Limit}, {"offset", &q.Offset}} {
		n, err := intParam(c, p.name, 0)
		if err != nil || n < 0 {
			return searchOut{}, wrongParam(p.name)
		}
		*p.into = n
	}
	res, err := r.Catalog.Search(c.Request().Context(), q)
	if err != nil {
		return searchOut{}, err
	}
	out := searchOut{Hits: []hitDoc{}, EstimatedTotal: res.EstimatedTotal, Corrected: res.Corrected, Nearby: res.Nearby,
		TookMs: float64(res.Took.Microseconds()) / 1000,
		Facets: map[string]map[string]int{"subject": {}, "grade": {}, "week": {}, "language": {},
			"school": res.Facets.School}}
	maps.Copy(out.Facets["subject"], res.Facets.Subject)
	for k, n := range res.Facets.Grade {
		out.Facets["grade"][strconv.Itoa(k)] = n
	}
	for k, n := range res.Facets.Week {
		out.Facets["week"][strconv.Itoa(k)] = n
	}
	maps.Copy(out.Facets["language"], res.Facets.Language)
	for _, h := range res.Hits {
		e := h.Entry
		s := shortLesson{ID: e.LessonID, Title: e.Title, Description: e.Description, Subject: e.Subject,
			Grade: e.Grade, Week: e.Week,
			Language: e.Language, Teacher: named{e.TeacherID, e.Teacher}, DurationSeconds: e.Duration,
			PublishedAt: r.at(e.PublishedAt)}
		if e.SchoolID != "" {
			s.School = &named{e.SchoolID, e.School}
		}
		doc := hitDoc{Lesson: s, Highlight: highlightDoc{spans(h.Title), spans(h.Description)}}
		if h.Moment != nil {
			doc.Moment = &momentDoc{h.Moment.From.Seconds(), spans(h.Moment.Text)}
		}
		out.Hits = append(out.Hits, doc)
	}
	return out, nil
}

func spans(ss []catalog.Span) []spanDoc {
	out := make([]spanDoc, 0, len(ss))
	for _, s := range ss {
		out = append(out, spanDoc(s))
	}
	return out
}
