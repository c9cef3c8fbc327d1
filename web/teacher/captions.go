package teacher

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Captions is what the desk needs of captions and chapters (caption.Service).
type Captions interface {
	List(ctx context.Context, by people.Person, lessonID string) ([]caption.Caption, error)
	Cues(ctx context.Context, by people.Person, lessonID, language string) ([]caption.Cue, error)
	Put(ctx context.Context, by people.Person, lessonID, language string, data []byte) (caption.Caption, error)
	Edit(ctx context.Context, by people.Person, lessonID, language string, rows []caption.Row) (caption.Caption, error)
	Accept(ctx context.Context, by people.Person, lessonID, offered, language string) (caption.Caption, error)
	Delete(ctx context.Context, by people.Person, lessonID, language string) error
	Chapters(ctx context.Context, by people.Person, lessonID string) ([]caption.Chapter, error)
	PutChapters(ctx context.Context, by people.Person, lessonID string,
		list []caption.Chapter) ([]caption.Chapter, error)
}

// maxEditor is the largest form that an editor sends, in bytes: every caption
// there may be, each letter escaped.
const maxEditor = 9 << 20

// moreRows is how many empty rows an editor offers below those that are filled.
const moreRows = 5

// texts is the page of a lesson's captions.
type texts struct {
	Lesson    lesson.Lesson
	Captions  []caption.Caption
	Addresses map[string]string // by language
	Upload    page.Form
	Offer     page.Form // accepting; Values["offered"] names the one
	Done      string
}

// addressOf is where a language's captions can be had; "" while only offered.
func (t texts) addressOf(language string) string { return t.Addresses[language] }

// editor is a page of rows beside the player.
type editor struct {
	Lesson   lesson.Lesson
	Player   page.Player
	Language string // of captions; "" for chapters
	Rows     []caption.Row
	Form     page.Form
	Shown    string // what the rows were when the page was opened
	Done     string
}

// alongRoutes are those of captions and chapters, below a lesson's own.
func (r Handler) alongRoutes(one string) []page.Route {
	route := func(method, path string, h func(echo.Context) error, body int64) page.Route {
		return page.Route{Method: method, Path: one + path, Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(h), Body: body}
	}
	return []page.Route{
		route(http.MethodGet, "/captions", r.texts, 0),
		route(http.MethodPost, "/captions", r.uploadCaptions, caption.MaxBytes+page.FormBytes),
		route(http.MethodGet, "/captions/:language", r.editCaptions, 0),
		route(http.MethodPost, "/captions/:language", r.saveCaptions, maxEditor),
		route(http.MethodPost, "/captions/:language/accept", r.acceptCaptions, 0),
		route(http.MethodPost, "/captions/:language/remove", r.removeCaptions, 0),
		route(http.MethodPost, "/sounds", r.nameSounds, 0),
		route(http.MethodGet, "/chapters", r.editChapters, 0),
		route(http.MethodPost, "/chapters", r.saveChapters, 0),
	}
}

// mine reads the lesson in the address for somebody who may change it.
func (r Handler) mine(c echo.Context) (lesson.Lesson, error) {
	l, err := r.Lessons.Read(c.Request().Context(), page.Who(c), c.Param("lesson"))
	if err != nil {
		return l, err
	}
	return l, may(c, people.EditLesson, l.Object())
}

func (r Handler) texts(c echo.Context) error {
	return r.showTexts(c, http.StatusOK, texts{Done: page.DoneOf(c)})
}

func (r Handler) showTexts(c echo.Context, status int, t texts) error {
	ctx := c.Request().Context()
	var err error
	if t.Lesson, err = r.mine(c); err != nil {
		return err
	}
	if t.Captions, err = r.Captions.List(ctx, page.Who(c), t.Lesson.ID); err != nil {
		return err
	}
	tracks, err := r.Streams.Tracks(ctx, "", t.Lesson)
	if err != nil {
		return err
	}
	t.Addresses = map[string]string{}
	for _, x := range tracks.Captions {
		t.Addresses[x.Language] = x.Address
	}
	return page.Render(c, status, textsPage(t))
}

// uploadCaptions takes a file, or what was pasted.
func (r Handler) uploadCaptions(c echo.Context) error {
	_, data, err := page.File(c, "file", caption.MaxBytes)
	f := page.FormOf(c, "language", "text")
	if pasted := f.Values["text"]; err != nil && fault.KindOf(err) == fault.Invalid && strings.TrimSpace(pasted) != "" {
		data, err = []byte(pasted), nil
	}
	if err == nil {
		_, err = r.Captions.Put(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["language"], data)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Conflict:
		f.Err = err
		return r.showTexts(c, page.Status(err), texts{Upload: f})
	}
	if err != nil {
		return err
	}
	return r.toTexts(c, "captions_saved")
}

// nameSounds takes what each of several sounds is said to be.
func (r Handler) nameSounds(c echo.Context) error {
	l, err := r.mine(c)
	if err != nil {
		return err
	}
	var names []string
	for _, s := range l.Media.Sounds {
		names = append(names, "language-"+s.Rung, "name-"+s.Rung)
	}
	f, err := page.SaveMerged(c.Request().Context(), r.Lessons.Atomic, page.FormOf(c, names...),
		r.locked(l.ID, storedSounds), func(ctx context.Context, f page.Form) error {
			var list []lesson.Sound
			for _, s := range l.Media.Sounds {
				s.Language, s.Name = f.Values["language-"+s.Rung], f.Values["name-"+s.Rung]
				list = append(list, s)
			}
			_, err := r.Lessons.NameSounds(ctx, page.Who(c), l.ID, list)
			return err
		})
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		return r.show(c, page.Status(err), desk{Sounds: f})
	}
	return r.back(c, "sounds_named", err)
}

// storedSounds is what a lesson's sounds are said to be, as the form has it.
func storedSounds(ctx context.Context, l lesson.Lesson) (out []page.Stored) {
	for _, s := range l.Media.Sounds {
		out = append(out, page.NowAs("language-"+s.Rung, s.Language, locale.From(ctx).Language(s.Language)),
			page.Now("name-"+s.Rung, s.Name))
	}
	return out
}

func (r Handler) acceptCaptions(c echo.Context) error {
	f := page.FormOf(c, "language")
	_, err := r.Captions.Accept(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("language"),
		f.Values["language"])
	if fault.KindOf(err) == fault.Invalid {
		f.Err, f.Values["offered"] = err, c.Param("language")
		return r.showTexts(c, page.Status(err), texts{Offer: f})
	}
	if err != nil {
		return err
	}
	return r.toTexts(c, "captions_saved")
}

func (r Handler) removeCaptions(c echo.Context) error {
	err := r.Captions.Delete(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("language"))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err != nil {
		if _, gone := r.mine(c); gone != nil {
			return gone
		}
	}
	return r.toTexts(c, "captions_removed")
}

func (r Handler) toTexts(c echo.Context, done string) error {
	return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+c.Param("lesson")+"/captions?done="+done)
}

func (r Handler) editCaptions(c echo.Context) error {
	e := editor{Language: c.Param("language"), Done: page.DoneOf(c)}
	var err error
	if e.Rows, err = r.captionRows(c); err != nil {
		return err
	}
	if _, ok := lesson.Language(e.Language); !ok {
		return fault.New(fault.NotFound, "page.not_found")
	}
	e.Shown = page.ShownIn(storedRows(e.Rows))
	return r.showEditor(c, http.StatusOK, e)
}

// captionRows are the stored captions of the language in the address.
func (r Handler) captionRows(c echo.Context) (rows []caption.Row, err error) {
	cues, err := r.Captions.Cues(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("language"))
	if err != nil && !fault.Is(err, "caption.not_found") {
		return nil, err
	}
	for _, x := range cues {
		rows = append(rows, caption.Row{From: caption.Clock(x.From), To: caption.Clock(x.To),
			Text: caption.Typed(x.Text)})
	}
	return rows, nil
}

// showEditor shows rows as they are, and some empty ones.
func (r Handler) showEditor(c echo.Context, status int, e editor) error {
	var err error
	if e.Lesson, err = r.mine(c); err != nil {
		return err
	}
	if e.Player, err = page.PlayerOf(c.Request().Context(), r.Streams, e.Lesson, r.Now()); err != nil {
		return err
	}
	for range moreRows {
		e.Rows = append(e.Rows, caption.Row{})
	}
	if e.Language == "" {
		return page.Render(c, status, chaptersPage(e))
	}
	return page.Render(c, status, captionsPage(e))
}

// rowsOf reads the rows that were typed: "from-0", "to-0", "text-0" and on.
func rowsOf(c echo.Context) []caption.Row {
	var list []caption.Row
	for i := 0; i <= caption.MaxCues; i++ {
		n := strconv.Itoa(i)
		text, typed := c.Request().Form["text-"+n]
		if !typed {
			break
		}
		list = append(list, caption.Row{From: c.FormValue("from-" + n), To: c.FormValue("to-" + n), Text: text[0]})
	}
	return list
}

// form reads what was typed; too much of it is told.
func typed(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return fault.Wrap(err, fault.TooLarge, "request.too_large")
	}
	return nil
}

func (r Handler) saveCaptions(c echo.Context) error {
	if err := typed(c); err != nil {
		return err
	}
	e := editor{Language: c.Param("language"), Rows: rowsOf(c), Shown: page.FormOf(c).Shown()}
	if c.FormValue("more") != "" {
		return r.showEditor(c, http.StatusOK, e)
	}
	if _, err := r.mine(c); err != nil { // before what is stored is shown
		return err
	}
	stored, err := r.captionRows(c)
	if err != nil {
		return err
	}
	unchanged, err := mergedRows(c, &e, stored)
	if err == nil && !unchanged {
		_, err = r.Captions.Edit(c.Request().Context(), page.Who(c), c.Param("lesson"), e.Language, e.Rows)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		e.Form.Err = err
		return r.showEditor(c, page.Status(err), e)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther,
		fmt.Sprintf("/teacher/lessons/%s/captions/%s?done=captions_saved", c.Param("lesson"), e.Language))
}

func (r Handler) editChapters(c echo.Context) error {
	e := editor{Done: page.DoneOf(c)}
	var err error
	if e.Rows, err = r.chapterRows(c); err != nil {
		return err
	}
	e.Shown = page.ShownIn(storedRows(e.Rows))
	return r.showEditor(c, http.StatusOK, e)
}

// chapterRows are the stored chapters of the lesson in the address.
func (r Handler) chapterRows(c echo.Context) (rows []caption.Row, err error) {
	list, err := r.Captions.Chapters(c.Request().Context(), page.Who(c), c.Param("lesson"))
	for _, x := range list {
		rows = append(rows, caption.Row{From: caption.Clock(x.At), Text: x.Title})
	}
	return rows, err
}

func (r Handler) saveChapters(c echo.Context) error {
	if err := typed(c); err != nil {
		return err
	}
	e := editor{Rows: rowsOf(c), Shown: page.FormOf(c).Shown()}
	if c.FormValue("more") != "" {
		return r.showEditor(c, http.StatusOK, e)
	}
	if _, err := r.mine(c); err != nil { // before what is stored is shown
		return err
	}
	stored, err := r.chapterRows(c)
	if err != nil {
		return err
	}
	unchanged, err := mergedRows(c, &e, stored)
	if page.Changed(err) {
		return r.showEditor(c, page.Status(err), e)
	}
	if err != nil {
		return err
	}
	var list []caption.Chapter
	var at []int // rows of the list
	for i, x := range e.Rows {
		if strings.TrimSpace(x.From+x.Text) == "" {
			continue
		}
		t, ok := caption.ParseClock(x.From)
		if !ok {
			t = -time.Second
		}
		list, at = append(list, caption.Chapter{At: t, Title: x.Text}), append(at, i)
	}
	if !unchanged {
		_, err = r.Captions.PutChapters(c.Request().Context(), page.Who(c), c.Param("lesson"), list)
	}
	if fault.KindOf(err) == fault.Invalid {
		e.Form.Err = rowed(err, at)
		return r.showEditor(c, page.Status(err), e)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+c.Param("lesson")+"/chapters?done=chapters_saved")
}

// rowed names the rows of the page instead of those of the list.
func rowed(err error, at []int) error {
	f := fault.As(err)
	fields := make([]fault.Field, len(f.Fields))
	for i, x := range f.Fields {
		if n, bad := strconv.Atoi(strings.TrimPrefix(x.Name, "chapter-")); bad == nil && n < len(at) {
			x.Name = "row-" + strconv.Itoa(at[n])
		}
		fields[i] = x
	}
	return fault.Form(f.Code, fields...)
}

// captionLanguages are the languages offered for captions; the field takes
// any BCP 47 tag.
var captionLanguages = []string{"vi", "tai", "hmn", "en", "blt", "twh", "tyz", "nut", "kjg", "hni", "ium", "lo"}
