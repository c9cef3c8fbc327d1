package admin

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// serviceTokens is the page of machines' tokens.
type serviceTokens struct {
	Machines []people.Machine
	Schools  []school.School
	Scopes   []people.Action
	Chosen   []people.Action
	Form     page.Form
	Secret   string // of a token just made, shown once
	Made     string
	Done     string
}

// machineRoles are the roles that a machine may hold.
var machineRoles = slices.DeleteFunc(slices.Clone(people.Roles),
	func(r people.Role) bool { return r == people.Student })

// machineScopes are what some machine may be allowed, in the order shown.
func machineScopes() []people.Action {
	p := people.Person{ID: "m", Active: true}
	for _, r := range machineRoles {
		g := people.Grant{Role: r}
		if people.AtSchool(r) {
			g.School = "s"
		}
		p.Grants = append(p.Grants, g)
	}
	return people.ScopesOf(p)
}

func (r Handler) tokens(c echo.Context) error {
	return r.showTokens(c, http.StatusOK, serviceTokens{Done: page.DoneOf(c)})
}

func (r Handler) showTokens(c echo.Context, status int, v serviceTokens) error {
	ctx := c.Request().Context()
	var err error
	if v.Machines, err = r.People.ServiceTokens(ctx, page.Who(c)); err != nil {
		return err
	}
	if v.Schools, err = r.Schools.Store.Schools(ctx); err != nil {
		return err
	}
	v.Scopes = machineScopes()
	return page.Render(c, status, tokensPage(v))
}

func (r Handler) makeToken(c echo.Context) error {
	f := page.FormOf(c, "name", "days", "role", "school")
	n := people.NewToken{Name: f.Values["name"], Role: people.Role(f.Values["role"]), School: f.Values["school"],
		Scopes: signin.Scopes(c)}
	n.Days, _ = strconv.Atoi(f.Values["days"]) // what is no number is refused as no days
	secret, m, err := r.People.MakeServiceToken(c.Request().Context(), page.Who(c), n)
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showTokens(c, page.Status(err), serviceTokens{Form: f, Chosen: n.Scopes})
	}
	if err != nil {
		return err
	}
	// Shown once, on the answer itself: an address would keep it.
	return r.showTokens(c, http.StatusOK, serviceTokens{Secret: secret, Made: m.Token.Name})
}

func (r Handler) endToken(c echo.Context) error {
	if err := r.People.EndServiceToken(c.Request().Context(), page.Who(c), c.Param("person")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/tokens?done=ended")
}
