package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// accountView is one person's account.
type accountView struct {
	Person people.Person
	Me     bool
	Link   string // a reset link just made, shown once
	QR     string // of the link
	Until  time.Time
	Form   page.Form
	Done   string
}

func (r Handler) accountRoutes() []page.Route {
	const manage = people.ManagePeople
	return []page.Route{
		{Method: http.MethodGet, Path: "/admin/people/:person/account", Action: manage, Scope: page.Site,
			Handle: r.account},
		{Method: http.MethodPost, Path: "/admin/people/:person/email", Action: manage, Scope: page.Site,
			Handle: r.setEmail},
		{Method: http.MethodPost, Path: "/admin/people/:person/reset", Action: manage, Scope: page.Site,
			Handle: r.issueReset},
		{Method: http.MethodPost, Path: "/admin/people/:person/second-step", Action: manage, Scope: page.Site,
			Handle: r.removeSecondStep},
		{Method: http.MethodGet, Path: "/admin/people/:person/data", Action: people.ErasePerson, Scope: page.Site,
			Handle: r.exportPerson},
		{Method: http.MethodPost, Path: "/admin/people/:person/erase", Action: people.ErasePerson, Scope: page.Site,
			Handle: r.erasePerson},
		{Method: http.MethodGet, Path: "/admin/tokens", Action: people.ManageTokens, Scope: page.Site,
			Handle: r.tokens},
		{Method: http.MethodPost, Path: "/admin/tokens", Action: people.ManageTokens, Scope: page.Site,
			Handle: r.makeToken},
		{Method: http.MethodPost, Path: "/admin/tokens/:person/end", Action: people.ManageTokens, Scope: page.Site,
			Handle: r.endToken},
		{Method: http.MethodGet, Path: "/admin/audit", Action: people.ReadAudit, Scope: page.Site, Handle: r.audit},
	}
}

func (r Handler) account(c echo.Context) error {
	return r.showAccount(c, http.StatusOK, accountView{Done: page.DoneOf(c)})
}

func (r Handler) showAccount(c echo.Context, status int, v accountView) error {
	p, err := r.People.Store.Person(c.Request().Context(), c.Param("person"))
	if err != nil {
		return err
	}
	v.Person, v.Me = p, p.ID == page.Who(c).ID
	return page.Render(c, status, accountPage(v))
}

func storedEmail(p people.Person) []page.Stored { return []page.Stored{page.Now("email", p.Email)} }

func (r Handler) setEmail(c echo.Context) error {
	f, err := page.SaveMerged(c.Request().Context(), r.People.Atomic, page.FormOf(c, "email"),
		func(ctx context.Context) ([]page.Stored, error) {
			p, err := r.People.Store.Person(ctx, c.Param("person"))
			return storedEmail(p), err
		},
		func(ctx context.Context, f page.Form) error {
			_, err := r.People.SetEmail(ctx, page.Who(c), c.Param("person"), f.Values["email"])
			return err
		})
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return r.showAccount(c, page.Status(err), accountView{Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/people/"+c.Param("person")+"/account?done=saved")
}

func (r Handler) issueReset(c echo.Context) error {
	ctx := c.Request().Context()
	_, secret, until, err := r.People.IssueReset(ctx, page.Who(c), c.Param("person"))
	if fault.KindOf(err) == fault.Conflict {
		return r.showAccount(c, page.Status(err), accountView{Form: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	// Shown once, on the answer itself: an address would keep it.
	v := accountView{Link: signin.ResetAddress(page.VisitOf(ctx).Base, secret), Until: until}
	if v.QR, err = page.QR(v.Link); err != nil {
		return err
	}
	return r.showAccount(c, http.StatusOK, v)
}

func (r Handler) removeSecondStep(c echo.Context) error {
	if _, err := r.People.RemoveSecondStep(c.Request().Context(), page.Who(c), c.Param("person")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/people/"+c.Param("person")+"/account?done=second_step_removed")
}

// exportPerson sends what is stored about a person as JSON.
func (r Handler) exportPerson(c echo.Context) error {
	data, err := r.People.Export(c.Request().Context(), page.Who(c), c.Param("person"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="person.json"`)
	h.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	c.Response().WriteHeader(http.StatusOK)
	e := json.NewEncoder(c.Response())
	e.SetIndent("", "  ")
	return e.Encode(data)
}

// erasePerson asks for the username to be typed: it cannot be undone.
func (r Handler) erasePerson(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := r.People.Store.Person(ctx, c.Param("person"))
	if err != nil {
		return err
	}
	if c.FormValue("username") != p.Username {
		err = fault.Form("people.invalid", fault.Wrong("username", "people.erase_check"))
	} else {
		err = r.People.Erase(ctx, page.Who(c), p.ID)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return r.showAccount(c, page.Status(err), accountView{Form: page.Form{Values: map[string]string{}, Err: err}})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/people?done=erased")
}
