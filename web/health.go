package web

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/web/admin"
	"lenlop/web/page"
)

// health are the addresses that proxies, monitors and Prometheus ask.
func (s Site) health() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/healthz", Action: people.ReadPublic, Scope: page.Site,
			Handle: func(c echo.Context) error {
				return c.String(http.StatusOK, "ok\n")
			}},
		{Method: http.MethodGet, Path: "/readyz", Action: people.ReadPublic, Scope: page.Site, Handle: s.ready},
		{Method: http.MethodGet, Path: "/metrics", Action: people.ReadHealth, Scope: page.Handler, Handle: s.metrics},
	}
}

type partState struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Note  string `json:"note,omitempty"`
}

// ready names each dependency and its state; 503 when one is away. The notes
// are for those who may read the server's health.
func (s Site) ready(c echo.Context) error {
	status, out := http.StatusOK, []partState{}
	private := people.May(page.Who(c), people.ReadHealth, people.Object{})
	for _, p := range s.Health(c.Request().Context()) {
		d := partState{Name: p.Name, Ready: p.Err == nil}
		if private {
			d.Note = p.Note
		}
		if p.Err != nil {
			status = http.StatusServiceUnavailable
		}
		out = append(out, d)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(status, map[string]any{"ready": status == http.StatusOK, "parts": out})
}

// metrics are for administrators, and for a Prometheus on the same machine. A
// request that a proxy passed on is not from this machine, even when nobody
// said that the proxy is to be trusted.
func (s Site) metrics(c echo.Context) error {
	v := page.VisitOf(c.Request().Context())
	h := c.Request().Header
	passedOn := h.Get("X-Forwarded-For") != "" || h.Get("Forwarded") != "" || h.Get("X-Real-Ip") != "" ||
		h.Get("Via") != ""
	a, err := netip.ParseAddr(v.Addr)
	if local := err == nil && a.IsLoopback() && !passedOn; !local &&
		!people.May(v.Person, people.ReadHealth, people.Object{}) {
		if v.Person.Anonymous() {
			return fault.New(fault.Unauthenticated, "signin.needed")
		}
		return fault.New(fault.Forbidden, "access.denied")
	}
	s.Metrics.Handler().ServeHTTP(c.Response().Writer, c.Request())
	return nil
}

// Health looks at each thing the server depends on.
type Health func(ctx context.Context) []admin.Part
