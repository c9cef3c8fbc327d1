package student

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/school"
)

// perPage is how many found lessons a page lists: a phone's few screens.
const perPage = 20

// maxPage bounds paging; nobody reads further, and an index must not be asked to.
const maxPage = 50

// searchPage is what was asked and what was found.
type searchPage struct {
	query   catalog.Query
	page    int // from 1
	found   catalog.Result
	names   names
	now     time.Time
	schools map[string]string // names by id, of those that are shown

	subject, grade, week, language, school []facet
}

// facet is one way to narrow what was found, or to widen it again.
type facet struct {
	label  string
	count  int
	chosen bool
	href   templ.SafeURL
}

func (r Handler) search(c echo.Context) error {
	ctx := c.Request().Context()
	p := searchPage{now: r.Now(), page: max(1, within(c.QueryParam("page"), 1, maxPage))}
	p.query = catalog.Query{
		Text: cut(c.QueryParam("q"), 200), Subject: cut(c.QueryParam("subject"), 40),
		Grade:    grade(c.QueryParam("grade")),
		Week:     within(c.QueryParam("week"), school.MinWeek, school.MaxWeek),
		Language: cut(c.QueryParam("language"), 35), School: cut(c.QueryParam("school"), 64),
		Limit: perPage, Offset: (p.page - 1) * perPage,
	}
	var err error
	if p.names, err = r.subjects(ctx, 0); err != nil {
		return err
	}
	if p.found, err = r.Catalog.Search(ctx, p.query); err != nil {
		return err
	}
	if err := r.schoolNames(ctx, &p); err != nil {
		return err
	}
	p.facets(ctx)
	return render(c, results(p))
}

// cut trims what was typed and bounds it to n characters.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n])
	}
	return s
}

// filter is one filter as a form or an address writes it.
type filter struct{ name, value string }

// hidden are the filters of a search that are on.
func hidden(q catalog.Query) []filter {
	var fs []filter
	for _, f := range []filter{{"grade", strconv.Itoa(q.Grade)}, {"subject", q.Subject}, {"week", strconv.Itoa(q.Week)},
		{"language", q.Language}, {"school", q.School}} {
		if f.value != "" && f.value != "0" {
			fs = append(fs, f)
		}
	}
	return fs
}

// url is this search with one thing changed, from its first page on.
func (p searchPage) url(change func(q *catalog.Query)) templ.SafeURL {
	return p.at(1, change)
}

func (p searchPage) at(page int, change func(q *catalog.Query)) templ.SafeURL {
	q := p.query
	if change != nil {
		change(&q)
	}
	v := url.Values{}
	if q.Text != "" {
		v.Set("q", q.Text)
	}
	for _, f := range hidden(q) {
		v.Set(f.name, f.value)
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	return templ.SafeURL("/search?" + v.Encode())
}

// momentURL is where in its lesson a hit is said; the player begins there.
func momentURL(h catalog.Hit) string {
	return "/lessons/" + h.Entry.LessonID + "#t=" + strconv.FormatInt(int64(h.Moment.From/time.Second), 10)
}

// clock writes a place in a lesson: 4:05 or 1:04:05.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// pages is how many pages there are to show.
func (p searchPage) pages() int {
	return min(maxPage, (p.found.EstimatedTotal+perPage-1)/perPage)
}
