package playback

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestOpenFaults(t *testing.T) {
	c := newCounted(t)
	for id, m := range map[string]lesson.Media{
		"unfinished": {PackageID: "p", Duration: 100},
		"packless":   {Playable: true, Duration: 100},
		"empty":      {Playable: true, PackageID: "p"},
	} {
		c.lessons[id] = lesson.Lesson{ID: id, TeacherID: "lan", Status: lesson.Published, Media: m}
	}
	gone := c.lessons["l"]
	gone.ID, gone.DeletedAt = "gone", c.now
	c.lessons["gone"] = gone
	for _, x := range []struct {
		by     people.Person
		lesson string
		want   string // "": opened
	}{
		{people.Person{}, "nothing", "lesson.not_found"},
		{people.Person{}, "draft", "lesson.not_found"}, // that it exists is not public
		{student, "draft", "access.denied"},
		{student, "gone", "access.denied"},
		{people.Person{}, "gone", "lesson.not_found"},
		{reviewer, "draft", ""},
		{teacher, "draft", ""},
		{people.Person{}, "l", ""},
		{student, "l", ""},
		{teacher, "unfinished", "lesson.not_playable"},
		{people.Person{}, "packless", "lesson.not_playable"},
		{people.Person{}, "empty", "lesson.not_playable"},
	} {
		_, err := c.s.Open(t.Context(), OpenRequest{LessonID: x.lesson, Person: x.by})
		if (x.want == "") != (err == nil) || x.want != "" && !fault.Is(err, x.want) {
			t.Errorf("%s opens %s: %v, want %q", x.by.ID, x.lesson, err, x.want)
		}
	}
}

// TestOpen: what the token says is what the heartbeats are counted under.
func TestOpen(t *testing.T) {
	c := newCounted(t)
	c.now = time.Date(2020, 4, 13, 23, 59, 59, 999_900_000, hanoi) // microseconds are dropped
	for _, x := range []struct {
		name string
		r    OpenRequest
		want claims
	}{
		{"a device", OpenRequest{Embedded: true}, claims{Viewer: "d:", Embedded: true}},
		{"a person", OpenRequest{Person: student}, claims{Viewer: "p:em"}},
		{"the lesson's teacher", OpenRequest{Person: teacher}, claims{Viewer: "p:lan", Excluded: OwnTeacher}},
		{"a robot", OpenRequest{UserAgent: "Googlebot/2.1"}, claims{Viewer: "d:", Excluded: Robot}},
		{"an offline grant", OpenRequest{Person: student, Offline: true, SentAt: c.now.Add(-3 * time.Second)},
			claims{Viewer: "p:em", Grant: true, Offset: -2999}},
		{"a grant from a device that does not send its clock", OpenRequest{Person: student, Offline: true},
			claims{Viewer: "p:em", Grant: true}},
		{"a clock without a grant", OpenRequest{Person: student, SentAt: c.now.Add(time.Hour)}, claims{Viewer: "p:em"}},
	} {
		x.r.LessonID = "l"
		o, err := c.s.Open(t.Context(), x.r)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := c.s.signer.open(o.Token)
		if x.want.Viewer == "d:" {
			x.want.Viewer += o.Viewer
		}
		x.want.Session, x.want.Lesson, x.want.Package = o.Session, "l", "pkg-l"
		x.want.Issued, x.want.Duration, x.want.Day = c.now.UnixMilli(), 100_000, "2020-04-13"
		if !ok || got != x.want {
			t.Errorf("%s: %+v, want %+v", x.name, got, x.want)
		}
		if o.PackageID != "pkg-l" || o.HeartbeatSeconds != 10 || o.IssuedAt.Nanosecond() != 999_000_000 {
			t.Errorf("%s: %+v", x.name, o)
		}
		days := 7
		if x.r.Offline {
			days = 60 // 30 to begin, 30 to arrive
		}
		if o.ExpiresAt != o.IssuedAt.In(time.Local).Add(time.Duration(days)*24*time.Hour) {
			t.Errorf("%s: from %v to %v", x.name, o.IssuedAt, o.ExpiresAt)
		}
		if (o.DeviceToken != "") != (x.r.Offline && x.r.Person.ID != "") {
			t.Errorf("%s: device token %q", x.name, o.DeviceToken)
		}
	}
}

// TestOpenGrant: a grant is one download of its viewer, and a signed-in person
// receives a second one for the device, under the same exclusion.
func TestOpenGrant(t *testing.T) {
	c := newCounted(t)
	grant := func(r OpenRequest) Opened {
		t.Helper()
		r.LessonID, r.Offline = "l", true
		o, err := c.s.Open(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := grant(OpenRequest{Person: student})
	mine, _ := c.s.signer.open(o.Token)
	device, ok := c.s.signer.open(o.DeviceToken)
	if !ok || device.Viewer != "d:"+o.Viewer || device.Session == mine.Session || !device.Grant {
		t.Errorf("the device's own grant: %+v", device)
	}
	device.Viewer, device.Session = mine.Viewer, mine.Session
	if device != mine {
		t.Errorf("the grants differ: %+v and %+v", device, mine)
	}
	if len(c.downloads) != 1 || c.downloads["l p:em 2020-04-13"] != 1 {
		t.Errorf("downloads %v", c.downloads)
	}
	o = grant(OpenRequest{Person: teacher})
	if p, _ := c.s.signer.open(o.DeviceToken); p.Excluded != OwnTeacher {
		t.Errorf("the teacher's device: %+v", p)
	}
	if len(c.downloads) != 1 {
		t.Errorf("an excluded viewer's download is counted: %v", c.downloads)
	}
	c.open(t, student, "m")
	if len(c.downloads) != 1 {
		t.Errorf("playing online is a download: %v", c.downloads)
	}
	c.fail["AddDownload"] = errStore
	if _, err := c.s.Open(t.Context(), OpenRequest{LessonID: "l", Offline: true}); !errors.Is(err, errStore) {
		t.Errorf("a download that is not stored: %v", err)
	}
	without := newCounted(t, func(c *Config) { c.Downloads = nil })
	if _, err := without.s.Open(t.Context(), OpenRequest{LessonID: "l", Offline: true}); err != nil {
		t.Errorf("without a counter of downloads: %v", err)
	}
}

// TestDevice: an identifier is kept within its school term only, and only when it
// has the form that this server gives.
func TestDevice(t *testing.T) {
	c := newCounted(t)
	at := func(day string) {
		d, err := time.ParseInLocation(time.DateOnly, day, hanoi)
		if err != nil {
			t.Fatal(err)
		}
		c.now = d
	}
	at("2020-01-16")
	first, err := c.s.Device("")
	if err != nil || !strings.HasPrefix(first, "2019-2.") {
		t.Fatalf("%q, %v", first, err)
	}
	if second, _ := c.s.Device(""); second == first {
		t.Errorf("two devices are both %q", first)
	}
	for day, want := range map[string]bool{
		"2020-01-16": true, "2020-07-31": true, "2020-08-01": false, "2020-01-15": false,
	} {
		at(day)
		if got, _ := c.s.Device(first); (got == first) != want {
			t.Errorf("on %s: %q becomes %q", day, first, got)
		}
	}
	at("2020-02-01")
	for _, foreign := range []string{
		"2019-2.", "2019-2.short", first + "AA", first[:len(first)-1], "2019-1" + first[6:], "x" + first,
	} {
		got, err := c.s.Device(foreign)
		if err != nil || got == foreign {
			t.Errorf("%q is accepted: %v", foreign, err)
		}
	}
	viewer, kept, err := c.s.ViewerOf(people.Person{}, first)
	if err != nil || viewer != "d:"+first || kept != first {
		t.Errorf("anonymous: %q, %q, %v", viewer, kept, err)
	}
	if viewer, kept, err = c.s.ViewerOf(student, first); err != nil || viewer != "p:em" || kept != first {
		t.Errorf("signed in: %q, %q, %v", viewer, kept, err)
	}
}

func TestNewRequires(t *testing.T) {
	for name, drop := range map[string]func(*Config){
		"Store":    func(c *Config) { c.Store = nil },
		"Lessons":  func(c *Config) { c.Lessons = nil },
		"Location": func(c *Config) { c.Location = nil },
		"Now":      func(c *Config) { c.Now = nil },
		"NewID":    func(c *Config) { c.NewID = nil },
		"Atomic":   func(c *Config) { c.Atomic = nil },
		"Audit":    func(c *Config) { c.Audit = nil },
		"secret":   func(c *Config) { c.Secret = []byte("fifteen letters") },
	} {
		c := newMemory().config()
		drop(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	c := newMemory().config()
	c.Retention, c.Downloads, c.Log, c.Wait = nil, nil, nil, 0
	s, err := New(c)
	if err != nil {
		t.Fatalf("what may be nil: %v", err)
	}
	defer s.Close()
	if s.batcher.wait != 20*time.Millisecond {
		t.Errorf("heartbeats wait %v", s.batcher.wait)
	}
}
