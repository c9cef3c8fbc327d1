package playback

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

// Open starts a playback session. Nothing is written: the token carries the
// session until its first heartbeat. A grant counts as a download, once for a
// viewer and lesson. Faults: "lesson.not_found", "access.denied",
// "lesson.not_playable".
func (s *Service) Open(ctx context.Context, r OpenRequest) (Opened, error) {
	l, err := s.cfg.Lessons.Lesson(ctx, r.LessonID)
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
	now := s.cfg.Now().Truncate(time.Millisecond)
	device, err := s.Device(r.Viewer)
	if err != nil {
		return Opened{}, err
	}
	viewer := ViewerKey(r.Person, device)
	p := claims{
		Session: s.cfg.NewID(), Lesson: l.ID, Package: l.Media.PackageID, Viewer: viewer,
		Issued: now.UnixMilli(), Duration: int64(math.Round(l.Media.Duration * 1000)),
		Day: s.localDay(now), Excluded: exclusionAtOpen(r.Person, l, r.UserAgent), Embedded: r.Embedded,
		Grant: r.Offline,
	}
	if r.Offline && !r.SentAt.IsZero() {
		p.Offset = r.SentAt.Sub(now).Milliseconds()
	}
	if r.Offline && p.Excluded == "" && s.cfg.Downloads != nil {
		if err := s.cfg.Downloads.AddDownload(ctx, l.ID, viewer, p.Day); err != nil {
			return Opened{}, fmt.Errorf("lesson %s: %w", l.ID, err)
		}
	}
	o := Opened{
		Session: p.Session, Token: s.signer.sign(p), Viewer: device, PackageID: p.Package,
		HeartbeatSeconds: s.heartbeatSeconds(), IssuedAt: now, ExpiresAt: p.expires(),
	}
	if r.Offline && !r.Person.Anonymous() {
		// One download was recorded, so this grant is not a second one. What
		// excludes the person's viewing excludes their device's too.
		p.Session, p.Viewer = s.cfg.NewID(), ViewerKey(people.Person{}, device)
		o.DeviceToken = s.signer.sign(p)
	}
	return o, nil
}

// Device identifiers are the school term and 128 random bits, never derived from
// the device or its address: a village shares one address.
const deviceBytes = 16

// Device returns the identifier that a device uses from now on: its own while
// that is of this school term, else a new one.
func (s *Service) Device(old string) (string, error) {
	term := Term(s.cfg.Now().In(s.cfg.Location))
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

// ViewerOf names a viewer as the counts do: the person, else the device. The
// second value is the identifier that the device keeps (Device).
func (s *Service) ViewerOf(by people.Person, device string) (viewer, kept string, err error) {
	if kept, err = s.Device(device); err != nil {
		return "", "", err
	}
	return ViewerKey(by, kept), kept, nil
}

// Prefixes of viewers that are signed-in persons, or devices.
const (
	PersonPrefix = "p:"
	devicePrefix = "d:"
)

// ViewerKey names a viewer in the counts: the person, else the device.
func ViewerKey(by people.Person, device string) string {
	if by.Anonymous() {
		return devicePrefix + device
	}
	return PersonPrefix + by.ID
}
