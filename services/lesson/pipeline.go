package lesson

import (
	"context"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// KeepRefused is how long a refused recording stays for its teacher.
const KeepRefused = 7 * 24 * time.Hour

// Receive is told that a recording has arrived whole in storage: the lesson
// and the jobs that follow commit together, and only then is the recording
// acknowledged. Receiving the same recording again changes nothing, except
// after it failed.
func (s *Service) Receive(ctx context.Context, by people.Person, r Recording) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, r.LessonID, "receive",
		func(ctx context.Context, l Lesson) (Lesson, error) {
			if l.Media.RecordingID == r.ID && l.Media.State != Failed && l.Media.State != Receiving {
				return l, nil
			}
			r.State = Checking
			if err := s.Store.SaveRecording(ctx, r); err != nil {
				return l, err
			}
			l.Media.RecordingID = r.ID
			l.Media.State, l.Media.Stage, l.Media.Fraction = Checking, "probe", 0
			l.Media.MakingID, l.Media.FailureCode, l.Media.FailureArgs, l.Media.WarningCode = "", "", nil, ""
			if !l.DeletedAt.IsZero() {
				return l, nil // Restore asks for the work
			}
			return l, s.Jobs.Add(ctx, s.ReceivedJobs(l, r)...)
		})
}

// Receiving notes that an upload has begun, so that the lesson's page can say
// so. A lesson that plays keeps playing.
func (s *Service) Receiving(ctx context.Context, lessonID string) error {
	err := s.system(ctx, lessonID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.State == None || l.Media.State == Failed && l.Media.PackageID == "" {
			l.Media.State, l.Media.FailureCode, l.Media.FailureArgs = Receiving, "", nil
		}
		return l, nil
	})
	return err
}

// NotReceiving undoes Receiving when the upload was given up.
func (s *Service) NotReceiving(ctx context.Context, lessonID string) error {
	err := s.system(ctx, lessonID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.State == Receiving {
			l.Media.State = None
		}
		return l, nil
	})
	return err
}

// current runs step when the recording is still the lesson's newest; a late
// worker of a replaced recording changes nothing.
func (s *Service) current(ctx context.Context, lessonID, recordingID string,
	step func(context.Context, Lesson) (Lesson, error)) error {
	err := s.system(ctx, lessonID, func(ctx context.Context, l Lesson) (Lesson, error) {
		if l.Media.RecordingID != recordingID {
			return l, fault.New(fault.Conflict, "lesson.replaced")
		}
		return step(ctx, l)
	})
	return err
}

// Process notes that the recording passed its checks and a package is being
// made. warning is a stable code or "". A recording that has failed meanwhile
// stays failed: fault.Conflict "lesson.replaced", as for one that was replaced.
func (s *Service) Process(ctx context.Context, lessonID, recordingID, packageID, warning string) error {
	return s.current(ctx, lessonID, recordingID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.State != Checking {
			return l, fault.New(fault.Conflict, "lesson.replaced")
		}
		l.Media.State, l.Media.Stage, l.Media.MakingID, l.Media.WarningCode = Processing, "transcode",
			packageID, warning
		return l, nil
	})
}

// Recheck notes that the package being made cannot be finished and the
// recording is looked at again. A package that only that recording has played
// from stops playing until the next one can. Any other package than the one
// being made: fault.Conflict "lesson.replaced".
func (s *Service) Recheck(ctx context.Context, lessonID, recordingID, packageID string) error {
	return s.current(ctx, lessonID, recordingID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.State != Processing || l.Media.MakingID != packageID {
			return l, fault.New(fault.Conflict, "lesson.replaced")
		}
		if l.Media.PackageID == packageID {
			l.Media.PackageID, l.Media.Playable, l.Media.Duration = "", false, 0
		}
		l.Media.State, l.Media.Stage, l.Media.Fraction, l.Media.MakingID = Checking, "probe", 0, ""
		return l, nil
	})
}

// Progress stores how far the processing of the recording is: one fraction that
// never decreases. It is no change of the lesson: the row is not saved, nothing
// is indexed, and no hook runs. Of a recording that was replaced it is fault.Conflict
// "lesson.replaced"; in any other state than Processing it is ignored.
func (s *Service) Progress(ctx context.Context, lessonID, recordingID, stage string, fraction float64) error {
	stored, err := s.Store.SetProgress(ctx, lessonID, recordingID, stage, min(fraction, 1))
	if err != nil || stored {
		return err
	}
	l, err := s.Store.Lesson(ctx, lessonID)
	if err == nil && l.Media.RecordingID != recordingID {
		err = fault.New(fault.Conflict, "lesson.replaced")
	}
	return err
}

// BecomePlayable makes the growing package the one that plays, unless an
// older recording's package plays: that one stays until Finish.
func (s *Service) BecomePlayable(ctx context.Context, lessonID, recordingID, packageID string, duration float64) error {
	return s.current(ctx, lessonID, recordingID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.PackageID == "" && l.Media.MakingID == packageID {
			l.Media.PackageID, l.Media.Playable, l.Media.Duration = packageID, true, duration
		}
		return l, nil
	})
}

// Finish makes the verified package the one that plays, at once. It returns
// nothing of the package before; production removes that after its time. Only
// the package that is being made can be finished: fault.Conflict
// "lesson.replaced" otherwise.
func (s *Service) Finish(ctx context.Context, lessonID, recordingID, packageID string, duration float64,
	rs []Rendition) error {
	return s.current(ctx, lessonID, recordingID, func(ctx context.Context, l Lesson) (Lesson, error) {
		if l.Media.State != Processing || l.Media.MakingID != packageID {
			return l, fault.New(fault.Conflict, "lesson.replaced")
		}
		l.Media.State, l.Media.Stage, l.Media.Fraction = Ready, "", 1
		l.Media.MakingID, l.Media.PackageID, l.Media.Playable, l.Media.Duration = "", packageID, true, duration
		l.Renditions = rs
		r, err := s.Store.Recording(ctx, recordingID)
		if err != nil {
			return l, err
		}
		r.State = Ready
		return l, s.Store.SaveRecording(ctx, r)
	})
}

// AddFiles adds what was made beside the ladder of the package that plays,
// replacing what was added before. Of any other package it changes nothing.
func (s *Service) AddFiles(ctx context.Context, lessonID, packageID string, files []Rendition) error {
	err := s.system(ctx, lessonID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.PackageID != packageID {
			return l, nil
		}
		var rungs []Rendition
		for _, r := range l.Renditions {
			if r.File == "" {
				rungs = append(rungs, r)
			}
		}
		l.Renditions = slices.Concat(rungs, files)
		return l, nil
	})
	return err
}

// File is the path below the package of one of the lesson's plain files, by
// its name; "" when there is none.
func (l Lesson) File(name string) string {
	for _, r := range l.Renditions {
		if r.Name == name {
			return r.File
		}
	}
	return ""
}

// Fail ends the recording's way with a stable code that a teacher is told in
// a sentence. The file is kept for KeepRefused. What an older recording made
// keeps playing. The first failure is the one that is told.
func (s *Service) Fail(ctx context.Context, lessonID, recordingID, code string, args fault.Args) error {
	return s.current(ctx, lessonID, recordingID, func(ctx context.Context, l Lesson) (Lesson, error) {
		if l.Media.State == Failed {
			return l, nil
		}
		if l.Media.PackageID == l.Media.MakingID {
			l.Media.PackageID, l.Media.Playable, l.Media.Duration, l.Renditions, l.Media.Sounds = "", false, 0, nil, nil
		}
		l.Media.State, l.Media.Stage, l.Media.MakingID = Failed, "", ""
		l.Media.FailureCode, l.Media.FailureArgs = code, args
		if l.Status == Submitted {
			l.Status = Draft
		}
		r, err := s.Store.Recording(ctx, recordingID)
		if err != nil {
			return l, err
		}
		r.State, r.FailureCode, r.FailureArgs, r.KeepUntil = Failed, code, args, s.Now().Add(KeepRefused)
		return l, s.Store.SaveRecording(ctx, r)
	})
}
