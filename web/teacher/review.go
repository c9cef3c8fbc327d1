package teacher

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// careRoutes are those of a lesson's worksheets, consent, owner and copies, of
// many lessons at once, and of the school's head.
func (r Handler) careRoutes(one string) []page.Route {
	edit := func(path string, h func(echo.Context) error, body int64) page.Route {
		return page.Route{Method: http.MethodPost, Path: one + path, Action: people.EditLesson, Scope: page.Object,
			Handle: page.SignedIn(h), Body: body}
	}
	return []page.Route{
		edit("/worksheets", r.addSheet, worksheet.MaxBytes+page.FormBytes),
		edit("/worksheets/:worksheet/remove", r.removeSheet, 0),
		edit("/consent", r.consent, 0),
		edit("/teacher", r.owner, 0),
		edit("/copies", r.copies, 0),
		{Method: http.MethodPost, Path: one + "/take-down", Action: people.TakeDownLesson, Scope: page.Object,
			Handle: page.SignedIn(r.takeDown)},
		{Method: http.MethodPost, Path: one + "/put-back", Action: people.PutBackLesson, Scope: page.Object,
			Handle: page.SignedIn(r.step("put_back", r.Lessons.PutBack))},
		{Method: http.MethodPost, Path: "/teacher/lessons/bulk", Action: people.ListLessons, Scope: page.Site,
			Handle: r.bulk},
		{Method: http.MethodGet, Path: "/school/lessons/:lesson", Action: people.ReadHistory, Scope: page.Object,
			Handle: page.SignedIn(r.schoolLesson)},
		{Method: http.MethodPost, Path: "/school/lessons/:lesson/preapprove", Action: people.PreapproveLesson,
			Scope: page.Object, Handle: page.SignedIn(r.preapprove)},
	}
}

// care reads what the lesson's page shows beside its recording and text.
func (r Handler) care(c echo.Context, d *desk) (err error) {
	ctx, by := c.Request().Context(), page.Who(c)
	if d.Sheets, err = r.Worksheets.List(ctx, by, d.Lesson.ID); err != nil {
		return err
	}
	if d.Past, err = r.past(ctx, by, d.Lesson.ID); err != nil {
		return err
	}
	if d.Teacher, err = r.person(ctx, d.Lesson.TeacherID); err != nil {
		return err
	}
	d.Uploader, err = r.person(ctx, d.Lesson.UploaderID)
	return err
}

// person reads somebody who may be gone.
func (r Handler) person(ctx context.Context, id string) (people.Person, error) {
	if id == "" {
		return people.Person{}, nil
	}
	p, err := r.People.Person(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return people.Person{}, nil
	}
	return p, err
}

// past reads a lesson's history with names.
func (r Handler) past(ctx context.Context, by people.Person, id string) ([]page.PastStep, error) {
	steps, err := r.Lessons.History(ctx, by, id)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	out := make([]page.PastStep, len(steps))
	for i, s := range steps {
		if _, known := names[s.By]; !known {
			p, err := r.person(ctx, s.By)
			if err != nil {
				return nil, err
			}
			names[s.By] = p.Name
		}
		out[i] = page.PastStep{Step: s, Who: names[s.By]}
	}
	return out, nil
}

func (r Handler) mayEdit(c echo.Context) bool {
	l, err := r.Lessons.Read(c.Request().Context(), page.Who(c), c.Param("lesson"))
	return err == nil && people.May(page.Who(c), people.EditLesson, l.Object())
}

// refused shows the lesson again with what was wrong in the form that put lays
// it into; other errors go on.
func (r Handler) refused(c echo.Context, err error, put func(*desk)) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.TooLarge:
		if !r.mayEdit(c) {
			return err
		}
		var d desk
		put(&d)
		return r.show(c, page.Status(err), d)
	}
	return err
}

func (r Handler) addSheet(c echo.Context) error {
	name, data, err := page.File(c, "file", worksheet.MaxBytes)
	if err == nil {
		_, err = r.Worksheets.Add(c.Request().Context(), page.Who(c), c.Param("lesson"), name, data)
	}
	if err != nil {
		return r.refused(c, err, func(d *desk) { d.Sheet.Err = err })
	}
	return r.back(c, "worksheet_added", nil)
}

func (r Handler) removeSheet(c echo.Context) error {
	err := r.Worksheets.Delete(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("worksheet"))
	if fault.Is(err, "worksheet.not_found") {
		err = nil // somebody else was faster
	}
	return r.back(c, "worksheet_removed", err)
}

// storedConsent is what is noted of a lesson's consent, as the form has it.
func storedConsent(ctx context.Context, l lesson.Lesson) []page.Stored {
	label := ""
	if l.Consent.Minors != "" {
		label = locale.T(ctx, "consent."+string(l.Consent.Minors))
	}
	return []page.Stored{page.NowAs("minors", string(l.Consent.Minors), label), page.Now("note", l.Consent.Note)}
}

func (r Handler) consent(c echo.Context) error {
	if _, err := r.mine(c); err != nil { // before what is stored is shown
		return err
	}
	f, err := page.SaveMerged(c.Request().Context(), r.Lessons.Atomic, page.FormOf(c, "minors", "note"),
		r.locked(c.Param("lesson"), storedConsent), func(ctx context.Context, f page.Form) error {
			_, err := r.Lessons.NoteConsent(ctx, page.Who(c), c.Param("lesson"),
				lesson.Minors(f.Values["minors"]), f.Values["note"])
			return err
		})
	if err != nil {
		return r.refused(c, err, func(d *desk) { d.Consent = f })
	}
	return r.back(c, "consent_noted", nil)
}

func (r Handler) takeDown(c echo.Context) error {
	f := page.FormOf(c, "reason")
	_, err := r.Lessons.TakeDown(c.Request().Context(), page.Who(c), c.Param("lesson"), f.Values["reason"])
	if err != nil {
		f.Err = err
		return r.refused(c, err, func(d *desk) { d.Down = f })
	}
	return r.back(c, "taken_down", nil)
}

// chosen is the username of the teacher that a form names: by the choice among
// those found, by a name that only one has, or by the username itself. found
// are those to choose among.
func (r Handler) chosen(c echo.Context, f page.Form) (username string, found []people.Person, err error) {
	if f.Values["who"] != "" {
		return f.Values["who"], nil, nil
	}
	if f.Values["teacher"] == "" {
		return "", nil, nil
	}
	found, err = r.Lessons.FindTeachers(c.Request().Context(), page.Who(c), f.Values["teacher"])
	switch {
	case err != nil:
		return "", nil, err
	case len(found) == 0:
		return "", nil, fault.Form("lesson.invalid", fault.Wrong("teacher", "lesson.no_such_teacher"))
	case len(found) == 1:
		return found[0].Username, nil, nil
	}
	return "", found, nil
}

func (r Handler) schoolsOf(ctx context.Context, list []people.Person) (map[string]string, error) {
	names := map[string]string{}
	for _, p := range list {
		id := p.SchoolAs(people.Teacher)
		if _, known := names[id]; known || id == "" {
			continue
		}
		s, err := r.Schools.School(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		names[id] = s.Name
	}
	return names, nil
}

func (r Handler) owner(c echo.Context) error {
	f := page.FormOf(c, "teacher", "who")
	username, found, err := r.chosen(c, f)
	if err == nil && username == "" {
		err = fault.Form("lesson.invalid", fault.Wrong("teacher", "lesson.choose_teacher"))
	}
	if err == nil {
		_, err = r.Lessons.SetTeacher(c.Request().Context(), page.Who(c), c.Param("lesson"), username)
	}
	if err != nil {
		f.Err = err
		return r.refused(c, err, func(d *desk) { d.Owner, d.Found = f, found })
	}
	return r.back(c, "owner_set", nil)
}

func (r Handler) copies(c echo.Context) error {
	if err := typed(c); err != nil {
		return err
	}
	var weeks []int
	for _, w := range c.Request().Form["week"] {
		weeks = append(weeks, number(w))
	}
	made, err := r.Lessons.Copy(c.Request().Context(), page.Who(c), c.Param("lesson"), weeks)
	if err != nil {
		return r.refused(c, err, func(d *desk) { d.Copies.Err = err })
	}
	if len(made) == 1 {
		return c.Redirect(http.StatusSeeOther, "/teacher/lessons/"+made[0].ID+"?done=copied")
	}
	return c.Redirect(http.StatusSeeOther, "/teacher?done=copied")
}

// bulk does one thing to the lessons that were chosen and tells, line by line,
// what became of each; what could not be done stays chosen.
func (r Handler) bulk(c echo.Context) error {
	if err := typed(c); err != nil {
		return err
	}
	f := page.FormOf(c, "do", "subject", "grade", "week", "language")
	var t lesson.Text
	if s := f.Values["subject"]; s != "" {
		t.Subject = &s
	}
	if s := f.Values["language"]; s != "" {
		t.Language = &s
	}
	if s := f.Values["grade"]; s != "" {
		n := number(s)
		t.Grade = &n
	}
	if s := f.Values["week"]; s != "" {
		n := number(s)
		t.Week = &n
	}
	ids := c.Request().Form["lesson"]
	v := listing{Bulk: f, Chosen: map[string]bool{}}
	var err error
	v.Results, err = r.Lessons.Bulk(c.Request().Context(), page.Who(c), ids, lesson.Doing(f.Values["do"]), t)
	if fault.KindOf(err) == fault.Invalid {
		v.Bulk.Err = err
		for _, id := range ids {
			v.Chosen[id] = true
		}
		return r.showList(c, page.Status(err), v)
	}
	if err != nil {
		return err
	}
	for _, x := range v.Results {
		v.Chosen[x.ID] = x.Err != nil
	}
	return r.showList(c, http.StatusOK, v)
}

// headView is a lesson as its school's head sees it.
type headView struct {
	Lesson     lesson.Lesson
	Place      string
	Teacher    people.Person
	Player     page.Player
	Sheets     []worksheet.Worksheet
	Past       []page.PastStep
	Preapprove bool // the head may look at it for the department now
	Withdraw   bool
	Done       string
	Step       page.Form
}

func (r Handler) schoolLesson(c echo.Context) error {
	return r.showSchoolLesson(c, http.StatusOK, headView{Done: page.DoneOf(c)})
}

func (r Handler) showSchoolLesson(c echo.Context, status int, v headView) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Lesson, err = r.Lessons.Read(ctx, by, c.Param("lesson")); err != nil {
		return err
	}
	if err := may(c, people.ReadHistory, v.Lesson.Object()); err != nil {
		return err
	}
	if v.Past, err = r.past(ctx, by, v.Lesson.ID); err != nil {
		return err
	}
	if v.Sheets, err = r.Worksheets.List(ctx, by, v.Lesson.ID); err != nil {
		return err
	}
	if v.Teacher, err = r.person(ctx, v.Lesson.TeacherID); err != nil {
		return err
	}
	subjects, err := r.Schools.Subjects(ctx)
	if err != nil {
		return err
	}
	v.Place = page.Place(ctx, subjects, v.Lesson)
	if v.Lesson.Status == lesson.Submitted && v.Lesson.PreapprovedBy == "" {
		if v.Preapprove, err = r.Lessons.MayPreapprove(ctx, by, v.Lesson); err != nil {
			return err
		}
	}
	v.Withdraw = v.Lesson.TakenDownAt.IsZero() && people.May(by, people.TakeDownLesson, v.Lesson.Object())
	if people.May(by, people.WatchLesson, v.Lesson.Object()) {
		if v.Player, err = page.PlayerOf(ctx, r.Streams, v.Lesson, r.Now()); err != nil {
			return err
		}
	}
	return page.Render(c, status, headPage(v))
}

func (r Handler) preapprove(c echo.Context) error {
	_, err := r.Lessons.Preapprove(c.Request().Context(), page.Who(c), c.Param("lesson"))
	if fault.KindOf(err) == fault.Conflict {
		return r.showSchoolLesson(c, page.Status(err), headView{Step: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/school/lessons/"+c.Param("lesson")+"?done=preapproved")
}

// unseen reports whether nobody but its teacher sees the lesson yet: only then
// is it saved while it is typed.
func unseen(l lesson.Lesson) bool {
	return l.Status == lesson.Draft || l.Status == lesson.Returned || l.Status == lesson.Withdrawn
}

// most says how many characters a field takes, as HTML wants it.
func most(n int) string { return strconv.Itoa(n) }
