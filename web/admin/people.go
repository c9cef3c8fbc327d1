package admin

import (
	"net/http"
	"net/url"
	"slices"

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
	Role    people.Role
	People  []people.Person
	Next    string
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

func (r Room) persons(c echo.Context) error {
	return r.showPersons(c, http.StatusOK, persons{Done: page.DoneOf(c)})
}

func (r Room) showPersons(c echo.Context, status int, v persons) error {
	ctx := c.Request().Context()
	v.Role, v.Me = people.Role(c.QueryParam("role")), page.Who(c).ID
	if !slices.Contains(people.Roles, v.Role) {
		v.Role = ""
	}
	var err error
	// One more than is shown tells whether there is a next page.
	if v.People, err = r.People.Store.Persons(ctx, v.Role, c.QueryParam("after"), perPage+1); err != nil {
		return err
	}
	if len(v.People) > perPage {
		v.People = v.People[:perPage]
		v.Next = "/admin/people?" + url.Values{"role": {string(v.Role)}, "after": {v.People[perPage-1].ID}}.Encode()
	}
	if v.Schools, err = r.Schools.Store.Schools(ctx); err != nil {
		return err
	}
	return page.Render(c, status, personsPage(v))
}

func (r Room) addPerson(c echo.Context) error {
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

func (r Room) setActive(c echo.Context) error {
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

func (r Room) newPassword(c echo.Context) error {
	p, password, err := r.People.ResetPassword(c.Request().Context(), page.Who(c), c.Param("person"))
	if err != nil {
		return err
	}
	return r.showPersons(c, http.StatusOK, persons{Made: password, MadeFor: p})
}
