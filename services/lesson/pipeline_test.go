package lesson_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

func state(s lesson.MediaState) func(*lesson.Lesson) {
	return func(l *lesson.Lesson) { l.Media = lesson.Media{State: s, RecordingID: "r1"} }
}

func TestReceive(t *testing.T) {
	for name, c := range map[string]struct {
		media lesson.Media
		taken bool // the recording is new, or tried again
	}{
		"the first":    {lesson.Media{State: lesson.None}, true},
		"as announced": {lesson.Media{State: lesson.Receiving, RecordingID: "r2"}, true},
		"in place of another": {lesson.Media{State: lesson.Ready, RecordingID: "r1", PackageID: "p1",
			Playable: true}, true},
		"after it failed": {
			lesson.Media{State: lesson.Failed, RecordingID: "r2", FailureCode: "x",
				FailureArgs: fault.Args{"a": 1}}, true,
		},
		"again while checked": {
			lesson.Media{State: lesson.Checking, RecordingID: "r2", Stage: "probe", WarningCode: "w"}, false,
		},
		"again in processing": {
			lesson.Media{State: lesson.Processing, RecordingID: "r2", MakingID: "p2", Fraction: 0.5}, false,
		},
		"again when ready": {lesson.Media{State: lesson.Ready, RecordingID: "r2", PackageID: "p2"}, false},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) { l.Media = c.media })
		l, err := m.s.Receive(bg, lan, lesson.Recording{ID: "r2", LessonID: "l", Size: 7})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !c.taken {
			if l.Media.State != c.media.State || l.Media.Fraction != c.media.Fraction ||
				l.Media.WarningCode != c.media.WarningCode ||
				len(m.jobs.Added) != 0 ||
				len(m.recordings.All(nil)) != 0 {
				t.Errorf("%s: %+v, jobs %v", name, l.Media, m.jobs.Added)
			}
			continue
		}
		x := l.Media
		if x.RecordingID != "r2" || x.State != lesson.Checking || x.Stage != "probe" || x.Fraction != 0 ||
			x.MakingID != "" ||
			x.FailureCode != "" || x.FailureArgs != nil || x.WarningCode != "" {
			t.Errorf("%s: %+v", name, x)
		}
		if x.PackageID != c.media.PackageID || x.Playable != c.media.Playable {
			t.Errorf("%s: what played before does not: %+v", name, x)
		}
		if r := m.recordings.Must("r2"); r.State != lesson.Checking || r.Size != 7 || len(m.jobs.Added) != 1 ||
			m.jobs.Added[0].Key != "received r2" {
			t.Errorf("%s: recording %+v, jobs %v", name, r, m.jobs.Added)
		}
	}
	m := newMemory()
	m.add("l", nil)
	for _, p := range []people.Person{minh, head, reviewer, nobody} {
		_, err := m.s.Receive(bg, p, lesson.Recording{ID: "r2", LessonID: "l"})
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
	m.jobs.Err = errDisk
	if _, err := m.s.Receive(bg, lan, lesson.Recording{ID: "r2", LessonID: "l"}); !errors.Is(err, errDisk) {
		t.Errorf("without its jobs: %v", err)
	}
	if len(m.recordings.All(nil)) != 0 || m.lessons.Must("l").Media.State != lesson.None {
		t.Error("a recording was acknowledged that nothing will process")
	}
}

func TestReceivingAndNotReceiving(t *testing.T) {
	for name, c := range map[string]struct {
		media                lesson.Media
		begun, given, failed lesson.MediaState
	}{
		"nothing yet": {lesson.Media{State: lesson.None}, lesson.Receiving, lesson.None, ""},
		"nothing usable": {
			lesson.Media{State: lesson.Failed, FailureCode: "x", FailureArgs: fault.Args{"a": 1}}, lesson.Receiving,
			lesson.None, "",
		},
		"an old one play": {
			lesson.Media{State: lesson.Failed, FailureCode: "x", PackageID: "p1"}, lesson.Failed, lesson.Failed, "x",
		},
		"ready":         {lesson.Media{State: lesson.Ready}, lesson.Ready, lesson.Ready, ""},
		"in processing": {lesson.Media{State: lesson.Processing}, lesson.Processing, lesson.Processing, ""},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) { l.Media = c.media })
		wantFault(t, name, m.s.Receiving(bg, "l"), 0, "")
		if x := m.lessons.Must("l").Media; x.State != c.begun || string(c.failed) != x.FailureCode {
			t.Errorf("%s, begun: %+v", name, x)
		}
		wantFault(t, name, m.s.NotReceiving(bg, "l"), 0, "")
		if x := m.lessons.Must("l").Media; x.State != c.given {
			t.Errorf("%s, given up: %+v", name, x)
		}
	}
}

func TestProcess(t *testing.T) {
	for _, s := range []lesson.MediaState{
		lesson.None, lesson.Receiving, lesson.Checking, lesson.Processing, lesson.Ready, lesson.Failed, lesson.Erased,
	} {
		m := newMemory()
		m.add("l", state(s))
		err := m.s.Process(bg, "l", "r1", "p1", "recording.truncated")
		x := m.lessons.Must("l").Media
		if s != lesson.Checking {
			wantFault(t, string(s), err, fault.Conflict, "lesson.replaced")
			if x.State != s || x.MakingID != "" {
				t.Errorf("%s: %+v", s, x)
			}
			continue
		}
		if err != nil || x.State != lesson.Processing || x.Stage != "transcode" || x.MakingID != "p1" ||
			x.WarningCode != "recording.truncated" {
			t.Errorf("%+v %v", x, err)
		}
	}
}

// TestReplacedRecordingChangesNothing: a late worker of an older one does no harm.
func TestReplacedRecordingChangesNothing(t *testing.T) {
	for name, step := range map[string]func(m *memory) error{
		"process":  func(m *memory) error { return m.s.Process(bg, "l", "r0", "p0", "") },
		"recheck":  func(m *memory) error { return m.s.Recheck(bg, "l", "r0", "p1") },
		"progress": func(m *memory) error { return m.s.Progress(bg, "l", "r0", "verify", 0.9) },
		"playable": func(m *memory) error { return m.s.BecomePlayable(bg, "l", "r0", "p1", 5) },
		"finish":   func(m *memory) error { return m.s.Finish(bg, "l", "r0", "p1", 5, nil) },
		"fail":     func(m *memory) error { return m.s.Fail(bg, "l", "r0", "recording.not_media", nil) },
	} {
		m := newMemory()
		before := m.add("l", func(l *lesson.Lesson) {
			l.Media = lesson.Media{
				State:       lesson.Processing,
				RecordingID: "r1",
				MakingID:    "p1",
				Stage:       "transcode",
				Fraction:    0.5,
			}
		})
		wantFault(t, name, step(m), fault.Conflict, "lesson.replaced")
		if x := m.lessons.Must("l").Media; x.State != before.Media.State || x.Fraction != 0.5 || x.PackageID != "" ||
			m.lessons.Writes != 1 {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

func TestRecheck(t *testing.T) {
	for name, c := range map[string]struct {
		media lesson.Media
		pkg   string
		plays string // afterwards
		code  string
	}{
		"nothing plays": {lesson.Media{State: lesson.Processing, MakingID: "p1"}, "p1", "", ""},
		"it plays": {
			lesson.Media{State: lesson.Processing, MakingID: "p1", PackageID: "p1", Playable: true,
				Duration: 5}, "p1", "", "",
		},
		"an older one plays": {
			lesson.Media{State: lesson.Processing, MakingID: "p1", PackageID: "p0", Playable: true, Duration: 5},
			"p1", "p0", "",
		},
		"another package": {lesson.Media{State: lesson.Processing, MakingID: "p2"}, "p1", "", "lesson.replaced"},
		"it is ready":     {lesson.Media{State: lesson.Ready, MakingID: "p1"}, "p1", "", "lesson.replaced"},
	} {
		m := newMemory()
		c.media.RecordingID, c.media.Fraction = "r1", 0.5
		m.add("l", func(l *lesson.Lesson) { l.Media = c.media })
		wantFault(t, name, m.s.Recheck(bg, "l", "r1", c.pkg), fault.Conflict, c.code)
		x := m.lessons.Must("l").Media
		if c.code != "" {
			continue
		}
		if x.State != lesson.Checking || x.Stage != "probe" || x.Fraction != 0 || x.MakingID != "" ||
			x.PackageID != c.plays ||
			x.Playable != (c.plays != "") ||
			(x.Duration != 0) != x.Playable {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

func TestProgress(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) {
		l.Media = lesson.Media{State: lesson.Processing, RecordingID: "r1", Fraction: 0.2}
	})
	for _, c := range []struct{ report, want float64 }{{0.5, 0.5}, {0.3, 0.5}, {1.7, 1}} {
		wantFault(t, "progress", m.s.Progress(bg, "l", "r1", "verify", c.report), 0, "")
		if x := m.lessons.Must("l").Media; x.Fraction != c.want || x.Stage != "verify" {
			t.Errorf("%v reported: %+v", c.report, x)
		}
	}
	if len(m.indexed) != 0 || len(m.log.List) != 0 || m.changes != 0 || len(m.steps.All(nil)) != 0 {
		t.Error("progress is no change of the lesson")
	}
	m.add("done", ready(lesson.Published))
	wantFault(t, "after the end", m.s.Progress(bg, "done", "r1", "verify", 0.1), 0, "")
	wantFault(t, "no lesson", m.s.Progress(bg, "none", "r1", "verify", 0.1), fault.NotFound, "lesson.not_found")
}

func TestBecomePlayable(t *testing.T) {
	for name, c := range map[string]struct {
		plays, making string
		want          string
	}{
		"nothing plays":          {"", "p1", "p1"},
		"an older one plays":     {"p0", "p1", "p0"},
		"another is being made":  {"", "p2", ""},
		"it plays already":       {"p1", "p1", "p1"},
		"none is being made now": {"", "", ""},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			l.Media = lesson.Media{State: lesson.Processing, RecordingID: "r1", PackageID: c.plays, MakingID: c.making}
		})
		wantFault(t, name, m.s.BecomePlayable(bg, "l", "r1", "p1", 30), 0, "")
		x := m.lessons.Must("l").Media
		began := c.plays == "" && c.want != ""
		if x.PackageID != c.want || x.Playable != began || (x.Duration == 30) != began {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

func TestFinish(t *testing.T) {
	rungs := []lesson.Rendition{{Name: "720p"}}
	for name, c := range map[string]struct {
		state  lesson.MediaState
		making string
		row    bool // the recording has one
		kind   fault.Kind
		code   string
	}{
		"processed":       {lesson.Processing, "p2", true, 0, ""},
		"another package": {lesson.Processing, "p3", true, fault.Conflict, "lesson.replaced"},
		"checked again":   {lesson.Checking, "p2", true, fault.Conflict, "lesson.replaced"},
		"failed":          {lesson.Failed, "p2", true, fault.Conflict, "lesson.replaced"},
		"no recording":    {lesson.Processing, "p2", false, fault.NotFound, "recording.not_found"},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			l.Media = lesson.Media{
				State:       c.state,
				RecordingID: "r2",
				MakingID:    c.making,
				PackageID:   "p1",
				Playable:    true,
				Duration:    5,
				Stage:       "verify",
			}
		})
		if c.row {
			_ = m.recordings.Save("r2", lesson.Recording{ID: "r2", State: lesson.Checking})
		}
		wantFault(t, name, m.s.Finish(bg, "l", "r2", "p2", 600, rungs), c.kind, c.code)
		l := m.lessons.Must("l")
		x := l.Media
		if c.code != "" {
			if x.PackageID != "p1" || x.Duration != 5 || l.Renditions != nil {
				t.Errorf("%s: %+v", name, x)
			}
			continue
		}
		if x.State != lesson.Ready || x.Stage != "" || x.Fraction != 1 || x.MakingID != "" || x.PackageID != "p2" ||
			!x.Playable ||
			x.Duration != 600 ||
			!slices.Equal(l.Renditions, rungs) ||
			m.recordings.Must("r2").State != lesson.Ready {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestAddFiles(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) {
		ready(lesson.Published)(l)
		l.Renditions = []lesson.Rendition{{Name: "720p"}, {Name: "saver", File: "old.mp4"}, {Name: "audio"}}
	})
	wantFault(t, "another package",
		m.s.AddFiles(bg, "l", "p0", []lesson.Rendition{{Name: "saver", File: "x.mp4"}}), 0, "")
	if f := m.lessons.Must("l").File("saver"); f != "old.mp4" {
		t.Errorf("files of another package: %q", f)
	}
	wantFault(t, "files", m.s.AddFiles(bg, "l", "p1", []lesson.Rendition{{Name: "sound", File: "new.m4a"}}), 0, "")
	want := []lesson.Rendition{{Name: "720p"}, {Name: "audio"}, {Name: "sound", File: "new.m4a"}}
	if got := m.lessons.Must("l").Renditions; !slices.Equal(got, want) {
		t.Errorf("renditions %+v", got)
	}
}

func TestFail(t *testing.T) {
	args := fault.Args{"max": 4}
	for name, c := range map[string]struct {
		media  lesson.Media
		status lesson.Status
		want   lesson.Status
		plays  string
	}{
		"in the check": {lesson.Media{State: lesson.Checking}, lesson.Draft, lesson.Draft, ""},
		"while it grows": {
			lesson.Media{State: lesson.Processing, MakingID: "p1", PackageID: "p1"}, lesson.Submitted, lesson.Draft, "",
		},
		"an older one plays": {
			lesson.Media{State: lesson.Processing, MakingID: "p1", PackageID: "p0"}, lesson.Published,
			lesson.Published, "p0",
		},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			l.Media, l.Status = c.media, c.status
			l.Media.RecordingID, l.Media.Playable, l.Media.Duration = "r1", c.media.PackageID != "", 9
			l.Renditions, l.Media.Sounds = []lesson.Rendition{{Name: "720p"}}, []lesson.Sound{{Rung: "audio"}}
		})
		_ = m.recordings.Save("r1", lesson.Recording{ID: "r1"})
		wantFault(t, name, m.s.Fail(bg, "l", "r1", "recording.not_media", args), 0, "")
		wantFault(t, name, m.s.Fail(bg, "l", "r1", "recording.second", nil), 0, "")
		l, r := m.lessons.Must("l"), m.recordings.Must("r1")
		x := l.Media
		plays := c.plays != ""
		if x.State != lesson.Failed || x.Stage != "" || x.MakingID != "" || x.FailureCode != "recording.not_media" ||
			x.FailureArgs["max"] != 4 ||
			x.PackageID != c.plays || x.Playable != plays || (x.Duration != 0) != plays ||
			(len(l.Renditions) > 0) != plays ||
			(len(x.Sounds) > 0) != plays ||
			l.Status != c.want {
			t.Errorf("%s: %+v", name, l)
		}
		if r.State != lesson.Failed || r.FailureCode != "recording.not_media" || r.FailureArgs["max"] != 4 ||
			!r.KeepUntil.Equal(start.Add(7*24*time.Hour)) {
			t.Errorf("%s: recording %+v", name, r)
		}
	}
	m := newMemory()
	m.add("l", state(lesson.Checking))
	wantFault(t, "no row", m.s.Fail(bg, "l", "r1", "x", nil), fault.NotFound, "recording.not_found")
}

func TestOriginal(t *testing.T) {
	m := newMemory()
	m.add("l", state(lesson.Ready))
	m.add("empty", nil)
	_ = m.recordings.Save("r1", lesson.Recording{ID: "r1", Key: "k"})
	for _, p := range everyone {
		r, err := m.s.Original(bg, p, "l")
		if slices.Contains([]string{"lan", "so", "quan"}, p.ID) {
			wantFault(t, p.ID, err, 0, "")
			if r.Key != "k" {
				t.Errorf("%s: %+v", p.ID, r)
			}
		} else {
			wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
		}
	}
	_, err := m.s.Original(bg, lan, "empty")
	wantFault(t, "nothing arrived", err, fault.NotFound, "recording.not_found")
	_ = m.recordings.Save("r1", lesson.Recording{ID: "r1", GoneAt: start})
	_, err = m.s.Original(bg, lan, "l")
	wantFault(t, "removed", err, fault.Gone, "recording.gone")
	m.recordings.Delete("r1")
	_, err = m.s.Original(bg, lan, "l")
	wantFault(t, "no row", err, fault.NotFound, "recording.not_found")
}
