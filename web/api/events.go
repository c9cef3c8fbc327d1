package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/page"
)

// Times of an event stream.
const (
	pingInterval = 15 * time.Second // how long a quiet stream goes without a sign of life
	// streamLife is when a stream ends and the browser opens another: then the
	// person's roles are read again.
	streamLife = 10 * time.Minute
)

type eventDoc struct {
	Status  string      `json:"status"`
	Media   mediaDoc    `json:"media"`
	Failure *failureDoc `json:"failure,omitempty"`
}

// events streams a lesson's state: "status" when its status or its recording's
// state changed, "progress" when only the fraction did.
func (r *Handler) events(c echo.Context) error {
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
	visit := page.VisitOf(ctx)
	states, stop := r.Progress.follow(l.ID, visit.Session.ID)
	defer stop()
	ping, over := time.NewTicker(pingInterval), time.After(streamLife)
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
			if sent == nil || l.Status != before.Status || l.Media.State != before.Media.State ||
				l.Media.Playable != before.Media.Playable {
				name = "status"
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, body); err != nil {
				return nil // the reader is gone
			}
			w.Flush()
			sent, before = body, l
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.Stopped:
			return nil
		case <-over:
			return nil
		case <-ping.C:
			if _, err := fmt.Fprint(w, ": \n\n"); err != nil {
				return nil
			}
			w.Flush()
		case state, ok := <-states:
			if !ok || !people.May(visit.Person, people.ReadLesson, state.Object()) {
				return nil // signed out, deleted, or withdrawn from this person
			}
			l = state
		}
	}
}
