package viewstore_test

import (
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/viewership/playback"
)

// TestUnreadableRow: one stored session of one viewer cannot be read. The
// heartbeats of 99 others in the same batch are committed; that viewer's are
// answered with an error, so that the player keeps them, and are committed once
// the row is repaired.
func TestUnreadableRow(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		l := lesson.Lesson{ID: "l", Title: "Bài", Status: lesson.Published,
			Media: lesson.Media{PackageID: "p", Playable: true, Duration: 10}}
		if err := db.Lessons().Save(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		s := counter(t, db, db, 200*time.Millisecond)
		const viewers = 100
		beats := make([]playback.Heartbeat, viewers)
		for i := range beats {
			o, err := s.Open(t.Context(), playback.OpenRequest{LessonID: "l"})
			if err != nil {
				t.Fatal(err)
			}
			beats[i] = playback.Heartbeat{Token: o.Token, Sequence: 1, Played: []playback.Interval{{0, 9}}}
		}
		if _, err := s.Beat(t.Context(), beats[:1]); err != nil {
			t.Fatal(err)
		}
		set := func(played string) {
			t.Helper()
			if _, err := db.Writer(t.Context()).NewRaw("UPDATE view_sessions SET played = ?",
				played).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var good string
		if err := db.Reader(t.Context()).NewRaw("SELECT played FROM view_sessions").Scan(t.Context(),
			&good); err != nil {
			t.Fatal(err)
		}
		set("hỏng")
		answers := make([]chan error, viewers)
		for i := range beats {
			answers[i] = make(chan error, 1)
			go func() {
				_, err := s.Beat(t.Context(), beats[i:i+1])
				answers[i] <- err
			}()
		}
		for i, answer := range answers {
			err := <-answer
			if i == 0 && (fault.KindOf(err) != fault.Unavailable || !fault.Is(err, "heartbeat.not_stored")) {
				t.Errorf("the unreadable viewer: %v", err)
			}
			if i > 0 && err != nil {
				t.Errorf("viewer %d: %v", i, err)
			}
		}
		sessions := func() (n int) {
			t.Helper()
			if err := db.Reader(t.Context()).NewRaw("SELECT COUNT(*) FROM view_sessions").Scan(t.Context(),
				&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := sessions(); n != viewers {
			t.Errorf("%d of %d sessions", n, viewers)
		}
		if _, err := db.Writer(t.Context()).NewRaw("UPDATE view_sessions SET played = ? WHERE played = ?",
			good, "hỏng").
			Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Beat(t.Context(), beats[:1]); err != nil || r.Accepted != 1 {
			t.Errorf("after the repair: %+v %v", r, err)
		}
	})
}
