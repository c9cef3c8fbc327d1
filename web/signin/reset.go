package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// mails reports whether reset links can be mailed. Without a public address of
// our own the link would lead where the request's Host says, which an attacker
// chooses.
func (d *Authenticator) mails() bool { return d.Mail != nil && d.Public != "" }

// ResetAddress is the address that a reset's secret is used at.
func ResetAddress(base, secret string) string {
	return base + "/reset?token=" + url.QueryEscape(secret)
}

func (d *Authenticator) forgot(c echo.Context) error {
	return page.Render(c, http.StatusOK, forgotPage(page.Form{}, d.mails(), false))
}

// mailReset answers the same whether or not there is such an account, and
// before the letter is sent, so that its time tells nothing either.
func (d *Authenticator) mailReset(c echo.Context) error {
	f := page.FormOf(c, "account")
	account := strings.ToLower(strings.TrimSpace(f.Values["account"]))
	if account == "" {
		f.Err = fault.Form("people.invalid", fault.Wrong("account", "field.required"))
		return page.Render(c, page.Status(f.Err), forgotPage(f, d.mails(), false))
	}
	ctx := c.Request().Context()
	addr := page.VisitOf(ctx).Addr
	if err := tooMany(d.Limits.Wait(ctx, "forgot "+account, addr)); err != nil {
		f.Err = err
		page.RetryAfter(c, err)
		return page.Render(c, page.Status(err), forgotPage(f, d.mails(), false))
	}
	d.Limits.Failed(ctx, "forgot "+account, addr) // each request counts
	if d.mails() {
		go d.sendReset(context.WithoutCancel(ctx), account)
	}
	return page.Render(c, http.StatusOK, forgotPage(f, d.mails(), true))
}

// sendsWithin bounds making and sending one letter.
const sendsWithin = time.Minute

func (d *Authenticator) sendReset(ctx context.Context, account string) {
	ctx, done := context.WithTimeout(ctx, sendsWithin)
	defer done()
	p, secret, ok, err := d.People.MailedReset(ctx, account)
	if err == nil && ok {
		printer := locale.From(ctx)
		text := printer.T("mail.reset", "name", p.Name, "username", p.Username, "link",
			ResetAddress(d.Base(&http.Request{}), secret),
			"minutes", int(people.MailedLife/time.Minute))
		err = d.Mail.Send(ctx, p.Email, printer.T("mail.reset_subject"), text)
	}
	if err != nil {
		d.Log.WarnContext(ctx, "reset letter not sent", "error", err)
	}
}

func (d *Authenticator) showReset(c echo.Context) error {
	token := c.QueryParam("token")
	p, err := d.People.ResetOf(c.Request().Context(), token)
	if fault.Is(err, "signin.reset_gone") {
		return page.Render(c, page.Status(err), resetPage(page.Form{Err: err}, people.Person{}, ""))
	}
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, resetPage(page.Form{}, p, token))
}

func (d *Authenticator) reset(c echo.Context) error {
	token, password := c.FormValue("token"), c.FormValue("password")
	err := d.Try(c, "reset "+people.HashSecret(token)[:16], func(ctx context.Context) error {
		if password != c.FormValue("again") {
			return fault.Form("people.invalid", fault.Wrong("again", "people.passwords_differ"))
		}
		_, err := d.People.Reset(ctx, token, password)
		return err
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/signin?done=password")
	}
	f := page.Form{Values: map[string]string{}, Err: err}
	switch fault.KindOf(err) {
	case fault.Gone, fault.RateLimited:
		page.RetryAfter(c, err)
		return page.Render(c, page.Status(err), resetPage(f, people.Person{}, ""))
	case fault.Invalid:
		p, gone := d.People.ResetOf(c.Request().Context(), token)
		if gone != nil {
			return gone
		}
		return page.Render(c, page.Status(err), resetPage(f, p, token))
	}
	return err
}
