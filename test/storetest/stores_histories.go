package storetest

import (
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/worksheet"
)

// LessonSteps tests an implementation of lesson.Histories.
func LessonSteps(t *testing.T, open Open) {
	all := open(t)
	s := all.Steps
	for i, l := range []lesson.Lesson{
		{ID: "l1", Status: lesson.Submitted, Subject: "toan", SchoolID: "s1", SubmittedAt: moment(9)},
		{ID: "l2", Status: lesson.Submitted, Subject: "toan", SchoolID: "s2", SubmittedAt: moment(4)},
		{ID: "l3", Status: lesson.Submitted, Subject: "ngu-van", SchoolID: "s1", SubmittedAt: moment(2)},
		{ID: "l4", Status: lesson.Submitted, Subject: "ngu-van", ApprovedBy: "p", SubmittedAt: moment(1)},
		{ID: "l5", Status: lesson.Submitted, Subject: "toan", SubmittedAt: moment(1), DeletedAt: moment(2)},
		{ID: "l6", Status: lesson.Draft, Subject: "toan"},
	} {
		l.CreatedAt = moment(i)
		ok(t, all.Lessons.Save(bg, l))
	}
	same(t, must(s.Queue(bg, ""))(t), []lesson.Queued{{Subject: "ngu-van", Lessons: 1, Oldest: kept(moment(2))},
		{Subject: "toan", Lessons: 2, Oldest: kept(moment(4))}})
	same(t, must(s.Queue(bg, "s2"))(t), []lesson.Queued{{Subject: "toan", Lessons: 1, Oldest: kept(moment(4))}})
	same(t, must(s.Queue(bg, "' OR 1=1 --"))(t), []lesson.Queued{})

	full := lesson.Step{ID: "b", LessonID: "l1", At: moment(2), By: "p1", Kind: lesson.StepReturned,
		Note: "Tiếng nhỏ <b>'?$1", Moment: 12.5, Until: moment(60)}
	ok(t, s.SaveStep(bg, full))
	ok(t, s.SaveStep(bg, lesson.Step{ID: "a", LessonID: "l1", At: moment(1), Kind: lesson.StepCreated}))
	ok(t, s.SaveStep(bg, lesson.Step{ID: "c", LessonID: "l1", At: moment(2), Kind: lesson.StepSubmitted}))
	ok(t, s.SaveStep(bg, lesson.Step{ID: "d", LessonID: "l2", At: moment(3), Kind: lesson.StepSubmitted}))
	id := func(x lesson.Step) string { return x.ID }
	list := must(s.Steps(bg, "l1", 10))(t)
	same(t, ids(list, id), []string{"c", "b", "a"})
	full.At, full.Until = kept(full.At), kept(full.Until)
	same(t, list[1], full)
	same(t, ids(must(s.Steps(bg, "l1", 1))(t), id), []string{"c"})
	full.Note = "khác"
	ok(t, s.SaveStep(bg, full))
	same(t, must(s.Steps(bg, "l1", 10))(t)[1], full)
	ok(t, s.ForgetSteps(bg, "l1"))
	same(t, len(must(s.Steps(bg, "l1", 10))(t)), 0)
	same(t, len(must(s.Steps(bg, "l2", 10))(t)), 1)
}

// Worksheets tests an implementation of worksheet.Store.
func Worksheets(t *testing.T, open Open) {
	all := open(t)
	s := all.Sheets
	for _, id := range []string{"l1", "l2"} {
		ok(t, all.Lessons.Save(bg, lesson.Lesson{ID: id}))
	}
	w := worksheet.Worksheet{ID: "w1", LessonID: "l1", Name: "Phiếu 'số' 1.pdf", Type: worksheet.TypePDF,
		Key: worksheet.Key("l1", "w1"), Size: 1 << 24, SHA256: "ab",
		Width: 3, Height: 4, By: "p1", At: moment(2)}
	ok(t, s.SaveWorksheet(bg, w))
	ok(t, s.SaveWorksheet(bg, worksheet.Worksheet{ID: "w0", LessonID: "l1", At: moment(3)}))
	ok(t, s.SaveWorksheet(bg, worksheet.Worksheet{ID: "w2", LessonID: "l2", At: moment(1)}))
	w.At = kept(w.At)
	same(t, must(s.Worksheet(bg, "l1", "w1"))(t), w)
	same(t, ids(must(s.Worksheets(bg, "l1"))(t), func(w worksheet.Worksheet) string { return w.ID }),
		[]string{"w1", "w0"})
	// A worksheet is found only under its own lesson.
	_, err := s.Worksheet(bg, "l2", "w1")
	wantFault(t, err, fault.NotFound, "worksheet.not_found")
	ok(t, s.DeleteWorksheet(bg, "l2", "w1"))
	same(t, must(s.Worksheet(bg, "l1", "w1"))(t), w)
	ok(t, s.DeleteWorksheet(bg, "l1", "w1"))
	ok(t, s.DeleteWorksheet(bg, "l1", "w1"))
	_, err = s.Worksheet(bg, "l1", "w1")
	wantFault(t, err, fault.NotFound, "worksheet.not_found")
	ok(t, s.ForgetWorksheets(bg, "l1"))
	same(t, len(must(s.Worksheets(bg, "l1"))(t)), 0)
	same(t, len(must(s.Worksheets(bg, "l2"))(t)), 1)
}
