package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/web/page"
)

const (
	// maxKey is the longest Idempotency-Key taken, in bytes.
	maxKey = 255
	// reserveFor is how long a key is reserved. A running write extends it; after
	// a crash the write can be repeated once it has ended.
	reserveFor = 30 * time.Second
)

// prepare is the first half of a repeatable write. It reads the request and does
// all that is slow or outside the database: storage, network, parsing. Whatever
// it stores has its name from names, so that doing it again is harmless.
type prepare func(r *Handler, c echo.Context, names media.Names) (write, error)

// write is the second half.
type write struct {
	// commit changes the database and answers. With a key, its context carries
	// the transaction that the answer is kept in.
	commit echo.HandlerFunc
	// discard removes what prepare stored when commit has failed; nil: nothing.
	discard func(ctx context.Context) error
}

// repeatable makes the first half of a write that is nothing but a change of the
// database: it reads the JSON body.
func repeatable[I, O any](status int, fn func(r *Handler, c echo.Context, by people.Person, in I) (O, error)) prepare {
	return func(r *Handler, c echo.Context, _ media.Names) (write, error) {
		in, err := input[I](c)
		if err != nil {
			return write{}, err
		}
		return write{commit: func(c echo.Context) error {
			out, err := fn(r, c, page.Who(c), in)
			if err != nil {
				return err
			}
			return answer(c, status, out)
		}}, nil
	}
}

// stored is what a service has stored and can make known to the database, or remove.
type stored[T any] interface {
	Commit(ctx context.Context) (T, error)
	Discard(ctx context.Context) error
}

// storing makes the first half of a write that stores something outside the
// database: fn stores it, show answers with what Commit gave.
func storing[I, T, O any](
	status int,
	fn func(r *Handler, c echo.Context, by people.Person, in I, names media.Names) (stored[T], error),
	show func(r *Handler, c echo.Context, made T) (O, error),
) prepare {
	return func(r *Handler, c echo.Context, names media.Names) (write, error) {
		in, err := input[I](c)
		if err != nil {
			return write{}, err
		}
		s, err := fn(r, c, page.Who(c), in, names)
		if err != nil {
			return write{}, err
		}
		return write{discard: s.Discard, commit: func(c echo.Context) error {
			made, err := s.Commit(c.Request().Context())
			if err != nil {
				return err
			}
			out, err := show(r, c, made)
			if err != nil {
				return err
			}
			return answer(c, status, out)
		}}, nil
	}
}

// input reads a JSON body, or none when I is struct{}.
func input[I any](c echo.Context) (in I, err error) {
	if reflect.TypeFor[I]().Size() > 0 {
		err = read(c, &in)
	}
	return in, err
}

// answer writes out as JSON.
func answer(c echo.Context, status int, out any) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if status == http.StatusNoContent {
		return c.NoContent(status)
	}
	return c.JSON(status, out)
}

// idempotent carries out a write once for each Idempotency-Key: repeated, it
// gives the same status, headers and body and changes nothing. The key is
// reserved first, under a lease; then prepare runs; then one transaction commits
// the change and the answer. A crash at any point leaves either an answer, or a
// reservation that the same request takes over. A request at the same time as
// another with its key is refused with 409 and Retry-After. Without a key, or
// from nobody, both halves run once each request.
func (r Handler) idempotent(first prepare) echo.HandlerFunc {
	return func(c echo.Context) error {
		key, who := c.Request().Header.Get("Idempotency-Key"), page.Who(c)
		if key == "" || who.Anonymous() {
			return r.runOnce(c, first)
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
		res, old, err := r.Replays.Reserve(c.Request().Context(), who.ID, key,
			hex.EncodeToString(h.Sum(nil)), reserveFor)
		if err != nil {
			return err
		}
		if old == nil {
			c.Request().Body = io.NopCloser(bytes.NewReader(raw))
			if old, err = r.carryOut(c, first, res); err != nil {
				return err
			}
		}
		return replay(c, *old)
	}
}

// runOnce carries out a write that will not be repeated.
func (r Handler) runOnce(c echo.Context, first prepare) error {
	w, err := first(&r, c, media.RandomNames())
	if err != nil {
		return err
	}
	if err := w.commit(c); err != nil {
		if w.discard != nil {
			// Best effort: sweeps remove what this leaves.
			_ = w.discard(context.WithoutCancel(c.Request().Context()))
		}
		return err
	}
	return nil
}

// carryOut runs both halves of a write under its reservation and gives its answer.
func (r Handler) carryOut(c echo.Context, first prepare, res audit.Reservation) (*audit.Replay, error) {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	go r.extend(ctx, res)
	w, err := first(&r, c, media.NewNames(res.Seed, res.At, res.Repeated))
	if err != nil {
		r.giveUp(ctx, res, write{}, err)
		return nil, err
	}
	var a audit.Replay
	var failed error // of the transaction's function: then nothing was changed
	err = r.Atomic.Atomically(ctx, func(ctx context.Context) error {
		out := &capture{header: http.Header{}, status: http.StatusOK}
		inner := c.Echo().NewContext(c.Request().WithContext(ctx), out)
		inner.SetPath(c.Path())
		inner.SetParamNames(c.ParamNames()...)
		inner.SetParamValues(c.ParamValues()...)
		if failed = w.commit(inner); failed != nil {
			return failed
		}
		a = audit.Replay{Status: out.status, Header: out.kept(), Body: out.body.Bytes(), At: r.Now()}
		failed = r.Replays.Settle(ctx, res, a)
		return failed
	})
	if err == nil {
		return &a, nil
	}
	if failed == nil {
		// Whether it was committed is not known: the next try finds the answer, or
		// the same names.
		r.release(ctx, res, false)
		return nil, err
	}
	r.giveUp(ctx, res, w, failed)
	return nil, err
}

// extend keeps a reservation until ctx ends. If it has been taken over, Settle
// refuses.
func (r Handler) extend(ctx context.Context, res audit.Reservation) {
	t := time.NewTicker(reserveFor / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := r.Replays.Extend(ctx, res, reserveFor); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "idempotency key not extended", "error", err)
			}
		}
	}
}

// giveUp ends the reservation of a write that changed nothing. What it stored is
// removed only while the reservation holds: whoever takes it over uses the same
// names. A refusal frees the key; after any other error the next try goes on
// with the same names.
func (r Handler) giveUp(ctx context.Context, res audit.Reservation, w write, why error) {
	ctx = context.WithoutCancel(ctx)
	kind := fault.KindOf(why)
	forget := kind != fault.Internal && kind != fault.Unavailable && kind != fault.Full
	if w.discard != nil {
		if err := r.Replays.Extend(ctx, res, reserveFor); err != nil {
			return
		}
		if err := w.discard(ctx); err != nil {
			slog.WarnContext(ctx, "stored objects of a failed write not removed; a sweep will", "error", err)
			forget = false
		}
	}
	r.release(ctx, res, forget)
}

// release ends a reservation; if that fails, its lease ends it.
func (r Handler) release(ctx context.Context, res audit.Reservation, forget bool) {
	if err := r.Replays.Release(context.WithoutCancel(ctx), res, forget); err != nil {
		slog.WarnContext(ctx, "idempotency key not released; its lease will end", "error", err)
	}
}

// replay writes an answer that was kept. Those kept by older releases have no headers.
func replay(c echo.Context, a audit.Replay) error {
	h := c.Response().Header()
	for name, value := range a.Header {
		h.Set(name, value)
	}
	kind := a.Header[echo.HeaderContentType]
	if kind == "" {
		kind = echo.MIMEApplicationJSON
	}
	return c.Blob(a.Status, kind, a.Body)
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

// kept are the headers that are part of the answer; cookies are not.
func (w *capture) kept() map[string]string {
	m := map[string]string{}
	for name := range w.header {
		if name != echo.HeaderSetCookie {
			m[name] = w.header.Get(name)
		}
	}
	return m
}
