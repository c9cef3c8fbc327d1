package student

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// Questions receives students' questions (question.Service).
type Questions interface {
	// OfLesson is what a page shows under a lesson that was read for the person.
	OfLesson(ctx context.Context, by people.Person, l lesson.Lesson) (question.Board, error)
	Ask(ctx context.Context, by people.Person, lessonID, text string, at float64) (question.Question, error)
	Delete(ctx context.Context, by people.Person, id string) error
}

// Thumbs receives the viewers' thumbs for chapters (feedback.Thumbs).
type Thumbs interface {
	// OwnThumbs lists the chapters of a lesson that was read for the person, with what the viewer said of them.
	OwnThumbs(ctx context.Context, by people.Person, device string, l lesson.Lesson, chapters []caption.Chapter) (
		[]feedback.ChapterThumb, error)
	MarkChapter(ctx context.Context, by people.Person, device, lessonID string, chapter time.Duration,
		answer string) (kept string, err error)
}

// questionSection holds the questions and thumbs of a lesson's page.
type questionSection struct {
	board question.Board
	parts []feedback.ChapterThumb // empty when the viewer may not give thumbs
	form  page.Form
	done  string
}

// questionRoutes are those of questions and thumbs.
func (r Handler) questionRoutes() []page.Route {
	post := func(path string, a people.Action, h echo.HandlerFunc) page.Route {
		return page.Route{Method: http.MethodPost, Path: "/lessons/:lesson" + path, Action: a,
			Scope: page.Object, Handle: h}
	}
	return []page.Route{
		post("/questions", people.AskQuestion, page.SignedIn(r.askQuestion)),
		post("/questions/:question/delete", people.AskQuestion, page.SignedIn(r.takeBack)),
		post("/thumbs", people.MarkLesson, r.markChapter),
	}
}

// fillAsked reads what the lesson's page shows of questions and thumbs.
func (r Handler) fillAsked(c echo.Context, p *lessonPage, f page.Form) (err error) {
	ctx, by := c.Request().Context(), page.Who(c)
	if r.Questions != nil {
		p.questions.form, p.questions.done = f, page.DoneOf(c)
		if p.questions.board, err = r.Questions.OfLesson(ctx, by, p.lesson); err != nil {
			return err
		}
	}
	if r.Thumbs != nil {
		p.questions.parts, err = r.Thumbs.OwnThumbs(ctx, by, signin.Viewer(c), p.lesson, p.player.Tracks.Chapters)
	}
	return err
}

// askQuestion receives a question. A rejected one is shown again as it was typed.
func (r Handler) askQuestion(c echo.Context) error {
	f, id := page.FormOf(c, "text", "at"), c.Param("lesson")
	at, err := momentOf(f.Values["at"])
	if err == nil {
		_, err = r.Questions.Ask(c.Request().Context(), page.Who(c), id, f.Values["text"], at)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.RateLimited:
		f.Err = err
		page.RetryAfter(c, err)
		return r.showLesson(c, page.Status(err), f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/lessons/"+id+"?done=asked#questions")
}

// momentOf parses a typed time into seconds; an empty one is question.NoMoment.
func momentOf(typed string) (float64, error) {
	if strings.TrimSpace(typed) == "" {
		return question.NoMoment, nil
	}
	d, ok := caption.ParseClock(typed)
	if !ok {
		return 0, fault.Form("question.invalid", fault.Wrong("at", "question.bad_moment"))
	}
	return d.Seconds(), nil
}

func (r Handler) takeBack(c echo.Context) error {
	err := r.Questions.Delete(c.Request().Context(), page.Who(c), c.Param("question"))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/lessons/"+c.Param("lesson")+"?done=question_deleted#questions")
}

// markChapter saves whether the viewer understood a chapter.
func (r Handler) markChapter(c echo.Context) error {
	id := c.Param("lesson")
	kept, err := r.Thumbs.MarkChapter(c.Request().Context(), page.Who(c), signin.Viewer(c), id,
		chapterOf(c.FormValue("chapter")), c.FormValue("said"))
	if err != nil {
		return err
	}
	signin.KeepViewer(c, kept)
	return c.Redirect(http.StatusSeeOther, "/lessons/"+id+"#understood")
}

// chapterValue names a chapter in a form: the milliseconds it begins at, or
// "" for a lesson without chapters.
func chapterValue(at time.Duration) string {
	if at == feedback.WholeLesson {
		return ""
	}
	return strconv.FormatInt(at.Milliseconds(), 10)
}

func chapterOf(s string) time.Duration {
	if s == "" {
		return feedback.WholeLesson
	}
	ms, err := strconv.ParseInt(s, 10, 32)
	if err != nil || ms < 0 {
		return -time.Hour // no chapter starts there
	}
	return time.Duration(ms) * time.Millisecond
}

// pressed is the value of aria-pressed.
func pressed(on bool) string { return strconv.FormatBool(on) }

// moment is an address inside the page that plays from a time, in seconds.
func moment(at float64) string { return "#t=" + strconv.FormatFloat(at, 'f', -1, 64) }
