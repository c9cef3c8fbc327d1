package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/bookmark"
	"lenlop/services/feedback"
	"lenlop/services/people"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// bookmarkIn says where the person is. Both times are the device's own; only
// what lies between them counts.
type bookmarkIn struct {
	Position float64   `json:"position"`
	SeenAt   time.Time `json:"seenAt,omitzero"`
	SentAt   time.Time `json:"sentAt,omitzero"`
}

type bookmarkDoc struct {
	Lesson   string     `json:"lesson"`
	Position float64    `json:"position"`
	Duration float64    `json:"durationSeconds"`
	SeenAt   *time.Time `json:"seenAt"`
	Finished bool       `json:"finished"`
}

func (r *Handler) bookmark(b bookmark.Bookmark) bookmarkDoc {
	return bookmarkDoc{b.LessonID, b.At, b.Length, r.at(b.Seen), b.Finished()}
}

type problemIn struct {
	Kind string `json:"kind"`
	Text string `json:"text,omitempty"`
}

type problemAnswerIn struct {
	Kind   string `json:"kind"`
	Answer string `json:"answer,omitempty"`
}

type problemDoc struct {
	Lesson  string     `json:"lesson"`
	Kind    string     `json:"kind"`
	State   string     `json:"state"`
	Viewers int        `json:"viewers"`
	LastAt  *time.Time `json:"lastAt"`
	Answer  string     `json:"answer,omitempty"`
}

// goingOn is how many lessons begun are listed.
const goingOn = 20

// problemsListed is how many groups of reports are listed.
const problemsListed = 200

var aroundCalls = []call{
	{method: "PUT", path: "/lessons/:lesson/bookmark", action: people.ManageSelf, scope: page.Site, status: 204,
		summary: "Where one is in the lesson, to go on with on any device; the latest by the time between seenAt and sentAt stays", in: bookmarkIn{},
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, in bookmarkIn) (struct{}, error) {
			return struct{}{}, r.Bookmarks.Keep(c.Request().Context(), by, c.Param("lesson"),
				bookmark.Place{At: in.Position, SeenAt: in.SeenAt, SentAt: in.SentAt})
		})},
	{method: "GET", path: "/lessons/:lesson/bookmark", action: people.SeeSelf, scope: page.Site, status: 200,
		summary: "Where one stopped in the lesson; position 0 when nowhere", out: bookmarkDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (bookmarkDoc, error) {
			b, err := r.Bookmarks.Of(c.Request().Context(), by, c.Param("lesson"))
			b.LessonID = c.Param("lesson")
			return r.bookmark(b), err
		})},
	{method: "GET", path: "/bookmarks", action: people.SeeSelf, scope: page.Site, status: 200,
		summary: "The lessons one has begun and not finished, latest first", out: list[bookmarkDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (list[bookmarkDoc], error) {
			out := list[bookmarkDoc]{Items: []bookmarkDoc{}}
			all, err := r.Bookmarks.GoOn(c.Request().Context(), by, goingOn)
			for _, b := range all {
				out.Items = append(out.Items, r.bookmark(b))
			}
			return out, err
		})},
	{method: "POST", path: "/lessons/:lesson/problems", action: people.WatchLesson, scope: page.Object, status: 204,
		summary: "Say what is wrong with a lesson: sound, picture, content or other", in: problemIn{},
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, in problemIn) (struct{}, error) {
			return struct{}{}, r.Problems.Report(c.Request().Context(), by,
				feedback.Report{LessonID: c.Param("lesson"), Kind: feedback.Kind(in.Kind), Text: in.Text,
					Viewer: signin.Viewer(c), Network: page.VisitOf(c.Request().Context()).Addr,
					Agent: c.Request().UserAgent()})
		})},
	{method: "GET", path: "/problems", action: people.AnswerProblem, scope: page.Handler, status: 200,
		query:   []string{"state"},
		summary: "What viewers say is wrong with the lessons one answers for; state open or answered",
		out:     list[problemDoc]{},
		handle:  jsonHandler(200, listProblems)},
	{method: "POST", path: "/lessons/:lesson/problems/answer", action: people.AnswerProblem,
		scope: page.Object, status: 204,
		summary: "Close a lesson's reports of one kind, with a word to those who sent them", in: problemAnswerIn{},
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person,
			in problemAnswerIn) (struct{}, error) {
			return struct{}{}, r.Problems.Answer(c.Request().Context(), by, c.Param("lesson"),
				feedback.Kind(in.Kind), in.Answer)
		})},
}

func listProblems(r *Handler, c echo.Context, by people.Person, _ struct{}) (list[problemDoc], error) {
	out := list[problemDoc]{Items: []problemDoc{}}
	state := feedback.Open
	switch c.QueryParam("state") {
	case "", string(feedback.Open):
	case string(feedback.Answered):
		state = feedback.Answered
	default:
		return out, wrongParam("state")
	}
	all, err := r.Problems.List(c.Request().Context(), by, state, problemsListed, 0)
	for _, g := range all {
		out.Items = append(out.Items, problemDoc{g.LessonID, string(g.Kind), string(g.State), g.Viewers,
			r.at(g.Last), g.Answer})
	}
	return out, err
}
