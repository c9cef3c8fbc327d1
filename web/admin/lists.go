package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/school"
	"lenlop/web/page"
)

// shownRows is how many rows of a file a preview shows: those that are refused
// first.
const shownRows = 200

// listsView is what an administrator may change: subjects, kinds, series.
type listsView struct {
	Lists    map[string][]school.Named
	Subjects []school.Subject
	Form     page.Form
	Done     string
}

func (r Organisation) lists(c echo.Context) error {
	return r.showLists(c, http.StatusOK, listsView{Done: page.DoneOf(c)})
}

func (r Organisation) showLists(c echo.Context, status int, v listsView) (err error) {
	ctx := c.Request().Context()
	v.Lists = map[string][]school.Named{}
	for _, name := range school.Lists {
		if v.Lists[name], err = r.Years.Named(ctx, name); err != nil {
			return err
		}
	}
	if v.Subjects, err = r.Schools.Store.Subjects(ctx); err != nil {
		return err
	}
	return page.Render(c, status, listsPage(v))
}

func (r Organisation) saveEntry(c echo.Context) (err error) {
	ctx := c.Request().Context()
	f := page.FormOf(c, "list", "code", "name", "nameEn", "order", "from", "to")
	if f.Values["list"] == "subject" {
		err = r.Schools.SaveSubject(ctx, page.Who(c),
			school.Subject{Code: f.Values["code"], Name: f.Values["name"], NameEn: f.Values["nameEn"],
				FromGrade: number(f.Values["from"]), ToGrade: number(f.Values["to"]), Order: number(f.Values["order"])})
	} else {
		err = r.Schools.SaveNamed(ctx, page.Who(c), r.Years,
			school.Named{List: f.Values["list"], Code: f.Values["code"], Name: f.Values["name"],
				NameEn: f.Values["nameEn"], Order: number(f.Values["order"])})
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showLists(c, page.Status(err), listsView{Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/lists?done=entry")
}

// yearsView is the school years with their weeks.
type yearsView struct {
	Years []school.Year
	Weeks map[string][]school.Week
	Form  page.Form
	Done  string
}

func (r Organisation) years(c echo.Context) error {
	return r.showYears(c, http.StatusOK, yearsView{Done: page.DoneOf(c)})
}

func (r Organisation) showYears(c echo.Context, status int, v yearsView) (err error) {
	ctx := c.Request().Context()
	if v.Years, err = r.Years.Years(ctx); err != nil {
		return err
	}
	v.Weeks = map[string][]school.Week{}
	for _, y := range v.Years {
		if v.Weeks[y.Code], err = r.Years.Weeks(ctx, y.Code); err != nil {
			return err
		}
	}
	return page.Render(c, status, yearsPage(v))
}

// saveYear takes a year and plans its weeks from the Monday of week 1.
func (r Organisation) saveYear(c echo.Context) error {
	f := page.FormOf(c, "code", "from", "to", "monday", "holidays")
	y := school.Year{Code: f.Values["code"], From: f.Values["from"], To: f.Values["to"]}
	off := strings.FieldsFunc(f.Values["holidays"], func(r rune) bool { return strings.ContainsRune(", ;\n\r\t", r) })
	err := r.Schools.SaveYear(c.Request().Context(), page.Who(c), r.Years, y, f.Values["monday"], off)
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showYears(c, page.Status(err), yearsView{Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/years?done=year")
}

// importsView is the files handed in and the form for another, or one of them.
type importsView struct {
	Files []school.Import
	One   school.Preview
	Shown []school.ImportRow
	Form  page.Form
	Err   error
	Done  string
}

func (r Organisation) imports(c echo.Context) error {
	return r.showImports(c, http.StatusOK, importsView{Done: page.DoneOf(c)})
}

func (r Organisation) showImports(c echo.Context, status int, v importsView) (err error) {
	if v.Files, err = r.Importer.Store.Imports(c.Request().Context(), 20); err != nil {
		return err
	}
	return page.Render(c, status, importsPage(v))
}

func (r Organisation) preview(c echo.Context) error {
	name, data, err := page.File(c, "file", school.MaxRosterBytes)
	f := page.FormOf(c, "kind")
	var p school.Preview
	if err == nil {
		p, err = r.Importer.Preview(c.Request().Context(), page.Who(c), school.ImportKind(f.Values["kind"]), name, data)
	}
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showImports(c, page.Status(err), importsView{Form: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/imports/"+p.Import.ID)
}

func (r Organisation) look(c echo.Context) error {
	p, err := r.Importer.Look(c.Request().Context(), page.Who(c), c.Param("import"))
	if err != nil {
		return err
	}
	return showPreview(c, http.StatusOK, importsView{One: p, Done: page.DoneOf(c)})
}

func showPreview(c echo.Context, status int, v importsView) error {
	v.Shown = slices.Clone(v.One.Rows)
	slices.SortStableFunc(v.Shown, func(a, b school.ImportRow) int { return rank(a) - rank(b) })
	v.Shown = v.Shown[:min(len(v.Shown), shownRows)]
	return page.Render(c, status, importPage(v))
}

// rank puts what somebody must look at first.
func rank(r school.ImportRow) int {
	if r.Asks {
		return -2
	}
	return slices.Index([]school.Outcome{school.RowRefused, school.RowChanged, school.RowNew,
		school.RowSame, school.RowSkipped}, r.Outcome)
}

func (r Organisation) commit(c echo.Context) error {
	p, err := r.Importer.Commit(c.Request().Context(), page.Who(c), c.Param("import"),
		c.FormValue("sure") == "yes")
	if fault.KindOf(err) == fault.Conflict && p.Import.ID != "" {
		return showPreview(c, page.Status(err), importsView{One: p, Err: err})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/imports/"+p.Import.ID+"?done=import")
}
