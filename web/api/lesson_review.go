package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/web/page"
)

type preapprovedDoc struct {
	By named      `json:"by"`
	At *time.Time `json:"at"`
}

// lookAgainDoc says that a published lesson waits for a reviewer to look again.
type lookAgainDoc struct {
	Since *time.Time `json:"since"`
	Why   string     `json:"why"` // "recording", "subject", "grade", "worksheets", joined by ","
}

type consentDoc struct {
	Minors string     `json:"minors"` // "none", "agreed" or "missing"
	Note   string     `json:"note,omitempty"`
	By     *named     `json:"by,omitempty"`
	At     *time.Time `json:"at"`
}

type consentIn struct {
	Minors string `json:"minors"`
	Note   string `json:"note,omitempty"`
}

type teacherIn struct {
	Teacher string `json:"teacher"` // a username
}

type weeksIn struct {
	Weeks []int `json:"weeks,omitempty"` // one draft for each; none: one of the same week
}

type bulkIn struct {
	Lessons  []string `json:"lessons"`
	Do       string   `json:"do"` // "edit", "submit" or "bin"
	Subject  *string  `json:"subject,omitempty"`
	Grade    *int     `json:"grade,omitempty"`
	Week     *int     `json:"week,omitempty"`
	Language *string  `json:"language,omitempty"`
}

// bulkDoc is what became of one lesson; code and message say why it was not done.
type bulkDoc struct {
	ID      string `json:"id"`
	Title   string `json:"title,omitempty"`
	Done    bool   `json:"done"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

type stepDoc struct {
	At     *time.Time `json:"at"`
	By     *named     `json:"by,omitempty"` // absent: the system itself
	Kind   string     `json:"kind"`
	Note   string     `json:"note,omitempty"`
	Moment float64    `json:"moment,omitempty"` // seconds into the recording
	Until  *time.Time `json:"until,omitempty"`
}

var careCalls = []call{
	{method: "POST", path: "/lessons/:lesson/preapprove", action: people.PreapproveLesson,
		scope: page.Object, status: 200,
		summary: "Stand behind a submitted lesson as its school's head, where the department lets schools",
		out:     lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Preapprove(ctx, by, id)
		})},
	{method: "POST", path: "/lessons/:lesson/confirm", action: people.ReviewLesson, scope: page.Object, status: 200,
		summary: "Let a published lesson be that has changed", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Confirm(ctx, by, id)
		})},
	{method: "POST", path: "/lessons/:lesson/take-down", action: people.TakeDownLesson, scope: page.Object, status: 200,
		summary: "Take the lesson off for everybody at once", in: reasonIn{}, out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in reasonIn) (lesson.Lesson, error) {
			return r.Lessons.TakeDown(ctx, by, id, in.Reason)
		})},
	{method: "POST", path: "/lessons/:lesson/put-back", action: people.PutBackLesson, scope: page.Object, status: 200,
		summary: "End a take-down; the lesson must be submitted and approved again", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.PutBack(ctx, by, id)
		})},
	{method: "PUT", path: "/lessons/:lesson/consent", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Note whether minors are in the recording, and their families agreed", in: consentIn{},
		out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in consentIn) (lesson.Lesson, error) {
			return r.Lessons.NoteConsent(ctx, by, id, lesson.Minors(in.Minors), in.Note)
		})},
	{method: "PUT", path: "/lessons/:lesson/teacher", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Say whose lesson it is", in: teacherIn{}, out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in teacherIn) (lesson.Lesson, error) {
			return r.Lessons.SetTeacher(ctx, by, id, in.Teacher)
		})},
	{method: "GET", path: "/lessons/:lesson/history", action: people.ReadHistory, scope: page.Object, status: 200,
		summary: "Every step of the lesson's life, newest first", out: list[stepDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (list[stepDoc], error) {
			ctx, out := c.Request().Context(), list[stepDoc]{Items: []stepDoc{}}
			steps, err := r.Lessons.History(ctx, by, c.Param("lesson"))
			for _, x := range steps {
				d := stepDoc{At: r.at(x.At), Kind: string(x.Kind), Note: x.Note, Moment: x.Moment, Until: r.at(x.Until)}
				if d.By, err = r.who(ctx, x.By); err != nil {
					return out, err
				}
				out.Items = append(out.Items, d)
			}
			return out, err
		})},
	{method: "POST", path: "/lessons/:lesson/copies", action: people.EditLesson, scope: page.Object, status: 201,
		summary: "Make drafts with the lesson's text and worksheets, one for each week; the recording is asked for again", in: weeksIn{}, out: list[lessonDoc]{},
		prepare: storing(201, prepareCopies,
			func(r *Handler, c echo.Context, made []lesson.Lesson) (list[lessonDoc], error) {
				out := list[lessonDoc]{Items: []lessonDoc{}}
				for _, l := range made {
					d, err := r.lesson(c, l)
					if err != nil {
						return out, err
					}
					out.Items = append(out.Items, d)
				}
				return out, nil
			})},
	{method: "POST", path: "/lessons/bulk", action: people.ListLessons, scope: page.Site, status: 200,
		summary: "Change, submit or bin many lessons, each by itself", in: bulkIn{}, out: list[bulkDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in bulkIn) (list[bulkDoc], error) {
			out := list[bulkDoc]{Items: []bulkDoc{}}
			results, err := r.Lessons.Bulk(c.Request().Context(), by, in.Lessons, lesson.Doing(in.Do),
				lesson.Text{Subject: in.Subject, Grade: in.Grade, Week: in.Week, Language: in.Language})
			for _, x := range results {
				d := bulkDoc{ID: x.ID, Title: x.Title, Done: x.Err == nil}
				if f := fault.As(x.Err); f != nil {
					d.Code, d.Message = f.Code, sentence(c, f.Code, f.Args)
				}
				out.Items = append(out.Items, d)
			}
			return out, err
		})},
}

// who names a person; nil for the system itself, without a name when gone.
func (r *Handler) who(ctx context.Context, id string) (*named, error) {
	if id == "" {
		return nil, nil
	}
	p, err := r.People.Store.Person(ctx, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	return &named{id, p.Name}, nil
}

// care writes what the lesson's keepers know of it. What was noted about the
// people in it is for them, and not for everybody who may watch.
func (r *Handler) care(ctx context.Context, l lesson.Lesson, n lessonNames, d *lessonDoc) {
	d.Uploader = n.person(l.UploaderID)
	d.AfterAiring, d.TakenDownAt = l.AfterAiring, r.at(l.TakenDownAt)
	if l.PreapprovedBy != "" {
		d.Preapproved = &preapprovedDoc{By: *n.person(l.PreapprovedBy), At: r.at(l.PreapprovedAt)}
	}
	if !l.RereviewSince.IsZero() {
		d.LookAgain = &lookAgainDoc{r.at(l.RereviewSince), l.RereviewReasons}
	}
	if l.Status == lesson.Withdrawn {
		d.Withdrawn = &returnedDoc{Reason: l.Reason}
	}
	if l.Consent.Minors != "" && people.May(page.VisitOf(ctx).Person, people.ReadHistory, l.Object()) {
		d.Consent = &consentDoc{string(l.Consent.Minors), l.Consent.Note, n.person(l.Consent.By), r.at(l.Consent.At)}
	}
}

func prepareCopies(
	r *Handler, c echo.Context, by people.Person, in weeksIn, names media.Names,
) (stored[[]lesson.Lesson], error) {
	return r.Lessons.PrepareCopies(c.Request().Context(), by, c.Param("lesson"), in.Weeks, names)
}
