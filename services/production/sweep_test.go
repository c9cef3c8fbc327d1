package production

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
)

// How old objects are that the clean-up removes: files, and recordings.
const (
	orphanFile      = 24 * time.Hour
	orphanRecording = 30 * 24 * time.Hour
)

func TestRefusedRecordingLeavesADraftAndGoesAfterAWeek(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.runner.Poll = time.Hour
		h.machine.refuse = &transcoder.Refusal{Code: "recording.too_long", Args: map[string]any{"hours": 5}}
		defer h.start()()
		h.receive("L", "R", "text", "")
		h.Lessons.Submit(t.Context(), teacher, "L")
		synctest.Wait()
		l := h.lesson("L")
		if l.Media.State != lesson.Failed || l.Media.FailureCode != "recording.too_long" ||
			l.Media.FailureArgs["hours"] != 5 || l.Status != lesson.Draft {
			t.Fatalf("%+v", l)
		}
		pass(6 * 24 * time.Hour)
		if len(h.store.keys("lessons/L/recordings/")) != 1 {
			t.Fatal("gone before its week was over")
		}
		pass(26 * time.Hour)
		r, _ := h.lessons.Recording(t.Context(), "R")
		if len(h.store.keys("")) != 0 || r.GoneAt.IsZero() {
			t.Errorf("still there: %v, %+v", h.store.keys(""), r)
		}
	})
}

func TestNewRecordingReplacesAtOnceAndTheOldGoesADayLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.took = 10 * time.Second
		defer h.start()()
		h.receive("L", "R1", "first", "")
		pass(time.Hour)
		first := h.lesson("L").Media.PackageID
		h.receive("L", "R2", "second", "")
		pass(15 * time.Second)
		halfway := h.lesson("L").Media.MakingID
		if m := h.lesson("L").Media; m.PackageID != first || !m.Playable || halfway == "" {
			t.Fatalf("the old one must play on: %+v", m)
		}
		// A third one, before the second is finished: its work is called off.
		h.receive("L", "R3", "third", "")
		pass(time.Hour)
		m := h.lesson("L").Media
		if m.State != lesson.Ready || m.PackageID == first || m.PackageID == halfway {
			t.Fatalf("%+v", m)
		}
		if a, b := h.pkg(first), h.pkg(halfway); a.State != Retired || b.RetiredAt.IsZero() {
			t.Errorf("old ones: %+v %+v", a, b)
		}
		if text := h.playlist("L", first, "360p.m3u8"); !strings.Contains(text, "ENDLIST") {
			t.Error("whoever watches the old one must be able to finish")
		}
		pass(26 * time.Hour)
		for _, k := range h.store.keys("lessons/L/packages/") {
			if !strings.HasPrefix(k, media.PackagePrefix("L", m.PackageID)) {
				t.Fatalf("left over: %s", k)
			}
		}
		if n := len(h.store.keys("lessons/L/recordings/")); n != 3 {
			t.Errorf("%d recordings kept, want 3: they are never lost", n)
		}
	})
}

func TestLessonWithoutAJobDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.took = 4 * time.Hour // longer than it takes to look for the stuck
		h.runner.Poll = time.Hour
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(2 * time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Processing {
			t.Fatalf("%+v", l.Media)
		}
		// An operator cancels its work on the queue's page.
		if err := h.Jobs.CancelSubject(t.Context(), Subject("L")); err != nil {
			t.Fatal(err)
		}
		pass(75 * time.Minute)
		if l := h.lesson("L"); l.Media.State != lesson.Failed || l.Media.FailureCode != CannotBePrepared {
			t.Errorf("%+v", l.Media)
		}
	})
}

func TestLessonInTheBinIsEmptiedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		stop := h.start()
		h.receive("L", "R", "recording", "")
		h.receive("keep", "R2", "recording", "")
		pass(time.Minute)
		stop() // below only the sweep runs, at the moments that matter
		sweep := func() {
			t.Helper()
			if err := h.sweep(t.Context(), &job.Run{Log: h.Log}, SweepArgs{}); err != nil {
				t.Fatal(err)
			}
		}
		binned := time.Now()
		if _, err := h.Lessons.Bin(t.Context(), teacher, "L"); err != nil {
			t.Fatal(err)
		}
		given := &sheets{"lessons/L/attachments/worksheet"}
		h.Worksheets = given
		if _, err := h.store.Put(t.Context(), (*given)[0], strings.NewReader("x"), 1, media.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		kept := len(h.store.keys("lessons/keep/"))
		pass(time.Until(binned.Add(lesson.KeepBinned - 1)))
		sweep()
		if len(h.store.keys("lessons/L/recordings/")) != 1 || h.lesson("L").Media.State != lesson.Ready {
			t.Fatal("emptied too early")
		}
		pass(1)
		sweep()
		if l := h.lesson("L"); l.Media.State != lesson.Erased || len(h.store.keys("lessons/L/")) != 0 {
			t.Errorf("%+v, %v", l.Media, h.store.keys("lessons/L/"))
		}
		if len(*given) != 0 {
			t.Errorf("worksheets %v are still known", *given)
		}
		if n := len(h.store.keys("lessons/keep/")); n != kept {
			t.Errorf("the other lesson has %d objects, had %d", n, kept)
		}
		if _, err := h.Lessons.Restore(t.Context(), teacher, "L"); !fault.Is(err, "lesson.erased") {
			t.Errorf("restore: %v", err)
		}
	})
}

// sheets are the worksheets of lesson L.
type sheets []string

func (s *sheets) Keys(_ context.Context, lessonID string) ([]string, error) {
	if lessonID == "L" {
		return *s, nil
	}
	return nil, nil
}

func (s *sheets) Forget(_ context.Context, lessonID string) error {
	if lessonID == "L" {
		*s = nil
	}
	return nil
}

func TestOrphansKnowsWhatIsWanted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.runner.Poll = time.Hour
		stop := h.start()
		h.receive("L", "R", "recording", "")
		pass(2 * time.Hour)
		p := h.lesson("L").Media.PackageID
		if p == "" {
			t.Fatal("not finished")
		}
		stop()
		before := h.store.keys("")
		left := map[string]time.Duration{ // age after which each goes; 0: never
			"lessons/L/packages/" + p + "/360p/0-1/0.m4s":  orphanFile,
			"lessons/L/packages/" + p + "/360p/99-1/0.m4s": orphanFile,
			"lessons/L/packages/unknown/master.m3u8":       orphanFile,
			"lessons/L/recordings/never-received":          orphanRecording,
			"lessons/unknown/recordings/x":                 orphanRecording,
			"lessons/L/attachments/worksheet":              0,
			"lessons/L/attachments/given-up":               orphanFile,
			"lessons/L/captions/vi.vtt":                    0,
			"lessons/L/copies/C/9/broadcast.mp4":           orphanFile,
			"imports/sheet":                                0,
		}
		for k := range left {
			if _, err := h.store.Put(t.Context(), k, strings.NewReader("x"), 1, media.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		h.Worksheets = &sheets{"lessons/L/attachments/worksheet"}
		began := time.Now()
		for _, age := range []time.Duration{time.Hour, orphanFile + time.Hour, orphanRecording + time.Hour} {
			pass(time.Until(began.Add(age)))
			if err := h.orphans(t.Context(), &job.Run{Log: h.Log}, OrphansArgs{}); err != nil {
				t.Fatal(err)
			}
			for k, keep := range left {
				if there := len(h.store.keys(k)) > 0; there != (keep == 0 || age < keep) {
					t.Errorf("after %v: %s is there: %v", age, k, there)
				}
			}
			for _, k := range before {
				if len(h.store.keys(k)) == 0 {
					t.Errorf("after %v: %s is gone", age, k)
				}
			}
		}
	})
}

func TestDiskThatIsFullIsNotTheRecordingsFault(t *testing.T) {
	full := &transcoder.ExitError{Program: "ffmpeg", Code: 1,
		Tail: "av_interleaved_write_frame(): No space left on device"}
	for _, err := range []error{full, syscall.ENOSPC} {
		if got := passing(err); fault.KindOf(got) != fault.Unavailable {
			t.Errorf("%v: %v", err, got)
		}
	}
	if got := passing(&transcoder.ExitError{Program: "ffmpeg", Code: 1, Tail: "Invalid data"}); fault.KindOf(
		got) == fault.Unavailable {
		t.Errorf("a broken recording would be tried for ever: %v", got)
	}
}
