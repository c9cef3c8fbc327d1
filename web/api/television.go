package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/web/page"
)

type channelIn struct {
	Name     *string `json:"name,omitempty"`
	Own      *bool   `json:"own,omitempty"`
	Timezone *string `json:"timezone,omitempty"`
}

type channelDoc struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Own      bool   `json:"own"`
	Timezone string `json:"timezone"`
}

type airingIn struct {
	LessonID    *string    `json:"lessonId,omitempty"`
	ChannelID   *string    `json:"channelId,omitempty"`
	StartsAt    *time.Time `json:"startsAt,omitempty"`
	EndsAt      *time.Time `json:"endsAt,omitempty"`
	CopyID      *string    `json:"copyId,omitempty"`
	HouseNumber *string    `json:"houseNumber,omitempty"`
}

// onto changes what was given and leaves the rest.
func (in airingIn) onto(a schedule.Airing) schedule.Airing {
	set(&a.LessonID, in.LessonID)
	set(&a.ChannelID, in.ChannelID)
	set(&a.StartsAt, in.StartsAt)
	set(&a.EndsAt, in.EndsAt)
	set(&a.CopyID, in.CopyID)
	set(&a.HouseNumber, in.HouseNumber)
	return a
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

type airingDoc struct {
	ID          string     `json:"id"`
	LessonID    string     `json:"lessonId"`
	ChannelID   string     `json:"channelId"`
	CopyID      string     `json:"copyId,omitempty"`
	HouseNumber string     `json:"houseNumber,omitempty"`
	StartsAt    *time.Time `json:"startsAt"`
	EndsAt      *time.Time `json:"endsAt"`
	Outcome     string     `json:"outcome"`
	StartedAt   *time.Time `json:"startedAt,omitempty"`
	EndedAt     *time.Time `json:"endedAt,omitempty"`
	Note        string     `json:"note,omitempty"`
	RepeatOf    string     `json:"repeatOf,omitempty"` // the first airing that this one repeats
}

type asRunIn struct {
	Outcome   string    `json:"outcome"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	Note      string    `json:"note,omitempty"`
}

var televisionCalls = []call{
	{method: "GET", path: "/channels", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "Television channels, ours and others'", out: list[channelDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person,
			_ struct{}) (out list[channelDoc], err error) {
			cs, err := r.Schedule.Store.Channels(c.Request().Context())
			out.Items = []channelDoc{}
			for _, x := range cs {
				out.Items = append(out.Items, channel(x))
			}
			return out, err
		})},
	{method: "POST", path: "/channels", action: people.EditChannel, scope: page.Site, status: 201,
		summary: "Add a channel", in: channelIn{}, out: channelDoc{},
		prepare: repeatable(201, func(r *Handler, c echo.Context, by people.Person, in channelIn) (channelDoc, error) {
			return r.saveChannel(c.Request().Context(), by, schedule.Channel{}, in)
		})},
	{method: "PATCH", path: "/channels/:channel", action: people.EditChannel, scope: page.Site, status: 200,
		summary: "Change a channel; with If-Match 412 if it has changed", in: channelIn{}, out: channelDoc{},
		versioned: true,
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in channelIn) (channelDoc, error) {
			var out channelDoc
			err := r.Atomic.Atomically(c.Request().Context(), func(ctx context.Context) error {
				old, err := r.Schedule.Store.LockChannel(ctx, c.Param("channel"))
				if err != nil {
					return err
				}
				if err := unchanged(c, page.Version(channel(old))); err != nil {
					return err
				}
				out, err = r.saveChannel(ctx, by, old, in)
				return err
			})
			if err == nil {
				tagged(c, page.Version(out))
			}
			return out, err
		})},
	{method: "GET", path: "/channels/:channel", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "One channel", out: channelDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, _ people.Person, _ struct{}) (channelDoc, error) {
			ch, err := r.Schedule.Store.Channel(c.Request().Context(), c.Param("channel"))
			if err == nil {
				tagged(c, page.Version(channel(ch)))
			}
			return channel(ch), err
		})},
	{method: "GET", path: "/channels/:channel/xmltv", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The channel's programme guide as XMLTV (application/xml), today and six days after unless asked otherwise",
		query:   []string{"from", "to"}, handle: (*Handler).guide},
	{method: "GET", path: "/airings", action: people.ReadSchedule, scope: page.Site, status: 200,
		summary: "Airings, in order of start", out: list[airingDoc]{},
		query:  []string{"channel", "lesson", "from", "to", "outcome", "limit"},
		handle: jsonHandler(200, listAirings)},
	{method: "POST", path: "/airings", action: people.EditSchedule, scope: page.Site, status: 201,
		summary: "Plan an airing; 409 airing.clash names the other", in: airingIn{}, out: airingDoc{},
		location: true, prepare: repeatable(201,
			func(r *Handler, c echo.Context, by people.Person, in airingIn) (airingDoc, error) {
				a, err := r.Schedule.Save(c.Request().Context(), by, in.onto(schedule.Airing{}))
				if err != nil {
					return airingDoc{}, err
				}
				c.Response().Header().Set("Location", Base+"/airings/"+a.ID)
				return r.airing(a), nil
			})},
	{method: "GET", path: "/airings/:airing", action: people.ReadSchedule, scope: page.Site, status: 200,
		summary: "One airing", out: airingDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (airingDoc, error) {
			a, err := r.Schedule.Store.Airing(c.Request().Context(), c.Param("airing"))
			if err == nil {
				tagged(c, page.Version(r.airing(a)))
			}
			return r.airing(a), err
		})},
	{method: "PATCH", path: "/airings/:airing", action: people.EditSchedule, scope: page.Site, status: 200,
		summary: "Change a planned airing; with If-Match 412 if it has changed", in: airingIn{}, out: airingDoc{},
		versioned: true,
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in airingIn) (airingDoc, error) {
			return r.changeAiring(c, func(ctx context.Context, old schedule.Airing) (schedule.Airing, error) {
				return r.Schedule.Save(ctx, by, in.onto(old))
			})
		})},
	{method: "DELETE", path: "/airings/:airing", action: people.EditSchedule, scope: page.Site, status: 204,
		summary: "Take a planned airing off the schedule",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			return struct{}{}, r.Schedule.Remove(c.Request().Context(), by, c.Param("airing"))
		})},
	{method: "PUT", path: "/airings/:airing/as-run", action: people.ReportAsRun, scope: page.Site, status: 200,
		summary: "Say what really happened; with If-Match 412 if the airing has changed", in: asRunIn{}, out: airingDoc{},
		versioned: true,
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in asRunIn) (airingDoc, error) {
			return r.changeAiring(c, func(ctx context.Context, old schedule.Airing) (schedule.Airing, error) {
				return r.Schedule.Report(ctx, by, old.ID, schedule.AsRun{Outcome: schedule.Outcome(in.Outcome),
					StartedAt: in.StartedAt, EndedAt: in.EndedAt, Note: in.Note})
			})
		})},
}

// changeAiring changes the airing in the address unless If-Match names another
// version of it.
func (r *Handler) changeAiring(c echo.Context,
	change func(context.Context, schedule.Airing) (schedule.Airing, error)) (airingDoc, error) {
	var a schedule.Airing
	err := r.Atomic.Atomically(c.Request().Context(), func(ctx context.Context) error {
		old, err := r.Schedule.Store.Airing(ctx, c.Param("airing"))
		if err != nil {
			return err
		}
		if _, err := r.Schedule.Store.LockChannel(ctx, old.ChannelID); err != nil {
			return err
		}
		if old, err = r.Schedule.Store.Airing(ctx, old.ID); err != nil {
			return err
		}
		if err := unchanged(c, page.Version(r.airing(old))); err != nil {
			return err
		}
		a, err = change(ctx, old)
		return err
	})
	if err == nil {
		tagged(c, page.Version(r.airing(a)))
	}
	return r.airing(a), err
}

// guideDays is how much of the guide is given to those who do not ask for more.
const guideDays = 7

func (r *Handler) guide(c echo.Context) error {
	from, to, err := r.guideTimes(c)
	if err != nil {
		return err
	}
	// Written out whole first: an error in the middle must not look like a guide.
	var b bytes.Buffer
	if err := r.Schedule.WriteXMLTV(c.Request().Context(), &b, c.Param("channel"), from, to); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.Blob(http.StatusOK, "application/xml; charset=utf-8", b.Bytes())
}

func (r *Handler) saveChannel(ctx context.Context, by people.Person, ch schedule.Channel,
	in channelIn) (channelDoc, error) {
	set(&ch.Name, in.Name)
	set(&ch.Own, in.Own)
	set(&ch.Timezone, in.Timezone)
	ch, err := r.Schedule.SaveChannel(ctx, by, ch)
	return channel(ch), err
}

func channel(x schedule.Channel) channelDoc { return channelDoc{x.ID, x.Name, x.Own, x.Timezone} }

func listAirings(r *Handler, c echo.Context, _ people.Person, _ struct{}) (out list[airingDoc], err error) {
	f := schedule.Filter{Channel: c.QueryParam("channel"), Lesson: c.QueryParam("lesson"),
		Outcome: schedule.Outcome(c.QueryParam("outcome"))}
	if f.From, err = r.timeParam(c, "from"); err != nil {
		return out, err
	}
	if f.To, err = r.timeParam(c, "to"); err != nil {
		return out, err
	}
	if f.Limit, _, err = paging(c); err != nil {
		return out, err
	}
	as, err := r.Schedule.Store.Airings(c.Request().Context(), f)
	out.Items = []airingDoc{}
	for _, a := range as {
		out.Items = append(out.Items, r.airing(a))
	}
	return out, err
}

func (r *Handler) airing(a schedule.Airing) airingDoc {
	return airingDoc{ID: a.ID, LessonID: a.LessonID, ChannelID: a.ChannelID, CopyID: a.CopyID,
		HouseNumber: a.HouseNumber,
		StartsAt:    r.at(a.StartsAt), EndsAt: r.at(a.EndsAt), Outcome: string(a.Outcome),
		StartedAt: r.at(a.StartedAt), EndedAt: r.at(a.EndedAt), Note: a.Note, RepeatOf: a.RepeatOf}
}
