package storetest

import (
	"testing"
	"time"

	"lenlop/services/feedback"
	"lenlop/services/lesson"
)

// Thumbs tests an implementation of feedback.ThumbStore.
func Thumbs(t *testing.T, open Open) {
	s := open(t)
	for _, id := range []string{"l1", "l2"} {
		ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: id}))
	}
	mark := func(lesson string, at time.Duration, viewer string, yes bool, minute int) {
		t.Helper()
		ok(t, s.Thumbs.SaveThumb(bg,
			feedback.Thumb{LessonID: lesson, Chapter: at, Viewer: viewer, Understood: yes, At: kept(moment(minute))}))
	}
	mark("l1", feedback.WholeLesson, "p:p1", true, 1)
	mark("l1", 90*time.Second, "p:p1", true, 1)
	mark("l1", 90*time.Second, "p:p1", true, 2) // the same answer again
	mark("l1", 90*time.Second, "d:m1", true, 2)
	mark("l1", 90*time.Second, "d:m2", true, 2)
	mark("l1", 90*time.Second, "d:m2", false, 3) // the other answer replaces it
	mark("l2", 0, "d:m2", false, 5)
	same(t, must(s.Thumbs.ThumbsOf(bg, "l1", "p:p1"))(t), []feedback.Thumb{
		{LessonID: "l1", Chapter: feedback.WholeLesson, Viewer: "p:p1", Understood: true, At: kept(moment(1))},
		{LessonID: "l1", Chapter: 90 * time.Second, Viewer: "p:p1", Understood: true, At: kept(moment(2))}})
	same(t, must(s.Thumbs.ThumbsOf(bg, "l2", "p:p1"))(t), []feedback.Thumb{})
	same(t, must(s.Thumbs.ThumbSums(bg, "l1"))(t),
		[]feedback.ThumbSum{{Chapter: feedback.WholeLesson, Understood: true, N: 1, Persons: 1},
			{Chapter: 90 * time.Second, N: 1}, {Chapter: 90 * time.Second, Understood: true, N: 2, Persons: 1}})
	same(t, must(s.Thumbs.ThumbSums(bg, "l3"))(t), []feedback.ThumbSum{})
	same(t, must(s.Thumbs.ForgetThumbs(bg, moment(3), 2))(t), 2)
	same(t, must(s.Thumbs.ForgetThumbs(bg, moment(3), 10))(t), 1)
	same(t, must(s.Thumbs.ForgetThumbs(bg, moment(3), 10))(t), 0)
	same(t, must(s.Thumbs.ThumbSums(bg, "l1"))(t), []feedback.ThumbSum{{Chapter: 90 * time.Second, N: 1}})
}
