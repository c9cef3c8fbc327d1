package shared

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/notice"
	"lenlop/services/school"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// noticeDraft is the form of a notice.
type noticeDraft struct {
	Notice  notice.Notice
	Form    page.Form
	Grades  []int
	Classes []school.Class // of the writer's school, this year's
	Chosen  []string       // ids of classes
	School  bool           // written for a school
	Stored  []page.Stored  // what the form shows of a notice that exists
}

// stored is a notice as its form has it, each box for itself.
func (v noticeDraft) stored(ctx context.Context, now time.Time, zone *time.Location) []page.Stored {
	n, l := v.Notice, locale.From(ctx)
	if n.ID == "" {
		return nil
	}
	box := map[bool]string{true: "yes"}
	out := []page.Stored{page.Now("title", n.Title), page.Now("body", n.Body),
		page.NowAs("for", noticeRecipients(n), noticeAudience(ctx, n)), page.Now("letters", box[n.Letters])}
	if n.PublishAt.After(now) {
		out = append(out, page.NowAs("publishAt", noticeTime(n.PublishAt, zone), l.DateTime(n.PublishAt)))
	}
	ends := page.Now("endsAt", noticeTime(n.EndsAt, zone))
	if !n.EndsAt.IsZero() {
		ends.Label = l.DateTime(n.EndsAt)
	}
	out = append(out, ends)
	for g := school.MinGrade; g <= school.MaxGrade; g++ {
		out = append(out, page.Now("grade-"+decimal(g), box[slices.Contains(n.Grades, g)]))
	}
	for _, k := range v.Classes {
		out = append(out, page.Now("class-"+k.ID, box[slices.Contains(n.Classes, k.ID)]))
	}
	return out
}

// localTimeLayout is how browsers write what was chosen in an input of type
// datetime-local.
const localTimeLayout = "2006-01-02T15:04"

func (r Notices) blank(c echo.Context) error {
	at, ok := noticeOffice(page.Who(c))
	if !ok {
		return accessDenied()
	}
	return r.form(c, http.StatusOK, notice.Notice{SchoolID: at}, notice.Notice{}, page.Form{})
}

func (r Notices) edit(c echo.Context) error {
	reader, err := r.reader(c)
	if err != nil {
		return err
	}
	n, err := r.Notices.Get(c.Request().Context(), reader, c.Param("notice"))
	if err != nil {
		return err
	}
	if at, ok := noticeOffice(reader.Person); !ok || at != "" && at != n.SchoolID {
		return accessDenied()
	}
	return r.form(c, http.StatusOK, n, n, page.Form{})
}

func accessDenied() error { return fault.New(fault.Forbidden, "access.denied") }

// form shows a notice as it was typed; old is the stored one.
func (r Notices) form(c echo.Context, status int, n, old notice.Notice, f page.Form) error {
	v := noticeDraft{Notice: n, Form: f, Grades: n.Grades, Chosen: n.Classes, School: n.SchoolID != ""}
	if v.School {
		var err error
		if v.Classes, err = r.classes(c.Request().Context(), n.SchoolID); err != nil {
			return err
		}
	}
	v.Stored = noticeDraft{Notice: old, Classes: v.Classes}.stored(c.Request().Context(), r.Now(), r.Zone)
	return page.Render(c, status, noticeForm(v, r.Zone))
}

// classes are the school's of its latest year.
func (r Notices) classes(ctx context.Context, schoolID string) ([]school.Class, error) {
	all, err := r.Classes.ClassesOf(ctx, schoolID, "")
	if err != nil {
		return nil, err
	}
	year := ""
	for _, c := range all {
		year = max(year, c.Year)
	}
	return slices.DeleteFunc(all, func(c school.Class) bool { return c.Year != year }), nil
}

// noticeInput takes what was typed, each box for itself.
func noticeInput(c echo.Context) (page.Form, error) {
	f := page.FormOf(c, "title", "body", "publishAt", "endsAt", "for")
	form, err := c.FormParams()
	if err != nil {
		return f, fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	for _, box := range []string{"grade", "class"} {
		for _, x := range form[box] {
			f.Values[box+"-"+x] = "yes"
		}
	}
	if c.FormValue("letters") != "" {
		f.Values["letters"] = "yes"
	}
	return f, nil
}

// save makes a notice or changes one.
func (r Notices) save(c echo.Context) error {
	ctx := c.Request().Context()
	at, writer := noticeOffice(page.Who(c))
	n := notice.Notice{ID: c.Param("notice"), SchoolID: at}
	var old notice.Notice
	var classes []school.Class
	var err error
	if n.ID != "" {
		if old, err = r.Notices.Store.Notice(ctx, n.ID); err != nil {
			return err
		}
		if !writer || at != "" && at != old.SchoolID { // before what is stored is shown
			return accessDenied()
		}
		if old.SchoolID != "" {
			if classes, err = r.classes(ctx, old.SchoolID); err != nil {
				return err
			}
		}
	}
	f, err := noticeInput(c)
	if err != nil {
		return err
	}
	f, err = page.SaveMerged(ctx, r.Notices.Atomic, f,
		func(ctx context.Context) (_ []page.Stored, err error) {
			if n.ID == "" {
				return nil, nil
			}
			if old, err = r.Notices.Store.Notice(ctx, n.ID); err != nil {
				return nil, err
			}
			n.SchoolID, n.PublishAt = old.SchoolID, old.PublishAt
			return noticeDraft{Notice: old, Classes: classes}.stored(ctx, r.Now(), r.Zone), nil
		},
		func(ctx context.Context, f page.Form) error {
			typed, err := r.typedNotice(n, f)
			if n = typed; err != nil {
				return err
			}
			saved, err := r.Notices.Save(ctx, page.Who(c), typed)
			if err == nil {
				n = saved
			}
			return err
		})
	if e := fault.As(err); e != nil && (e.Kind == fault.Invalid || e.Kind == fault.Conflict) {
		if page.Changed(err) {
			n, _ = r.typedNotice(n, f)
		}
		return r.form(c, page.Status(err), n, old, f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+n.ID+"?done=saved")
}

// typedNotice puts what was typed into a notice.
func (r Notices) typedNotice(n notice.Notice, f page.Form) (notice.Notice, error) {
	n.Title, n.Body, n.Letters = f.Values["title"], f.Values["body"], f.Values["letters"] != ""
	n.Staff, n.Grades, n.Classes = false, nil, nil
	var bad []fault.Field
	switch f.Values["for"] {
	case "staff":
		n.Staff = true
	case "grades":
		for _, s := range chosenBoxes(f, "grade-") {
			g, _ := strconv.Atoi(s) // 0 is no grade, and refused
			n.Grades = append(n.Grades, g)
		}
		if len(n.Grades) == 0 {
			bad = append(bad, fault.Wrong("grades", "notice.no_grade"))
		}
	case "classes":
		if n.Classes = chosenBoxes(f, "class-"); len(n.Classes) == 0 {
			bad = append(bad, fault.Wrong("classes", "notice.no_class"))
		}
	}
	for name, into := range map[string]*time.Time{"publishAt": &n.PublishAt, "endsAt": &n.EndsAt} {
		text := strings.TrimSpace(f.Values[name])
		if text == "" {
			continue
		}
		t, err := time.ParseInLocation(localTimeLayout, text, r.Zone)
		if err != nil {
			bad = append(bad, fault.Wrong(name, "field.bad_time"))
			continue
		}
		*into = t
	}
	return n, fault.Form("notice.invalid", bad...)
}

// chosenBoxes are the values of the boxes that are ticked.
func chosenBoxes(f page.Form, prefix string) (out []string) {
	for name, value := range f.Values {
		if x, ok := strings.CutPrefix(name, prefix); ok && value != "" {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}
