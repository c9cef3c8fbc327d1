package station

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/schedule"
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

// saveChannel makes a channel, or changes the one in the address.
func (r Handler) saveChannel(c echo.Context) error {
	f := page.FormOf(c, "name", "own", "timezone")
	ch := schedule.Channel{ID: c.Param("channel"), Name: f.Values["name"], Own: f.Values["own"] == "yes",
		Timezone: f.Values["timezone"]}
	saved, err := r.Schedule.SaveChannel(c.Request().Context(), page.Who(c), ch)
	if shown(err) {
		f.Err = err
		return page.Render(c, page.Status(err), channelPage(ch, f))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/station?channel="+saved.ID+"&done=channel")
}
