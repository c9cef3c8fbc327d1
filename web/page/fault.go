package page

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
)

// statuses is the one table from kinds of fault to HTTP statuses.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Gone:            http.StatusGone,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Malformed:       http.StatusBadRequest,
	fault.Full:            http.StatusInsufficientStorage,
	fault.Outdated:        http.StatusPreconditionFailed,
}

// Status is the HTTP status of an error.
func Status(err error) int { return statuses[fault.KindOf(Known(err))] }

// RetryAfter says in the answer's head how long to wait, when the fault does.
func RetryAfter(c echo.Context, err error) {
	e := fault.As(err)
	switch {
	case e == nil:
	case e.Kind == fault.Full:
		c.Response().Header().Set("Retry-After", "30")
	case e.Args["seconds"] != nil && (e.Kind == fault.RateLimited || fault.Is(e, "request.key_in_use")):
		c.Response().Header().Set("Retry-After", fmt.Sprint(e.Args["seconds"]))
	}
}

// Known turns the framework's own errors (no such route, wrong method, body
// too large) into faults; others come back as they are.
func Known(err error) error {
	var he *echo.HTTPError
	if fault.As(err) != nil || !errors.As(err, &he) {
		return err
	}
	switch he.Code {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return fault.Wrap(err, fault.NotFound, "page.not_found")
	case http.StatusRequestEntityTooLarge:
		return fault.Wrap(err, fault.TooLarge, "request.too_large")
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	return err
}
