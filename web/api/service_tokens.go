package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/services/people"
	"lenlop/web/page"
)

type serviceTokenIn struct {
	Name   string   `json:"name"`
	Role   string   `json:"role"`
	School string   `json:"school,omitempty"`
	Scopes []string `json:"scopes"`
	Days   int      `json:"days,omitempty"` // of life; 365 when left out
}

type serviceTokenDoc struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Roles     []grantDoc `json:"roles"`
	Scopes    []string   `json:"scopes"`
	Token     string     `json:"token,omitempty"` // only when it is made
	CreatedAt time.Time  `json:"createdAt"`
	SeenAt    time.Time  `json:"seenAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
}

func (r *Handler) serviceToken(m people.Machine, secret string) serviceTokenDoc {
	d := serviceTokenDoc{ID: m.Person.ID, Name: m.Token.Name, Roles: person(m.Person).Roles, Scopes: []string{},
		Token:     secret,
		CreatedAt: m.Token.CreatedAt.In(r.Zone), SeenAt: m.Token.SeenAt.In(r.Zone),
		ExpiresAt: m.Token.ExpiresAt.In(r.Zone)}
	for _, a := range m.Token.Scopes {
		d.Scopes = append(d.Scopes, string(a))
	}
	return d
}

type auditDoc struct {
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Detail  string    `json:"detail,omitempty"`
	Before  string    `json:"before,omitempty"`
	After   string    `json:"after,omitempty"`
	Place   string    `json:"place,omitempty"`
}

var serviceTokenCalls = []call{
	{method: "POST", path: "/service-tokens", action: people.ManageTokens, scope: page.Site, status: 201,
		summary: "Make a token with scopes for a machine; it is shown once", in: serviceTokenIn{},
		out: serviceTokenDoc{},
		handle: jsonHandler(201, func(r *Handler, c echo.Context, by people.Person,
			in serviceTokenIn) (serviceTokenDoc, error) {
			n := people.NewToken{Name: in.Name, Role: people.Role(in.Role), School: in.School, Days: in.Days}
			if n.Days == 0 {
				n.Days = 365
			}
			for _, s := range in.Scopes {
				n.Scopes = append(n.Scopes, people.Action(s))
			}
			secret, m, err := r.People.MakeServiceToken(c.Request().Context(), by, n)
			if err != nil {
				return serviceTokenDoc{}, err
			}
			return r.serviceToken(m, secret), nil
		})},
	{method: "GET", path: "/service-tokens", action: people.ManageTokens, scope: page.Site, status: 200,
		summary: "Machines' tokens", out: list[serviceTokenDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (out list[serviceTokenDoc], err error) {
			ms, err := r.People.ServiceTokens(c.Request().Context(), by)
			out.Items = []serviceTokenDoc{}
			for _, m := range ms {
				out.Items = append(out.Items, r.serviceToken(m, ""))
			}
			return out, err
		})},
	{method: "DELETE", path: "/service-tokens/:person", action: people.ManageTokens, scope: page.Site, status: 204,
		summary: "End a machine's token",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			return struct{}{}, r.People.EndServiceToken(c.Request().Context(), by, c.Param("person"))
		})},
	{method: "GET", path: "/audit", action: people.ReadAudit, scope: page.Site, status: 200,
		summary: "Who did what, newest first", query: []string{"subject", "actor", "action", "limit", "cursor"},
		out: list[auditDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[auditDoc], err error) {
			limit, cursor, err := paging(c)
			if err != nil {
				return out, err
			}
			f := audit.Filter{Subject: c.QueryParam("subject"), Actor: c.QueryParam("actor"),
				Action: c.QueryParam("action")}
			if cursor != "" {
				if f.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || f.Before < 1 {
					return out, wrongParam("cursor")
				}
			}
			entries, err := r.Audit.Entries(c.Request().Context(), f, limit+1)
			out.Items = []auditDoc{}
			if len(entries) > limit {
				entries = entries[:limit]
				out.Next = strconv.FormatInt(entries[limit-1].Number, 10)
			}
			for _, e := range entries {
				out.Items = append(out.Items, auditDoc{e.Number, e.At.In(r.Zone), e.Actor, e.Action, e.Subject,
					e.Detail, e.Before, e.After, e.Place})
			}
			return out, err
		})},
}
