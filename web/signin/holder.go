package signin

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/web/page"
)

// holderCookie stands for a browser's sign-in where scripts can see it, also
// without a network: viewing of a kept lesson is counted for the person who
// kept it only while their sign-in is on the device. It opens nothing, says
// nothing of who it is, and ends with the sign-in.
const holderCookie = "phien"

// LeaveHolder leaves the sign-in's mark with the browser and gives it; "" when
// nobody is signed in by cookie, and then the mark of an earlier one goes.
func LeaveHolder(c echo.Context, now time.Time) string {
	v := page.VisitOf(c.Request().Context())
	if v.Bearer || v.Session.ID == "" {
		forgetHolder(c)
		return ""
	}
	sum := sha256.Sum256([]byte("holder " + v.Session.ID))
	mark := hex.EncodeToString(sum[:8])
	k := holderMark(v.Base, mark)
	// Not a point in time: the device's clock may be wrong.
	k.MaxAge = max(1, int(v.Session.ExpiresAt.Sub(now)/time.Second))
	c.SetCookie(k)
	return mark
}

func forgetHolder(c echo.Context) {
	v := page.VisitOf(c.Request().Context())
	if _, err := c.Cookie(holderCookie); err != nil || v.Bearer {
		return
	}
	k := holderMark(v.Base, "")
	k.MaxAge = -1
	c.SetCookie(k)
}

// holderMark is the cookie without its end.
func holderMark(base, value string) *http.Cookie {
	k := Cookie(base, holderCookie, value, 0)
	k.HttpOnly, k.MaxAge = false, 0
	return k
}
