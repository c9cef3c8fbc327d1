package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/page"
)

// designColours are the tokens of web/asset/src/parts/tokens.css that carry a
// meaning.
var designColours = []string{"accent", "ink", "soft", "strong-line", "good", "warn", "bad", "info", "tint",
	"sunk", "mark"}

// designIcons are those that stand beside words most often.
var designIcons = []string{"play", "headphones", "download", "search", "tv", "calendar-days", "book-open", "clock",
	"upload", "circle-check", "triangle-alert", "wifi-off", "contrast", "users"}

// design shows every part that pages are built of, out of the same components
// and the same style sheet, so that it cannot say something else than they do.
func (s Site) design() []page.Route {
	return []page.Route{{Method: http.MethodGet, Path: "/design", Action: people.ReadPublic, Scope: page.Site,
		Handle: func(c echo.Context) error {
			wrong := page.Form{
				Values: map[string]string{"wrong": ""},
				Err:    fault.Form("lesson.invalid", fault.Field{Name: "wrong", Code: "field.required"}),
			}
			return page.Render(c, http.StatusOK, designPage(wrong))
		}}}
}
