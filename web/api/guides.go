package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
)

// programmeDoc says what becomes of one programme of another channel's guide;
// code and message say why it is left out.
type programmeDoc struct {
	Row      int        `json:"row"`
	Title    string     `json:"title"`
	StartsAt *time.Time `json:"startsAt,omitempty"`
	EndsAt   *time.Time `json:"endsAt,omitempty"`
	Grade    int        `json:"grade,omitempty"`
	Lesson   string     `json:"lesson,omitempty"`
	Code     string     `json:"code,omitempty"`
	Message  string     `json:"message,omitempty"`
}

type guideOut struct {
	ID        string         `json:"id"`
	Source    string         `json:"source"` // the channel's id in the file
	Listed    int            `json:"listed"`
	LeftOut   int            `json:"leftOut"` // no lessons
	Refused   int            `json:"refused"`
	Zoneless  int            `json:"zoneless"` // times without a zone
	Committed *time.Time     `json:"committed,omitempty"`
	Rows      []programmeDoc `json:"rows"`
}

type repeatsIn struct {
	StartsAt []time.Time `json:"startsAt,omitempty"`
	Weeks    int         `json:"weeks,omitempty"` // so many weeks on, at the same hour
}

// minuteForm documents what a multipart import of households by minute holds.
type minuteForm struct {
	File    string `json:"file"`
	Channel string `json:"channel"`
	Source  string `json:"source"`        // the operator
	Share   string `json:"share"`         // of homes that it covers, above 0 to 1
	Day     string `json:"day,omitempty"` // of a file without dates
}

type minutesRow struct {
	Airing  string  `json:"airing"`
	Have    int     `json:"have"`
	Need    int     `json:"need"`
	Average float64 `json:"average"`
	Peak    float64 `json:"peak"`
	Code    string  `json:"code,omitempty"`
	Message string  `json:"message,omitempty"`
	Warning string  `json:"warning,omitempty"`
	Same    bool    `json:"same,omitempty"`
}

type minutesOut struct {
	ID        string       `json:"id"`
	Filename  string       `json:"filename"`
	Accepted  int          `json:"accepted"`
	Same      int          `json:"same"`
	Refused   int          `json:"refused"`
	Warnings  int          `json:"warnings"`
	Committed *time.Time   `json:"committed,omitempty"`
	Rows      []minutesRow `json:"rows"`
}

var guideCalls = []call{
	{method: "POST", path: "/channels/:channel/xmltv", action: people.EditSchedule, scope: page.Site, status: 200,
		summary: "List what another channel's XMLTV guide announces, in the place of what was listed for the same time; preview=yes lists nothing",
		text:    []string{"application/xml", "text/xml"}, query: []string{"preview", "source", "all", "local"},
		out: guideOut{}, handle: jsonHandler(200, takeGuide)},
	{method: "POST", path: "/airings/:airing/repeats", action: people.EditSchedule, scope: page.Site, status: 201,
		summary: "Plan an airing again at other times, or in the weeks after it; all or none", in: repeatsIn{},
		out: list[airingDoc]{},
		prepare: repeatable(201, func(r *Handler, c echo.Context, by people.Person,
			in repeatsIn) (out list[airingDoc], err error) {
			ctx := c.Request().Context()
			out.Items = []airingDoc{}
			if in.Weeks > 0 && in.Weeks <= schedule.MaxRepeats {
				a, err := r.Schedule.Store.Airing(ctx, c.Param("airing"))
				if err != nil {
					return out, err
				}
				in.StartsAt = append(in.StartsAt, schedule.Weekly(a.StartsAt, in.Weeks, r.Zone)...)
			}
			as, err := r.Schedule.Repeat(ctx, by, c.Param("airing"), in.StartsAt)
			for _, a := range as {
				out.Items = append(out.Items, r.airing(a))
			}
			return out, err
		})},
	{method: "POST", path: "/minute-imports", action: people.WriteFigure, scope: page.Site, status: 201,
		multipart: true,
		summary:   "Preview an operator's households by minute; nothing is counted yet", in: minuteForm{},
		out: minutesOut{},
		handle: jsonHandler(201, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (minutesOut, error) {
			name, data, err := page.File(c, "file", television.MaxImportBytes)
			if err != nil {
				return minutesOut{}, err
			}
			p, err := r.Television.PreviewMinutes(c.Request().Context(), by, name, data, television.ImportDefaults{
				ChannelID: c.FormValue("channel"), Source: c.FormValue("source"), Share: share(c.FormValue("share")),
				Day: c.FormValue("day")})
			return r.minutes(c, p), err
		})},
	{method: "POST", path: "/minute-imports/:import/commit", action: people.WriteFigure, scope: page.Site, status: 200,
		summary: "Append the averages and peaks of a previewed file; the same file again is refused", in: commitIn{},
		out: minutesOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in commitIn) (minutesOut, error) {
			p, err := r.Television.CommitMinutes(c.Request().Context(), by, c.Param("import"), in.Sure)
			return r.minutes(c, p), err
		})},
}

// share reads a part of homes; what is no number is 0, which is refused.
func share(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return f
}

func takeGuide(r *Handler, c echo.Context, by people.Person, _ struct{}) (guideOut, error) {
	data, err := body(c, schedule.MaxGuideBytes+1)
	if err != nil {
		return guideOut{}, err
	}
	ctx := c.Request().Context()
	p, err := r.Schedule.PreviewGuide(ctx, by, c.Param("channel"), "guide.xml", data,
		schedule.GuideOptions{Source: c.QueryParam("source"), All: c.QueryParam("all") == "yes",
			Local: c.QueryParam("local") == "yes"})
	if err == nil && c.QueryParam("preview") != "yes" {
		p, err = r.Schedule.CommitGuide(ctx, by, p.Guide.ID)
	}
	out := guideOut{ID: p.Guide.ID, Source: p.Guide.Options.Source, Listed: p.Good, LeftOut: p.Other,
		Refused: p.Refused, Zoneless: p.Zoneless,
		Committed: r.at(p.Guide.Committed), Rows: []programmeDoc{}}
	for _, x := range p.Rows {
		d := programmeDoc{Row: x.Row, Title: x.Programme.Title, StartsAt: r.at(x.Programme.StartsAt),
			EndsAt: r.at(x.Programme.EndsAt),
			Grade:  x.Programme.Grade, Lesson: x.Programme.LessonID, Code: x.Code}
		if x.Code != "" {
			d.Message = sentence(c, x.Code, nil)
		}
		out.Rows = append(out.Rows, d)
	}
	return out, err
}

func (r *Handler) minutes(c echo.Context, p television.MinutesPreview) minutesOut {
	out := minutesOut{ID: p.Import.ID, Filename: p.Import.Filename, Accepted: p.Good, Same: p.Same, Refused: p.Refused,
		Warnings:  p.Warnings,
		Committed: r.at(p.Import.Committed), Rows: []minutesRow{}}
	for _, x := range p.Rows {
		row := minutesRow{Airing: x.Airing.ID, Have: x.Have, Need: x.Need, Average: x.Average, Peak: x.Peak,
			Code: x.Code, Warning: x.Warning, Same: x.Same}
		if x.Code != "" {
			row.Message = sentence(c, x.Code, x.Args)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
