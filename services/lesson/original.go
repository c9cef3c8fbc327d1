package lesson

import (
	"context"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Original gives the lesson's newest recording to those who may have the file
// itself. Faults: "access.denied", "recording.not_found" before anything
// arrived, fault.Gone "recording.gone" after a refused one's time.
func (s *Service) Original(ctx context.Context, by people.Person, id string) (Recording, error) {
	l, err := s.allowed(ctx, by, people.ReadRecording, id, s.Store.Lesson)
	if err != nil {
		return Recording{}, err
	}
	if l.Media.RecordingID == "" {
		return Recording{}, fault.New(fault.NotFound, "recording.not_found")
	}
	r, err := s.Store.Recording(ctx, l.Media.RecordingID)
	if err != nil {
		return Recording{}, err
	}
	if !r.GoneAt.IsZero() {
		return r, fault.New(fault.Gone, "recording.gone")
	}
	return r, nil
}
