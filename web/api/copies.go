package api

import (
	"encoding/json"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/production"

	"lenlop/web/page"
	"lenlop/web/stream"
)

type copyIn struct {
	ChannelID   string `json:"channelId"`
	Format      string `json:"format,omitempty"` // "": the first format
	HouseNumber string `json:"houseNumber,omitempty"`
}

type copyDoc struct {
	ID          string            `json:"id"`
	LessonID    string            `json:"lessonId"`
	ChannelID   string            `json:"channelId"`
	PackageID   string            `json:"packageId"`
	Format      string            `json:"format"`
	State       string            `json:"state"`
	Failure     *failureDoc       `json:"failure,omitempty"`
	QC          *production.Sheet `json:"qc,omitempty"`
	Size        int64             `json:"size,omitempty"`
	SHA256      string            `json:"sha256,omitempty"`
	HouseNumber string            `json:"houseNumber,omitempty"`
	Download    string            `json:"download,omitempty"` // of a copy that has passed
	CreatedAt   *time.Time        `json:"createdAt"`
	FinishedAt  *time.Time        `json:"finishedAt,omitempty"`
}

var copyCalls = []call{
	{method: "GET", path: "/lessons/:lesson/broadcast-copies", action: people.ReadSchedule,
		scope: page.Site, status: 200,
		summary: "The lesson's broadcast copies with their QC sheets, newest first", out: list[copyDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (list[copyDoc], error) {
			cs, err := r.Copies.OfLesson(c.Request().Context(), by, c.Param("lesson"))
			return r.copies(c, cs, err)
		})},
	{method: "POST", path: "/lessons/:lesson/broadcast-copies", action: people.EditSchedule,
		scope: page.Site, status: 201,
		summary: "Have a broadcast copy made for a channel; the one that exists is given again", in: copyIn{},
		out:      copyDoc{},
		location: true, prepare: repeatable(201,
			func(r *Handler, c echo.Context, by people.Person, in copyIn) (copyDoc, error) {
				made, err := r.Copies.Ask(c.Request().Context(), by, c.Param("lesson"), in.ChannelID, in.Format,
					in.HouseNumber)
				if err != nil {
					return copyDoc{}, err
				}
				c.Response().Header().Set("Location", Base+"/broadcast-copies/"+made.ID)
				return r.copy(c, made)
			})},
	{method: "GET", path: "/channels/:channel/broadcast-copies", action: people.ReadSchedule,
		scope: page.Site, status: 200,
		summary: "The copies for a channel's airings, today and six days after unless asked otherwise",
		out:     list[copyDoc]{},
		query:   []string{"from", "to"},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (out list[copyDoc], err error) {
			from, to, err := r.guideTimes(c)
			if err != nil {
				return out, err
			}
			cs, err := r.Copies.OfChannel(c.Request().Context(), by, c.Param("channel"), from, to)
			return r.copies(c, cs, err)
		})},
	{method: "GET", path: "/broadcast-copies/:copy", action: people.ReadSchedule, scope: page.Site, status: 200,
		summary: "One broadcast copy with its QC sheet", out: copyDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (copyDoc, error) {
			x, err := r.Copies.Copy(c.Request().Context(), by, c.Param("copy"))
			if err != nil {
				return copyDoc{}, err
			}
			return r.copy(c, x)
		})},
	{method: "GET", path: "/broadcast-copies/:copy/file", action: people.ReadSchedule, scope: page.Site, status: 200,
		summary: "The file of a copy that has passed its QC, with Range", handle: (*Handler).copyFile},
}

func (r *Handler) copies(c echo.Context, cs []production.Copy, err error) (list[copyDoc], error) {
	out := list[copyDoc]{Items: []copyDoc{}}
	if err != nil {
		return out, err
	}
	for _, x := range cs {
		d, err := r.copy(c, x)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, d)
	}
	return out, nil
}

func (r *Handler) copy(c echo.Context, x production.Copy) (copyDoc, error) {
	d := copyDoc{ID: x.ID, LessonID: x.LessonID, ChannelID: x.ChannelID, PackageID: x.PackageID, Format: x.Format,
		State: string(x.State),
		Size:  x.Size, SHA256: x.SHA256, HouseNumber: x.HouseNumber, CreatedAt: r.at(x.CreatedAt),
		FinishedAt: r.at(x.FinishedAt)}
	if x.State == production.CopyFailed {
		d.Failure = &failureDoc{x.FailureCode, sentence(c, x.FailureCode, nil)}
	}
	if x.State == production.CopyReady {
		d.Download = base(c) + Base + "/broadcast-copies/" + x.ID + "/file"
	}
	if len(x.Sheet) > 0 {
		if err := json.Unmarshal(x.Sheet, &d.QC); err != nil {
			return d, err
		}
	}
	return d, nil
}

// copyFile hands a copy out, if it has passed.
func (r *Handler) copyFile(c echo.Context) error {
	x, err := r.Copies.Copy(c.Request().Context(), page.Who(c), c.Param("copy"))
	if err != nil {
		return err
	}
	f, known := production.FindFormat(x.Format)
	if x.State != production.CopyReady || !known {
		return fault.New(fault.Conflict, "copy.not_ready")
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", `attachment; filename="`+x.ID+"."+f.Extension+`"`)
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set(echo.HeaderContentType, "application/octet-stream")
	_, err = stream.Send(c, r.Media, x.Key)
	return err
}

// guideTimes reads ?from= and ?to=: a week from today when they are not given.
func (r *Handler) guideTimes(c echo.Context) (from, to time.Time, err error) {
	if from, err = r.timeParam(c, "from"); err != nil {
		return from, to, err
	}
	if to, err = r.timeParam(c, "to"); err != nil {
		return from, to, err
	}
	if from.IsZero() {
		y, m, d := r.Now().In(r.Zone).Date()
		from = time.Date(y, m, d, 0, 0, 0, 0, r.Zone)
	}
	if to.IsZero() {
		to = from.AddDate(0, 0, guideDays)
	}
	return from, to, nil
}
