package api

import (
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
)

// tagged answers with an entity tag.
func tagged(c echo.Context, version string) { c.Response().Header().Set("ETag", version) }

// unchanged refuses a request whose If-Match names another version than the
// stored one: fault.Outdated "request.changed". Without the header all is well.
func unchanged(c echo.Context, stored string) error {
	wanted := c.Request().Header.Get("If-Match")
	if wanted == "" {
		return nil
	}
	for tag := range strings.SplitSeq(wanted, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == stored {
			return nil
		}
	}
	tagged(c, stored)
	return fault.New(fault.Outdated, "request.changed")
}
