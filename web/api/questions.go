package api

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/services/viewership/disclosure"
	"lenlop/web/page"
	"lenlop/web/signin"
)

type questionDoc struct {
	ID        string     `json:"id"`
	LessonID  string     `json:"lessonId"`
	Text      string     `json:"text"`
	At        *float64   `json:"at,omitempty"` // seconds into the lesson
	State     string     `json:"state"`        // "waiting", "shown" or "hidden"
	Own       bool       `json:"own,omitempty"`
	Asker     *named     `json:"asker,omitempty"` // for moderators alone
	Answer    string     `json:"answer,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	CreatedAt *time.Time `json:"createdAt"`
}

type questionIn struct {
	Text string   `json:"text"`
	At   *float64 `json:"at,omitempty"`
}

type questionAnswerIn struct {
	Text string `json:"text"`
}

type questionsOn struct {
	On bool `json:"on"`
}

// chapterCountsDoc is how many viewers gave which answer to a chapter. A hidden count is "<5" or absent.
type chapterCountsDoc struct {
	Chapter    *float64 `json:"chapter,omitempty"` // seconds; absent: the whole lesson
	Title      string   `json:"title,omitempty"`
	Understood any      `json:"understood,omitempty"`
	NotYet     any      `json:"notYet,omitempty"`
}

type thumbIn struct {
	Chapter     *float64 `json:"chapter,omitempty"` // where it begins, seconds; absent: the whole lesson
	Said        string   `json:"said"`              // "yes" or "not-yet"
	ViewerToken string   `json:"viewerToken,omitempty"`
}

type thumbOut struct {
	ViewerToken string `json:"viewerToken"`
}

// Questions is what the API needs of questions (question.Service).
type Questions interface {
	Board(ctx context.Context, by people.Person, lessonID string) (question.Board, error)
	Set(ctx context.Context, by people.Person, lessonID string, on bool) error
	Ask(ctx context.Context, by people.Person, lessonID, text string, at float64) (question.Question, error)
	List(ctx context.Context, by people.Person, lessonID string, st question.State, before string,
		limit int) ([]question.Question, error)
	Show(ctx context.Context, by people.Person, id string) (question.Question, error)
	Hide(ctx context.Context, by people.Person, id, reason string) (question.Question, error)
	Answer(ctx context.Context, by people.Person, id, text string) (question.Question, error)
	Delete(ctx context.Context, by people.Person, id string) error
}

// Thumbs are the viewers' thumbs for chapters (feedback.Thumbs).
type Thumbs interface {
	MarkChapter(ctx context.Context, by people.Person, device, lessonID string, chapter time.Duration,
		answer string) (kept string, err error)
	ThumbCounts(ctx context.Context, by people.Person, lessonID string) ([]feedback.ChapterCounts, bool, error)
}

var questionCalls = []call{
	{method: "GET", path: "/lessons/:lesson/questions", action: people.ReadQuestions, scope: page.Object, status: 200,
		query:   []string{"state", "limit", "cursor"},
		summary: "What was asked under a lesson: to students those that were approved and their own, to moderators all of a state", out: list[questionDoc]{},
		handle: jsonHandler(200, listQuestions)},
	{method: "POST", path: "/lessons/:lesson/questions", action: people.AskQuestion, scope: page.Object, status: 201,
		summary: "Ask under a lesson; it waits until its teacher has looked at it", in: questionIn{},
		out: questionDoc{},
		prepare: repeatable(201, func(r *Handler, c echo.Context, by people.Person,
			in questionIn) (questionDoc, error) {
			at := float64(question.NoMoment)
			if in.At != nil {
				if at = *in.At; at < 0 {
					return questionDoc{}, fault.Form("question.invalid", fault.Wrong("at", "question.outside"))
				}
			}
			q, err := r.Questions.Ask(c.Request().Context(), by, c.Param("lesson"), in.Text, at)
			return r.question(q, by), err
		})},
	{method: "PUT", path: "/lessons/:lesson/questions/setting", action: people.SetQuestions,
		scope: page.Object, status: 200,
		summary: "Turn questions under a lesson on or off", in: questionsOn{}, out: questionsOn{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			in questionsOn) (questionsOn, error) {
			return in, r.Questions.Set(c.Request().Context(), by, c.Param("lesson"), in.On)
		})},
	{method: "POST", path: "/questions/:question/show", action: people.ModerateQuestions,
		scope: page.Object, status: 200,
		summary: "Let the others see a question", out: questionDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (questionDoc, error) {
			q, err := r.Questions.Show(c.Request().Context(), by, c.Param("question"))
			return r.question(q, by), err
		})},
	{method: "POST", path: "/questions/:question/hide", action: people.ModerateQuestions,
		scope: page.Object, status: 200,
		summary: "Keep a question from the others; its asker reads the reason", in: reasonIn{}, out: questionDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in reasonIn) (questionDoc, error) {
			q, err := r.Questions.Hide(c.Request().Context(), by, c.Param("question"), in.Reason)
			return r.question(q, by), err
		})},
	{method: "PUT", path: "/questions/:question/answer", action: people.ModerateQuestions,
		scope: page.Object, status: 200,
		summary: "Answer a question and show both", in: questionAnswerIn{}, out: questionDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			in questionAnswerIn) (questionDoc, error) {
			q, err := r.Questions.Answer(c.Request().Context(), by, c.Param("question"), in.Text)
			return r.question(q, by), err
		})},
	{method: "DELETE", path: "/questions/:question", action: people.AskQuestion, scope: page.Object, status: 204,
		summary: "Take one's own question back, or remove it as a moderator",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			return struct{}{}, r.Questions.Delete(c.Request().Context(), by, c.Param("question"))
		})},
	{method: "PUT", path: "/lessons/:lesson/thumbs", action: people.MarkLesson, scope: page.Object, status: 200,
		summary: "Say whether one has understood a chapter; saying it again changes nothing", in: thumbIn{},
		out:    thumbOut{},
		handle: jsonHandler(200, markChapter)},
	{method: "GET", path: "/lessons/:lesson/thumbs", action: people.ReadLedger, scope: page.Object, status: 200,
		summary: "How many viewers have understood each chapter; numbers of one to four are hidden from all but the lesson's teacher", out: list[chapterCountsDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (list[chapterCountsDoc], error) {
			out := list[chapterCountsDoc]{Items: []chapterCountsDoc{}}
			all, _, err := r.Thumbs.ThumbCounts(c.Request().Context(), by, c.Param("lesson"))
			for _, x := range all {
				d := chapterCountsDoc{Title: x.Title, Understood: thumbsOf(x.Understood), NotYet: thumbsOf(x.NotYet)}
				if x.At != feedback.WholeLesson {
					at := x.At.Seconds()
					d.Chapter = &at
				}
				out.Items = append(out.Items, d)
			}
			return out, err
		})},
}

func thumbsOf(n feedback.ThumbCount) any {
	switch n.Mark {
	case disclosure.Small:
		return "<5"
	case disclosure.Withheld:
		return nil
	}
	return n.N
}

func markChapter(r *Handler, c echo.Context, by people.Person, in thumbIn) (thumbOut, error) {
	device := in.ViewerToken
	if device == "" {
		device = signin.Viewer(c)
	}
	chapter := feedback.WholeLesson
	if in.Chapter != nil {
		chapter = -time.Hour // no chapter starts there
		if *in.Chapter >= 0 && *in.Chapter < 24*60*60 {
			chapter = time.Duration(math.Round(*in.Chapter*1000)) * time.Millisecond
		}
	}
	kept, err := r.Thumbs.MarkChapter(c.Request().Context(), by, device, c.Param("lesson"), chapter, in.Said)
	if err != nil {
		return thumbOut{}, err
	}
	signin.KeepViewer(c, kept)
	return thumbOut{kept}, nil
}

// listQuestions gives students their board and moderators a page of a state.
func listQuestions(r *Handler, c echo.Context, by people.Person, _ struct{}) (list[questionDoc], error) {
	ctx, out := c.Request().Context(), list[questionDoc]{Items: []questionDoc{}}
	b, err := r.Questions.Board(ctx, by, c.Param("lesson"))
	if err != nil {
		return out, err
	}
	if !b.Read {
		if by.Anonymous() {
			return out, fault.New(fault.Unauthenticated, "signin.needed")
		}
		return out, fault.New(fault.Forbidden, "access.denied")
	}
	if !b.Moderate {
		for _, q := range b.Questions {
			out.Items = append(out.Items, r.question(q, by))
		}
		return out, nil
	}
	limit, cursor, err := paging(c)
	if err != nil {
		return out, err
	}
	st := question.State(c.QueryParam("state"))
	if st != "" && !slices.Contains([]question.State{question.Waiting, question.Shown, question.Hidden}, st) {
		return out, wrongParam("state")
	}
	all, err := r.Questions.List(ctx, by, c.Param("lesson"), st, cursor, limit+1)
	if err != nil {
		return out, err
	}
	if len(all) > limit {
		all, out.Next = all[:limit], all[limit-1].ID
	}
	for _, q := range all {
		d := r.question(q, by)
		if d.Asker, err = r.who(ctx, q.PersonID); err != nil {
			return out, err
		}
		out.Items = append(out.Items, d)
	}
	return out, nil
}

func (r *Handler) question(q question.Question, by people.Person) questionDoc {
	d := questionDoc{ID: q.ID, LessonID: q.LessonID, Text: q.Text, State: string(q.State), Own: q.PersonID != "" &&
		q.PersonID == by.ID, Answer: q.Answer,
		Reason: q.Reason, CreatedAt: r.at(q.CreatedAt)}
	if q.At >= 0 {
		d.At = &q.At
	}
	return d
}
