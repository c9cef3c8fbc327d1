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
}

// localTimeLayout is how browsers write what was chosen in an input of type
// datetime-local.
const localTimeLayout = "2006-01-02T15:04"

func (r Notices) blank(c echo.Context) error {
	at, ok := noticeOffice(page.Who(c))
	if !ok {
		return accessDenied()
	}
	return r.form(c, http.StatusOK, notice.Notice{SchoolID: at}, page.Form{})
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
	return r.form(c, http.StatusOK, n, page.Form{})
}

func accessDenied() error { return fault.New(fault.Forbidden, "access.denied") }

func (r Notices) form(c echo.Context, status int, n notice.Notice, f page.Form) error {
	v := noticeDraft{Notice: n, Form: f, Grades: n.Grades, Chosen: n.Classes, School: n.SchoolID != ""}
	if v.School {
		var err error
		if v.Classes, err = r.classes(c.Request().Context(), n.SchoolID); err != nil {
			return err
		}
	}
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

// save makes a notice or changes one.
func (r Notices) save(c echo.Context) error {
	ctx := c.Request().Context()
	f := page.FormOf(c, "title", "body", "publishAt", "endsAt", "for")
	at, _ := noticeOffice(page.Who(c))
	n := notice.Notice{ID: c.Param("notice"), Title: f.Values["title"], Body: f.Values["body"], SchoolID: at,
		Letters: c.FormValue("letters") != ""}
	if n.ID != "" {
		old, err := r.Notices.Store.Notice(ctx, n.ID)
		if err != nil {
			return err
		}
		n.SchoolID, n.PublishAt = old.SchoolID, old.PublishAt
	}
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	var bad []fault.Field
	switch f.Values["for"] {
	case "staff":
		n.Staff = true
	case "grades":
		for _, s := range form["grade"] {
			g, _ := strconv.Atoi(s) // 0 is no grade, and refused
			n.Grades = append(n.Grades, g)
		}
		if len(n.Grades) == 0 {
			bad = append(bad, fault.Wrong("grades", "notice.no_grade"))
		}
	case "classes":
		if n.Classes = form["class"]; len(n.Classes) == 0 {
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
	var saved notice.Notice
	if err = fault.Form("notice.invalid", bad...); err == nil {
		saved, err = r.Notices.Save(ctx, page.Who(c), n)
	}
	if e := fault.As(err); e != nil && (e.Kind == fault.Invalid || e.Kind == fault.Conflict) {
		f.Err = err
		return r.form(c, page.Status(err), n, f)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+saved.ID+"?done=saved")
}
