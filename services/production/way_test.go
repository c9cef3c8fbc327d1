package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRecordingBecomesALessonThatPlays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.took = 10 * time.Second
		var fractions []float64
		playable := 0.0
		h.lessons.saved = func(l lesson.Lesson) {
			fractions = append(fractions, l.Media.Fraction)
			if l.Media.Playable && playable == 0 {
				playable = l.Media.Fraction
			}
		}
		h.lessons.progressed = h.lessons.saved
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(11 * time.Second)
		l := h.lesson("L")
		if !l.Media.Playable || l.Media.State != lesson.Processing || l.Media.PackageID == "" ||
			l.Media.Duration != 60 {
			t.Fatalf("after the first piece: %+v", l.Media)
		}
		p := l.Media.PackageID
		master := h.playlist("L", p, "master.m3u8")
		if !strings.Contains(master, "\n360p.event.m3u8\n") {
			t.Errorf("growing master:\n%s", master)
		}
		event := h.playlist("L", p, "360p.event.m3u8")
		if strings.Count(event, "#EXTINF") != 3 || strings.Contains(event, "ENDLIST") ||
			!strings.Contains(event, "TYPE:EVENT") {
			t.Errorf("growing playlist:\n%s", event)
		}
		if _, err := h.lists.Playlist(t.Context(), "L", p, "360p.m3u8"); !fault.Is(err, "package.not_found") {
			t.Errorf("the VOD playlist must not be there yet: %v", err)
		}
		if _, err := h.lists.Playlist(t.Context(), "other", p, "master.m3u8"); !fault.Is(err, "package.not_found") {
			t.Errorf("another lesson's address: %v", err)
		}
		pass(time.Hour)
		l = h.lesson("L")
		// and saver, sound, storyboard
		if l.Media.State != lesson.Ready || l.Media.PackageID != p || l.Media.MakingID != "" || l.Media.Fraction != 1 ||
			len(l.Renditions) != len(h.plan(p).Rungs)+3 {
			t.Fatalf("at the end: %+v %+v", l.Media, l.Renditions)
		}
		if h.pkg(p).State != Verified {
			t.Errorf("package %+v", h.pkg(p))
		}
		checkFinished(t, h, p, event)
		for i := 1; i < len(fractions); i++ {
			if fractions[i] < fractions[i-1] {
				t.Errorf("progress ran back: %v", fractions)
			}
		}
		if len(fractions) < 8 {
			t.Errorf("progress was reported only %d times", len(fractions))
		}
		r, _ := h.lessons.Recording(t.Context(), "R")
		if sum := sha256.Sum256([]byte("recording")); r.SHA256 != hex.EncodeToString(sum[:]) ||
			r.State != lesson.Ready {
			t.Errorf("recording %+v", r)
		}
	})
}

// checkFinished looks at a finished package's playlists and objects.
func checkFinished(t *testing.T, h *fixture, p, event string) {
	t.Helper()
	vod := h.playlist("L", p, "360p.m3u8")
	if !strings.Contains(vod, "TYPE:VOD") || !strings.HasSuffix(vod, "#EXT-X-ENDLIST\n") {
		t.Errorf("finished playlist:\n%s", vod)
	}
	later := h.playlist("L", p, "360p.event.m3u8")
	if !strings.HasPrefix(later, event) || !strings.HasSuffix(later, "#EXT-X-ENDLIST\n") ||
		strings.Count(later, "#EXTINF") != strings.Count(vod, "#EXTINF") {
		t.Errorf("a growing playlist must only grow, and end:\n%s", later)
	}
	for line := range strings.SplitSeq(vod, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		o, ok := ObjectAt("L/" + p + "/" + line)
		if !ok {
			t.Fatalf("no object at %s", line)
		}
		if _, err := h.store.Head(t.Context(), o.Key); err != nil || o.ContentType != "video/iso.segment" {
			t.Errorf("%s: %v %s", line, err, o.ContentType)
		}
	}
	o, ok := ObjectAt(PosterAddress("L", p))
	if _, err := h.store.Head(t.Context(), o.Key); !ok || err != nil {
		t.Errorf("poster: %v", err)
	}
	if master := h.playlist("L", p, "master.m3u8"); strings.Contains(master, "event") ||
		!strings.Contains(master, "BANDWIDTH=1000") {
		t.Errorf("finished master:\n%s", master)
	}
}

func TestPoisonIsParkedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		var tries atomic.Int32
		h.machine.before(func(_ context.Context, path string, task transcoder.Task) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if string(data) == "poison" && task.Piece == 1 {
				tries.Add(1)
				panic("crash")
			}
			return nil
		})
		defer h.start()()
		h.receive("bad", "R1", "poison", "")
		h.receive("good", "R2", "fine", "")
		pass(2 * time.Hour)
		bad, good := h.lesson("bad"), h.lesson("good")
		if bad.Media.State != lesson.Failed || bad.Media.FailureCode != CannotBePrepared || bad.Media.Playable ||
			tries.Load() != 3 {
			t.Errorf("poison: %+v after %d tries", bad.Media, tries.Load())
		}
		if good.Media.State != lesson.Ready {
			t.Errorf("good: %+v", good.Media)
		}
		ps, _ := h.pkgs.Packages(t.Context(), "bad")
		if len(ps) != 1 || ps[0].State != Broken {
			t.Errorf("%+v", ps)
		}
		if open, _ := h.jobs.Jobs(t.Context(), Subject("bad"), job.Waiting, 0); len(open) != 0 {
			t.Errorf("still waiting: %+v", open)
		}
		pass(26 * time.Hour)
		if keys := h.store.keys(media.PackagePrefix("bad", ps[0].ID)); len(keys) != 0 {
			t.Errorf("left over: %v", keys)
		}
		// The teacher may try again, and the recording is still there.
		h.machine.before(nil)
		if _, err := h.Lessons.Retry(t.Context(), teacher, "bad"); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if l := h.lesson("bad"); l.Media.State != lesson.Ready {
			t.Errorf("after the retry: %+v", l.Media)
		}
	})
}

func TestStorageThatIsAwayOnlyDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.runner.Poll = time.Minute
		h.machine.before(func(_ context.Context, _ string, task transcoder.Task) error {
			if task.Piece == 1 {
				h.store.mu.Lock()
				h.store.away = true
				h.store.mu.Unlock()
			}
			return nil
		})
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(20 * time.Minute)
		if l := h.lesson("L"); l.Media.State != lesson.Processing {
			t.Fatalf("while storage is away: %+v", l.Media)
		}
		h.machine.before(nil)
		h.store.mu.Lock()
		h.store.away = false
		h.store.mu.Unlock()
		pass(time.Minute)
		if l := h.lesson("L"); l.Media.State != lesson.Ready {
			t.Errorf("after it is back: %+v", l.Media)
		}
	})
}

func TestZombieAddsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		stolen := false
		h.machine.before(func(ctx context.Context, _ string, task transcoder.Task) error {
			if task.Piece != 1 || stolen {
				return nil
			}
			stolen = true
			// Cut off from the database until somebody else has the job.
			h.jobs.FailWith(func(call string) error {
				if call == "Beat" {
					return errors.New("no route")
				}
				return nil
			})
			time.Sleep(2 * h.runner.Lease)
			for {
				j, err := h.jobs.Claim(context.Background(), "other", []string{kindTranscode}, time.Second)
				if err != nil || j == nil {
					t.Error("the others' jobs are not to be had", err)
					break
				}
				if strings.Contains(string(j.Args), `"piece":1,`) {
					break
				}
			}
			h.jobs.FailNothing()
			return nil
		})
		h.Slots = 1
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(30 * time.Minute)
		l := h.lesson("L")
		if l.Media.State != lesson.Ready || !stolen {
			t.Fatalf("%+v", l.Media)
		}
		// Two attempts at piece 1 stored files; the package names one of them.
		segs, _ := h.pkgs.Segments(t.Context(), l.Media.PackageID)
		named, stored := map[string]bool{}, map[string]bool{}
		for _, s := range segs {
			if s.Piece == 1 && s.Rung == "360p" {
				named[folderOf(s.Key)] = true
			}
		}
		for _, k := range h.store.keys(media.PackagePrefix("L", l.Media.PackageID) + "360p/1-") {
			stored[folderOf(k)] = true
		}
		if len(named) != 1 || len(stored) != 2 {
			t.Errorf("named %v, stored %v", named, stored)
		}
		// The next days' comparison removes the given-up attempt.
		pass(49 * time.Hour)
		if n := len(h.store.keys(media.PackagePrefix("L", l.Media.PackageID) + "360p/1-")); n != len(
			segsOf(segs, "360p", 1)) {
			t.Errorf("%d files of piece 1 are stored", n)
		}
		if _, err := h.store.Head(t.Context(), media.Recording("L", "xR")); err != nil {
			t.Errorf("the recording: %v", err)
		}
	})
}

func segsOf(segs []Segment, rung string, piece int) (out []Segment) {
	for _, s := range segs {
		if s.Rung == rung && s.Piece == piece {
			out = append(out, s)
		}
	}
	return out
}

func TestCorruptedRecordingIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.took = time.Minute
		defer h.start()()
		h.receive("L", "R", "recording", strings.Repeat("ab", 32))
		pass(time.Hour)
		l := h.lesson("L")
		r, _ := h.lessons.Recording(t.Context(), "R")
		if l.Media.State != lesson.Failed || l.Media.FailureCode != Corrupted || r.SHA256 == "" ||
			r.KeepUntil.IsZero() {
			t.Errorf("%+v %+v", l.Media, r)
		}
	})
}

func TestPublishingComesAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.runner.Poll = 2 * time.Second
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Minute)
		l := h.lesson("L")
		l.Status, l.ApprovedBy, l.PublishAt = lesson.Submitted, "cv", time.Now().Add(time.Hour)
		h.lessons.Save(t.Context(), l)
		at := l.PublishAt
		// This machine's clock is 7 s behind the database's.
		h.Now = func() time.Time { return time.Now().Add(-7 * time.Second) }
		h.Lessons.Now = h.Now
		if err := h.Jobs.Add(t.Context(), PublishJob(l)); err != nil {
			t.Fatal(err)
		}
		pass(59 * time.Minute)
		if h.lesson("L").Status != lesson.Submitted {
			t.Error("too early")
		}
		pass(2 * time.Minute)
		if l := h.lesson("L"); l.Status != lesson.Published || l.PublishedAt.Sub(at) > 15*time.Second {
			t.Errorf("%s at %v, planned %v", l.Status, l.PublishedAt, at)
		}
	})
}

func TestOnlyOneCopyOfARecordingIsFetched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.seconds = 600
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Ready {
			t.Fatalf("%+v", l.Media)
		}
		// One copy for all pieces, one read for the whole file's hash.
		if n := h.store.gets[media.Recording("L", "xR")]; n != 2 {
			t.Errorf("the recording was fetched %d times", n)
		}
	})
}

func TestFirstThingsFirst(t *testing.T) {
	plan := ladder.Make(ladder.Request{Source: ladder.Source{Width: 1920, Height: 1080}, Duration: 300,
		Rate: ladder.Rate{Num: 25, Den: 1}})
	jobs := transcodeJobs(Package{ID: "P", LessonID: "L", RecordingID: "R"}, plan)
	keys := map[string]bool{}
	for i, j := range jobs {
		keys[j.Key] = true
		if (j.Priority < job.Normal) != (i == 0) || j.Subject != "lesson:L" {
			t.Errorf("job %d: %+v", i, j)
		}
	}
	if len(keys) != len(jobs) || len(jobs) < 5 {
		t.Errorf("%d keys for %d jobs", len(keys), len(jobs))
	}
}

func TestSecondProbeOfTheSameRecordingChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.took = 10 * time.Second
		defer h.start()()
		h.receive("L", "R", "recording", "")
		l := h.lesson("L")
		r, _ := h.lessons.Recording(t.Context(), "R")
		for range 2 { // one beside the first, one while it transcodes
			if err := h.Jobs.Add(t.Context(), ReceivedJobs(l, r)...); err != nil {
				t.Fatal(err)
			}
			pass(5 * time.Second)
		}
		pass(time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Ready {
			t.Fatalf("%+v", l.Media)
		}
		if ps, _ := h.pkgs.Packages(t.Context(), "L"); len(ps) != 1 || ps[0].State != Verified {
			t.Errorf("%+v", ps)
		}
	})
}
