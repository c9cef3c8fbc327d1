package admin

import (
	"cmp"
	"context"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Organisation is the administrator's pages about the organisation beside
// schools: areas, classes, lists, school years, and imports of all of it.
type Organisation struct {
	Schools *school.Service
	Years   school.Calendar
	Office  *school.Office
	// Classes lists a year's classes without their teachers.
	Classes interface {
		NamesOf(ctx context.Context, school, year string) ([]school.Class, error)
	}
	Importer *school.Importer
	Sheets   func(w io.Writer, format, title string, rows iter.Seq[[]any]) error
}

// Routes of these pages.
func (r Organisation) Routes() []page.Route {
	const a = people.ManageSchools
	return []page.Route{
		{Method: http.MethodGet, Path: "/admin/areas", Action: a, Scope: page.Site, Handle: r.areas},
		{Method: http.MethodPost, Path: "/admin/areas", Action: a, Scope: page.Site, Handle: r.saveArea},
		{Method: http.MethodGet, Path: "/admin/areas/:area", Action: a, Scope: page.Site, Handle: r.area},
		{Method: http.MethodPost, Path: "/admin/areas/:area", Action: a, Scope: page.Site, Handle: r.saveArea},
		{Method: http.MethodGet, Path: "/admin/classes", Action: a, Scope: page.Site, Handle: r.classes},
		{Method: http.MethodGet, Path: "/admin/lists", Action: a, Scope: page.Site, Handle: r.lists},
		{Method: http.MethodPost, Path: "/admin/lists", Action: a, Scope: page.Site, Handle: r.saveEntry},
		{Method: http.MethodGet, Path: "/admin/years", Action: a, Scope: page.Site, Handle: r.years},
		{Method: http.MethodPost, Path: "/admin/years", Action: a, Scope: page.Site, Handle: r.saveYear},
		{Method: http.MethodGet, Path: "/admin/imports", Action: a, Scope: page.Site, Handle: r.imports},
		{Method: http.MethodPost, Path: "/admin/imports", Action: a, Scope: page.Site, Handle: r.preview,
			Body: school.MaxRosterBytes + page.FormBytes},
		{Method: http.MethodGet, Path: "/admin/imports/:import", Action: a, Scope: page.Site, Handle: r.look},
		{Method: http.MethodPost, Path: "/admin/imports/:import", Action: a, Scope: page.Site, Handle: r.commit},
		{Method: http.MethodGet, Path: "/admin/exports/:kind", Action: a, Scope: page.Site, Handle: r.export},
	}
}

// find narrows, orders and cuts a list that fits into memory: at most some
// thousands of areas, schools or classes.
type find struct {
	Q, Sort, After string
	Next           string // address of the next page; ""
	Total          int
	path           string
	query          url.Values
}

// findIn reads what is asked for; extra are the page's own filters.
func findIn(c echo.Context, extra ...string) find {
	f := find{Q: c.QueryParam("q"), Sort: c.QueryParam("sort"), After: c.QueryParam("after"),
		path: c.Request().URL.Path, query: url.Values{}}
	for _, name := range append(extra, "q", "sort") {
		if v := c.QueryParam(name); v != "" {
			f.query.Set(name, v)
		}
	}
	return f
}

// cutTo orders the list and leaves the page asked for, of most entries.
func cutTo[T any](f *find, list []T, id, name, code func(T) string, most int) []T {
	want := page.Plain(f.Q)
	list = slices.DeleteFunc(list, func(x T) bool {
		return want != "" && !strings.Contains(page.Plain(name(x)), want) &&
			!strings.Contains(page.Plain(code(x)), want)
	})
	// Each key is made once: taking marks off costs more than comparing.
	type keyed struct {
		key, id string
		of      T
	}
	sorted := make([]keyed, len(list))
	for i, x := range list {
		if sorted[i] = (keyed{key: code(x), id: id(x), of: x}); f.Sort != "code" {
			sorted[i].key = page.Plain(name(x))
		}
	}
	slices.SortFunc(sorted, func(a,
		b keyed) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id))
	})
	for i, x := range sorted {
		list[i] = x.of
	}
	f.Total = len(list)
	if f.After != "" {
		if i := slices.IndexFunc(list, func(x T) bool { return id(x) == f.After }); i >= 0 {
			list = list[i+1:]
		}
	}
	if len(list) > most {
		list = list[:most]
		f.query.Set("after", id(list[most-1]))
		f.Next = f.path + "?" + f.query.Encode()
	}
	return list
}

var areaFields = []string{"code", "name", "kind", "parent"}

// byName puts schools in the order of their names.
func byName(list []school.School) []school.School {
	return cutTo(&find{}, slices.Clone(list), func(s school.School) string { return s.ID },
		func(s school.School) string { return s.Name },
		func(s school.School) string { return s.Code }, len(list))
}

// areasView is the list of areas, or one of them, with its form.
type areasView struct {
	find
	All, Shown []school.Area
	Kinds      []school.Named
	One        school.Area
	Form       page.Form
	Done       string
}

// Area is an area's name, or "".
func (v areasView) Area(id string) string {
	i := slices.IndexFunc(v.All, func(a school.Area) bool { return a.ID == id })
	if i < 0 {
		return ""
	}
	return v.All[i].Name
}

// Kind is a kind's name.
func (v areasView) Kind(code string, en bool) string {
	for _, k := range v.Kinds {
		if k.Code == code && en {
			return k.NameEn
		} else if k.Code == code {
			return k.Name
		}
	}
	return code
}

// stored is the one area as its form has it.
func (v areasView) stored(ctx context.Context) []page.Stored {
	if v.One.ID == "" {
		return nil
	}
	return []page.Stored{page.Now("name", v.One.Name), page.Now("code", v.One.Code),
		page.NowAs("kind", v.One.Kind, v.Kind(v.One.Kind, locale.From(ctx).Lang == locale.En)),
		page.NowAs("parent", v.One.Parent, v.Area(v.One.Parent))}
}

func (r Organisation) areas(c echo.Context) error {
	return r.showAreas(c, http.StatusOK, areasView{Done: page.DoneOf(c)})
}

func (r Organisation) showAreas(c echo.Context, status int, v areasView) (err error) {
	ctx := c.Request().Context()
	if v.All, err = r.Schools.Store.Areas(ctx); err != nil {
		return err
	}
	if v.Kinds, err = r.Years.Named(ctx, school.AreaKinds); err != nil {
		return err
	}
	v.find = findIn(c)
	v.Shown = cutTo(&v.find, slices.Clone(v.All), func(a school.Area) string { return a.ID },
		func(a school.Area) string { return a.Name },
		func(a school.Area) string { return a.Code }, perPage)
	if v.One.ID != "" {
		return page.Render(c, status, areaPage(v))
	}
	return page.Render(c, status, areasPage(v))
}

func (r Organisation) one(c echo.Context) (school.Area, error) {
	list, err := r.Schools.Store.Areas(c.Request().Context())
	if err != nil {
		return school.Area{}, err
	}
	i := slices.IndexFunc(list, func(a school.Area) bool { return a.ID == c.Param("area") })
	if i < 0 {
		return school.Area{}, fault.New(fault.NotFound, "page.not_found")
	}
	return list[i], nil
}

func (r Organisation) area(c echo.Context) error {
	a, err := r.one(c)
	if err != nil {
		return err
	}
	return r.showAreas(c, http.StatusOK, areasView{One: a})
}

func (r Organisation) saveArea(c echo.Context) error {
	var was school.Area
	if c.Param("area") != "" {
		var err error
		if was, err = r.one(c); err != nil {
			return err
		}
	}
	ctx, v := c.Request().Context(), areasView{}
	var err error
	if v.Kinds, err = r.Years.Named(ctx, school.AreaKinds); err != nil {
		return err
	}
	f, err := page.SaveMerged(ctx, r.Schools.Atomic, page.FormOf(c, areaFields...),
		func(ctx context.Context) (out []page.Stored, err error) {
			if was.ID == "" {
				return nil, nil
			}
			if v.All, err = r.Schools.Store.Areas(ctx); err != nil {
				return nil, err
			}
			i := slices.IndexFunc(v.All, func(a school.Area) bool { return a.ID == was.ID })
			if i < 0 {
				return nil, fault.New(fault.NotFound, "page.not_found")
			}
			v.One = v.All[i]
			return v.stored(ctx), nil
		},
		func(ctx context.Context, f page.Form) error {
			_, err := r.Schools.SaveArea(ctx, page.Who(c), r.Years, school.Area{ID: was.ID, Code: f.Values["code"],
				Name: f.Values["name"], Kind: f.Values["kind"], Parent: f.Values["parent"]})
			return err
		})
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		if was.ID != "" && v.One.ID != "" {
			was = v.One
		}
		return r.showAreas(c, page.Status(err), areasView{One: was, Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/areas?done=area")
}

// classesView is a year's classes, of all schools or one.
type classesView struct {
	find
	Year    string
	School  string
	Years   []school.Year
	Schools []school.School
	Shown   []school.Class
}

// Name is a school's name, or "".
func (v classesView) Name(id string) string {
	i := slices.IndexFunc(v.Schools, func(s school.School) bool { return s.ID == id })
	if i < 0 {
		return ""
	}
	return v.Schools[i].Name
}

func (r Organisation) classes(c echo.Context) (err error) {
	ctx := c.Request().Context()
	v := classesView{find: findIn(c, "year", "school"), Year: c.QueryParam("year"), School: c.QueryParam("school")}
	if v.Years, err = r.Years.Years(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(v.Years, func(y school.Year) bool { return y.Code == v.Year }) {
		v.Year = school.YearOn(v.Years, r.Office.Today()).Code
	}
	if v.Schools, err = r.Schools.Store.Schools(ctx); err != nil {
		return err
	}
	v.Schools = byName(v.Schools)
	list, err := r.Classes.NamesOf(ctx, v.School, v.Year)
	if err != nil {
		return err
	}
	v.Shown = cutTo(&v.find, list, func(k school.Class) string { return k.ID },
		func(k school.Class) string { return k.Name },
		func(k school.Class) string { return k.Code }, perPage)
	return page.Render(c, http.StatusOK, classesPage(v))
}

// export gives a list as CSV or XLSX, in the form that imports take.
func (r Organisation) export(c echo.Context) error {
	kind, format, ok := strings.Cut(c.Param("kind"), ".")
	if !ok || format != "csv" && format != "xlsx" {
		return fault.New(fault.NotFound, "page.not_found")
	}
	rows, err := r.Importer.Export(c.Request().Context(), page.Who(c), school.ImportKind(kind),
		school.Filter{School: c.QueryParam("school"), Year: c.QueryParam("year")})
	if err != nil {
		return err
	}
	if c.QueryParam("blank") != "" {
		rows = rows[:1]
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": kind + "." + format}))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/csv; charset=utf-8")
	if format == "xlsx" {
		h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	}
	c.Response().WriteHeader(http.StatusOK)
	return r.Sheets(c.Response(), format, kind, func(yield func([]any) bool) {
		for _, row := range rows {
			cells := make([]any, len(row))
			for i, x := range row {
				cells[i] = x
			}
			if !yield(cells) {
				return
			}
		}
	})
}

// number reads a small whole number of a form; 0 when it is none.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}
