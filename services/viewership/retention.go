package viewership

import (
	"context"
	"fmt"
	"math"

	"lenlop/services/people"
	"lenlop/services/viewership/playback"
)

// Bin is one hundredth of a recording (at least 1 s) in the retention chart.
type Bin struct {
	From, To float64 // seconds
	Viewers  int64
	Plays    int64
	Share    float64 // of the package's viewers, 0 to 1
}

// Retention of one lesson's playing package: for each bin the viewers whose
// union over all days covers it, and the plays. Faults: "access.denied",
// "lesson.not_found".
func (s *Service) Retention(ctx context.Context, by people.Person, lessonID string) ([]Bin, error) {
	l, err := s.readableLesson(ctx, by, lessonID)
	if err != nil {
		return nil, err
	}
	duration := int64(math.Round(l.Media.Duration * 1000))
	if l.Media.PackageID == "" || duration <= 0 {
		return nil, nil
	}
	width := playback.BinWidth(duration)
	bins := make([]Bin, playback.BinCount(duration))
	for i := range bins {
		bins[i].From = float64(int64(i)*width) / 1000
		bins[i].To = float64(min(int64(i+1)*width, duration)) / 1000
	}
	var viewer string
	var union playback.Spans
	var viewers int64
	closeViewer := func() {
		if union.Length() == 0 {
			return
		}
		viewers++
		for i, seen := range playback.Seen(union, duration) {
			if seen {
				bins[i].Viewers++
			}
		}
	}
	err = s.cfg.Reader.Coverage(ctx, l.Media.PackageID, func(c playback.Credit) error {
		if c.Viewer != viewer {
			closeViewer()
			viewer, union = c.Viewer, nil
		}
		union = playback.Union(union, c.Coverage)
		for i, n := range c.Heat[:min(len(c.Heat), len(bins))] {
			bins[i].Plays += int64(n)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lesson %s: retention: %w", lessonID, err)
	}
	closeViewer()
	for i := range bins {
		if viewers > 0 {
			bins[i].Share = float64(bins[i].Viewers) / float64(viewers)
		}
	}
	return bins, nil
}
