// Package page is what every page shares: the request's person and language,
// the layout, forms, and the one table from faults to HTTP statuses.
package page

import (
	"context"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/locale"
)

// Scope says where a route's action is checked against its object.
type Scope string

// The scopes. A route of scope Site is refused by the router itself, before
// its handler runs; one of scope Object by the service that has read the
// object's facts; one of scope Handler by its handler, which weighs more than
// the person. The access matrix test tries all.
const (
	Site    Scope = "site"
	Object  Scope = "object"
	Handler Scope = "handler"
)

// Route is one line of the site's one list of routes.
type Route struct {
	Method string
	Path   string // echo's form: /lessons/:id
	Action people.Action
	Scope  Scope
	Handle echo.HandlerFunc
	// Body is the largest body taken, in bytes; 0: what every form may have.
	Body int64
}

// Visit is what is known of the request's sender.
type Visit struct {
	Person  people.Person // zero: anonymous
	Session people.Session
	Bearer  bool   // came with a token in Authorization, not a cookie
	Base    string // scheme and host the visitor used, e.g. "http://127.0.0.1:8080"
	Addr    string // client address, X-Forwarded-For only from trusted proxies
	Path    string
	Query   string
	Text    TextSize
	Strong  bool // strong contrast was asked for
}

type visitKey struct{}

// WithVisit puts the visit into ctx.
func WithVisit(ctx context.Context, v *Visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// VisitOf is the visit in ctx; an empty one when there is none.
func VisitOf(ctx context.Context) *Visit {
	if v, ok := ctx.Value(visitKey{}).(*Visit); ok {
		return v
	}
	return &Visit{}
}

// Who is the request's person.
func Who(c echo.Context) people.Person { return VisitOf(c.Request().Context()).Person }

// Render writes a page with a status.
func Render(c echo.Context, status int, t templ.Component) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/html; charset=utf-8")
	if c.Response().Header().Get("Cache-Control") == "" {
		c.Response().Header().Set("Cache-Control", "no-store")
	}
	return sendText(c, status, t)
}

// Form carries what was typed back to the page together with what was wrong,
// so that nothing typed is lost.
type Form struct {
	Values map[string]string
	Err    error
	shown  string // what the form had shown, see Merged
}

// FormOf takes what was typed into the named fields.
func FormOf(c echo.Context, names ...string) Form {
	f := Form{Values: map[string]string{}, shown: c.FormValue(shownName)}
	for _, n := range names {
		f.Values[n] = c.FormValue(n)
	}
	return f
}

// Get is what was typed into a field, or the value to start from.
func (f Form) Get(name, start string) string {
	if v, ok := f.Values[name]; ok {
		return v
	}
	return start
}

// Wrong is the sentence about a field, or "".
func (f Form) Wrong(ctx context.Context, name string) string {
	e := fault.As(f.Err)
	if e == nil {
		return ""
	}
	for _, x := range e.Fields {
		if x.Name == name {
			return locale.From(ctx).Code(x.Code, x.Args)
		}
	}
	return ""
}

// Failed is the sentence about the whole form, or "".
func (f Form) Failed(ctx context.Context) string {
	if f.Err == nil {
		return ""
	}
	return locale.From(ctx).Fault(f.Err)
}
