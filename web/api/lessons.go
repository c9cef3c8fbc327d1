package api

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/page"
)

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type mediaDoc struct {
	State     string  `json:"state"`
	Stage     string  `json:"stage,omitempty"`
	Fraction  float64 `json:"fraction"`
	Playable  bool    `json:"playable"`
	PackageID string  `json:"packageId,omitempty"`
	Warning   string  `json:"warning,omitempty"`
	// Left is the estimate of what the recording still takes; absent: unknown.
	Left *float64 `json:"secondsLeft,omitempty"`
}

type failureDoc struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type renditionDoc struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Width     int    `json:"width,omitempty"`
	Height    int    `json:"height,omitempty"`
	Bandwidth int    `json:"bandwidth"`
	Bytes     int64  `json:"bytes"`
	URL       string `json:"url,omitempty"` // of what is one file
}

type playbackDoc struct {
	HLS        string           `json:"hls"`
	Poster     string           `json:"poster,omitempty"`
	Storyboard string           `json:"storyboard,omitempty"`
	Captions   []trackDoc       `json:"captions"`
	Sounds     []soundDoc       `json:"sounds,omitempty"`
	Chapters   string           `json:"chapters,omitempty"`
	BytesByRun map[string]int64 `json:"bytesByRung"`
}

type returnedDoc struct {
	Reason string  `json:"reason"`
	At     float64 `json:"at,omitempty"`
}

type lessonDoc struct {
	ID              string          `json:"id"`
	Title           string          `json:"title"`
	Description     string          `json:"description"`
	Subject         string          `json:"subject"`
	Grade           int             `json:"grade"`
	Week            int             `json:"week,omitempty"`
	Language        string          `json:"language"`
	Teacher         named           `json:"teacher"`
	Uploader        *named          `json:"uploader,omitempty"` // who recorded it for the teacher
	School          *named          `json:"school,omitempty"`
	Status          string          `json:"status"`
	Media           mediaDoc        `json:"media"`
	Failure         *failureDoc     `json:"failure,omitempty"`
	Returned        *returnedDoc    `json:"returned,omitempty"`
	DurationSeconds float64         `json:"durationSeconds,omitempty"`
	AfterAiring     bool            `json:"afterAiring,omitempty"` // approved: published once its airing has happened
	Preapproved     *preapprovedDoc `json:"preapproved,omitempty"`
	LookAgain       *lookAgainDoc   `json:"lookAgain,omitempty"`
	Consent         *consentDoc     `json:"consent,omitempty"`
	TakenDownAt     *time.Time      `json:"takenDownAt,omitempty"`
	Withdrawn       *returnedDoc    `json:"withdrawn,omitempty"`
	Renditions      []renditionDoc  `json:"renditions"`
	Playback        *playbackDoc    `json:"playback,omitempty"`
	CreatedAt       *time.Time      `json:"createdAt"`
	SubmittedAt     *time.Time      `json:"submittedAt,omitempty"`
	PublishAt       *time.Time      `json:"publishAt,omitempty"`
	PublishedAt     *time.Time      `json:"publishedAt,omitempty"`
	DeletedAt       *time.Time      `json:"deletedAt,omitempty"`
}

type lessonIn struct {
	Title       *string `json:"title,omitempty"`
	Description *string `json:"description,omitempty"`
	Subject     *string `json:"subject,omitempty"`
	Grade       *int    `json:"grade,omitempty"`
	Week        *int    `json:"week,omitempty"`
	Language    *string `json:"language,omitempty"`
	// Teacher is a username: whose lesson it is, when a colleague, the station
	// or an administrator makes it.
	Teacher string `json:"teacher,omitempty"`
}

func (in lessonIn) text() lesson.Text {
	return lesson.Text{Title: in.Title, Description: in.Description, Subject: in.Subject, Grade: in.Grade,
		Week: in.Week, Language: in.Language}
}

type reasonIn struct {
	Reason string  `json:"reason"`
	At     float64 `json:"at,omitempty"`
}

type approveIn struct {
	PublishAt   time.Time `json:"publishAt,omitzero"`
	AfterAiring bool      `json:"afterAiring,omitempty"` // instead of a time: once an airing of it has happened
}

// step makes a handler for a change that only needs the lesson's id.
func step[I any](fn func(r *Handler, ctx context.Context, by people.Person, id string,
	in I) (lesson.Lesson, error)) func(*Handler, echo.Context) error {
	return jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in I) (lessonDoc, error) {
		l, err := fn(r, c.Request().Context(), by, c.Param("lesson"), in)
		if err != nil {
			return lessonDoc{}, err
		}
		return r.lesson(c, l)
	})
}

var lessonCalls = []call{
	{method: "POST", path: "/lessons", action: people.CreateLesson, scope: page.Site, status: 201,
		summary: "Draft a lesson", in: lessonIn{}, out: lessonDoc{},
		location: true, prepare: repeatable(201,
			func(r *Handler, c echo.Context, by people.Person, in lessonIn) (lessonDoc, error) {
				l, err := r.Lessons.Draft(c.Request().Context(), by, in.Teacher, in.text())
				if err != nil {
					return lessonDoc{}, err
				}
				c.Response().Header().Set("Location", Base+"/lessons/"+l.ID)
				return r.lesson(c, l)
			})},
	{method: "GET", path: "/lessons", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "List the lessons the caller may see, newest first", out: list[lessonDoc]{},
		query: []string{"status", "subject", "grade", "week", "teacher", "school", "deleted", "preapproved",
			"lookAgain", "limit", "cursor"},
		handle: jsonHandler(200, listLessons)},
	{method: "GET", path: "/lessons/:lesson", action: people.ReadLesson, scope: page.Object, status: 200,
		summary: "One lesson", out: lessonDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (lessonDoc, error) {
			l, err := r.Lessons.Read(c.Request().Context(), by, c.Param("lesson"))
			if err != nil {
				return lessonDoc{}, err
			}
			tagged(c, page.TextVersion(l))
			return r.lesson(c, l)
		})},
	{method: "PATCH", path: "/lessons/:lesson", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Change title, description, subject, grade, week, language; with If-Match 412 if they have changed",
		in:      lessonIn{}, out: lessonDoc{}, versioned: true,
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in lessonIn) (lessonDoc, error) {
			var l lesson.Lesson
			err := r.Atomic.Atomically(c.Request().Context(), func(ctx context.Context) error {
				before, err := r.Lessons.Store.Lock(ctx, c.Param("lesson"))
				if err != nil {
					return err
				}
				if l, err = r.Lessons.Edit(ctx, by, before.ID, in.text()); err != nil {
					return err
				}
				return unchanged(c, page.TextVersion(before)) // after the permission was checked
			})
			if err != nil {
				return lessonDoc{}, err
			}
			tagged(c, page.TextVersion(l))
			return r.lesson(c, l)
		})},
	{method: "POST", path: "/lessons/:lesson/submit", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Hand the lesson to the reviewers", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Submit(ctx, by, id)
		})},
	{method: "POST", path: "/lessons/:lesson/return", action: people.ReviewLesson, scope: page.Object, status: 200,
		summary: "Give the lesson back with a reason, at a time in the recording", in: reasonIn{}, out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in reasonIn) (lesson.Lesson, error) {
			return r.Lessons.Return(ctx, by, id, in.Reason, in.At)
		})},
	{method: "POST", path: "/lessons/:lesson/approve", action: people.ReviewLesson, scope: page.Object, status: 200,
		summary: "Publish the lesson at once, at a time, or after its airing", in: approveIn{}, out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in approveIn) (lesson.Lesson, error) {
			if in.AfterAiring {
				return r.Lessons.ApproveAfterAiring(ctx, by, id)
			}
			return r.Lessons.Approve(ctx, by, id, in.PublishAt)
		})},
	{method: "POST", path: "/lessons/:lesson/withdraw", action: people.WithdrawLesson, scope: page.Object, status: 200,
		summary: "Take the lesson off the web", in: reasonIn{}, out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			in reasonIn) (lesson.Lesson, error) {
			return r.Lessons.Withdraw(ctx, by, id, in.Reason)
		})},
	{method: "POST", path: "/lessons/:lesson/retry", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Run a failed recording through the pipeline again", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Retry(ctx, by, id)
		})},
	{method: "POST", path: "/lessons/:lesson/restore", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Take the lesson out of the bin", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Restore(ctx, by, id)
		})},
	{method: "DELETE", path: "/lessons/:lesson", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Put the lesson into the bin for 30 days", out: lessonDoc{},
		handle: step(func(r *Handler, ctx context.Context, by people.Person, id string,
			_ struct{}) (lesson.Lesson, error) {
			return r.Lessons.Bin(ctx, by, id)
		})},
	{method: "GET", path: "/lessons/:lesson/events", action: people.ReadLesson, scope: page.Object, status: 200,
		summary: "Server-sent events: status, progress", handle: (*Handler).events},
}

func listLessons(r *Handler, c echo.Context, by people.Person, _ struct{}) (out list[lessonDoc], err error) {
	limit, cursor, err := paging(c)
	if err != nil {
		return out, err
	}
	f := lesson.Filter{Subject: c.QueryParam("subject"), Teacher: c.QueryParam("teacher"),
		School:  c.QueryParam("school"),
		Deleted: c.QueryParam("deleted") == "true", Preapproved: c.QueryParam("preapproved") == "true",
		Again: c.QueryParam("lookAgain") == "true",
		After: cursor, Limit: limit}
	if f.Grade, err = intParam(c, "grade", 0); err != nil {
		return out, err
	}
	if f.Week, err = intParam(c, "week", 0); err != nil {
		return out, err
	}
	if s := lesson.Status(c.QueryParam("status")); s != "" {
		switch s {
		case lesson.Draft, lesson.Submitted, lesson.Returned, lesson.Published, lesson.Withdrawn:
			f.Status = []lesson.Status{s}
		default:
			return out, wrongParam("status")
		}
	}
	ls, next, err := r.Lessons.List(c.Request().Context(), by, f)
	if err != nil {
		return out, err
	}
	out = list[lessonDoc]{Items: make([]lessonDoc, 0, len(ls)), Next: next}
	n, err := r.namesFor(c, ls...)
	if err != nil {
		return out, err
	}
	for _, l := range ls {
		out.Items = append(out.Items, r.lessonDoc(c, l, n))
	}
	return out, nil
}

// lesson writes a lesson for the caller.
func (r *Handler) lesson(c echo.Context, l lesson.Lesson) (lessonDoc, error) {
	n, err := r.namesFor(c, l)
	if err != nil {
		return lessonDoc{}, err
	}
	return r.lessonDoc(c, l, n), nil
}

func (r *Handler) lessonDoc(c echo.Context, l lesson.Lesson, n lessonNames) lessonDoc {
	ctx := c.Request().Context()
	d := lessonDoc{
		ID: l.ID, Title: l.Title, Description: l.Description, Subject: l.Subject, Grade: l.Grade, Week: l.Week,
		Language: l.Language,
		Teacher:  named{ID: l.TeacherID}, Status: string(l.Status), Media: r.media(ctx, l),
		DurationSeconds: l.Media.Duration,
		Renditions:      []renditionDoc{}, CreatedAt: r.at(l.CreatedAt), SubmittedAt: r.at(l.SubmittedAt),
		PublishAt:   r.at(l.PublishAt),
		PublishedAt: r.at(l.PublishedAt), DeletedAt: r.at(l.DeletedAt),
	}
	d.Teacher.Name = n.persons[l.TeacherID]
	r.care(ctx, l, n, &d)
	if name, ok := n.schools[l.SchoolID]; ok {
		d.School = &named{l.SchoolID, name}
	}
	if l.Media.State == lesson.Failed {
		d.Failure = &failureDoc{l.Media.FailureCode, sentence(c, l.Media.FailureCode, l.Media.FailureArgs)}
	}
	if l.Status == lesson.Returned {
		d.Returned = &returnedDoc{l.ReturnNote, l.ReturnAt}
	}
	r.play(c, l, n.tracks[l.ID], &d)
	return d
}

// play writes what the lesson was encoded to, and to those who may watch it
// where that is.
func (r *Handler) play(c echo.Context, l lesson.Lesson, t page.Tracks, d *lessonDoc) {
	may := mayPlay(c, l)
	bytes := map[string]int64{}
	for _, x := range l.Renditions {
		if x.Kind == lesson.KindStoryboard {
			continue
		}
		doc := renditionDoc{x.Name, x.Kind, x.Width, x.Height, x.Bandwidth, x.Bytes, ""}
		if may && x.Kind == lesson.KindFile {
			doc.URL = r.File(c.Request().Context(), base(c), l, x.Name)
		}
		d.Renditions = append(d.Renditions, doc)
		bytes[x.Name] = x.Bytes
	}
	if may {
		hls, poster := r.Playback(c.Request().Context(), base(c), l)
		d.Playback = &playbackDoc{HLS: hls, Poster: poster, Storyboard: r.File(c.Request().Context(), base(c),
			l, lesson.KindStoryboard), BytesByRun: bytes, Captions: []trackDoc{}}
		r.tracks(c.Request().Context(), l, t, d.Playback)
	}
}

// mayPlay reports whether the lesson plays for the caller.
func mayPlay(c echo.Context, l lesson.Lesson) bool {
	return l.Media.Playable && people.May(page.Who(c), people.WatchLesson, l.Object())
}

func (r *Handler) media(ctx context.Context, l lesson.Lesson) mediaDoc {
	d := mediaDoc{State: string(l.Media.State), Stage: l.Media.Stage, Fraction: l.Media.Fraction,
		Playable: l.Media.Playable, PackageID: l.Media.PackageID, Warning: l.Media.WarningCode}
	if l.Media.State == lesson.Processing && r.SecondsLeft != nil {
		if s := r.SecondsLeft(ctx, l); s >= 0 {
			d.Left = &s
		}
	}
	return d
}
