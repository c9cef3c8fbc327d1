package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/web/page"
)

type tokenIn struct {
	Username string `json:"username"`
	Password string `json:"password"`
	TOTP     string `json:"totp,omitempty"`
}

type grantDoc struct {
	Role   string `json:"role"`
	School string `json:"school,omitempty"`
}

type personDoc struct {
	ID       string     `json:"id"`
	Username string     `json:"username,omitempty"`
	Name     string     `json:"name"`
	Roles    []grantDoc `json:"roles"`
}

type tokenOut struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
	Person    personDoc `json:"person"`
}

var tokenCalls = []call{
	{method: "POST", path: "/tokens", action: people.ReadPublic, scope: page.Site, status: 201,
		summary: "Sign in: a bearer token for scripts", in: tokenIn{}, out: tokenOut{},
		handle: func(r *Handler, c echo.Context) error {
			var in tokenIn
			if err := read(c, &in); err != nil {
				return err
			}
			secret, ses, p, err := r.Authenticator.Enter(c,
				people.Credentials{Username: in.Username, Password: in.Password, Code: in.TOTP}, people.Token)
			if err != nil {
				return err
			}
			c.Response().Header().Set("Cache-Control", "no-store")
			return c.JSON(http.StatusCreated, tokenOut{secret, ses.ExpiresAt.In(r.Zone), person(p)})
		}},
	{method: "DELETE", path: "/tokens/current", action: people.SeeSelf, scope: page.Site, status: 204,
		summary: "End the token this call was made with",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			ctx := c.Request().Context()
			return struct{}{}, r.People.SignOut(ctx, by.ID, page.VisitOf(ctx).Session.ID)
		})},
	{method: "GET", path: "/me", action: people.SeeSelf, scope: page.Site, status: 200,
		summary: "Who this token belongs to", out: personDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (personDoc, error) {
			return person(by), nil
		})},
}

func person(p people.Person) personDoc {
	d := personDoc{ID: p.ID, Username: p.Username, Name: p.Name, Roles: []grantDoc{}}
	for _, g := range p.Grants {
		d.Roles = append(d.Roles, grantDoc{string(g.Role), g.School})
	}
	return d
}
