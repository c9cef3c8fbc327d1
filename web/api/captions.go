package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

type captionDoc struct {
	Language  string     `json:"language"`
	Name      string     `json:"name"`
	URL       string     `json:"url,omitempty"` // absent while only offered
	Cues      int        `json:"cues"`
	Bytes     int64      `json:"bytes"`
	Source    string     `json:"source"`
	Offered   bool       `json:"offered,omitempty"`
	UpdatedAt *time.Time `json:"updatedAt"`
}

// trackDoc is captions as a player needs them.
type trackDoc struct {
	Language string `json:"language"`
	Name     string `json:"name"`
	URL      string `json:"url"`
}

// soundDoc is one of several sounds: the lesson in a language.
type soundDoc struct {
	Rung     string `json:"rung"`
	Language string `json:"language"`
	Name     string `json:"name,omitempty"`
	Default  bool   `json:"default,omitempty"`
}

type soundsIn struct {
	Sounds []soundDoc `json:"sounds"`
}

// chapterList is a lesson's chapters; at is in seconds.
type chapterList []chapterDoc

type chapterDoc struct {
	At    float64 `json:"at"`
	Title string  `json:"title"`
}

// languageIn says which language captions found in a recording are in.
type languageIn struct {
	Language string `json:"language"`
}

// captionTypes are the content types that captions are sent as; the text
// itself decides.
var captionTypes = []string{"text/vtt", "application/x-subrip", "text/plain"}

var captionCalls = []call{
	{method: "GET", path: "/lessons/:lesson/captions", action: people.ReadLesson, scope: page.Object, status: 200,
		summary: "A lesson's captions; to those who may change it also what was found inside the recording",
		out:     list[captionDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (list[captionDoc], error) {
			out := list[captionDoc]{Items: []captionDoc{}}
			all, err := r.Captions.List(c.Request().Context(), by, c.Param("lesson"))
			for _, k := range all {
				d, err := r.caption(c, k)
				if err != nil {
					return out, err
				}
				out.Items = append(out.Items, d)
			}
			return out, err
		})},
	{method: "PUT", path: "/lessons/:lesson/captions/:language", action: people.EditLesson,
		scope: page.Object, status: 200,
		summary: "Add or replace captions in a language: WebVTT or SubRip", text: captionTypes, out: captionDoc{},
		handle: func(r *Handler, c echo.Context) error {
			raw, err := body(c, caption.MaxBytes)
			if err != nil {
				return err
			}
			return r.captioned(c)(r.Captions.Put(c.Request().Context(), page.Who(c), c.Param("lesson"),
				c.Param("language"), raw))
		}},
	{method: "POST", path: "/lessons/:lesson/captions/:language/accept", action: people.EditLesson,
		scope: page.Object, status: 200,
		summary: "Show captions found inside the recording, in the language they are really in", in: languageIn{},
		out: captionDoc{},
		handle: func(r *Handler, c echo.Context) error {
			var in languageIn
			if err := read(c, &in); err != nil {
				return err
			}
			if in.Language == "" {
				in.Language = c.Param("language")
			}
			return r.captioned(c)(r.Captions.Accept(c.Request().Context(), page.Who(c), c.Param("lesson"),
				c.Param("language"), in.Language))
		}},
	{method: "DELETE", path: "/lessons/:lesson/captions/:language", action: people.EditLesson,
		scope: page.Object, status: 204,
		summary: "Remove a language's captions",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			return struct{}{}, r.Captions.Delete(c.Request().Context(), by, c.Param("lesson"), c.Param("language"))
		})},
	{method: "PUT", path: "/lessons/:lesson/sounds", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Say which language each of several sound tracks is in", in: soundsIn{}, out: lessonDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in soundsIn) (lessonDoc, error) {
			list := make([]lesson.Sound, len(in.Sounds))
			for i, x := range in.Sounds {
				list[i] = lesson.Sound{Rung: x.Rung, Language: x.Language, Name: x.Name}
			}
			l, err := r.Lessons.NameSounds(c.Request().Context(), by, c.Param("lesson"), list)
			if err != nil {
				return lessonDoc{}, err
			}
			return r.lesson(c, l)
		})},
	{method: "GET", path: "/lessons/:lesson/chapters", action: people.ReadLesson, scope: page.Object, status: 200,
		summary: "A lesson's chapters", out: chapterList{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (chapterList, error) {
			all, err := r.Captions.Chapters(c.Request().Context(), by, c.Param("lesson"))
			return chaptersOf(all), err
		})},
	{method: "PUT", path: "/lessons/:lesson/chapters", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Replace a lesson's chapters", in: chapterList{}, out: chapterList{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			in chapterList) (chapterList, error) {
			all := make([]caption.Chapter, len(in))
			for i, x := range in {
				at := time.Duration(-1)
				if x.At >= 0 && x.At <= caption.Longest.Seconds() {
					at = time.Duration(math.Round(x.At*1000)) * time.Millisecond
				}
				all[i] = caption.Chapter{At: at, Title: x.Title}
			}
			all, err := r.Captions.PutChapters(c.Request().Context(), by, c.Param("lesson"), all)
			return chaptersOf(all), err
		})},
}

func chaptersOf(all []caption.Chapter) chapterList {
	out := make(chapterList, len(all))
	for i, x := range all {
		out[i] = chapterDoc{x.At.Seconds(), x.Title}
	}
	return out
}

// captioned answers with what was stored.
func (r *Handler) captioned(c echo.Context) func(caption.Caption, error) error {
	return func(k caption.Caption, err error) error {
		if err != nil {
			return err
		}
		d, err := r.caption(c, k)
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.JSON(http.StatusOK, d)
	}
}

func (r *Handler) caption(c echo.Context, k caption.Caption) (captionDoc, error) {
	ctx := c.Request().Context()
	d := captionDoc{Language: k.Language, Name: locale.From(ctx).Language(k.Language), Cues: k.Cues, Bytes: k.Size,
		Source:  string(k.Source),
		Offered: k.Offered, UpdatedAt: r.at(k.UpdatedAt)}
	l, err := r.Lessons.Store.Lesson(ctx, k.LessonID)
	if err != nil {
		return d, err
	}
	tracks, err := r.TracksOf(ctx, base(c), l)
	for _, t := range tracks[l.ID].Captions {
		if t.Language == k.Language && !k.Offered {
			d.URL = t.Address
		}
	}
	return d, err
}

// tracks writes what is written along with a lesson into its playback.
func (r *Handler) tracks(ctx context.Context, l lesson.Lesson, tracks page.Tracks, p *playbackDoc) {
	for _, t := range tracks.Captions {
		p.Captions = append(p.Captions, trackDoc{t.Language, locale.From(ctx).Language(t.Language), t.Address})
	}
	p.Chapters = tracks.ChaptersAddress
	for i, s := range l.Media.Sounds {
		p.Sounds = append(p.Sounds, soundDoc{s.Rung, s.Language, s.Name, i == 0})
	}
}

// Captions is what the API needs of captions and chapters (caption.Service).
type Captions interface {
	List(ctx context.Context, by people.Person, lessonID string) ([]caption.Caption, error)
	Put(ctx context.Context, by people.Person, lessonID, language string, data []byte) (caption.Caption, error)
	Accept(ctx context.Context, by people.Person, lessonID, offered, language string) (caption.Caption, error)
	Delete(ctx context.Context, by people.Person, lessonID, language string) error
	Chapters(ctx context.Context, by people.Person, lessonID string) ([]caption.Chapter, error)
	PutChapters(ctx context.Context, by people.Person, lessonID string,
		list []caption.Chapter) ([]caption.Chapter, error)
}
