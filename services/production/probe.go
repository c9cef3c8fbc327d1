package production

import (
	"context"
	"encoding/json"
	"fmt"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// probe measures a recording and either refuses it, with a reason its teacher
// is told, or plans its package and asks for the package's tasks.
func (w *Workers) probe(ctx context.Context, run *job.Run, a ProbeArgs) error {
	rec, ok, err := w.wanted(ctx, a.Lesson, a.Recording)
	if err != nil || !ok {
		return err
	}
	// What an older recording of the lesson is still having made is not
	// wanted any more: its cores are.
	checking := false
	err = run.Step(ctx, func(ctx context.Context) error {
		l, err := w.Lessons.Store.Lock(ctx, a.Lesson)
		if checking = err == nil && l.Media.RecordingID == a.Recording && l.Media.State == lesson.Checking; !checking {
			return ignore(err)
		}
		return w.Jobs.CancelSubject(ctx, Subject(a.Lesson), kindTranscode, kindFinish)
	})
	if err != nil {
		return fmt.Errorf("recording %s: call off older work: %w", rec.ID, err)
	}
	if !checking {
		return nil // another probe was faster, or the recording failed meanwhile
	}
	facts, plan, err := w.plan(ctx, rec, a.Encode)
	if r := refusal(err); r != nil {
		run.Log.Info("recording refused", "lesson", a.Lesson, "recording", rec.ID, "code", r.Code, "args", r.Args,
			"cause", r.Cause)
		return run.Commit(ctx, func(ctx context.Context) error {
			return ignore(w.Lessons.Fail(ctx, a.Lesson, a.Recording, r.Code, fault.Args(r.Args)))
		})
	}
	if overMemory(err) {
		return w.failForMemory(ctx, run, FinishArgs{a.Lesson, a.Recording, ""}, err)
	}
	if err != nil {
		return fmt.Errorf("recording %s: %w", rec.ID, passing(err))
	}
	p := Package{
		ID: w.NewID(), LessonID: a.Lesson, RecordingID: a.Recording, State: Growing,
		Duration: plan.Duration, CreatedAt: w.Now(),
	}
	if p.Facts, err = json.Marshal(facts); err != nil {
		return fmt.Errorf("recording %s: facts: %w", rec.ID, err)
	}
	if p.Plan, err = json.Marshal(plan); err != nil {
		return fmt.Errorf("recording %s: plan: %w", rec.ID, err)
	}
	return run.Commit(ctx, func(ctx context.Context) error { return ignore(w.begin(ctx, p, plan)) })
}

// begin writes down the package and asks for its tasks.
func (w *Workers) begin(ctx context.Context, p Package, plan transcoder.Plan) error {
	if err := w.Lessons.Process(ctx, p.LessonID, p.RecordingID, p.ID, plan.Warning); err != nil {
		return err
	}
	if err := w.Lessons.Progress(ctx, p.LessonID, p.RecordingID, stageTranscode, probeShare); err != nil {
		return err
	}
	l, err := w.Lessons.Store.Lesson(ctx, p.LessonID)
	if err != nil {
		return err
	}
	if err := w.Packages.SavePackage(ctx, p); err != nil {
		return err
	}
	if err := w.retireOthers(ctx, p.LessonID, p.ID, l.Media.PackageID); err != nil {
		return err
	}
	return w.Jobs.Add(ctx, transcodeJobs(p, plan)...)
}

// plan measures the recording and decides its ladder; encode forbids
// repackaging.
func (w *Workers) plan(ctx context.Context, rec lesson.Recording, encode bool) (transcoder.Facts,
	transcoder.Plan, error) {
	src, err := w.source(ctx, rec)
	if err != nil {
		return transcoder.Facts{}, transcoder.Plan{}, err
	}
	defer src.release()
	facts, err := w.Transcoder.Inspect(ctx, src.path)
	if err != nil {
		return facts, transcoder.Plan{}, fmt.Errorf("inspect: %w", err)
	}
	if encode {
		facts.Groups = nil
	}
	plan, err := w.Transcoder.Plan(ctx, src.path, facts)
	if err != nil {
		return facts, plan, fmt.Errorf("plan: %w", err)
	}
	return facts, plan, nil
}

// planAgain has the recording encoded from the beginning, because its own
// pictures turned out unfit for repackaging: what was made so far is retired.
func (w *Workers) planAgain(ctx context.Context, a TranscodeArgs) error {
	if err := w.Lessons.Recheck(ctx, a.Lesson, a.Recording, a.Package); err != nil {
		return err
	}
	if err := w.Jobs.CancelSubject(ctx, Subject(a.Lesson), kindTranscode, kindFinish); err != nil {
		return err
	}
	if err := w.retire(ctx, a.Package, Broken); err != nil {
		return err
	}
	return w.Jobs.Add(ctx, job.New{
		Args: ProbeArgs{Lesson: a.Lesson, Recording: a.Recording, Encode: true}, Subject: Subject(a.Lesson),
		Priority: job.Urgent,
	})
}

// ignore turns "not wanted any more" into success: the job then ends without
// effect.
func ignore(err error) error {
	if superseded(err) {
		return nil
	}
	return err
}
