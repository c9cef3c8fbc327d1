package signin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/page"
)

func (d *Authenticator) account(c echo.Context) error {
	v := page.VisitOf(c.Request().Context())
	list, err := d.People.Store.Sessions(c.Request().Context(), v.Person.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(s people.Session) bool { return d.Now().After(s.ExpiresAt) })
	return page.Render(c, http.StatusOK, account(v.Person, v.Session, list, page.DoneOf(c)))
}

func (d *Authenticator) end(c echo.Context) error {
	// No id would mean every session: a form without one must not do that.
	id := c.FormValue("session")
	if id == "" {
		return fault.New(fault.Invalid, "request.malformed")
	}
	if err := d.People.SignOut(c.Request().Context(), page.Who(c).ID, id); err != nil {
		return err
	}
	back := "/account"
	if c.FormValue("from") == "tokens" {
		back = "/account/tokens"
	}
	return c.Redirect(http.StatusSeeOther, back+"?done=ended")
}

func (d *Authenticator) endOthers(c echo.Context) error {
	v := page.VisitOf(c.Request().Context())
	if err := d.People.EndOthers(c.Request().Context(), v.Person.ID, v.Session.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/account?done=ended_others")
}

// tokensView is the page of a person's own tokens.
type tokensView struct {
	Tokens []people.Session
	Scopes []people.Action // that one may choose from
	Chosen []people.Action
	Form   page.Form
	Secret string // of a token just made, shown once
	Made   people.Session
	Done   string
}

// tokenDays are the lives that may be chosen.
var tokenDays = []int{7, 30, 90, 365}

func (d *Authenticator) tokens(c echo.Context) error {
	return d.showTokens(c, http.StatusOK, tokensView{Done: page.DoneOf(c)})
}

func (d *Authenticator) showTokens(c echo.Context, status int, v tokensView) error {
	p := page.Who(c)
	list, err := d.People.Store.Sessions(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	v.Tokens = slices.DeleteFunc(list, func(s people.Session) bool { return s.Kind != people.Personal })
	v.Scopes = people.ScopesOf(p)
	return page.Render(c, status, tokensPage(v))
}

func (d *Authenticator) makeToken(c echo.Context) error {
	f := page.FormOf(c, "name", "days")
	n := people.NewToken{Name: f.Values["name"], Scopes: Scopes(c)}
	n.Days, _ = strconv.Atoi(f.Values["days"]) // what is no number is refused as no days
	secret, made, err := d.People.MakeToken(c.Request().Context(), page.Who(c), n)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		f.Err = err
		return d.showTokens(c, page.Status(err), tokensView{Form: f, Chosen: n.Scopes})
	}
	if err != nil {
		return err
	}
	// Shown once, on the answer itself: an address would keep it.
	return d.showTokens(c, http.StatusOK, tokensView{Secret: secret, Made: made})
}

// Scopes are those that were ticked in a form.
func Scopes(c echo.Context) []people.Action {
	form, err := c.FormParams()
	if err != nil {
		return nil
	}
	var out []people.Action
	for _, s := range form["scopes"] {
		if a := people.Action(s); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// query escapes a value of an address.
func query(s string) string { return url.QueryEscape(s) }
