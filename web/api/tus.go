package api

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/upload"
	"lenlop/web/page"
)

// tus 1.0.0 (https://tus.io/protocols/resumable-upload) is the same upload as
// the presigned parts, byte by byte: for lines that break before a part of
// 5 MiB is through, and for the clients that exist. A lesson's upload begun by
// either way can be gone on with by the other.
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,checksum,termination,expiration"
	tusAlgorithms = "sha1,sha256"
	// statusChecksum is the protocol's own status for a checksum that is wrong.
	statusChecksum = 460
	// maxChecked is the longest body with a checksum, in bytes: nothing of it
	// may be kept before the checksum is known to be right.
	maxChecked = 16 << 20
	// lineRest is how long a line that another has taken over from may still be
	// read: what has arrived is in the system's buffers.
	lineRest = 300 * time.Millisecond
	// lineQuiet is how long a line may be silent before it counts as gone.
	lineQuiet = time.Minute
)

var tusCalls = []call{
	{method: "OPTIONS", path: "/tus", action: people.ReadPublic, scope: page.Site, status: 204,
		summary: "What of tus 1.0.0 is served", handle: (*Handler).tusOptions},
	{method: "POST", path: "/tus", action: people.EditLesson, scope: page.Object, status: 201,
		summary: "Begin an upload by tus; Upload-Metadata names lesson and filename",
		handle:  tus((*Handler).tusCreate)},
	{method: "HEAD", path: "/tus/:upload", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "How many bytes of an upload are kept", handle: tus((*Handler).tusHead)},
	{method: "PATCH", path: "/tus/:upload", action: people.EditLesson, scope: page.Object, status: 204,
		summary: "Go on with an upload at its offset", handle: tus((*Handler).tusPatch)},
	{method: "POST", path: "/tus/:upload", action: people.EditLesson, scope: page.Object, status: 204,
		summary: "PATCH or DELETE for clients that can only POST (X-HTTP-Method-Override)",
		handle:  tus((*Handler).tusOverride)},
	{method: "DELETE", path: "/tus/:upload", action: people.EditLesson, scope: page.Object, status: 204,
		summary: "Give an upload up", handle: tus((*Handler).tusDelete)},
}

// tus puts the protocol's version around a call.
func tus(h func(r *Handler, c echo.Context) error) func(*Handler, echo.Context) error {
	return func(r *Handler, c echo.Context) error {
		head := c.Response().Header()
		head.Set("Tus-Resumable", tusVersion)
		head.Set("Cache-Control", "no-store")
		if c.Request().Header.Get("Tus-Resumable") != tusVersion {
			head.Set("Tus-Version", tusVersion)
			return c.NoContent(http.StatusPreconditionFailed)
		}
		return h(r, c)
	}
}

func (r *Handler) tusOptions(c echo.Context) error {
	head := c.Response().Header()
	head.Set("Tus-Resumable", tusVersion)
	head.Set("Tus-Version", tusVersion)
	head.Set("Tus-Extension", tusExtensions)
	head.Set("Tus-Checksum-Algorithm", tusAlgorithms)
	head.Set("Tus-Max-Size", strconv.FormatInt(r.Uploads.MaxRecording(), 10))
	return c.NoContent(http.StatusNoContent)
}

func (r *Handler) tusCreate(c echo.Context) error {
	head := c.Request().Header
	size, err := strconv.ParseInt(head.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return fault.New(fault.Malformed, "upload.tus_length")
	}
	meta := tusMetadata(head.Get("Upload-Metadata"))
	if meta["lesson"] == "" {
		return fault.New(fault.Malformed, "upload.tus_lesson")
	}
	name := meta["filename"]
	if name == "" {
		name = meta["name"]
	}
	u, err := r.Uploads.Begin(c.Request().Context(), page.Who(c), meta["lesson"], name, size)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", Base+"/tus/"+u.ID)
	tusExpires(c, u)
	return c.NoContent(http.StatusCreated)
}

// tusMetadata reads "key base64,key base64"; what is not so is left out.
func tusMetadata(text string) map[string]string {
	m := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value)); err == nil {
			m[key] = string(b)
		}
	}
	return m
}

func tusExpires(c echo.Context, u upload.Upload) {
	if u.Status == upload.Open {
		c.Response().Header().Set("Upload-Expires", u.ExpiresAt.UTC().Format(http.TimeFormat))
	}
}

func (r *Handler) tusHead(c echo.Context) error {
	u, offset, err := r.Uploads.Offset(c.Request().Context(), page.Who(c), c.Param("upload"))
	if err != nil {
		return err
	}
	head := c.Response().Header()
	head.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	head.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	tusExpires(c, u)
	return c.NoContent(http.StatusOK)
}

func (r *Handler) tusPatch(c echo.Context) error {
	req := c.Request()
	if req.Header.Get("Content-Type") != "application/offset+octet-stream" {
		return c.NoContent(http.StatusUnsupportedMediaType)
	}
	at, err := strconv.ParseInt(req.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || at < 0 {
		return fault.New(fault.Malformed, "upload.tus_offset")
	}
	body := func(turn context.Context) io.Reader { return &line{c: c, turn: turn} }
	if claimed := req.Header.Get("Upload-Checksum"); claimed != "" {
		b, status, err := checked(&line{c: c, turn: req.Context()}, claimed)
		switch {
		case err != nil:
			return err
		case status != 0:
			return c.NoContent(status)
		}
		body = func(context.Context) io.Reader { return bytes.NewReader(b) }
	}
	u, offset, err := r.Uploads.Append(req.Context(), page.Who(c), c.Param("upload"), at, body)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Upload-Offset", strconv.FormatInt(offset, 10))
	tusExpires(c, u)
	return c.NoContent(http.StatusNoContent)
}

func (r *Handler) tusOverride(c echo.Context) error {
	switch c.Request().Header.Get("X-HTTP-Method-Override") {
	case http.MethodPatch:
		return r.tusPatch(c)
	case http.MethodDelete:
		return r.tusDelete(c)
	}
	return fault.New(fault.Malformed, "upload.tus_method")
}

func (r *Handler) tusDelete(c echo.Context) error {
	if err := r.Uploads.Abort(c.Request().Context(), page.Who(c), c.Param("upload")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// checked reads a body whole and holds it against its checksum; a status other
// than 0 is the answer.
func checked(body io.Reader, claimed string) ([]byte, int, error) {
	name, sum, _ := strings.Cut(claimed, " ")
	algorithms := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New}
	want, err := base64.StdEncoding.DecodeString(sum)
	if algorithms[name] == nil || err != nil {
		return nil, http.StatusBadRequest, nil //nolint:nilerr // the status is the answer
	}
	b, err := io.ReadAll(io.LimitReader(body, maxChecked+1))
	if err != nil {
		return nil, 0, fault.Wrap(err, fault.Malformed, "upload.line_broke")
	}
	if len(b) > maxChecked {
		return nil, 0, fault.New(fault.TooLarge, "upload.tus_checked_too_long", "mb", maxChecked>>20)
	}
	h := algorithms[name]()
	h.Write(b)
	if !bytes.Equal(h.Sum(nil), want) {
		return nil, statusChecksum, nil
	}
	return b, 0, nil
}

// line reads a request's body from a line that may go silent without a word,
// and stops when its turn is over.
type line struct {
	c    echo.Context
	turn context.Context //nolint:containedctx // io.Reader takes none
	stop func() bool

	mu   sync.Mutex
	over bool // the deadline stands
}

func (l *line) Read(p []byte) (int, error) {
	rc := http.NewResponseController(l.c.Response())
	if l.stop == nil {
		l.stop = context.AfterFunc(l.turn, func() {
			if !errors.Is(context.Cause(l.turn), upload.ErrTakenOver) {
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.over = true
			_ = rc.SetReadDeadline(time.Now().Add(lineRest))
		})
	}
	l.mu.Lock()
	if !l.over {
		// Not every writer can (a test's recorder); then the line has no limit.
		_ = rc.SetReadDeadline(time.Now().Add(lineQuiet))
	}
	l.mu.Unlock()
	n, err := l.c.Request().Body.Read(p)
	if errors.Is(err, io.EOF) {
		l.stop()
		_ = rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
