package viewership

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// day is the form of a local day.
const day = "2006-01-02"

// Open starts a playback session. Nothing of it is written: the token carries
// the session until its first heartbeat. A grant counts as a download, once for
// a viewer and lesson. Faults: "lesson.not_found",
// "access.denied", "lesson.not_playable".
func (s *Service) Open(ctx context.Context, r OpenRequest) (Opened, error) {
	l, err := s.Lessons.Lesson(ctx, r.LessonID)
	if err != nil {
		return Opened{}, err
	}
	if !people.May(r.Person, people.WatchLesson, l.Object()) {
		if r.Person.Anonymous() {
			return Opened{}, fault.New(fault.NotFound, "lesson.not_found")
		}
		return Opened{}, denied()
	}
	if !l.Media.Playable || l.Media.PackageID == "" || !(l.Media.Duration > 0) {
		return Opened{}, fault.New(fault.Conflict, "lesson.not_playable")
	}
	now := s.Now().Truncate(time.Millisecond)
	device, err := s.Device(r.Viewer)
	if err != nil {
		return Opened{}, err
	}
	viewer := viewerKey(r.Person, device)
	p := pass{
		Session: s.NewID(), Lesson: l.ID, Package: l.Media.PackageID, Viewer: viewer,
		Issued: now.UnixMilli(), Duration: int64(math.Round(l.Media.Duration * 1000)),
		Day: s.day(now), LeftOut: leftOut(r.Person, l, r.UserAgent), Embedded: r.Embedded, Grant: r.Offline,
	}
	if r.Offline && !r.SentAt.IsZero() {
		p.Offset = r.SentAt.Sub(now).Milliseconds()
	}
	if r.Offline && p.LeftOut == "" && s.Keeps != nil {
		if err := s.Keeps.Keep(ctx, l.ID, viewer, p.Day); err != nil {
			return Opened{}, fmt.Errorf("lesson %s: %w", l.ID, err)
		}
	}
	o := Opened{
		Session: p.Session, Token: s.sign.sign(p), Viewer: device, PackageID: p.Package,
		HeartbeatSeconds: s.beatSeconds(), IssuedAt: now, ExpiresAt: p.expires(),
	}
	if r.Offline && !r.Person.Anonymous() {
		// One lesson was kept, so this one is no second download. What is left
		// out of the person's viewing is left out of their device's.
		p.Session, p.Viewer = s.NewID(), viewerKey(people.Person{}, device)
		o.DeviceToken = s.sign.sign(p)
	}
	return o, nil
}

// day is the local day of a moment.
func (s *Service) day(t time.Time) string { return t.In(s.Location).Format(day) }

// Device identifiers are the school term and 128 random bits. Never anything of
// the device or its address: a village shares one address.
const deviceBytes = 16

// Device is the identifier that a device goes on with: its own while that is
// of this school term, else a new one.
func (s *Service) Device(old string) (string, error) {
	term := Term(s.Now().In(s.Location))
	if random, ok := strings.CutPrefix(old, term+"."); ok {
		if b, err := base64.RawURLEncoding.Strict().DecodeString(random); err == nil && len(b) == deviceBytes {
			return old, nil
		}
	}
	b := make([]byte, deviceBytes)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("viewer: %w", err)
	}
	return term + "." + base64.RawURLEncoding.EncodeToString(b), nil
}

// ViewerOf names a viewer as the counts do: the person, else the device, with
// the identifier that the device goes on with (Device).
func (s *Service) ViewerOf(by people.Person, device string) (viewer, kept string, err error) {
	if kept, err = s.Device(device); err != nil {
		return "", "", err
	}
	return viewerKey(by, kept), kept, nil
}

// Viewers are persons, or devices.
const (
	personViewer = "p:"
	deviceViewer = "d:"
)

func viewerKey(by people.Person, device string) string {
	if by.Anonymous() {
		return deviceViewer + device
	}
	return personViewer + by.ID
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
