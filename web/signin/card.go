package signin

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

// CardPath is where students sign in with their cards.
const CardPath = "/signin/card"

// Cards lets students in with the class code and the code of their card.
type Cards struct {
	Authenticator *Authenticator
	Office        *school.Office
}

// Routes of signing in by card.
func (k Cards) Routes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: CardPath, Action: people.ReadPublic, Scope: page.Site, Handle: k.show},
		{Method: "POST", Path: CardPath, Action: people.ReadPublic, Scope: page.Site, Handle: k.enter},
	}
}

func (k Cards) show(c echo.Context) error {
	return page.Render(c, http.StatusOK,
		cardForm(page.Form{Values: map[string]string{"class": school.ParseJoinCode(c.QueryParam("class")),
			"back": c.QueryParam("back")}}))
}

func (k Cards) enter(c echo.Context) error {
	f := page.FormOf(c, "class", "code", "back")
	var secret string
	var ses people.Session
	var p people.Person
	// Wrong tries are counted for the very code that was typed, and for the
	// address: a count for the class would let one joker lock all of it out.
	card := "card " + school.ParseJoinCode(f.Values["class"]) + " " + strings.ToUpper(f.Values["code"])
	err := k.Authenticator.Try(c, card, func(ctx context.Context) (err error) {
		secret, ses, p, err = k.Office.SignIn(ctx, f.Values["class"], f.Values["code"], c.Request().UserAgent())
		return err
	})
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.RateLimited:
		f.Err = err
		page.RetryAfter(c, err)
		return page.Render(c, page.Status(err), cardForm(f))
	}
	if err != nil {
		return err
	}
	return k.Authenticator.letIn(c, p, ses, secret, f.Values["back"])
}
