// Package api is /api/v1: the same services as the pages, for scripts, the
// station's systems and a later mobile app. No rule lives in a handler.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/bookmark"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Base is the path that all calls stand below.
const Base = "/api/v1"

// maxBody is the largest JSON body that is accepted, in bytes.
const maxBody = 1 << 20

// Handler is what the API needs.
type Handler struct {
	Authenticator *signin.Authenticator
	People        *people.Service
	Schools       school.Store
	Office        *school.Office
	Importer      *school.Importer
	Finder        people.Finder
	Lessons       *lesson.Service
	Uploads       *upload.Service
	Catalog       *catalog.Service
	Schedule      *schedule.Service
	Copies        *production.Copies
	Captions      Captions
	Questions     Questions
	Thumbs        Thumbs
	Worksheets    *worksheet.Service
	Bookmarks     *bookmark.Service
	Problems      *feedback.Service
	Media         media.Store // where copies' files are
	Viewership    *viewership.Service
	Watching      *playback.Service
	Television    *television.Service
	Sheets        page.Sheets // writes tables as files
	Atomic        job.Atomic
	Replays       audit.Replays
	Audit         audit.Reader
	Zone          *time.Location
	Now           func() time.Time
	// Playback gives the whole addresses of a lesson's master playlist and
	// poster for somebody who may watch it; empty when it does not play.
	Playback func(ctx context.Context, base string, l lesson.Lesson) (hls, poster string)
	// File gives the whole address of a plain file beside the ladder, by its
	// name; "" when there is none.
	File func(ctx context.Context, base string, l lesson.Lesson, name string) string
	// TracksOf gives the addresses of captions and chapters by lesson (stream.Handler).
	TracksOf func(ctx context.Context, base string, ls ...lesson.Lesson) (map[string]page.Tracks, error)
	// PersonNames and SchoolsByID read those that exist, each in one query.
	PersonNames func(ctx context.Context, ids []string) (map[string]string, error)
	SchoolsByID func(ctx context.Context, ids []string) ([]school.School, error)
	// SecondsLeft estimates how long the recording still takes; < 0: unknown.
	SecondsLeft func(ctx context.Context, l lesson.Lesson) float64
	// Progress reads the lessons that event streams follow.
	Progress *Progress
	// Stopped closes when the server drains, to end event streams.
	Stopped <-chan struct{}
}

// call is one line of the API: its route and what the document says of it.
type call struct {
	method, path string
	action       people.Action
	scope        page.Scope
	summary      string
	query        []string // names of query parameters
	in, out      any      // zero values of the JSON bodies; nil: none
	status       int      // of success
	also         []int    // other statuses of success, with the same body
	text         []string // the body is a text of one of these content types
	multipart    bool     // in is a multipart form with a file, not JSON
	location     bool     // success names what was made in Location
	versioned    bool     // takes If-Match
	handle       func(r *Handler, c echo.Context) error
	prepare      prepare // instead of handle: takes an Idempotency-Key
}

// Routes of the API: its calls, its document, and readable docs.
func (r Handler) Routes() []page.Route {
	var rs []page.Route
	for _, k := range calls() {
		h := func(c echo.Context) error { return k.handle(&r, c) }
		if k.prepare != nil {
			h = r.idempotent(k.prepare)
		}
		rs = append(rs, page.Route{Method: k.method, Path: Base + k.path, Action: k.action, Scope: k.scope, Handle: h})
	}
	return append(rs,
		page.Route{Method: "GET", Path: Base + "/openapi.json", Action: people.ReadPublic, Scope: page.Site,
			Handle: r.document},
		page.Route{Method: "GET", Path: Base + "/docs", Action: people.ReadPublic, Scope: page.Site, Handle: r.docs},
	)
}

func calls() []call {
	var all []call
	parts := [][]call{tokenCalls, serviceTokenCalls, lessonCalls, careCalls, worksheetCalls, captionCalls, uploadCalls,
		tusCalls, searchCalls, watchCalls, aroundCalls, checkInCalls, televisionCalls, guideCalls,
		copyCalls, figureCalls,
		importCalls, reportCalls, rollCalls, organisationCalls, questionCalls}
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// jsonHandler returns a handler that decodes a JSON body into I and answers with O. No body is read when I is struct{}.
func jsonHandler[I, O any](status int,
	fn func(r *Handler, c echo.Context, by people.Person, in I) (O, error)) func(*Handler, echo.Context) error {
	return func(r *Handler, c echo.Context) error {
		in, err := input[I](c)
		if err != nil {
			return err
		}
		out, err := fn(r, c, page.Who(c), in)
		if err != nil {
			return err
		}
		return answer(c, status, out)
	}
}

// read decodes a JSON body; an empty one leaves v as it is.
func read(c echo.Context, v any) error {
	raw, err := body(c, maxBody)
	if err != nil {
		return err
	}
	if len(strings.TrimSpace(string(raw))) == 0 {
		return nil
	}
	return decode(raw, v)
}

func body(c echo.Context, most int64) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, most))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.Wrap(err, fault.TooLarge, "request.too_large")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "request.malformed")
	}
	return raw, nil
}

func decode(raw []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if err := d.Decode(v); err != nil {
		return malformed(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed(errors.New("more than one JSON value"))
	}
	return nil
}

// malformed is 400, told apart from 422: the document itself could not be read.
func malformed(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		e := fault.Wrap(err, fault.Malformed, "request.malformed")
		e.Fields = []fault.Field{fault.Wrong(wrong.Field, "field.wrong_type", "type", wrong.Type.String())}
		return e
	}
	return fault.Wrap(err, fault.Malformed, "request.malformed")
}

// list is a page of items with the cursor of the next one.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// paging reads ?limit= (default 50, most 200) and ?cursor=.
func paging(c echo.Context) (limit int, cursor string, err error) {
	limit, err = intParam(c, "limit", 50)
	if err != nil || limit < 1 {
		return 0, "", wrongParam("limit")
	}
	return min(limit, 200), c.QueryParam("cursor"), nil
}

func intParam(c echo.Context, name string, otherwise int) (int, error) {
	s := c.QueryParam(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, wrongParam(name)
	}
	return n, nil
}

// timeParam reads an RFC 3339 time, or a local day (2026-11-21).
func (r *Handler) timeParam(c echo.Context, name string) (time.Time, error) {
	s := c.QueryParam(name)
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, r.Zone)
	if err != nil {
		return time.Time{}, wrongParam(name)
	}
	return t, nil
}

func wrongParam(name string) error {
	return fault.Form("request.invalid", fault.Wrong(name, "field.unreadable"))
}

// at writes a time in the site's zone; the zero time is left out.
func (r *Handler) at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(r.Zone).Truncate(time.Millisecond)
	return &t
}

func base(c echo.Context) string { return page.VisitOf(c.Request().Context()).Base }

func sentence(c echo.Context, code string, args fault.Args) string {
	return locale.From(c.Request().Context()).Code(code, args)
}
