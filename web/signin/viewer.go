package signin

import (
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/web/page"
)

// viewerCookie holds the random device identifier of an anonymous viewer. It
// lives for a school term at most; viewership renews it.
const (
	viewerCookie = "nguoi-xem"
	viewerLife   = 150 * 24 * time.Hour
)

// Viewer is the device identifier that came with a request; "" when none did.
func Viewer(c echo.Context) string {
	k, err := c.Cookie(viewerCookie)
	if err != nil {
		return ""
	}
	return k.Value
}

// KeepViewer leaves the identifier with the device; scripts keep it themselves.
func KeepViewer(c echo.Context, device string) {
	if v := page.VisitOf(c.Request().Context()); !v.Bearer {
		c.SetCookie(Cookie(v.Base, viewerCookie, device, viewerLife))
	}
}

// From is the address that a request came from; the zero one when it is not
// known.
func From(c echo.Context) netip.Addr {
	a, err := netip.ParseAddr(page.VisitOf(c.Request().Context()).Addr)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
