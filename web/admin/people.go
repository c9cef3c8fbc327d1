package admin

import (
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

// perPage is how many people a page shows.
const perPage = 100

// personFields are the inputs of a new account; the password is never put
// back into the page.
var personFields = []string{"username", "name", "role", "school"}

// persons is the list of accounts and the form for a new one.
type persons struct {
	Q       string
	Role    people.Role
	At      string // id of the school whose people are shown; "": all
	People  []people.Person
	Next    string
	Export  url.Values
	Schools []school.School
	Form    page.Form
	Made    string // a password to be shown once, and whose
	MadeFor people.Person
	Me      string
	Done    string
}

// School is a school's name, or "".
func (v persons) School(id string) string {
	for _, s := range v.Schools {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

func (r Handler) persons(c echo.Context) error {
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	if format != "" {
		return r.exportPersons(c, format)
	}
	return r.showPersons(c, http.StatusOK, persons{Done: page.DoneOf(c)})
}

// searchOf is what the page's filters ask for; a role that is none is left out.
func searchOf(c echo.Context) people.Search {
	q := people.Search{Q: strings.TrimSpace(c.QueryParam("q")), Role: people.Role(c.QueryParam("role")),
		School: c.QueryParam("school"), After: c.QueryParam("after")}
	if !slices.Contains(people.Roles, q.Role) {
		q.Role = ""
	}
	return q
}

func (r Handler) showPersons(c echo.Context, status int, v persons) error {
	ctx, q := c.Request().Context(), searchOf(c)
	q.Limit = perPage + 1 // one more than is shown tells whether there is a next page
	v.Q, v.Role, v.At, v.Me = q.Q, q.Role, q.School, page.Who(c).ID
	var err error
	if v.People, err = r.People.Find(ctx, page.Who(c), r.Finder, q); err != nil {
		return err
	}
	v.Export = url.Values{}
	for name, value := range map[string]string{"q": q.Q, "role": string(q.Role), "school": q.School} {
		if value != "" {
			v.Export.Set(name, value)
		}
	}
	if len(v.People) > perPage {
		v.People = v.People[:perPage]
		next := maps.Clone(v.Export)
		next.Set("after", v.People[perPage-1].ID)
		v.Next = "/admin/people?" + next.Encode()
	}
	if v.Schools, err = r.Schools.Store.Schools(ctx); err != nil {
		return err
	}
	v.Schools = byName(v.Schools)
	return page.Render(c, status, personsPage(v))
}

// exported is the address of the list that is shown, as a file.
func (v persons) exported(format string) string {
	q := maps.Clone(v.Export)
	q.Set("format", format)
	return "/admin/people?" + q.Encode()
}

// exportPersons sends everybody whom the filters leave, piece by piece.
func (r Handler) exportPersons(c echo.Context, format string) error {
	ctx, q := c.Request().Context(), searchOf(c)
	all, err := r.Schools.Store.Schools(ctx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, s := range all {
		names[s.ID] = s.Code
	}
	q.After, q.Limit = "", 500
	var failed error
	rows := func(yield func([]any) bool) {
		for {
			list, err := r.People.Find(ctx, page.Who(c), r.Finder, q)
			if err != nil || len(list) == 0 {
				failed = err
				return
			}
			for _, p := range list {
				var roles []string
				for _, g := range p.Grants {
					roles = append(roles, strings.TrimSuffix(string(g.Role)+"@"+names[g.School], "@"))
				}
				if !yield([]any{p.Name, typed(p), strings.Join(roles, " "), p.Email, p.Active,
					p.CreatedAt.UTC().Format(time.RFC3339)}) {
					return
				}
			}
			q.After = list[len(list)-1].ID
		}
	}
	head := []any{"name", "username", "roles", "email", "active", "created"}
	err = page.SendSheet(c, r.Sheets, format, "lenlop-people", "people", head, iter.Seq[[]any](rows))
	if err == nil {
		err = failed
	}
	return err
}

// typed is the username that somebody types to sign in; students who have only a
// card have none.
func typed(p people.Person) string {
	if strings.HasPrefix(p.Username, "~") {
		return ""
	}
	return p.Username
}

func (r Handler) addPerson(c echo.Context) error {
	f := page.FormOf(c, personFields...)
	p, password, err := r.People.Create(c.Request().Context(), page.Who(c), people.NewPerson{
		Username: f.Values["username"], Name: f.Values["name"], Role: people.Role(f.Values["role"]),
		School: f.Values["school"], Password: c.FormValue("password"),
	})
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		f.Err = err
		return r.showPersons(c, page.Status(err), persons{Form: f})
	}
	if err != nil {
		return err
	}
	if password != "" {
		// Shown once, on the answer itself: an address would keep it.
		return r.showPersons(c, http.StatusOK, persons{Made: password, MadeFor: p})
	}
	return c.Redirect(http.StatusSeeOther, "/admin/people?done=person")
}

func (r Handler) setActive(c echo.Context) error {
	active := c.FormValue("active") == "yes"
	_, err := r.People.SetActive(c.Request().Context(), page.Who(c), c.Param("person"), active)
	if fault.KindOf(err) == fault.Conflict {
		return r.showPersons(c, page.Status(err), persons{Form: page.Form{Err: err}})
	}
	if err != nil {
		return err
	}
	done := "deactivated"
	if active {
		done = "activated"
	}
	return c.Redirect(http.StatusSeeOther, "/admin/people?done="+done)
}

func (r Handler) newPassword(c echo.Context) error {
	p, password, err := r.People.ResetPassword(c.Request().Context(), page.Who(c), c.Param("person"))
	if err != nil {
		return err
	}
	return r.showPersons(c, http.StatusOK, persons{Made: password, MadeFor: p})
}
