package system

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lenlop/services/feedback"
	"lenlop/services/question"
	"lenlop/services/school"
)

// questionsOn lets students ask under a lesson of giao-vien's, and makes hoc-sinh
// one of theirs.
func (w *world) questionsOn(lessonID string) {
	ctx, classes := context.Background(), w.h.App.DB.Classes()
	c := school.Class{ID: "lop-hoi", Code: "HOI", SchoolID: "s1", Year: "2026-2027", Grade: 9, Name: "9H",
		JoinCode: "HOIHOI", Teachers: []school.ClassTeacher{{PersonID: "p-giao-vien"}}}
	err := classes.SaveClass(ctx, c)
	if err == nil {
		err = classes.SaveStudent(ctx,
			school.Student{PersonID: "p-hoc-sinh", Name: "Tên hoc-sinh", Key: "khoa-hoc-sinh"}, "s1", time.Now())
	}
	if err == nil {
		err = classes.SaveEnrolment(ctx,
			school.Enrolment{ClassID: c.ID, PersonID: "p-hoc-sinh", From: "2020-09-05", To: "2199-12-31"})
	}
	if err == nil {
		err = w.h.App.DB.Questions().SaveSetting(ctx, question.Setting{LessonID: lessonID, On: true})
	}
	if err != nil {
		w.h.T.Fatal(err)
	}
}

// question is hoc-sinh's, asked some hours ago, and waits.
func (w *world) question(lessonID string) string {
	w.questionsOn(lessonID)
	q := question.Question{ID: w.next("hoi-"), LessonID: lessonID, PersonID: "p-hoc-sinh", ClassID: "lop-hoi",
		Text: "Vì sao?", At: 5, State: question.Waiting,
		CreatedAt: time.Now().Add(-3 * time.Hour)}
	if err := w.h.App.DB.Questions().SaveQuestion(context.Background(), q); err != nil {
		w.h.T.Fatal(err)
	}
	return q.ID
}

// questionForm is what the pages' forms of questions and thumbs send.
func questionForm(route string) (url.Values, bool) {
	if !strings.Contains(route, "/questions") && !strings.HasSuffix(route, "/thumbs") {
		return nil, false
	}
	return url.Values{"text": {"Em chưa hiểu"}, "at": {"0:10"}, "said": {feedback.Yes}, "on": {"yes"},
		"answer": {"Vì thế"}, "reason": {"Em hỏi lại nhé"}}, true
}

// questionDocument is the same as JSON.
func questionDocument(route string) (any, bool) {
	if !strings.Contains(route, "/questions") && !strings.HasSuffix(route, "/thumbs") {
		return nil, false
	}
	return map[string]any{"text": "Em chưa hiểu", "said": feedback.NotYet, "on": true,
		"reason": "Em hỏi lại nhé"}, true
}
