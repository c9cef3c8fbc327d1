package storetest

import (
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/question"
)

// Questions tests an implementation of question.Store.
func Questions(t *testing.T, open Open) {
	s := open(t)
	for _, id := range []string{"l1", "l2"} {
		ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: id}))
	}
	same(t, must(s.Questions.Setting(bg, "l1"))(t), question.Setting{LessonID: "l1"})
	set := question.Setting{LessonID: "l1", On: true, NoticeID: "n1", ByPerson: "p1", At: kept(moment(1))}
	ok(t, s.Questions.SaveSetting(bg, question.Setting{LessonID: "l1"}))
	ok(t, s.Questions.SaveSetting(bg, set))
	same(t, must(s.Questions.Setting(bg, "l1"))(t), set)

	q := question.Question{ID: "q1", LessonID: "l1", PersonID: "p1", ClassID: "c1", Text: "<b>Vì sao</b>\nlà 5?",
		At: 75.25, State: question.Waiting, CreatedAt: kept(moment(1))}
	ok(t, s.Questions.SaveQuestion(bg, q))
	same(t, must(s.Questions.Question(bg, "q1"))(t), q)
	q.State, q.Answer, q.Reason, q.At, q.SettledBy, q.SettledAt = question.Shown, "Vì thế", "không", question.NoMoment,
		"p2", kept(moment(2))
	ok(t, s.Questions.SaveQuestion(bg, q))
	same(t, must(s.Questions.Question(bg, "q1"))(t), q)
	_, err := s.Questions.Question(bg, "q9")
	wantFault(t, err, fault.NotFound, "question.not_found")
	if err := s.Questions.SaveQuestion(bg, question.Question{ID: "q8", LessonID: "nothing"}); err == nil {
		t.Error("a question about no lesson was kept")
	}

	ok(t, s.Questions.SaveQuestion(bg,
		question.Question{ID: "q2", LessonID: "l1", PersonID: "p1", State: question.Waiting, CreatedAt: moment(3)}))
	ok(t, s.Questions.SaveQuestion(bg,
		question.Question{ID: "q3", LessonID: "l1", PersonID: "p2", State: question.Waiting, CreatedAt: moment(3)}))
	ok(t, s.Questions.SaveQuestion(bg,
		question.Question{ID: "q4", LessonID: "l2", PersonID: "p1", State: question.Hidden, CreatedAt: moment(4)}))
	list := func(f question.Filter) []string {
		t.Helper()
		return ids(must(s.Questions.Questions(bg, f))(t), func(q question.Question) string { return q.ID })
	}
	same(t, list(question.Filter{}), []string{"q4", "q3", "q2", "q1"})
	same(t, list(question.Filter{Lesson: "l1"}), []string{"q3", "q2", "q1"})
	same(t, list(question.Filter{Lesson: "l1", State: question.Waiting}), []string{"q3", "q2"})
	same(t, list(question.Filter{Person: "p1", Since: moment(1)}), []string{"q4", "q2"})
	same(t, list(question.Filter{Before: "q3", Limit: 1}), []string{"q2"})

	ok(t, s.Questions.DeleteQuestion(bg, "q4"))
	ok(t, s.Questions.DeleteQuestion(bg, "q4"))
	same(t, must(s.Questions.ForgetQuestions(bg, moment(3), 10))(t), 1)
	same(t, list(question.Filter{}), []string{"q3", "q2"})
	same(t, must(s.Questions.ForgetQuestions(bg, moment(4), 1))(t), 1)
	same(t, must(s.Questions.ForgetQuestions(bg, moment(4), 10))(t), 1)
	same(t, must(s.Questions.ForgetQuestions(bg, moment(4), 10))(t), 0)
}
