package production

import (
	"context"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
)

// indexWrites counts what is indexed.
type indexWrites int

func (n *indexWrites) Changed(context.Context, string) error {
	*n++
	return nil
}

// A published lesson whose recording was replaced is not saved, indexed or
// announced for reports of progress.
func TestProgressDoesNotRewriteTheLesson(t *testing.T) {
	ctx := t.Context()
	h := newFixture(t)
	defer h.Scratch.Close()
	published := lesson.Lesson{
		ID: "L", Title: "Hàm số", TeacherID: teacher.ID, Status: lesson.Published, UpdatedAt: time.Unix(7, 0),
		Media: lesson.Media{State: lesson.Processing, RecordingID: "new", PackageID: "p1", MakingID: "p2",
			Playable: true},
	}
	if err := h.lessons.Save(ctx, published); err != nil {
		t.Fatal(err)
	}
	var indexed indexWrites
	h.Lessons.Index = &indexed
	saved, changed := 0, 0
	h.lessons.saved = func(lesson.Lesson) { saved++ }
	h.Lessons.OnChange = func(context.Context, lesson.Lesson, lesson.Lesson) error { changed++; return nil }
	for i := range 100 {
		if err := h.Lessons.Progress(ctx, "L", "new", stageTranscode, float64(i+1)/100); err != nil {
			t.Fatal(err)
		}
	}
	if saved != 0 || indexed != 0 || changed != 0 {
		t.Errorf("100 reports: %d saves, %d index writes, %d hooks; want none", saved, indexed, changed)
	}
	want := published
	want.Media.Stage, want.Media.Fraction = stageTranscode, 1
	if got := h.lesson("L"); got.Media.Fraction != 1 || got.Media.Stage != stageTranscode ||
		!got.UpdatedAt.Equal(want.UpdatedAt) {
		t.Errorf("stored %+v", got)
	}
	// An earlier report that arrives late does not reduce the fraction; one of the
	// replaced recording, or of no lesson, is refused.
	if err := h.Lessons.Progress(ctx, "L", "new", stageTranscode, 0.5); err != nil ||
		h.lesson("L").Media.Fraction != 1 {
		t.Errorf("late report: %v, fraction %v", err, h.lesson("L").Media.Fraction)
	}
	if err := h.Lessons.Progress(ctx, "L", "old", stageTranscode, 0.5); !fault.Is(err, "lesson.replaced") {
		t.Errorf("replaced recording: %v", err)
	}
	if err := h.Lessons.Progress(ctx, "none", "old", stageTranscode, 0.5); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no lesson: %v", err)
	}
}
