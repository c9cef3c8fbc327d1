package api

import (
	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/web/page"
)

type subjectDoc struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	NameEn    string `json:"nameEn"`
	FromGrade int    `json:"fromGrade"`
	ToGrade   int    `json:"toGrade"`
}

type schoolDoc struct {
	ID    string `json:"id"`
	Code  string `json:"code"`
	Name  string `json:"name"`
	Area  string `json:"area,omitempty"`
	Level string `json:"level"`
}

var organisationCalls = []call{
	{method: "GET", path: "/subjects", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The subjects of the curriculum", out: list[subjectDoc]{},
		handle: take(200, func(r *Room, c echo.Context, _ people.Person, _ struct{}) (out list[subjectDoc], err error) {
			ss, err := r.Schools.Subjects(c.Request().Context())
			out.Items = []subjectDoc{}
			for _, s := range ss {
				out.Items = append(out.Items, subjectDoc{s.Code, s.Name, s.NameEn, s.FromGrade, s.ToGrade})
			}
			return out, err
		})},
	{method: "GET", path: "/schools", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The schools", out: list[schoolDoc]{},
		handle: take(200, func(r *Room, c echo.Context, _ people.Person, _ struct{}) (out list[schoolDoc], err error) {
			ss, err := r.Schools.Schools(c.Request().Context())
			out.Items = []schoolDoc{}
			for _, s := range ss {
				out.Items = append(out.Items, schoolDoc{s.ID, s.Code, s.Name, s.AreaID, string(s.Level)})
			}
			return out, err
		})},
}
