package page

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/media"
)

// Saved is a stored file that somebody uploaded.
type Saved struct {
	Key  string // media key
	Name string // to save it under
	Type string // media type; "" says nothing of it
	Size int64  // bytes
}

// Download sends an uploaded file, always to be saved: its bytes must never be
// opened as a page of ours. One byte range is honoured, so that a long download
// over a line that breaks can go on.
func Download(c echo.Context, store media.Store, f Saved) error {
	ctx := c.Request().Context()
	h := c.Response().Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Disposition", attachment(f.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	want, status := media.All, http.StatusOK
	if from, length, ok := byteRange(c.Request().Header.Get("Range"), f.Size); ok &&
		c.Request().Header.Get("If-Range") == "" {
		want, status = media.Range{Offset: from, Length: length}, http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(from+length-1, 10)+
			"/"+strconv.FormatInt(f.Size, 10))
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	} else {
		h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	}
	body, _, err := store.Get(ctx, f.Key, want)
	if err != nil {
		for _, name := range []string{"Content-Length", "Content-Range", "Content-Disposition", "Accept-Ranges"} {
			h.Del(name)
		}
		return err
	}
	defer body.Close()
	kind := f.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	h.Set(echo.HeaderContentType, kind)
	c.Response().WriteHeader(status)
	if _, err := io.Copy(c.Response(), body); err != nil && !errors.Is(err, ctx.Err()) {
		// Too late for an error page: break the line, so that the browser
		// does not take a short file for a whole one.
		panic(http.ErrAbortHandler)
	}
	return nil
}

// attachment names the download twice: in plain letters for old browsers and,
// by RFC 6266, as the teacher's machine named it.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f || strings.ContainsRune(`"\/%;`, r) {
			return '_'
		}
		return r
	}, name)
	if strings.Trim(plain, "_. ") == "" {
		plain = "tep"
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` +
		strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// byteRange reads one satisfiable range of RFC 9110; anything else is answered
// with the whole file.
func byteRange(header string, size int64) (from, length int64, ok bool) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || size <= 0 || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return 0, 0, false
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n <= 0 {
			return 0, 0, false
		}
		n = min(n, size)
		return size - n, n, true
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 || from >= size {
		return 0, 0, false
	}
	to := size - 1
	if last != "" {
		if to, err = strconv.ParseInt(last, 10, 64); err != nil || to < from {
			return 0, 0, false
		}
		to = min(to, size-1)
	}
	return from, to - from + 1, true
}
