package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/page"
)

// externalCookie ties the way out to the browser that took it, so that nobody
// can be signed in as somebody else by a link.
func externalCookie(base string) string { return cookieName(base) + "-ngoai" }

// away is what has to be known when somebody comes back.
type away struct {
	Nonce, Verifier, Back string
}

func externalBack(base string) string { return base + "/signin/external/back" }

// leaveFor sends somebody to the province's own sign-in.
func (d *Authenticator) leaveFor(c echo.Context) error {
	if d.External == nil {
		return c.Redirect(http.StatusSeeOther, "/signin")
	}
	ctx := c.Request().Context()
	base := page.VisitOf(ctx).Base
	x := away{Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Back: page.LocalPath(c.QueryParam("back"))}
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	state, err := d.People.Leave(ctx, string(data))
	if err != nil {
		return err
	}
	to, err := d.External.Address(ctx, externalBack(base), state, x.Nonce, x.Verifier)
	if err != nil {
		return err
	}
	c.SetCookie(Cookie(base, externalCookie(base), state, people.ExternalLife))
	return c.Redirect(http.StatusSeeOther, to)
}

// comeBack lets in whom the province's own sign-in vouches for. Reached
// without having left from here (a bookmark, a repeated click), it leads to the
// ordinary page.
func (d *Authenticator) comeBack(c echo.Context) error {
	ctx := c.Request().Context()
	base, state := page.VisitOf(ctx).Base, c.QueryParam("state")
	k, err := c.Request().Cookie(externalCookie(base))
	if d.External == nil || err != nil || subtle.ConstantTimeCompare([]byte(k.Value), []byte(state)) != 1 {
		return c.Redirect(http.StatusSeeOther, "/signin")
	}
	c.SetCookie(Cookie(base, externalCookie(base), "", 0))
	p, back, err := d.vouched(ctx, base, state, c.QueryParam("code"))
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Unavailable:
		d.Log.WarnContext(ctx, "external sign-in refused", "error", err)
		f := page.Form{Values: map[string]string{"back": back}, Err: err}
		return page.Render(c, page.Status(err), d.form(f, ""))
	}
	if err != nil {
		return err
	}
	if p.SecondStep {
		return d.askCode(c, p, back)
	}
	secret, ses, err := d.People.Open(ctx, p, people.Browser, c.Request().UserAgent())
	if err != nil {
		return err
	}
	return d.letIn(c, p, ses, secret, back)
}

func (d *Authenticator) vouched(ctx context.Context, base, state, code string) (p people.Person,
	back string, err error) {
	data, err := d.People.Return(ctx, state)
	if err != nil {
		return people.Person{}, "", err
	}
	var x away
	if err := json.Unmarshal([]byte(data), &x); err != nil {
		return people.Person{}, "", err
	}
	if code == "" { // they changed their mind there
		return people.Person{}, x.Back, fault.New(fault.Unauthenticated, "signin.external_refused")
	}
	claims, err := d.External.Redeem(ctx, externalBack(base), code, x.Nonce, x.Verifier)
	if err != nil {
		return people.Person{}, x.Back, err
	}
	p, err = d.People.External(ctx, claims)
	return p, x.Back, err
}
