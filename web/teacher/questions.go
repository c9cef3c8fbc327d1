package teacher

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/services/school"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Questions reads and settles students' questions (question.Service).
type Questions interface {
	Board(ctx context.Context, by people.Person, lessonID string) (question.Board, error)
	Set(ctx context.Context, by people.Person, lessonID string, on bool) error
	List(ctx context.Context, by people.Person, lessonID string, st question.State, before string,
		limit int) ([]question.Question, error)
	Moderation
}

// Moderation is what a moderator does with one question.
type Moderation interface {
	Moderated(ctx context.Context, by people.Person, id string) (question.Question, error)
	Show(ctx context.Context, by people.Person, id string) (question.Question, error)
	Hide(ctx context.Context, by people.Person, id, reason string) (question.Question, error)
	Answer(ctx context.Context, by people.Person, id, text string) (question.Question, error)
	Delete(ctx context.Context, by people.Person, id string) error
}

// Thumbs counts the viewers' thumbs for chapters (feedback.Thumbs).
type Thumbs interface {
	ThumbCounts(ctx context.Context, by people.Person, lessonID string) ([]feedback.ChapterCounts, bool, error)
}

// Classes names the class that a student asked from (school.Rosters).
type Classes interface {
	Class(ctx context.Context, id string) (school.Class, error)
}

// questionRoutes are those of a lesson's questions.
func (r Handler) questionRoutes(one string) []page.Route {
	post := func(path string, a people.Action, h echo.HandlerFunc) page.Route {
		return page.Route{Method: http.MethodPost, Path: one + "/questions" + path, Action: a, Scope: page.Object,
			Handle: page.SignedIn(h)}
	}
	return []page.Route{
		{Method: http.MethodGet, Path: one + "/questions", Action: people.SetQuestions, Scope: page.Object,
			Handle: page.SignedIn(r.asked)},
		post("/set", people.SetQuestions, r.setQuestions),
		post("/:question/show", people.ModerateQuestions, r.showQuestion),
		post("/:question/hide", people.ModerateQuestions, r.hideQuestion),
		post("/:question/answer", people.ModerateQuestions, r.answerQuestion),
		post("/:question/delete", people.ModerateQuestions, r.deleteQuestion),
	}
}

// askedAtOnce is how many questions a page holds.
const askedAtOnce = 30

// inquiry is a lesson's questions as its teacher sees them.
type inquiry struct {
	Board  question.Board
	Lesson lesson.Lesson
	State  question.State
	Asked  []askedQuestion
	Counts []feedback.ChapterCounts
	Own    bool // exact numbers, for the lesson's own teacher
	Thumbs bool // the viewer may see the counts
	Next   string
	Done   string
	Form   page.Form // of the question Wrong
	Wrong  string
}

// askedQuestion is a question with the names of its asker and class; empty when they are unknown.
type askedQuestion struct {
	question.Question
	Name, Class string
}

func (r Handler) asked(c echo.Context) error {
	return r.showAsked(c, http.StatusOK, inquiry{Done: page.DoneOf(c)})
}

func (r Handler) showAsked(c echo.Context, status int, v inquiry) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Lesson, err = r.Lessons.Read(ctx, by, c.Param("lesson")); err != nil {
		return err
	}
	if err := may(c, people.SetQuestions, v.Lesson.Object()); err != nil {
		return err
	}
	if v.Board, err = r.Questions.Board(ctx, by, v.Lesson.ID); err != nil {
		return err
	}
	v.State = question.Waiting
	for _, s := range question.States {
		if c.QueryParam("state") == string(s) {
			v.State = s
		}
	}
	if v.Wrong != "" { // somebody may have moved it to another list meanwhile
		q, err := r.Questions.Moderated(ctx, by, v.Wrong)
		if err != nil {
			return err
		}
		if q.LessonID == v.Lesson.ID {
			v.State = q.State
		}
	}
	if v.Board.Moderate {
		if err := r.fillAsked(c, &v); err != nil {
			return err
		}
	}
	if v.Thumbs = people.May(by, people.ReadLedger, v.Lesson.Object()); v.Thumbs {
		if v.Counts, v.Own, err = r.Thumbs.ThumbCounts(ctx, by, v.Lesson.ID); err != nil {
			return err
		}
	}
	return page.Render(c, status, questionsPage(v))
}

// fillAsked reads one page of questions with their askers' names.
func (r Handler) fillAsked(c echo.Context, v *inquiry) error {
	ctx := c.Request().Context()
	list, err := r.Questions.List(ctx, page.Who(c), v.Lesson.ID, v.State, c.QueryParam("before"), askedAtOnce+1)
	if err != nil {
		return err
	}
	if len(list) > askedAtOnce {
		list = list[:askedAtOnce]
		v.Next = askedPath(v.Lesson, v.State) + "&before=" + list[askedAtOnce-1].ID
	}
	classes := map[string]string{}
	for _, q := range list {
		p, err := r.person(ctx, q.PersonID)
		if err != nil {
			return err
		}
		if _, known := classes[q.ClassID]; !known && q.ClassID != "" {
			k, err := r.Classes.Class(ctx, q.ClassID)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
			classes[q.ClassID] = k.Name
		}
		v.Asked = append(v.Asked, askedQuestion{q, p.Name, classes[q.ClassID]})
	}
	return nil
}

// askedPath is the page of the questions in a state.
func askedPath(l lesson.Lesson, s question.State) string {
	return "/teacher/lessons/" + l.ID + "/questions?state=" + string(s)
}

func (r Handler) setQuestions(c echo.Context) error {
	on := c.FormValue("on") == "yes"
	if err := r.Questions.Set(c.Request().Context(), page.Who(c), c.Param("lesson"), on); err != nil {
		return err
	}
	done := "questions_off"
	if on {
		done = "questions_on"
	}
	return r.toAsked(c, done)
}

// toAsked shows the questions again, those that waited first.
func (r Handler) toAsked(c echo.Context, done string) error {
	return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+c.Param("lesson")+"/questions?done="+done)
}

// settled shows the questions again. After an invalid input it shows the form with that input.
func (r Handler) settled(c echo.Context, done string, f page.Form, err error) error {
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		f.Err = err
		return r.showAsked(c, page.Status(err), inquiry{Form: f, Wrong: c.Param("question")})
	}
	if err != nil {
		return err
	}
	return r.toAsked(c, done)
}

func (r Handler) showQuestion(c echo.Context) error {
	_, err := r.Questions.Show(c.Request().Context(), page.Who(c), c.Param("question"))
	return r.settled(c, "question_shown", page.Form{}, err)
}

func (r Handler) hideQuestion(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Questions.Hide(c.Request().Context(), page.Who(c), c.Param("question"), f.Values["reason"])
	return r.settled(c, "question_hidden", f, err)
}

func storedAnswer(q question.Question) []page.Stored {
	return []page.Stored{page.Now("answer", q.Answer)}
}

func (r Handler) answerQuestion(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := page.SaveMerged(ctx, r.Lessons.Atomic, page.FormOf(c, "answer"),
		func(ctx context.Context) ([]page.Stored, error) {
			q, err := r.Questions.Moderated(ctx, page.Who(c), c.Param("question"))
			return storedAnswer(q), err
		},
		func(ctx context.Context, f page.Form) error {
			_, err := r.Questions.Answer(ctx, page.Who(c), c.Param("question"), f.Values["answer"])
			return err
		})
	return r.settled(c, "question_answered", f, err)
}

func (r Handler) deleteQuestion(c echo.Context) error {
	l, err := r.Lessons.Read(c.Request().Context(), page.Who(c), c.Param("lesson"))
	if err != nil {
		return err
	}
	// askers delete their questions on the lesson's page
	if err := may(c, people.ModerateQuestions, l.Object()); err != nil {
		return err
	}
	return r.settled(c, "question_deleted", page.Form{},
		r.Questions.Delete(c.Request().Context(), page.Who(c), c.Param("question")))
}

// counted formats a number of thumbs, or the mark of a hidden one.
func counted(ctx context.Context, n feedback.ThumbCount) string {
	switch n.Mark {
	case disclosure.Small:
		return "<5"
	case disclosure.Withheld:
		return locale.T(ctx, "thumb.withheld")
	}
	return locale.From(ctx).Number(n.N)
}

// signedIn formats how many of them were signed in; "" when the number is hidden or 0.
func signedIn(ctx context.Context, n feedback.ThumbCount) string {
	if n.N == 0 || n.Mark != disclosure.Shown {
		return ""
	}
	return locale.T(ctx, "thumb.signed_in", "n", n.Persons)
}

// formOf returns the form of the question with the id: with the rejected input, or empty.
func (v inquiry) formOf(id string) page.Form {
	if v.Wrong == id {
		return v.Form
	}
	return page.Form{}
}

func watchAt(l lesson.Lesson, at float64) string {
	return "/lessons/" + l.ID + "#t=" + strconv.FormatFloat(at, 'f', -1, 64)
}
