package page

import (
	"compress/gzip"
	"io"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// zippers are kept between pages: each holds a megabyte.
var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, 5)
	if err != nil {
		panic(err) // 5 is a level
	}
	return w
}}

// sendText writes a page, compressed for browsers that take it: on a weak line
// a page is three to five times as fast. Pages hold no secrets that somebody
// else's words stand beside (forged requests are refused by their origin, not
// by a token in the form), so their length tells nothing.
func sendText(c echo.Context, status int, t templ.Component) error {
	ctx, h := c.Request().Context(), c.Response().Header()
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		c.Response().WriteHeader(status)
		return t.Render(ctx, c.Response())
	}
	h.Set("Content-Encoding", "gzip")
	c.Response().WriteHeader(status)
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(c.Response())
	if err := t.Render(ctx, z); err != nil {
		return err
	}
	return z.Close()
}
