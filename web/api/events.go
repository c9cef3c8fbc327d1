package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/page"
)

// How often a lesson is looked at while somebody follows its progress, and how
// long a silent stream goes without a sign of life. Reading one row by its key
// costs some 20 µs, so polling serves one machine and many alike.
const (
	lookEvery = 500 * time.Millisecond
	pingEvery = 15 * time.Second
)

type eventDoc struct {
	Status  string      `json:"status"`
	Media   mediaDoc    `json:"media"`
	Failure *failureDoc `json:"failure,omitempty"`
}

// events streams a lesson's state: "status" when its status or its recording's
// state changed, "progress" when only the fraction did.
func (r *Room) events(c echo.Context) error {
	ctx := c.Request().Context()
	l, err := r.Lessons.Read(ctx, page.Who(c), c.Param("lesson"))
	if err != nil {
		return err
	}
	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	// The server's write deadline is for pages; a stream ends by itself.
	_ = http.NewResponseController(w.Writer).SetWriteDeadline(time.Time{})
	look, ping := time.NewTicker(lookEvery), time.NewTicker(pingEvery)
	defer look.Stop()
	defer ping.Stop()
	var sent []byte
	var before lesson.Lesson
	for {
		doc := eventDoc{Status: string(l.Status), Media: r.media(ctx, l)}
		if l.Media.State == lesson.Failed {
			doc.Failure = &failureDoc{l.Media.FailureCode, sentence(c, l.Media.FailureCode, l.Media.FailureArgs)}
		}
		body, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		if !bytes.Equal(body, sent) {
			name := "progress"
			if sent == nil || l.Status != before.Status || l.Media.State != before.Media.State || l.Media.Playable != before.Media.Playable {
				name = "status"
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, body); err != nil {
				return nil // the reader went away
			}
			w.Flush()
			sent, before = body, l
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.Stopped:
			return nil
		case <-ping.C:
			if _, err := fmt.Fprint(w, ": \n\n"); err != nil {
				return nil
			}
			w.Flush()
		case <-look.C:
		}
		if l, err = r.Lessons.Read(ctx, r.still(c), l.ID); err != nil {
			return nil // withdrawn from this person, or the database is away: the browser asks again
		}
	}
}

// still is the sender as they are now: a stream must not outlive a sign-out or
// a deactivation by more than a look.
func (r *Room) still(c echo.Context) people.Person {
	v := page.VisitOf(c.Request().Context())
	if v.Person.Anonymous() || v.Session.ID == "" {
		return v.Person
	}
	ctx := c.Request().Context()
	open, err := r.People.Store.Sessions(ctx, v.Person.ID)
	if err != nil || !slices.ContainsFunc(open, func(s people.Session) bool { return s.ID == v.Session.ID }) {
		return people.Person{}
	}
	p, err := r.People.Store.Person(ctx, v.Person.ID)
	if err != nil {
		return people.Person{}
	}
	return p
}
