package production

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// open lists the kinds of a lesson's jobs that wait or run.
func (h *fixture) open(id string) (kinds []string) {
	h.t.Helper()
	js, err := h.jobs.Jobs(context.Background(), Subject(id), "", 0)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, j := range js {
		if j.State == job.Waiting || j.State == job.Running {
			kinds = append(kinds, j.Kind)
		}
	}
	return kinds
}

func (h *fixture) bin(id string) {
	h.t.Helper()
	if _, err := h.Lessons.Bin(context.Background(), teacher, id); err != nil {
		h.t.Fatal(err)
	}
}

func (h *fixture) restore(id string) {
	h.t.Helper()
	if _, err := h.Lessons.Restore(context.Background(), teacher, id); err != nil {
		h.t.Fatal(err)
	}
}

func TestDeletingStopsTheWorkAndRestoringResumesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.seconds, h.machine.took = 1800, 10*time.Second
		begun := map[string]int{}
		h.machine.before(func(_ context.Context, _ string, task transcoder.Task) error {
			h.lessons.lessons.mu.Lock() // a lock that nothing else holds meanwhile
			defer h.lessons.lessons.mu.Unlock()
			begun[task.Group+string(rune('0'+task.Piece))]++
			return nil
		})
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(25 * time.Second)
		if n := len(h.open("L")); n < 10 {
			t.Fatalf("only %d jobs: the test would prove nothing", n)
		}
		before := len(begun)
		h.bin("L")
		pass(0)
		if left := h.open("L"); len(left) > 0 {
			t.Errorf("at once after deleting: %v", left)
		}
		pass(24 * time.Hour)
		if len(begun) != before || h.lesson("L").Media.State != lesson.Processing {
			t.Errorf("%d tasks begun, %d before deleting; %+v", len(begun), before, h.lesson("L").Media)
		}
		done := len(h.pkgs.segs.m)
		h.restore("L")
		pass(3 * time.Hour)
		l := h.lesson("L")
		if l.Media.State != lesson.Ready || l.File("saver") == "" || l.Media.Fraction != 1 {
			t.Fatalf("after restoring: %+v", l.Media)
		}
		twice := 0
		for _, n := range begun {
			if n > 1 {
				twice++
			}
		}
		if done == 0 || twice > 2 { // the two that ran when it was deleted
			t.Errorf("%d pieces were there, %d tasks begun twice", done, twice)
		}
	})
}

func TestNothingIsBegunInTheBin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer h.start()()
		h.lessons.Save(t.Context(), lesson.Lesson{ID: "L", TeacherID: teacher.ID, SchoolID: "s", Status: lesson.Draft,
			DeletedAt: time.Now(), Media: lesson.Media{State: lesson.None}})
		h.receive("L", "R", "recording", "") // its last part came after deleting
		if left := h.open("L"); len(left) > 0 {
			t.Errorf("asked for: %v", left)
		}
		// What an earlier release asked for, or an operator put back.
		if err := h.Jobs.Add(t.Context(), ReceivedJobs(h.lesson("L"), lesson.Recording{ID: "R"})...); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if p, _ := h.pkgs.Packages(t.Context(), "L"); len(p) > 0 || h.lesson("L").Media.State != lesson.Checking {
			t.Errorf("begun: %+v, %+v", p, h.lesson("L").Media)
		}
		h.restore("L")
		pass(time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Ready {
			t.Errorf("after restoring: %+v", l.Media)
		}
		h.restore("L") // again changes nothing
		if left := h.open("L"); len(left) > 0 {
			t.Errorf("restored twice: %v", left)
		}
	})
}

// TestDeletedAndRestoredAtAnyMoment: however often and whenever a lesson goes to
// the bin and comes back, it ends ready with all that belongs to it.
func TestDeletedAndRestoredAtAnyMoment(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 11))
			h := newFixture(t)
			h.machine.seconds, h.machine.took = 400, 4*time.Second
			defer h.start()()
			h.receive("L", "R", "recording", "")
			for range r.IntN(6) {
				pass(time.Duration(r.IntN(40_000)) * time.Millisecond)
				h.bin("L")
				if r.IntN(2) == 0 { // else at once, while the running ones are still being stopped
					pass(time.Duration(r.IntN(30_000)) * time.Millisecond)
					if left := h.open("L"); len(left) > 0 {
						t.Errorf("seed %d: in the bin: %v", seed, left)
					}
				}
				h.restore("L")
			}
			pass(time.Hour)
			l := h.lesson("L")
			rec, _ := h.lessons.Recording(t.Context(), "R")
			if l.Media.State != lesson.Ready || l.File("saver") == "" || l.File("sound") == "" || rec.SHA256 == "" ||
				len(h.open("L")) > 0 {
				t.Errorf("seed %d: %+v, files %v, hash %q, open %v", seed, l.Media, l.Renditions, rec.SHA256, h.open("L"))
			}
		})
	}
}

func TestCalledOffCopyIsMadeAfterRestoring(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		p := h.pkg(h.lesson("L").Media.PackageID)
		h.copies.Store.SaveCopy(t.Context(), Copy{ID: "C", LessonID: "L", PackageID: p.ID, State: CopyWaiting,
			Format: "dnxhd"})
		h.bin("L")
		if err := h.Jobs.Add(t.Context(), broadcastJob(Copy{ID: "C", LessonID: "L"})); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		if len(h.machine.copies) > 0 || len(h.open("L")) > 0 {
			t.Errorf("made in the bin: %v, open %v", h.machine.copies, h.open("L"))
		}
		h.restore("L")
		if left := h.open("L"); len(left) != 1 || left[0] != kindBroadcast {
			t.Errorf("asked for after restoring: %v", left)
		}
	})
}
