package viewership

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// day is the form of a local day.
const day = "2006-01-02"

// Open starts a playback session. Nothing is written: the token carries the
// session until its first heartbeat. Faults: "lesson.not_found",
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
	device := r.Viewer
	if !validDevice(device) {
		if device, err = newDevice(); err != nil {
			return Opened{}, err
		}
	}
	viewer := "d:" + device
	if !r.Person.Anonymous() {
		viewer = "p:" + r.Person.ID
	}
	now := s.Now().Truncate(time.Millisecond)
	p := pass{
		Session: s.NewID(), Lesson: l.ID, Package: l.Media.PackageID, Viewer: viewer,
		Issued: now.UnixMilli(), Duration: int64(math.Round(l.Media.Duration * 1000)),
		Day: s.day(now), LeftOut: leftOut(r.Person, l, r.UserAgent), Embedded: r.Embedded, Grant: r.Offline,
	}
	if r.Offline && !r.SentAt.IsZero() {
		p.Offset = r.SentAt.Sub(now).Milliseconds()
	}
	return Opened{
		Session: p.Session, Token: s.sign.sign(p), Viewer: device,
		HeartbeatSeconds: s.beatSeconds(), IssuedAt: now, ExpiresAt: p.expires(),
	}, nil
}

// day is the local day of a moment.
func (s *Service) day(t time.Time) string { return t.In(s.Location).Format(day) }

// Device identifiers are 128 random bits. Never anything of the device or its
// address: a village shares one address.
const deviceBytes = 16

func newDevice() (string, error) {
	b := make([]byte, deviceBytes)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("viewer: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func validDevice(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == deviceBytes
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
