package student

import (
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/web/page"
	"lenlop/web/signin"
)

// The lessons opened last are kept on the device alone, in a cookie, so that
// the home page can offer to go on with them without JavaScript and without
// the server knowing more than it must. The device keeps the place in each. Of
// somebody signed in the database knows (services/bookmark), and the device
// learns nothing: the next child may hold it.
const (
	recentCookie = "recent"
	recentLife   = 60 * 24 * time.Hour
	recentKept   = 6
	maxID        = 64
)

// recentOf are the ids of lessons opened on this device, latest first.
func recentOf(c echo.Context) []string {
	k, err := c.Cookie(recentCookie)
	if err != nil {
		return nil
	}
	ids := slices.DeleteFunc(strings.SplitN(k.Value, ".", recentKept+1),
		func(id string) bool { return id == "" || len(id) > maxID })
	return ids[:min(len(ids), recentKept)]
}

// remember puts a lesson first among those opened.
func remember(c echo.Context, id string) {
	ids := slices.DeleteFunc(recentOf(c), func(x string) bool { return x == id })
	ids = append([]string{id}, ids...)
	value := strings.Join(ids[:min(len(ids), recentKept)], ".")
	c.SetCookie(signin.Cookie(page.VisitOf(c.Request().Context()).Base, recentCookie, value, recentLife))
}
