// Package web is everything that a browser or a script can ask for: pages for
// each audience, the API, streams and assets, on echo.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/api"
	"lenlop/web/asset"
	"lenlop/web/locale"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Site is the assembled web side.
type Site struct {
	Authenticator *signin.Authenticator
	Book          *locale.Book
	Assets        *asset.Set
	Log           *slog.Logger
	Handlers      Handlers
	Health        Health
	// Metrics are told of every request and shown at /metrics.
	Metrics interface {
		Request(route string, status int, took time.Duration)
		Handler() http.Handler
	}
	// Storage relays presigned part uploads below StoragePath ("/bucket/") to
	// the embedded S3 endpoint; nil in scale mode, where browsers go straight.
	Storage     http.Handler
	StoragePath string
	// MediaOrigin is the origin browsers send parts to in scale mode, for the
	// content security policy; "" when it is this site.
	MediaOrigin string
}

// New assembles the handler from the one list of routes.
func New(s Site) (http.Handler, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.Use(s.frame, s.Authenticator.Middleware)
	seen := map[string]bool{}
	for _, r := range s.Routes() {
		if r.Action == "" || r.Scope == "" || r.Handle == nil {
			return nil, fmt.Errorf("route %s %s names no action, scope or handler", r.Method, r.Path)
		}
		key := r.Method + " " + r.Path
		if seen[key] {
			return nil, fmt.Errorf("route %s is listed twice", key)
		}
		seen[key] = true
		e.Add(r.Method, r.Path, r.Handle, allow(r))
	}
	e.RouteNotFound("/*", func(c echo.Context) error { return fault.New(fault.NotFound, "page.not_found") })
	mux := http.NewServeMux()
	mux.Handle(asset.Prefix, s.Assets)
	mux.HandleFunc("GET /sw.js", s.Assets.Worker)
	if s.Storage != nil {
		mux.Handle(s.StoragePath, s.Storage)
	}
	mux.Handle("/", e)
	// Around everything: the mux answers by itself too (a path like //x).
	return s.secured(mux), nil
}

// maxForm is the largest form that a page sends, in bytes, unless it holds a
// file (page.Route.Body): a description of
// 4000 characters, each escaped, is under 40 kB. The API minds its own bodies.
const maxForm int64 = 1 << 20

// allow refuses a route of scope Site to those who may not, and asks visitors
// to sign in where no visitor may; routes of scope Object are then checked by
// the service that knows the object, those of scope Handler by their handler.
func allow(r page.Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p := page.Who(c)
			switch {
			case r.Scope == page.Handler:
			case p.Anonymous() && !people.May(p, r.Action, people.Object{Published: true}):
				// Nobody who is not signed in may do this to any object.
				return fault.New(fault.Unauthenticated, "signin.needed")
			case r.Scope == page.Site && !people.May(p, r.Action, people.Object{}):
				return fault.New(fault.Forbidden, "access.denied")
			}
			if !strings.HasPrefix(r.Path, api.Base) {
				most := max(maxForm, r.Body)
				if c.Request().ContentLength > most {
					return fault.New(fault.TooLarge, "request.too_large")
				}
				c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most)
			}
			return next(c)
		}
	}
}

// frame gives every request an id, security headers and a log line, and recovers panics.
func (s Site) frame(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		start := time.Now()
		id := uuid.NewString()
		c.Response().Header().Set("X-Request-Id", id)
		r := c.Request()
		// Set the printer and the assets first, because a page that refuses the request needs them too.
		ctx := page.WithAssets(r.Context(), s.Assets)
		ctx = locale.With(ctx, s.Book.Printer(
			locale.Choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))))
		c.SetRequest(r.WithContext(ctx))
		// The server's share of the waiting time, for a browser's network panel.
		c.Response().Before(func() {
			c.Response().Header().Set("Server-Timing",
				fmt.Sprintf("app;dur=%.1f", float64(time.Since(start).Microseconds())/1000))
		})
		defer func() {
			if p := recover(); p != nil {
				if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
					panic(p)
				}
				err = fmt.Errorf("panic: %v", p)
				s.Log.ErrorContext(ctx, "panic", "request", id, "path", r.URL.Path, "panic", p, "stack", stack())
			}
			if err != nil {
				c.Error(err)
				err = nil
			}
			s.Metrics.Request(c.Path(), c.Response().Status, time.Since(start))
			s.Log.LogAttrs(ctx, level(c.Response().Status), "request",
				slog.String("request", id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(start)),
				slog.String("lesson", c.Param("lesson")))
		}()
		return next(c)
	}
}

// fail answers with an error: a problem document to scripts, a page to browsers. An unclassified error is logged in
// full and shown as a general sentence.
func (s Site) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	err = page.Known(err)
	status := page.Status(err)
	ctx := c.Request().Context()
	id := c.Response().Header().Get("X-Request-Id")
	if status >= 500 && !errors.Is(err, context.Canceled) {
		s.Log.ErrorContext(ctx, "request failed", "request", id, "path", c.Request().URL.Path, "error", err)
	}
	page.RetryAfter(c, err)
	var werr error
	switch {
	case c.Request().Method == http.MethodHead:
		werr = c.NoContent(status)
	case strings.HasPrefix(c.Request().URL.Path, api.Base) ||
		!strings.Contains(c.Request().Header.Get("Accept"), "text/html"):
		werr = api.WriteProblem(c, status, err)
	default:
		werr = page.Render(c, status, page.Problem(status, locale.From(ctx).Fault(err), id))
	}
	if werr != nil {
		s.Log.WarnContext(ctx, "error page not sent", "request", id, "error", werr)
	}
}

func (s Site) headers(h http.Header) {
	media := ""
	if s.MediaOrigin != "" {
		media = " " + s.MediaOrigin
	}
	h.Set("Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "+
			"media-src 'self' blob:; connect-src 'self'"+media+
			"; font-src 'self'; manifest-src 'self'; worker-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// secured puts the security headers on every answer.
func (s Site) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.headers(w.Header())
		if strings.HasPrefix(s.Authenticator.Base(r), "https://") {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
