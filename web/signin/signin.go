// Package signin knows who sends a request: sessions in cookies, tokens in
// Authorization, protection against forged requests, and limits on guessing.
package signin

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Authenticator lets people in.
type Authenticator struct {
	People  *people.Service
	Book    *locale.Book
	Trusted []netip.Prefix // proxies whose X-Forwarded-* are believed
	Public  string         // LENLOP_PUBLIC_URL, or "" to believe the request's Host
	Limits  *Limits
	// Mail sends letters with reset links; nil when no server is known. It is used
	// only with Public set: a link must not lead where a request's Host says.
	Mail Mail
	// External is the province's own sign-in; nil when there is none.
	External External
	Log      *slog.Logger
	Now      func() time.Time
	cross    *http.CrossOriginProtection
	gate     chan struct{} // who checks a password now
}

// Mail sends letters of plain text.
type Mail interface {
	Send(ctx context.Context, to, subject, text string) error
}

// External signs people in elsewhere (infra/oidc).
type External interface {
	Address(ctx context.Context, back, state, nonce, verifier string) (string, error)
	Redeem(ctx context.Context, back, code, nonce, verifier string) (people.Claims, error)
}

// New makes a Authenticator; see its fields.
func New(d Authenticator) *Authenticator {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.cross = http.NewCrossOriginProtection()
	// Checking a password costs a core and 64 MB: a class that signs in at
	// once waits its turn instead of taking all memory.
	d.gate = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))
	return &d
}

// cookieName: browsers accept the __Host- prefix only over https.
func cookieName(base string) string {
	if strings.HasPrefix(base, "https://") {
		return "__Host-lenlop"
	}
	return "lenlop"
}

// Cookie makes a cookie of the site, as strict as the connection allows.
func Cookie(base, name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(base, "https://")}
	if life > 0 {
		c.MaxAge = int(life / time.Second)
	} else {
		c.MaxAge = -1
	}
	return c
}

type operatorKey struct{}

// AsOperator makes every request the operator's own. Serve it only where file
// rights decide who gets in: on a socket in the data folder.
func AsOperator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operatorKey{}, true)))
	})
}

func operator(ctx context.Context) bool { return ctx.Value(operatorKey{}) != nil }

// Middleware puts the visit and the language into the request's context. A
// request with a bad token is refused; one with an old cookie goes on as
// anonymous.
func (d *Authenticator) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		wish := r.URL.Query().Get("lang")
		if wish == "" {
			if k, err := r.Cookie("lang"); err == nil {
				wish = k.Value
			}
		}
		v := &page.Visit{Base: d.Base(r), Addr: d.Addr(r), Path: r.URL.Path, Query: r.URL.RawQuery,
			Text: page.TextSizeOf(r), Strong: page.StrongContrastOf(r)}
		ctx := locale.With(page.WithVisit(audit.FromPlace(r.Context(), v.Addr), v),
			d.Book.Printer(locale.Choose(wish, r.Header.Get("Accept-Language"))))
		c.SetRequest(r.WithContext(ctx))
		var err error
		if operator(ctx) {
			// Its requests come over a socket: the host is only a name.
			v.Person, v.Bearer, v.Base = people.Operator(), true, "http://"+r.Host
			return next(c)
		}
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			v.Bearer = true
			if v.Person, v.Session, err = d.People.Who(ctx, strings.TrimSpace(token)); err != nil {
				return err
			}
		} else {
			// Forged requests from other sites: only cookies are at risk.
			if err := d.cross.Check(r); err != nil {
				return fault.Wrap(err, fault.Forbidden, "request.cross_origin")
			}
			if k, e := r.Cookie(cookieName(v.Base)); e == nil {
				v.Person, v.Session, err = d.People.Who(ctx, k.Value)
				if err != nil && fault.KindOf(err) != fault.Unauthenticated {
					return err
				}
			}
		}
		if d.mustEnrol(v) {
			return d.enrolFirst(c)
		}
		return next(c)
	}
}

// Enter signs a person in with credentials within the limits and gives the
// session's secret. The person comes back too when only the one-time code was
// missing or wrong.
func (d *Authenticator) Enter(c echo.Context, in people.Credentials, kind people.SessionKind) (secret string,
	ses people.Session, p people.Person, err error) {
	err = d.Try(c, strings.ToLower(strings.TrimSpace(in.Username)), func(ctx context.Context) error {
		secret, ses, p, err = d.People.Enter(ctx, in, kind, c.Request().UserAgent())
		return err
	})
	return secret, ses, p, err
}

// Try is one attempt at a secret of an account, in whatever way, within the
// limits: what try answers as Unauthenticated is counted, but for a code that
// is still owed. Checking takes memory and time, so a class that comes at once
// waits its turn.
func (d *Authenticator) Try(c echo.Context, account string, try func(ctx context.Context) error) error {
	ctx := c.Request().Context()
	addr := page.VisitOf(ctx).Addr
	if err := tooMany(d.Limits.KnownWait(account, addr)); err != nil {
		return err
	}
	select {
	case d.gate <- struct{}{}:
		defer func() { <-d.gate }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// Guesses that were sent together, here or to other processes, have failed meanwhile.
	if err := tooMany(d.Limits.Wait(ctx, account, addr)); err != nil {
		return err
	}
	err := try(ctx)
	switch {
	case err == nil:
		d.Limits.Succeeded(ctx, account, addr)
	case fault.Is(err, "signin.code_needed") || fault.Is(err, "signin.enrol_first"):
		// The password was right, but nobody is in yet.
	case fault.KindOf(err) == fault.Unauthenticated || fault.KindOf(err) == fault.Gone:
		d.Limits.Failed(ctx, account, addr)
	}
	return err
}

// tooMany refuses an attempt that must wait.
func tooMany(wait time.Duration) error {
	if wait > 0 {
		return fault.New(fault.RateLimited, "signin.too_many", "seconds", int(wait/time.Second)+1)
	}
	return nil
}

// Routes of signing in and out, of one's own account, and of choosing a language.
func (d *Authenticator) Routes() []page.Route {
	const public, self = people.ReadPublic, people.ManageSelf
	return []page.Route{
		{Method: "GET", Path: "/signin", Action: public, Scope: page.Site, Handle: d.show},
		{Method: "POST", Path: "/signin", Action: public, Scope: page.Site, Handle: d.enter},
		{Method: "POST", Path: "/signin/code", Action: public, Scope: page.Site, Handle: d.code},
		{Method: "GET", Path: "/signin/external", Action: public, Scope: page.Site, Handle: d.leaveFor},
		{Method: "GET", Path: "/signin/external/back", Action: public, Scope: page.Site, Handle: d.comeBack},
		{Method: "GET", Path: "/forgot", Action: public, Scope: page.Site, Handle: d.forgot},
		{Method: "POST", Path: "/forgot", Action: public, Scope: page.Site, Handle: d.mailReset},
		{Method: "GET", Path: "/reset", Action: public, Scope: page.Site, Handle: d.showReset},
		{Method: "POST", Path: "/reset", Action: public, Scope: page.Site, Handle: d.reset},
		{Method: "POST", Path: "/signout", Action: public, Scope: page.Site, Handle: d.leave},
		{Method: "GET", Path: "/account", Action: people.SeeSelf, Scope: page.Site, Handle: d.account},
		{Method: "POST", Path: "/account/sessions/end", Action: self, Scope: page.Site, Handle: d.end},
		{Method: "POST", Path: "/account/sessions/end-others", Action: self, Scope: page.Site, Handle: d.endOthers},
		{Method: "GET", Path: SecondStepPath, Action: self, Scope: page.Site, Handle: d.secondStep},
		{Method: "POST", Path: SecondStepPath, Action: self, Scope: page.Site, Handle: d.confirmSecondStep},
		{Method: "POST", Path: SecondStepPath + "/codes", Action: self, Scope: page.Site, Handle: d.newRecovery},
		{Method: "GET", Path: "/account/tokens", Action: self, Scope: page.Site, Handle: d.tokens},
		{Method: "POST", Path: "/account/tokens", Action: self, Scope: page.Site, Handle: d.makeToken},
		{Method: "POST", Path: "/language", Action: public, Scope: page.Site, Handle: d.language},
	}
}

func (d *Authenticator) show(c echo.Context) error {
	if !page.Who(c).Anonymous() {
		return c.Redirect(http.StatusSeeOther, page.LocalPath(c.QueryParam("back")))
	}
	return page.Render(c, http.StatusOK,
		d.form(page.Form{Values: map[string]string{"back": c.QueryParam("back")}}, page.DoneOf(c)))
}

func (d *Authenticator) form(f page.Form, done string) templ.Component {
	return form(f, done, d.External != nil)
}

func (d *Authenticator) enter(c echo.Context) error {
	f := page.FormOf(c, "username", "back")
	secret, ses, p, err := d.Enter(c,
		people.Credentials{Username: c.FormValue("username"), Password: c.FormValue("password")}, people.Browser)
	if fault.Is(err, "signin.code_needed") {
		return d.askCode(c, p, f.Values["back"])
	}
	if err != nil {
		switch fault.KindOf(err) {
		case fault.Unauthenticated, fault.RateLimited:
			f.Err = err
			page.RetryAfter(c, err)
			return page.Render(c, page.Status(err), d.form(f, ""))
		}
		return err
	}
	return d.letIn(c, p, ses, secret, f.Values["back"])
}

// letIn gives the browser its new session and ends the one it had.
func (d *Authenticator) letIn(c echo.Context, p people.Person, ses people.Session, secret, back string) error {
	v := page.VisitOf(c.Request().Context())
	if v.Session.ID != "" {
		// Another session begins in this browser; the one before must not
		// live on with nobody to end it.
		if err := d.People.SignOut(c.Request().Context(), v.Person.ID, v.Session.ID); err != nil {
			return err
		}
	}
	c.SetCookie(Cookie(v.Base, cookieName(v.Base), secret, ses.ExpiresAt.Sub(d.Now())))
	forgetHolder(c)
	if d.People.MustEnrol(p) {
		return c.Redirect(http.StatusSeeOther, SecondStepPath)
	}
	if back = page.LocalPath(back); back == "/" {
		back = start(p)
	}
	return c.Redirect(http.StatusSeeOther, back)
}

// start is the page a person most likely came for.
func start(p people.Person) string {
	switch {
	case p.Is(people.Reviewer):
		return "/review"
	case p.Is(people.Station):
		return "/station"
	case p.Is(people.Admin):
		return "/admin"
	case p.Is(people.Teacher):
		return "/teacher"
	case p.Is(people.Head):
		return "/school"
	}
	return "/"
}

func (d *Authenticator) leave(c echo.Context) error {
	v := page.VisitOf(c.Request().Context())
	if v.Session.ID != "" {
		if err := d.People.SignOut(c.Request().Context(), v.Person.ID, v.Session.ID); err != nil {
			return err
		}
	}
	c.SetCookie(Cookie(v.Base, cookieName(v.Base), "", 0))
	forgetHolder(c)
	return c.Redirect(http.StatusSeeOther, "/")
}

func (d *Authenticator) language(c echo.Context) error {
	base := page.VisitOf(c.Request().Context()).Base
	const year = 365 * 24 * time.Hour
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	if form.Has("lang") {
		c.SetCookie(Cookie(base, "lang", string(locale.Choose(form.Get("lang"), "")), year))
	}
	if form.Has("text") {
		c.SetCookie(Cookie(base, page.TextCookie, string(page.ParseTextSize(form.Get("text"))), year))
	}
	if form.Has("contrast") {
		c.SetCookie(Cookie(base, page.ContrastCookie, page.ParseContrast(form.Get("contrast")), year))
	}
	back := page.LocalPath(c.FormValue("back"))
	if u, err := url.Parse(back); err == nil {
		q := u.Query()
		q.Del("lang")
		u.RawQuery = q.Encode()
		back = u.String()
	}
	return c.Redirect(http.StatusSeeOther, back)
}
