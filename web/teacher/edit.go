package teacher

import (
	"context"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// fields of a lesson's text, by the names of the API.
var fields = []string{"title", "description", "subject", "grade", "week", "language"}

// languages that lessons are recorded in here; the field takes any BCP 47 tag.
var languages = []string{"vi", "en", "tai", "hmn"}

// desk is a lesson's page as its teacher sees it.
type desk struct {
	Lesson    lesson.Lesson
	Subjects  []school.Subject
	Recording lesson.Recording // newest; zero: none
	Upload    upload.Upload    // open one of this person; zero: none
	Text      page.Form
	Sounds    page.Form // what each of several sounds is
	Step      page.Form // submit, retry, bin, ...
	Done      string
	MaxUpload int64
	Now       time.Time
	Withdraw  bool // the person may take it off the web
	Edit      bool // the person may change it
	PutBack   bool // the person may end a take-down
	Sheets    []worksheet.Worksheet
	Past      []page.PastStep
	Teacher   people.Person
	Uploader  people.Person // zero: the teacher
	Sheet     page.Form     // adding a worksheet
	Consent   page.Form
	Down      page.Form // taking it down
	Owner     page.Form // saying whose it is
	Found     []people.Person
	Copies    page.Form
}

// live are the parts of the page that follow the pipeline; progress.ts fetches
// the page again when one of these facts changes.
func (d desk) live() string {
	m := d.Lesson.Media
	return string(d.Lesson.Status) + " " + string(m.State) + " " + strconv.FormatBool(m.Playable) + " " + m.PackageID
}

func (r Handler) blank(c echo.Context) error {
	return r.showBlank(c, http.StatusOK, page.Form{})
}

func (r Handler) showBlank(c echo.Context, status int, f page.Form, found ...people.Person) error {
	subjects, err := r.Schools.Subjects(c.Request().Context())
	if err != nil {
		return err
	}
	schools, err := r.schoolsOf(c.Request().Context(), found)
	if err != nil {
		return err
	}
	return page.Render(c, status, blank(f, subjects, found, schools, page.Who(c).Is(people.Teacher)))
}

func (r Handler) draft(c echo.Context) error {
	f := page.FormOf(c, append([]string{"teacher", "who"}, fields...)...)
	teacher, found, err := r.chosen(c, f)
	if len(found) > 0 {
		f.Err = fault.Form("lesson.invalid", fault.Wrong("teacher", "lesson.choose_teacher"))
		return r.showBlank(c, page.Status(f.Err), f, found...)
	}
	var l lesson.Lesson
	if err == nil {
		l, err = r.Lessons.Draft(c.Request().Context(), page.Who(c), teacher, text(f))
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showBlank(c, page.Status(err), f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+l.ID+"?done=drafted")
}

func (r Handler) edit(c echo.Context) error {
	return r.show(c, http.StatusOK, desk{Done: page.DoneOf(c)})
}

// show renders the page of the lesson in the address with what the handler
// already knows in d.
func (r Handler) show(c echo.Context, status int, d desk) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if d.Lesson, err = r.Lessons.Read(ctx, by, c.Param("lesson")); err != nil {
		return err
	}
	if err := may(c, people.EditLesson, d.Lesson.Object()); err != nil {
		return err
	}
	d.Edit, d.Withdraw = true, people.May(by, people.WithdrawLesson, d.Lesson.Object())
	d.PutBack = people.May(by, people.PutBackLesson, d.Lesson.Object())
	if d.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	if err := r.care(c, &d); err != nil {
		return err
	}
	if id := d.Lesson.Media.RecordingID; id != "" {
		d.Recording, err = r.Lessons.Store.Recording(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if d.Lesson.DeletedAt.IsZero() {
		u, open, err := r.Uploads.Current(ctx, by, d.Lesson.ID)
		if err != nil {
			return err
		}
		if open {
			d.Upload = u
		}
	}
	d.MaxUpload, d.Now = r.MaxUpload, r.Now()
	if d.MaxUpload == 0 {
		d.MaxUpload = upload.DefaultMaxSize
	}
	return page.Render(c, status, edit(d))
}

func (r Handler) save(c echo.Context) error {
	ctx, by, id := c.Request().Context(), page.Who(c), c.Param("lesson")
	if _, err := r.mine(c); err != nil { // before what is stored is shown
		return err
	}
	subjects, err := r.Schools.Subjects(ctx)
	if err != nil {
		return err
	}
	f, err := page.SaveMerged(ctx, r.Lessons.Atomic, page.FormOf(c, fields...), r.locked(id,
		func(ctx context.Context, l lesson.Lesson) []page.Stored { return storedText(ctx, l, subjects) }),
		func(ctx context.Context, f page.Form) error {
			_, err := r.Lessons.Edit(ctx, by, id, text(f))
			return err
		})
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		return r.show(c, page.Status(err), desk{Text: f})
	}
	return r.back(c, "saved", err)
}

// locked reads what a form of the lesson shows while nobody else can change it.
func (r Handler) locked(id string, of func(context.Context, lesson.Lesson) []page.Stored) func(context.Context) (
	[]page.Stored, error) {
	return func(ctx context.Context) ([]page.Stored, error) {
		l, err := r.Lessons.Store.Lock(ctx, id)
		if err != nil {
			return nil, err
		}
		return of(ctx, l), nil
	}
}

// storedText is a lesson's text as its form has it.
func storedText(ctx context.Context, l lesson.Lesson, subjects []school.Subject) []page.Stored {
	return []page.Stored{
		page.Now("title", l.Title),
		page.NowAs("grade", started(l.Grade), page.NumberLabel(ctx, l.Grade, "grade.name")),
		page.NowAs("subject", l.Subject, page.Subject(ctx, subjects, l.Subject)),
		page.NowAs("week", started(l.Week), page.NumberLabel(ctx, l.Week, "week.name")),
		page.NowAs("language", l.Language, language(ctx, l.Language)),
		page.Now("description", l.Description),
	}
}

// step makes the handler of a button that needs nothing typed.
func (r Handler) step(done string,
	do func(context.Context, people.Person, string) (lesson.Lesson, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		_, err := do(c.Request().Context(), page.Who(c), c.Param("lesson"))
		return r.back(c, done, err)
	}
}

func (r Handler) withdraw(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Lessons.Withdraw(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"])
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.show(c, page.Status(err), desk{Step: f})
	}
	return r.back(c, "withdrawn", err)
}

// back shows the lesson again: after success by a redirect, after a refusal
// with the reason in words.
func (r Handler) back(c echo.Context, done string, err error) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Gone:
		if !r.mayEdit(c) {
			return err
		}
		return r.show(c, page.Status(err), desk{Step: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	if b := page.LocalPath(c.FormValue("back")); b != "/" {
		return c.Redirect(http.StatusSeeOther, b+"?done="+done)
	}
	return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+c.Param("lesson")+"?done="+done)
}

// text turns what was typed into what the lesson takes.
func text(f page.Form) lesson.Text {
	title, description, subject, language := f.Values["title"], f.Values["description"], f.Values["subject"],
		f.Values["language"]
	grade, week := number(f.Values["grade"]), number(f.Values["week"])
	return lesson.Text{Title: &title, Description: &description, Subject: &subject, Language: &language,
		Grade: &grade, Week: &week}
}

// started is what a form shows of a number before anything was typed.
func started(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// fraction is the value of a progress bar, 0 to 1.
func fraction(f float64) string { return strconv.FormatFloat(f, 'f', 4, 64) }

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
