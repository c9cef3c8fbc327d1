package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/web/page"
)

// maxKey is the longest Idempotency-Key taken, in bytes.
const maxKey = 255

// once runs a write with an Idempotency-Key in one transaction with the record
// of its answer: repeated, it gives the same answer and changes nothing. The
// key with another body is a mistake of the caller, and is said so.
func (r Handler) once(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key := c.Request().Header.Get("Idempotency-Key")
		who := page.Who(c)
		if key == "" || who.Anonymous() {
			return next(c)
		}
		if len(key) > maxKey {
			return fault.New(fault.Invalid, "request.bad_key")
		}
		raw, err := body(c, maxBody)
		if err != nil {
			return err
		}
		h := sha256.New()
		h.Write([]byte(c.Request().Method + " " + c.Request().URL.Path + "\n"))
		h.Write(raw)
		sum := hex.EncodeToString(h.Sum(nil))
		w := &capture{header: c.Response().Header(), status: http.StatusOK}
		write := func(ctx context.Context) error {
			*w = capture{header: w.header, status: http.StatusOK}
			old, ok, err := r.Replays.Replay(ctx, who.ID, key)
			if err != nil {
				return err
			}
			if ok {
				if old.Request != sum {
					return fault.New(fault.Conflict, "request.key_reused")
				}
				w.status = old.Status
				w.body.Write(old.Body)
				return nil
			}
			req := c.Request().WithContext(ctx)
			req.Body = io.NopCloser(bytes.NewReader(raw))
			inner := c.Echo().NewContext(req, w)
			inner.SetPath(c.Path())
			inner.SetParamNames(c.ParamNames()...)
			inner.SetParamValues(c.ParamValues()...)
			if err := next(inner); err != nil {
				return err
			}
			return r.Replays.SaveReplay(ctx, audit.Replay{Person: who.ID, Key: key, Request: sum, Status: w.status, Body: w.body.Bytes(), At: r.Now()})
		}
		err = r.Atomic.Atomically(c.Request().Context(), write)
		if fault.Is(err, "request.key_in_use") {
			// Of two that were sent at once the other committed first: nothing
			// was changed here, and its answer is there now.
			err = r.Atomic.Atomically(c.Request().Context(), write)
		}
		if err != nil {
			return err
		}
		return c.Blob(w.status, echo.MIMEApplicationJSON, w.body.Bytes())
	}
}

// capture holds an answer back until its transaction has committed.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *capture) Header() http.Header         { return w.header }
func (w *capture) WriteHeader(status int)      { w.status = status }
func (w *capture) Write(b []byte) (int, error) { return w.body.Write(b) }
