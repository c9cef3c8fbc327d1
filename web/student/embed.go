package student

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/page"
)

// embedPath is where lessons can be watched in a frame of another site.
const embedPath = "/embed/"

// NoEmbed as Handler.Embed lets no site show lessons in a frame.
const NoEmbed = "none"

// ancestors is the source list of the content security policy that says who
// may frame the embedded player.
func (r Handler) ancestors() string {
	if r.Embed == "" {
		return "*"
	}
	return r.Embed
}

// embed is the only page that other sites may frame. Whoever is signed in here
// is nobody there: it shows what anybody may watch, sets no cookie, and its
// scripts send none.
func (r Handler) embed(c echo.Context) error {
	ctx := c.Request().Context()
	if r.ancestors() == NoEmbed {
		return fault.New(fault.NotFound, "page.not_found")
	}
	l, err := r.Lessons.Read(ctx, people.Person{}, c.Param("lesson"))
	if err != nil {
		return err
	}
	visit := *page.VisitOf(ctx)
	visit.Person = people.Person{}
	ctx = page.WithVisit(ctx, &visit)
	c.SetRequest(c.Request().WithContext(ctx))
	now := r.Now()
	p := lessonPage{lesson: l, now: now, base: visit.Base, public: true}
	if p.player, err = page.PlayerOf(ctx, r.Streams, l, now.In(r.Zone)); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "frame-ancestors 'none'",
		"frame-ancestors "+r.ancestors(), 1))
	h.Del("X-Frame-Options")
	h.Set("Cache-Control", "private, no-cache")
	return page.Render(c, http.StatusOK, embedded(p))
}
