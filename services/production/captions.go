package production

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"lenlop/services/caption"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// kindCaptions is the worker that reads text tracks.
const kindCaptions = "captions"

// CaptionsArgs asks for the text tracks inside a recording to be offered to
// its teacher as captions.
type CaptionsArgs struct {
	Lesson  string `json:"lesson"`
	Package string `json:"package"`
}

// Kind names the worker.
func (CaptionsArgs) Kind() string { return kindCaptions }

// Captions is what production needs of captions (caption.Service).
type Captions interface {
	// Offer keeps captions found inside the recording for its teacher.
	Offer(ctx context.Context, lessonID, language string, cues []caption.Cue) error
	// Keys are the media keys of all of a lesson's captions.
	Keys(ctx context.Context, lessonID string) ([]string, error)
	// Forget removes all of a lesson's captions and chapters from the database.
	Forget(ctx context.Context, lessonID string) error
}

// textCodecs are text tracks made of text; the others are pictures of it.
var textCodecs = []string{"mov_text", "subrip", "ass", "ssa", "webvtt", "text"}

// textTracks are a recording's text tracks that captions can be made of.
func textTracks(p Package) ([]transcoder.Caption, error) {
	var facts transcoder.Facts
	if len(p.Facts) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(p.Facts, &facts); err != nil {
		return nil, fmt.Errorf("package %s: facts: %w", p.ID, err)
	}
	return slices.DeleteFunc(facts.Captions,
		func(c transcoder.Caption) bool { return !slices.Contains(textCodecs, c.Codec) }), nil
}

// captionJobs asks for the text tracks of a package's recording, if any.
func captionJobs(p Package) ([]job.New, error) {
	tracks, err := textTracks(p)
	if err != nil || len(tracks) == 0 {
		return nil, err
	}
	return []job.New{{Args: CaptionsArgs{p.LessonID, p.ID}, Key: "captions:" + p.ID, Subject: Subject(p.LessonID),
		Priority: job.Low}}, nil
}

// captions reads the text tracks and offers them. One that cannot be read, or
// holds nothing to show, is only logged: the lesson plays all the same.
func (w *Workers) captions(ctx context.Context, run *job.Run, a CaptionsArgs) error {
	pkg, err := w.Packages.Package(ctx, a.Package)
	if superseded(err) {
		return nil
	}
	if err != nil || pkg.State != Verified || w.Captions == nil {
		return err
	}
	tracks, err := textTracks(pkg)
	if err != nil {
		return job.Permanent(err)
	}
	rec, err := w.Lessons.Store.Recording(ctx, pkg.RecordingID)
	if superseded(err) || err == nil && !rec.GoneAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	src, err := w.source(ctx, rec)
	if err != nil {
		return err
	}
	defer src.release()
	taken := map[string]bool{}
	for _, t := range tracks {
		language, ok := lesson.Language(t.Language)
		if !ok {
			language = lesson.Undetermined
		}
		if taken[language] {
			continue
		}
		text, err := w.Transcoder.Captions(ctx, src.path, t.Stream)
		if err == nil {
			var cues []caption.Cue
			if cues, err = caption.ParseFound(text, time.Duration(pkg.Duration*float64(time.Second))); err == nil {
				taken[language] = true
				if err := w.Captions.Offer(ctx, pkg.LessonID, language, cues); err != nil {
					return fmt.Errorf("package %s: captions %s: %w", pkg.ID, language, err)
				}
				continue
			}
		}
		if ctx.Err() != nil || waits(passing(err)) {
			return fmt.Errorf("package %s: captions: %w", pkg.ID, err)
		}
		run.Log.Warn("a text track gives no captions", "lesson", pkg.LessonID, "stream", t.Stream, "codec",
			t.Codec, "error", err)
	}
	return nil
}
