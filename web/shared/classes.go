package shared

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

// Classes is what the pages need.
type Classes struct {
	Office *school.Office
}

// Routes of this audience.
func (r Classes) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/classes", Action: people.ListClasses, Scope: page.Site, Handle: r.classes},
		{Method: http.MethodPost, Path: "/classes", Action: people.ManageClass, Scope: page.Object, Handle: r.add},
		{Method: http.MethodGet, Path: "/classes/:class", Action: people.ReadClass, Scope: page.Object,
			Handle: r.class},
		{Method: http.MethodPost, Path: "/classes/:class", Action: people.ManageClass, Scope: page.Object,
			Handle: r.change},
		{Method: http.MethodPost, Path: "/classes/:class/students", Action: people.ManageClass, Scope: page.Object,
			Handle: r.enrol},
		{Method: http.MethodPost, Path: "/classes/:class/students/:person/leave", Action: people.ManageClass,
			Scope: page.Object, Handle: r.leave},
		{Method: http.MethodPost, Path: "/classes/:class/cards", Action: people.ManageClass, Scope: page.Object,
			Handle: r.cards},
	}
}

var classFields = []string{"school", "code", "name", "grade", "homeroom"}

// classListing is the list of one's classes and the form for a new one.
type classListing struct {
	Year    string
	Years   []school.Year
	Classes []school.Class
	Names   map[string]string // of schools and of people, by id
	Mine    []school.School   // where one may add classes
	Form    page.Form
	Done    string
}

func (r Classes) classes(c echo.Context) error {
	return r.showClasses(c, http.StatusOK, classListing{Done: page.DoneOf(c)})
}

func (r Classes) showClasses(c echo.Context, status int, v classListing) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Years, err = r.Office.Years.Years(ctx); err != nil {
		return err
	}
	v.Year = c.QueryParam("year")
	if !slices.ContainsFunc(v.Years, func(y school.Year) bool { return y.Code == v.Year }) {
		v.Year = school.YearOn(v.Years, r.Office.Today()).Code
	}
	if v.Classes, err = r.Office.Mine(ctx, by, v.Year); err != nil {
		return err
	}
	v.Names = map[string]string{}
	for _, k := range v.Classes {
		if err := r.name(c, v.Names, k); err != nil {
			return err
		}
	}
	for _, g := range by.Grants {
		if g.Role != people.Head || g.School == "" {
			continue
		}
		s, err := r.Office.Schools.School(ctx, g.School)
		if err != nil {
			return err
		}
		v.Mine = append(v.Mine, s)
	}
	return page.Render(c, status, classesPage(v))
}

// name learns the names of a class's school and homeroom teachers.
func (r Classes) name(c echo.Context, names map[string]string, k school.Class) error {
	ctx := c.Request().Context()
	if names[k.SchoolID] == "" {
		s, err := r.Office.Schools.School(ctx, k.SchoolID)
		if err != nil {
			return err
		}
		names[k.SchoolID] = s.Name
	}
	for _, t := range k.Teachers {
		if names[t.PersonID] != "" {
			continue
		}
		p, err := r.Office.People.Store.Person(ctx, t.PersonID)
		if err != nil {
			return err
		}
		names[t.PersonID] = p.Name
	}
	return nil
}

func (r Classes) add(c echo.Context) error {
	f := page.FormOf(c, append(classFields, "year")...)
	k := school.Class{SchoolID: f.Values["school"], Year: f.Values["year"]}
	if k.SchoolID == "" {
		k.SchoolID = page.Who(c).SchoolAs(people.Head)
	}
	k, err := r.filled(c.Request().Context(), f, k)
	if err == nil {
		k, err = r.Office.Save(c.Request().Context(), page.Who(c), k)
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showClasses(c, page.Status(err), classListing{Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/classes/"+k.ID)
}

// filled takes what was typed into a class; the homeroom teacher is named by
// username, as schools know each other's people.
func (r Classes) filled(ctx context.Context, f page.Form, k school.Class) (school.Class, error) {
	k.Code, k.Name, k.Grade = f.Values["code"], f.Values["name"], 0
	if k.Code == "" {
		k.Code = k.Name
	}
	for _, d := range f.Values["grade"] {
		if d < '0' || d > '9' || k.Grade > 99 {
			k.Grade = 0
			break
		}
		k.Grade = k.Grade*10 + int(d-'0')
	}
	k.Teachers = slices.DeleteFunc(slices.Clone(k.Teachers), school.ClassTeacher.Homeroom)
	if username := strings.ToLower(strings.TrimSpace(f.Values["homeroom"])); username != "" {
		p, err := r.Office.People.Store.ByUsername(ctx, username)
		if fault.KindOf(err) == fault.NotFound {
			return k, fault.Form("class.invalid",
				fault.Wrong("homeroom", "class.unknown_teacher", "username", username))
		}
		if err != nil {
			return k, err
		}
		if !p.At(people.Teacher, k.SchoolID) {
			return k, fault.Form("class.invalid",
				fault.Wrong("homeroom", "class.not_teacher_here", "username", username))
		}
		k.Teachers = append([]school.ClassTeacher{{PersonID: p.ID}}, k.Teachers...)
	}
	return k, nil
}
