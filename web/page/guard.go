package page

import (
	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
)

// SignedIn asks the anonymous to sign in before a page of scope Object looks
// for its object: somebody whose sign-in has ended must not be told that their
// own lesson does not exist.
func SignedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if Who(c).Anonymous() {
			return fault.New(fault.Unauthenticated, "signin.needed")
		}
		return next(c)
	}
}
