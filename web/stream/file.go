package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/production"
)

// sharedLife is how long a file may be kept: a browser's for ever; a cache that
// serves others asks after ten minutes whether the lesson is still published,
// and goes on for a day when nobody answers (RFC 5861). An answer to that costs
// no bytes, and a withdrawn lesson is gone from caches by then.
const sharedLife = "public, max-age=31536000, s-maxage=600, stale-if-error=86400, immutable"

// file sends one file of a package, which never changes: a replaced recording
// makes another package with another address.
func (r Handler) file(c echo.Context, o production.Object, shared bool) error {
	keep(c, o, shared)
	sent, err := Send(c, r.Media, o.Key)
	if r.ServedCounter != nil && sent > 0 && c.Response().Status < http.StatusMultipleChoices {
		r.ServedCounter.Served(o, r.Now(), sent)
	}
	return err
}

// keep says what a file is and how long it may be kept.
func keep(c echo.Context, o production.Object, shared bool) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, o.ContentType)
	if shared {
		h.Set("Cache-Control", sharedLife)
	} else {
		h.Set("Cache-Control", "private, max-age=3600")
	}
}

// Send sends an object, or the range of it that was asked for; the caller has
// set the headers that say what it is. It gives the bytes sent.
func Send(c echo.Context, store media.Store, key string) (int64, error) {
	body, object, err := open(c.Request().Context(), store, key)
	if err != nil {
		for _, name := range []string{echo.HeaderContentType, "Cache-Control", echo.HeaderContentDisposition} {
			c.Response().Header().Del(name)
		}
		if fault.KindOf(err) == fault.NotFound {
			return 0, fault.Wrap(err, fault.NotFound, "page.not_found")
		}
		return 0, fmt.Errorf("stream %s: %w", key, err)
	}
	defer body.Close()
	if object.ETag != "" {
		c.Response().Header().Set("ETag", `"`+object.ETag+`"`)
	}
	w := plain(c)
	http.ServeContent(w, c.Request(), "", object.ModifiedAt, body)
	return w.sent, nil
}

// maxBoard bounds a storyboard's index: a hundred pictures are 8 kB.
const maxBoard = 1 << 20

// board sends a storyboard's index with the token added to its picture's
// address, so that a player without a cookie can follow it.
func (r Handler) board(c echo.Context, o production.Object, token string) error {
	text, _, err := r.readText(c.Request().Context(), o.Key, maxBoard)
	if fault.KindOf(err) == fault.NotFound {
		return fault.Wrap(err, fault.NotFound, "page.not_found")
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", o.Key, err)
	}
	text = bytes.ReplaceAll(text, []byte(".jpg#"), []byte(".jpg?token="+token+"#"))
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, o.ContentType)
	h.Set("Cache-Control", "private, no-cache")
	return sendText(c, "", text)
}

// open gives the object to read: the file behind it when storage can (so that
// the kernel sends it), else a reader that asks storage for what is wanted.
func open(ctx context.Context, store media.Store, key string) (io.ReadSeekCloser, media.Object, error) {
	if o, ok := store.(media.Opener); ok {
		f, object, err := o.Open(ctx, key)
		if !errors.Is(err, errors.ErrUnsupported) {
			return f, object, err
		}
	}
	object, err := store.Head(ctx, key)
	if err != nil {
		return nil, object, err
	}
	return &remote{ctx: ctx, store: store, object: object}, object, nil
}

// remote reads an object of a storage elsewhere from wherever it was sought to.
type remote struct {
	ctx    context.Context //nolint:containedctx // io.ReadSeeker takes none
	store  media.Store
	object media.Object
	at     int64
	body   io.ReadCloser
}

func (r *remote) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.object.Size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek to %d in %s", offset, r.object.Key)
	}
	if offset != r.at {
		_ = r.Close()
	}
	r.at = offset
	return offset, nil
}

func (r *remote) Read(p []byte) (int, error) {
	if r.at >= r.object.Size {
		return 0, io.EOF
	}
	if r.body == nil {
		body, _, err := r.store.Get(r.ctx, r.object.Key, media.Range{Offset: r.at, Length: -1})
		if err != nil {
			return 0, err
		}
		r.body = body
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	return n, err
}

func (r *remote) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// writer is the connection's own writer with echo told what was sent. Echo's
// Response hides io.ReaderFrom and with it sendfile, which costs three times
// the CPU.
type writer struct {
	http.ResponseWriter
	response *echo.Response
	sent     int64
}

func plain(c echo.Context) *writer {
	return &writer{ResponseWriter: c.Response().Writer, response: c.Response()}
}

func (w *writer) WriteHeader(status int) {
	w.response.WriteHeader(status) // which lets everybody say their last word in the head
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.count(int64(n))
	return n, err
}

// ReadFrom hands the file to the connection, which sends it without copying
// where the system can.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, src)
	w.count(n)
	return n, err
}

func (w *writer) count(n int64) {
	w.sent += n
	w.response.Size += n
}
