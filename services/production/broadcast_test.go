package production

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/transcoder/delivery"
)

type copyStore struct{ copies rows[Copy] }

func (s *copyStore) Copy(_ context.Context, id string) (Copy, error) {
	return s.copies.get(id, "copy.not_found")
}
func (s *copyStore) SaveCopy(_ context.Context, c Copy) error { return s.copies.put(c.ID, c) }
func (s *copyStore) Copies(_ context.Context, id string) ([]Copy, error) {
	list := s.copies.list(func(c Copy) bool { return c.LessonID == id })
	slices.SortFunc(list, func(a, b Copy) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list, nil
}
func (s *copyStore) DeleteCopies(_ context.Context, id string) error {
	s.copies.mu.Lock()
	defer s.copies.mu.Unlock()
	maps.DeleteFunc(s.copies.m, func(_ string, c Copy) bool { return c.LessonID == id })
	return nil
}

// channels knows one channel, which has no airings.
type channels struct{ schedule.Store }

func (channels) Channel(_ context.Context, id string) (schedule.Channel, error) {
	if id != "C" {
		return schedule.Channel{}, fault.New(fault.NotFound, "channel.not_found")
	}
	return schedule.Channel{ID: id}, nil
}

var operator = people.Person{ID: "dai", Active: true, Grants: []people.Grant{{Role: people.Station}}}

func TestCopyIsMadeMeasuredAndKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.sheet = delivery.Sheet{Format: "h264-1080i50-mp4", Pass: true,
			Checks: []delivery.Check{{Code: "qc.size", Pass: true}}}
		defer h.start()()
		h.receive("L", "R", "recording", "")
		if _, err := h.copies.Ask(t.Context(), operator, "L", "C", "", "GD-1"); !fault.Is(err,
			"copy.lesson_not_ready") {
			t.Errorf("before the lesson is ready: %v", err)
		}
		pass(time.Hour)
		c, err := h.copies.Ask(t.Context(), operator, "L", "C", "", "GD-1")
		if err != nil || c.State != CopyWaiting {
			t.Fatalf("%+v %v", c, err)
		}
		if again, err := h.copies.Ask(t.Context(), operator, "L", "C", "", "GD-1"); err != nil || again.ID != c.ID {
			t.Errorf("asked twice: %+v %v", again, err)
		}
		pass(time.Minute)
		if c, err = h.copies.Copy(t.Context(), operator, c.ID); err != nil || c.State != CopyReady || c.Size != 4 ||
			c.SHA256 == "" || c.HouseNumber != "GD-1" || c.FinishedAt.IsZero() {
			t.Fatalf("%+v %v", c, err)
		}
		if keys := h.store.keys("lessons/L/copies/"); len(keys) != 1 || keys[0] != c.Key ||
			!strings.HasPrefix(c.Key, "lessons/L/copies/"+c.ID+"/") {
			t.Errorf("stored %v, said %q", keys, c.Key)
		}
		if !strings.Contains(string(c.Sheet), "qc.size") {
			t.Errorf("sheet %s", c.Sheet)
		}
		want := "h264-1080i50-mp4 png of " + c.ID + " at [10] for 20 second at [30] for 20"
		if len(h.machine.copies) != 1 || h.machine.copies[0] != want {
			t.Errorf("made %q, want %q", h.machine.copies, want)
		}
		// A new recording gets a copy of its own.
		h.receive("L", "R2", "second", "")
		pass(time.Hour)
		if next, err := h.copies.Ask(t.Context(), operator, "L", "C", "", ""); err != nil || next.ID == c.ID {
			t.Errorf("of the new recording: %+v %v", next, err)
		}
	})
}

func TestCopyThatFailsIsNotHandedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.sheet = delivery.Sheet{Checks: []delivery.Check{{Code: "qc.loudness"}}}
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		request := func() Copy {
			t.Helper()
			c, err := h.copies.Ask(t.Context(), operator, "L", "C", "mpeg2-ps-15m", "")
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Hour)
			if c, err = h.copies.Copy(t.Context(), operator, c.ID); err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := request()
		if c.State != CopyFailed || c.FailureCode != CopyFailedQC || c.Key != "" ||
			len(h.store.keys("lessons/L/copies/")) != 0 || !strings.Contains(string(c.Sheet), "qc.loudness") {
			t.Errorf("%+v", c)
		}
		h.machine.broken = errors.New("ffmpeg fell over")
		if d := request(); d.ID == c.ID || d.State != CopyFailed || d.FailureCode != CopyCannotBeMade {
			t.Errorf("%+v", d)
		}
	})
}

func TestWhoMayAskForWhichCopies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		for _, x := range []struct {
			by                    people.Person
			lesson, channel, form string
			code                  string
		}{
			{teacher, "L", "C", "", "access.denied"},
			{operator, "none", "C", "", "lesson.not_found"},
			{operator, "L", "none", "", "channel.not_found"},
			{operator, "L", "", "", "copy.invalid"},
			{operator, "L", "C", "vhs", "copy.invalid"},
		} {
			if _, err := h.copies.Ask(t.Context(), x.by, x.lesson, x.channel, x.form, ""); !fault.Is(err, x.code) {
				t.Errorf("%+v: %v", x, err)
			}
		}
		if _, err := h.copies.OfLesson(t.Context(), teacher, "L"); !fault.Is(err, "access.denied") {
			t.Errorf("a teacher lists copies: %v", err)
		}
	})
}

// TestCopyThatWasCalledOffSaysSo: when its jobs are cancelled a copy fails, no
// file comes later, and asking again begins again.
func TestCopyThatWasCalledOffSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.sheet = delivery.Sheet{Pass: true}
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		ctx := t.Context()
		done, err := h.copies.Ask(ctx, operator, "L", "C", "", "")
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		c, err := h.copies.Ask(ctx, operator, "L", "C", "mpeg2-ps-15m", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, subject := range []string{"lesson:none", "upload:L", Subject("L")} {
			if err := h.copies.CalledOff(ctx, subject); err != nil {
				t.Errorf("%s: %v", subject, err)
			}
		}
		pass(time.Hour)
		if c, err = h.copies.Copy(ctx, operator, c.ID); err != nil || c.State != CopyFailed ||
			c.FailureCode != CopyCancelled || c.Key != "" || c.FinishedAt.IsZero() {
			t.Errorf("%+v %v", c, err)
		}
		if done, err = h.copies.Copy(ctx, operator, done.ID); err != nil || done.State != CopyReady {
			t.Errorf("a copy that was ready: %+v %v", done, err)
		}
		if newest, err := h.copies.Newest(ctx, "L", "C"); err != nil || newest != done.ID {
			t.Errorf("newest %q %v", newest, err)
		}
		again, err := h.copies.Ask(ctx, operator, "L", "C", "mpeg2-ps-15m", "")
		if err != nil || again.ID == c.ID {
			t.Errorf("asked again: %+v %v", again, err)
		}
		pass(time.Hour)
		if newest, err := h.copies.Newest(ctx, "L", "C"); err != nil || newest != again.ID {
			t.Errorf("newest %q, want %q: %v", newest, again.ID, err)
		}
	})
}
