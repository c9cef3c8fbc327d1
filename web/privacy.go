package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/web/page"
)

// privacyParts are the parts of the page for families, with the ends of their
// sentences' keys. Each time named there is a constant of the code that ends
// what is kept; change both together.
var privacyParts = []struct {
	name      string
	sentences []string
}{
	{"watching", []string{"1", "2", "3", "4"}},
	{"student", []string{"1", "2", "3", "4", "5"}},
	{"staff", []string{"1", "2"}},
	{"cookies", []string{"1", "2"}},
	{"others", []string{"1", "2"}},
	{"rights", []string{"1", "2"}},
}

func (s Site) privacy() []page.Route {
	return []page.Route{{Method: http.MethodGet, Path: "/privacy", Action: people.ReadPublic, Scope: page.Site,
		Handle: func(c echo.Context) error {
			return page.Render(c, http.StatusOK, privacyPage())
		}}}
}
