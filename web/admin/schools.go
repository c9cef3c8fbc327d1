package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/school"
	"lenlop/web/locale"
	"lenlop/web/page"
)

var schoolFields = []string{"code", "name", "level", "areaId"}

// schools is the list of schools and the form for a new one, or for one.
type schools struct {
	find
	Level   string
	AreaID  string
	All     int // schools there are
	Schools []school.School
	Areas   []school.Area
	One     school.School // being changed; zero: a new one
	Form    page.Form
	Done    string
}

// Area is an area's name, or "".
func (v schools) Area(id string) string {
	for _, a := range v.Areas {
		if a.ID == id {
			return a.Name
		}
	}
	return ""
}

// stored is the one school as its form has it.
func (v schools) stored(ctx context.Context) []page.Stored {
	if v.One.ID == "" {
		return nil
	}
	out := []page.Stored{page.Now("name", v.One.Name), page.Now("code", v.One.Code),
		page.NowAs("level", string(v.One.Level), locale.T(ctx, "level."+string(v.One.Level)))}
	if len(v.Areas) > 0 {
		out = append(out, page.NowAs("areaId", v.One.AreaID, v.Area(v.One.AreaID)))
	}
	return out
}

func (r Handler) schools(c echo.Context) error {
	return r.showSchools(c, http.StatusOK, schools{Done: page.DoneOf(c)})
}

func (r Handler) showSchools(c echo.Context, status int, v schools) error {
	ctx := c.Request().Context()
	var err error
	if v.Schools, err = r.Schools.Store.Schools(ctx); err != nil {
		return err
	}
	if v.Areas, err = r.Schools.Store.Areas(ctx); err != nil {
		return err
	}
	if v.One.ID != "" {
		return page.Render(c, status, schoolPage(v))
	}
	v.find, v.Level, v.AreaID, v.All = findIn(c, "level", "area"), c.QueryParam("level"), c.QueryParam("area"),
		len(v.Schools)
	below := school.Below(v.Areas, v.AreaID)
	v.Schools = slices.DeleteFunc(v.Schools, func(s school.School) bool {
		return v.Level != "" && string(s.Level) != v.Level || v.AreaID != "" && !below[s.AreaID]
	})
	v.Schools = cutTo(&v.find, v.Schools, func(s school.School) string { return s.ID },
		func(s school.School) string { return s.Name },
		func(s school.School) string { return s.Code }, perPage)
	return page.Render(c, status, schoolsPage(v))
}

func (r Handler) school(c echo.Context) error {
	s, err := r.Schools.Store.School(c.Request().Context(), c.Param("school"))
	if err != nil {
		return err
	}
	return r.showSchools(c, http.StatusOK, schools{One: s})
}

func (r Handler) addSchool(c echo.Context) error {
	return r.saveSchool(c, school.School{})
}

func (r Handler) changeSchool(c echo.Context) error {
	s, err := r.Schools.Store.School(c.Request().Context(), c.Param("school"))
	if err != nil {
		return err
	}
	return r.saveSchool(c, s)
}

func (r Handler) saveSchool(c echo.Context, s school.School) error {
	ctx := c.Request().Context()
	areas, err := r.Schools.Store.Areas(ctx)
	if err != nil {
		return err
	}
	f, err := page.SaveMerged(ctx, r.Schools.Atomic, page.FormOf(c, schoolFields...),
		func(ctx context.Context) (out []page.Stored, err error) {
			if s.ID != "" {
				s, err = r.Schools.Store.School(ctx, s.ID)
			}
			return schools{One: s, Areas: areas}.stored(ctx), err
		},
		func(ctx context.Context, f page.Form) error {
			x := s
			x.Code, x.Name, x.Level, x.AreaID = f.Values["code"], f.Values["name"], school.Level(f.Values["level"]),
				f.Values["areaId"]
			_, err := r.Schools.Save(ctx, page.Who(c), x)
			return err
		})
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		return r.showSchools(c, page.Status(err), schools{One: s, Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/schools?done=school")
}
