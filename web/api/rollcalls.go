package api

import (
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// rollCallIn is what a class said: names (person ids of the class's roster who
// watched; an empty list is nobody), or how many were asked and watched.
type rollCallIn struct {
	ClassID string    `json:"classId"`
	Names   *[]string `json:"names,omitempty"`
	Asked   int64     `json:"asked,omitempty"`
	Watched int64     `json:"watched,omitempty"`
}

type rollCallOut struct {
	ID       string     `json:"id"`
	Airing   string     `json:"airing"`
	ClassID  string     `json:"classId"`
	Asked    int64      `json:"asked"`
	Watched  int64      `json:"watched"`
	Named    bool       `json:"named"`
	At       *time.Time `json:"at"`
	Replaces string     `json:"replaces,omitempty"`
}

// unreachedOut is a class's roster without those known to be reached. Names
// may be empty: a school may keep codes only.
type unreachedOut struct {
	Class    string       `json:"class"`
	Students int          `json:"students"`
	Items    []studentDoc `json:"items"`
}

type studentDoc struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

var rollCalls = []call{
	{method: "POST", path: "/airings/:airing/roll-calls", action: people.RollCall, scope: page.Object, status: 201,
		summary: "What a class said of an airing: names, or asked and watched; again corrects it", in: rollCallIn{},
		out: rollCallOut{},
		prepare: repeatable(201, func(r *Handler, c echo.Context, by people.Person,
			in rollCallIn) (rollCallOut, error) {
			x := television.RollCall{AiringID: c.Param("airing"), ClassID: in.ClassID, Asked: in.Asked,
				Watched: in.Watched}
			if in.Names != nil {
				x.Named, x.Names = true, *in.Names
			}
			x, err := r.Television.TakeRollCall(c.Request().Context(), by, x)
			return rollCallOut{x.ID, x.AiringID, x.ClassID, x.Asked, x.Watched, x.Named, r.at(x.At), x.Replaces}, err
		})},
	{method: "GET", path: "/classes/:class/unreached", action: people.ReadUnreached, scope: page.Object, status: 200,
		summary: "The class's students whom no lesson is known to have reached", out: unreachedOut{},
		query:  []string{"from", "to"},
		handle: jsonHandler(200, unreached)},
}

func unreached(r *Handler, c echo.Context, by people.Person, _ struct{}) (unreachedOut, error) {
	from, err := r.timeParam(c, "from")
	if err != nil {
		return unreachedOut{}, err
	}
	to, err := r.timeParam(c, "to")
	if err != nil {
		return unreachedOut{}, err
	}
	x, err := r.Viewership.Unreached(c.Request().Context(), by, c.Param("class"), from, to)
	out := unreachedOut{Class: x.Class.ID, Students: x.Students, Items: []studentDoc{}}
	for _, s := range x.Unreached {
		out.Items = append(out.Items, studentDoc{s.PersonID, s.Name})
	}
	return out, err
}
