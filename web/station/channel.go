package station

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/schedule"
	"lenlop/web/locale"
	"lenlop/web/page"
)

func (r Handler) blankChannel(c echo.Context) error {
	return page.Render(c, http.StatusOK,
		channelPage(schedule.Channel{Own: true, Timezone: r.Zone.String()}, page.Form{}))
}

func (r Handler) channel(c echo.Context) error {
	ch, err := r.Schedule.Store.Channel(c.Request().Context(), c.Param("channel"))
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, channelPage(ch, page.Form{}))
}

// storedChannel is a channel as its form has it.
func storedChannel(ctx context.Context, ch schedule.Channel) []page.Stored {
	if ch.ID == "" {
		return nil
	}
	return []page.Stored{page.Now("name", ch.Name), page.Now("timezone", ch.Timezone),
		page.NowAs("own", ownValue(ch), locale.T(ctx, map[string]string{"yes": "station.own", "no": "station.other"}[ownValue(ch)]))}
}

func ownValue(ch schedule.Channel) string {
	if ch.Own {
		return "yes"
	}
	return "no"
}

// saveChannel makes a channel, or changes the one in the address.
func (r Handler) saveChannel(c echo.Context) error {
	ctx, was := c.Request().Context(), schedule.Channel{ID: c.Param("channel")}
	var saved schedule.Channel
	f, err := page.SaveMerged(ctx, r.Schedule.Atomic, page.FormOf(c, "name", "own", "timezone"),
		func(ctx context.Context) (_ []page.Stored, err error) {
			if was.ID != "" {
				was, err = r.Schedule.Store.LockChannel(ctx, was.ID)
			}
			return storedChannel(ctx, was), err
		},
		func(ctx context.Context, f page.Form) (err error) {
			saved, err = r.Schedule.SaveChannel(ctx, page.Who(c), schedule.Channel{ID: was.ID,
				Name: f.Values["name"], Own: f.Values["own"] == "yes", Timezone: f.Values["timezone"]})
			return err
		})
	if shown(err) {
		return page.Render(c, page.Status(err), channelPage(was, f))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station?channel="+saved.ID+"&done=channel")
}
