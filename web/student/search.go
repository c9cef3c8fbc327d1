package student

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
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
	subject []facet
	grade   []facet
	week    []facet
}

// facet is one way to narrow what was found, or to widen it again.
type facet struct {
	label  string
	count  int
	chosen bool
	href   templ.SafeURL
}

func (r Room) search(c echo.Context) error {
	ctx := c.Request().Context()
	p := searchPage{now: r.Now(), page: max(1, within(c.QueryParam("page"), 1, maxPage))}
	p.query = catalog.Query{
		Text: cut(c.QueryParam("q"), 200), Subject: cut(c.QueryParam("subject"), 40), Grade: grade(c.QueryParam("grade")),
		Week: within(c.QueryParam("week"), school.MinWeek, school.MaxWeek), Limit: perPage, Offset: (p.page - 1) * perPage,
	}
	var err error
	if p.names, err = r.subjects(ctx, 0); err != nil {
		return err
	}
	if p.found, err = r.Catalog.Search(ctx, p.query); err != nil {
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
	if q.Subject != "" {
		v.Set("subject", q.Subject)
	}
	if q.Grade > 0 {
		v.Set("grade", strconv.Itoa(q.Grade))
	}
	if q.Week > 0 {
		v.Set("week", strconv.Itoa(q.Week))
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

// narrowed reports whether anything but words narrows the search.
func (p searchPage) narrowed() bool {
	return p.query.Subject != "" || p.query.Grade > 0 || p.query.Week > 0
}

// numbers makes the facets of grades or weeks, in order.
func numbers(counts map[int]int, chosen int, label func(n int) string, href func(n int) templ.SafeURL) []facet {
	var fs []facet
	keys := make([]int, 0, len(counts))
	for n := range counts {
		if n > 0 {
			keys = append(keys, n)
		}
	}
	if chosen > 0 && counts[chosen] == 0 {
		keys = append(keys, chosen)
	}
	slices.Sort(keys)
	for _, n := range keys {
		f := facet{label: label(n), count: counts[n], chosen: n == chosen}
		if f.chosen {
			n = 0
		}
		f.href = href(n)
		fs = append(fs, f)
	}
	return fs
}

// byOrder sorts subject codes as the curriculum lists them.
func (n names) byOrder(codes []string) []string {
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(n.order, a), slices.Index(n.order, b)), cmp.Compare(a, b))
	})
	return codes
}
