package signin

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// SecondStepPath is the page where one-time codes are set up.
const SecondStepPath = "/account/second-step"

// mustEnrol reports whether the visitor has to set up one-time codes first.
// Tokens with scopes were made by somebody who had.
func (d *Authenticator) mustEnrol(v *page.Visit) bool {
	if v.Person.Anonymous() || v.Session.Kind == people.Personal || v.Session.Kind == people.MachineToken ||
		!d.People.MustEnrol(v.Person) {
		return false
	}
	switch v.Path {
	case SecondStepPath, "/signout", "/language", "/signin", "/signin/code", "/reset":
		return false
	}
	return true
}

func (d *Authenticator) enrolFirst(c echo.Context) error {
	if c.Request().Method == http.MethodGet && strings.Contains(c.Request().Header.Get("Accept"), "text/html") {
		return c.Redirect(http.StatusSeeOther, SecondStepPath)
	}
	return fault.New(fault.Forbidden, "signin.enrol_first")
}

// askCode asks somebody whose password was right for the one-time code.
func (d *Authenticator) askCode(c echo.Context, p people.Person, back string) error {
	halfway, err := d.People.Halfway(c.Request().Context(), p)
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK,
		codeForm(page.Form{Values: map[string]string{"back": back, "halfway": halfway}}))
}

func (d *Authenticator) code(c echo.Context) error {
	f := page.FormOf(c, "back", "halfway")
	p, err := d.People.HalfwayOf(c.Request().Context(), f.Values["halfway"])
	if fault.Is(err, "signin.expired") {
		f.Err = err
		return page.Render(c, page.Status(err), d.form(f, ""))
	}
	if err != nil {
		return err
	}
	var secret string
	var ses people.Session
	err = d.Try(c, "code "+p.Username, func(ctx context.Context) error {
		secret, ses, p, err = d.People.Finish(ctx, f.Values["halfway"], c.FormValue("code"), c.Request().UserAgent())
		return err
	})
	switch {
	case err == nil:
		return d.letIn(c, p, ses, secret, f.Values["back"])
	case fault.Is(err, "signin.code_wrong") || fault.KindOf(err) == fault.RateLimited:
		f.Err = err
		page.RetryAfter(c, err)
		return page.Render(c, page.Status(err), codeForm(f))
	case fault.Is(err, "signin.expired"):
		f.Err = err
		return page.Render(c, page.Status(err), d.form(f, ""))
	}
	return err
}

// enrolView is the page of one-time codes.
type enrolView struct {
	On       bool
	Must     bool // nothing else can be done before
	Enrol    people.Enrolment
	QR       string   // as a data: address
	Recovery []string // shown once
	Form     page.Form
}

func (d *Authenticator) secondStep(c echo.Context) error {
	return d.showSecondStep(c, http.StatusOK, enrolView{})
}

func (d *Authenticator) showSecondStep(c echo.Context, status int, v enrolView) error {
	ctx := c.Request().Context()
	visit := page.VisitOf(ctx)
	v.On = v.On || visit.Person.SecondStep
	v.Must = !v.On && d.People.MustEnrol(visit.Person)
	if !v.On {
		v.Enrol = d.People.BeginSecondStep(visit.Person, visit.Session, locale.T(ctx, "site.name"))
		qr, err := page.QR(v.Enrol.URL)
		if err != nil {
			return err
		}
		v.QR = qr
	}
	return page.Render(c, status, secondStepPage(v))
}

func (d *Authenticator) confirmSecondStep(c echo.Context) error {
	visit := page.VisitOf(c.Request().Context())
	codes, err := d.People.ConfirmSecondStep(c.Request().Context(), visit.Person, visit.Session, c.FormValue("code"))
	return d.afterCode(c, codes, err)
}

func (d *Authenticator) newRecovery(c echo.Context) error {
	p := page.Who(c)
	var codes []string
	err := d.Try(c, "code "+p.Username, func(ctx context.Context) (err error) {
		codes, err = d.People.NewRecovery(ctx, p, c.FormValue("code"))
		if fault.Is(err, "signin.code_wrong") {
			// Counted as a failed sign-in; shown as a wrong field.
			err = fault.Wrap(err, fault.Unauthenticated, "signin.code_wrong")
		}
		return err
	})
	if fault.Is(err, "signin.code_wrong") {
		e := fault.New(fault.Invalid, "signin.code_wrong")
		e.Fields = []fault.Field{fault.Wrong("code", "signin.code_wrong")}
		err = e
	}
	return d.afterCode(c, codes, err)
}

func (d *Authenticator) afterCode(c echo.Context, codes []string, err error) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.RateLimited:
		page.RetryAfter(c, err)
		return d.showSecondStep(c, page.Status(err), enrolView{Form: page.Form{Values: map[string]string{}, Err: err}})
	}
	if err != nil {
		return err
	}
	return d.showSecondStep(c, http.StatusOK, enrolView{On: true, Recovery: codes})
}
