package production

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

func TestPlainFilesAreMadeOnceTheLadderIsVerified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		l := h.lesson("L")
		p := h.pkg(l.Media.PackageID)
		if len(p.Files) != 4 || len(l.Renditions) != len(h.plan(p.ID).Rungs)+3 {
			t.Fatalf("files %+v, renditions %+v", p.Files, l.Renditions)
		}
		for name, kind := range map[string]string{"saver": "video/mp4", "sound": "audio/mp4",
			"storyboard": "text/vtt; charset=utf-8"} {
			o, ok := ObjectAt("L/" + p.ID + "/" + l.File(name))
			if !ok || o.ContentType != kind {
				t.Fatalf("%s stands at %q: %+v", name, l.File(name), o)
			}
			if _, err := h.store.Head(t.Context(), o.Key); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			// A player that reads the index asks for the picture beside it.
			if name == "storyboard" {
				beside, ok := ObjectAt("L/" + p.ID + "/" + strings.Replace(l.File(name), ".vtt", ".jpg", 1))
				if _, err := h.store.Head(t.Context(), beside.Key); !ok || err != nil {
					t.Errorf("the storyboard's picture: %v %v", ok, err)
				}
			}
		}
		for _, r := range l.Renditions {
			if r.Name == "saver" && (r.Kind != lesson.KindFile || r.Bytes == 0 || r.Height != 360 || r.Bandwidth == 0 ||
				r.Codecs == "") {
				t.Errorf("saver %+v", r)
			}
		}
		// Asked for again, nothing is made again.
		before := h.machine.joins.Load()
		if err := h.Jobs.Add(t.Context(), job.New{Args: ExtrasArgs{"L", p.ID}, Subject: Subject("L")}); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if n := h.machine.joins.Load(); before != 2 || n != before {
			t.Errorf("files were joined %d times, then %d", before, n)
		}
	})
}

func TestPlainFilesOfAReplacedRecordingGoWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer h.start()()
		h.receive("L", "R1", "first", "")
		pass(time.Hour)
		first := h.pkg(h.lesson("L").Media.PackageID)
		h.receive("L", "R2", "second", "")
		pass(time.Hour)
		// A late worker of the first package changes nothing of the lesson.
		if err := h.addFiles(t.Context(), first.ID, first.Files); err != nil {
			t.Fatal(err)
		}
		l := h.lesson("L")
		if o, _ := ObjectAt("L/" + l.Media.PackageID + "/" + l.File("saver")); l.Media.PackageID == first.ID ||
			len(h.store.keys(o.Key)) != 1 {
			t.Errorf("the new recording's file: %+v", l.Renditions)
		}
		for _, f := range first.Files {
			if len(h.store.keys(f.Key)) != 1 {
				t.Errorf("%s is gone while somebody may be fetching it", f.Key)
			}
		}
		pass(26 * time.Hour)
		if left := h.store.keys(media.PackagePrefix("L", first.ID)); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	})
}

func TestLessonIsReadyWithoutAStoryboard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.runner.Poll = time.Minute
		noFrames := errors.New("no key frames")
		h.machine.board.Store(&noFrames)
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Ready || l.File("saver") == "" || l.File("storyboard") != "" {
			t.Errorf("%+v %+v", l.Media, l.Renditions)
		}
		// What passes is tried again: the picture comes when storage is back.
		var away error = fault.New(fault.Unavailable, "media.unavailable")
		h.machine.board.Store(&away)
		h.receive("M", "S", "recording", "")
		pass(time.Minute)
		if l := h.lesson("M"); l.Media.State != lesson.Ready || l.File("saver") != "" {
			t.Errorf("%+v %+v", l.Media, l.Renditions)
		}
		h.machine.board.Store(nil)
		pass(time.Minute)
		if l := h.lesson("M"); l.File("saver") == "" || l.File("storyboard") == "" {
			t.Errorf("%+v", l.Renditions)
		}
	})
}

func TestSaverIsTheLargestThatSaves(t *testing.T) {
	rung := func(name string, w, h int) transcoder.Rung {
		return transcoder.Rung{Name: name, Kind: ladder.Video, Width: w, Height: h}
	}
	sound := transcoder.Rung{Name: "audio", Kind: ladder.Audio}
	for _, c := range []struct {
		rungs        []transcoder.Rung
		saver, sound string
	}{
		{[]transcoder.Rung{rung("1080p", 1920, 1080), rung("360p", 640, 360), rung("240p", 426, 240), sound},
			"360p", "audio"},
		{[]transcoder.Rung{rung("720p", 720, 1280), rung("360p", 360, 640), sound}, "360p", "audio"},
		{[]transcoder.Rung{rung("1080p", 1920, 1080), rung("480p", 854, 480)}, "480p", ""},
		{[]transcoder.Rung{rung("240p", 160, 120), sound}, "240p", "audio"},
		{[]transcoder.Rung{sound}, "", "audio"},
	} {
		p := transcoder.Plan{Rungs: c.rungs}
		if a, b := saverRung(p), soundRung(p); a != c.saver || b != c.sound {
			t.Errorf("%+v: %q %q", c.rungs, a, b)
		}
	}
}
