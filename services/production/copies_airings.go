package production

import (
	"context"
	"fmt"
	"strings"

	"lenlop/services/fault"
)

// CopyCancelled is the failure of a copy whose work an operator called off.
const CopyCancelled = "copy.cancelled"

// Newest gives the newest ready copy of a lesson for a channel; "" when there
// is none, or when two were asked for at the same moment.
func (s *Copies) Newest(ctx context.Context, lessonID, channelID string) (string, error) {
	all, err := s.Store.Copies(ctx, lessonID)
	if err != nil {
		return "", err
	}
	var ready []Copy
	for _, c := range all {
		if c.ChannelID == channelID && c.State == CopyReady {
			ready = append(ready, c)
		}
	}
	if len(ready) == 0 || len(ready) > 1 && ready[0].CreatedAt.Equal(ready[1].CreatedAt) {
		return "", nil
	}
	return ready[0].ID, nil
}

// Fits reports whether a copy is of the lesson, for the channel, and has not failed.
func (s *Copies) Fits(ctx context.Context, copyID, lessonID, channelID string) (bool, error) {
	c, err := s.Store.Copy(ctx, copyID)
	if fault.Is(err, "copy.not_found") {
		return false, nil
	}
	return err == nil && c.LessonID == lessonID && c.ChannelID == channelID && c.State != CopyFailed, err
}

// CalledOff tells the copies of a subject whose jobs were cancelled that nobody
// makes them any more, inside the transaction in ctx.
func (s *Copies) CalledOff(ctx context.Context, subject string) error {
	lessonID, ok := strings.CutPrefix(subject, Subject(""))
	if !ok {
		return nil
	}
	all, err := s.Store.Copies(ctx, lessonID)
	if err != nil {
		return fmt.Errorf("copies of lesson %s: %w", lessonID, err)
	}
	for _, c := range all {
		if c.State != CopyWaiting && c.State != CopyMaking {
			continue
		}
		c.State, c.FailureCode, c.FinishedAt = CopyFailed, CopyCancelled, s.Now()
		if err := s.Store.SaveCopy(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
