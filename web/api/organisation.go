package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

type subjectDoc struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	NameEn    string `json:"nameEn"`
	FromGrade int    `json:"fromGrade"`
	ToGrade   int    `json:"toGrade"`
}

type areaDoc struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Parent string `json:"parent,omitempty"`
}

type schoolDoc struct {
	ID    string `json:"id"`
	Code  string `json:"code"`
	Name  string `json:"name"`
	Area  string `json:"area,omitempty"`
	Level string `json:"level"`
}

type classTeacherDoc struct {
	Person  string `json:"person"`
	Subject string `json:"subject,omitempty"` // empty: homeroom
}

type classDoc struct {
	ID       string             `json:"id"`
	Code     string             `json:"code"`
	Name     string             `json:"name"`
	Grade    int                `json:"grade"`
	Year     string             `json:"year"`
	School   string             `json:"school"`
	Teachers []classTeacherDoc  `json:"teachers"`
	Students []rosterStudentDoc `json:"students,omitempty"` // of one class only
}

type rosterStudentDoc struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

type roleDoc struct {
	Role   string `json:"role"`
	School string `json:"school,omitempty"`
}

type listedPerson struct {
	ID       string    `json:"id"`
	Username string    `json:"username,omitempty"` // students have none
	Name     string    `json:"name,omitempty"`
	Active   bool      `json:"active"`
	Roles    []roleDoc `json:"roles"`
}

type rosterForm struct {
	File string `json:"file"`
	Kind string `json:"kind"` // areas, schools, staff, classes, students
}

type rosterCommitIn struct {
	Sure bool `json:"sure,omitempty"` // the rows that ask are meant
}

// rosterRow says what becomes of one row. One that asks needs an answer before
// the file is committed; note says what about.
type rosterRow struct {
	Row     int    `json:"row"`
	Outcome string `json:"outcome"` // new, changed, same, refused, skipped
	Column  string `json:"column,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Note    string `json:"note,omitempty"`
	Asks    bool   `json:"asks,omitempty"`
}

type rosterOut struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Filename  string      `json:"filename"`
	New       int         `json:"new"`
	Changed   int         `json:"changed"`
	Same      int         `json:"same"`
	Refused   int         `json:"refused"`
	Skipped   int         `json:"skipped"` // totals, headings and signatures
	Asks      int         `json:"asks"`    // rows that need an answer before the commit
	Committed *time.Time  `json:"committed,omitempty"`
	Rows      []rosterRow `json:"rows"`
}

var organisationCalls = []call{
	{method: "GET", path: "/subjects", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The subjects of the curriculum", out: list[subjectDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[subjectDoc], err error) {
			ss, err := r.Schools.Subjects(c.Request().Context())
			out.Items = []subjectDoc{}
			for _, s := range ss {
				out.Items = append(out.Items, subjectDoc{s.Code, s.Name, s.NameEn, s.FromGrade, s.ToGrade})
			}
			return out, err
		})},
	{method: "GET", path: "/areas", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The areas, a tree by their parents", out: list[areaDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[areaDoc], err error) {
			all, err := r.Schools.Areas(c.Request().Context())
			out.Items = []areaDoc{}
			for _, a := range all {
				out.Items = append(out.Items, areaDoc{a.ID, a.Code, a.Name, a.Kind, a.Parent})
			}
			return out, err
		})},
	{method: "GET", path: "/schools", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The schools", out: list[schoolDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[schoolDoc], err error) {
			ss, err := r.Schools.Schools(c.Request().Context())
			out.Items = []schoolDoc{}
			for _, s := range ss {
				out.Items = append(out.Items, schoolDoc{s.ID, s.Code, s.Name, s.AreaID, string(s.Level)})
			}
			return out, err
		})},
	{method: "GET", path: "/classes", action: people.ListClasses, scope: page.Site, status: 200,
		query:   []string{"school", "year", "limit", "cursor"},
		summary: "The classes of a school year that the caller has to do with", out: list[classDoc]{},
		handle: jsonHandler(200, listClasses)},
	{method: "GET", path: "/classes/:class", action: people.ReadClass, scope: page.Object, status: 200,
		summary: "One class with its roster", out: classDoc{}, handle: jsonHandler(200, oneClass)},
	{method: "GET", path: "/people", action: people.ManagePeople, scope: page.Site, status: 200,
		query:   []string{"q", "role", "school", "limit", "cursor"},
		summary: "People by name", out: list[listedPerson]{}, handle: jsonHandler(200, listPeople)},
	{method: "POST", path: "/roster-imports", action: people.ManageSchools, scope: page.Site, status: 201,
		multipart: true,
		summary:   "Preview a CSV or XLSX file of areas, schools, staff, classes or students; nothing changes yet",
		in:        rosterForm{}, out: rosterOut{},
		handle: jsonHandler(201, previewRoster)},
	{method: "GET", path: "/roster-imports/:import", action: people.ManageSchools, scope: page.Site, status: 200,
		summary: "What a previewed file would do now", out: rosterOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (rosterOut, error) {
			p, err := r.Importer.Look(c.Request().Context(), by, c.Param("import"))
			return r.roster(c, p), err
		})},
	{method: "POST", path: "/roster-imports/:import/commit", action: people.ManageSchools,
		scope: page.Site, status: 200,
		summary: "Do what the good rows of a previewed file say; all of it is seen at once", in: rosterCommitIn{},
		out: rosterOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			in rosterCommitIn) (rosterOut, error) {
			p, err := r.Importer.Commit(c.Request().Context(), by, c.Param("import"), in.Sure)
			return r.roster(c, p), err
		})},
}

func listClasses(r *Handler, c echo.Context, by people.Person, _ struct{}) (out list[classDoc], err error) {
	ctx := c.Request().Context()
	limit, cursor, err := paging(c)
	if err != nil {
		return out, err
	}
	year := c.QueryParam("year")
	if year == "" {
		years, err := r.Office.Years.Years(ctx)
		if err != nil {
			return out, err
		}
		year = school.YearOn(years, r.Office.Today()).Code
	}
	var all []school.Class
	if by.Is(people.Admin) {
		all, err = r.Office.Classes.ClassesOf(ctx, c.QueryParam("school"), year)
	} else {
		all, err = r.Office.Mine(ctx, by, year)
	}
	if err != nil {
		return out, err
	}
	out.Items = []classDoc{}
	begun := cursor == ""
	for _, k := range all {
		if s := c.QueryParam("school"); s != "" && k.SchoolID != s {
			continue
		}
		if !begun {
			begun = k.ID == cursor
			continue
		}
		if len(out.Items) == limit {
			out.Next = out.Items[limit-1].ID
			break
		}
		out.Items = append(out.Items, newClassDoc(k))
	}
	return out, nil
}

func newClassDoc(k school.Class) classDoc {
	d := classDoc{ID: k.ID, Code: k.Code, Name: k.Name, Grade: k.Grade, Year: k.Year, School: k.SchoolID,
		Teachers: []classTeacherDoc{}}
	for _, t := range k.Teachers {
		d.Teachers = append(d.Teachers, classTeacherDoc{t.PersonID, t.Subject})
	}
	return d
}

func oneClass(r *Handler, c echo.Context, by people.Person, _ struct{}) (classDoc, error) {
	ctx := c.Request().Context()
	k, err := r.Office.Class(ctx, by, people.ReadClass, c.Param("class"))
	if err != nil {
		return classDoc{}, err
	}
	roster, err := r.Office.Classes.Roster(ctx, k.ID, r.Office.Today())
	d := newClassDoc(k)
	for _, s := range roster {
		d.Students = append(d.Students, rosterStudentDoc{s.PersonID, s.Name})
	}
	return d, err
}

func listPeople(r *Handler, c echo.Context, by people.Person, _ struct{}) (out list[listedPerson], err error) {
	limit, cursor, err := paging(c)
	if err != nil {
		return out, err
	}
	all, err := r.People.Find(c.Request().Context(), by, r.Finder,
		people.Search{Q: c.QueryParam("q"), Role: people.Role(c.QueryParam("role")),
			School: c.QueryParam("school"), After: cursor, Limit: limit + 1})
	if err != nil {
		return out, err
	}
	if len(all) > limit {
		all = all[:limit]
		out.Next = all[limit-1].ID
	}
	out.Items = []listedPerson{}
	for _, p := range all {
		d := listedPerson{ID: p.ID, Username: p.Username, Name: p.Name, Active: p.Active, Roles: []roleDoc{}}
		if d.Username != "" && d.Username[0] == '~' {
			d.Username = "" // a student's, which nobody can type
		}
		for _, g := range p.Grants {
			d.Roles = append(d.Roles, roleDoc{string(g.Role), g.School})
		}
		out.Items = append(out.Items, d)
	}
	return out, nil
}

func previewRoster(r *Handler, c echo.Context, by people.Person, _ struct{}) (rosterOut, error) {
	name, data, err := page.File(c, "file", school.MaxRosterBytes)
	if err != nil {
		return rosterOut{}, err
	}
	p, err := r.Importer.Preview(c.Request().Context(), by, school.ImportKind(c.FormValue("kind")), name, data)
	return r.roster(c, p), err
}

func (r *Handler) roster(c echo.Context, p school.Preview) rosterOut {
	out := rosterOut{ID: p.Import.ID, Kind: string(p.Import.Kind), Filename: p.Import.Filename,
		New: p.Import.Counts.New, Changed: p.Import.Counts.Changed,
		Same: p.Import.Counts.Same, Refused: p.Import.Counts.Refused, Skipped: p.Import.Counts.Skipped,
		Asks: p.Asks, Committed: r.at(p.Import.Visible),
		Rows: []rosterRow{}}
	for _, x := range p.Rows {
		row := rosterRow{Row: x.Row, Outcome: string(x.Outcome), Column: x.Column, Code: x.Code, Note: x.Note,
			Asks: x.Asks}
		if x.Code != "" {
			row.Message = sentence(c, x.Code, x.Args)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
