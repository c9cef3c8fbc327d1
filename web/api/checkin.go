package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
	"lenlop/web/signin"
)

type checkInIn struct {
	Code        string `json:"code"`
	ViewerToken string `json:"viewerToken,omitempty"`
}

type checkInOut struct {
	Lesson      string `json:"lesson"`
	Channel     string `json:"channel"`
	Stayed      bool   `json:"stayed"`
	Pending     bool   `json:"pending"` // until the station has said what was on air
	Repeat      bool   `json:"repeat"`  // the code had been shown in an earlier airing
	ViewerToken string `json:"viewerToken"`
}

var checkInCalls = []call{
	{method: "POST", path: "/check-ins", action: people.ReadPublic, scope: page.Site, status: 201, also: []int{202},
		summary: "Enter a code read off the television; 202 while as-run has not said what was on air", in: checkInIn{},
		out:    checkInOut{},
		handle: (*Handler).checkIn},
}

func (r *Handler) checkIn(c echo.Context) error {
	var in checkInIn
	if err := read(c, &in); err != nil {
		return err
	}
	if in.ViewerToken == "" {
		in.ViewerToken = signin.Viewer(c)
	}
	device, err := r.Watching.Device(in.ViewerToken)
	if err != nil {
		return err
	}
	// Also with a wrong code: tries are counted by device.
	signin.KeepViewer(c, device)
	k, err := r.Television.CheckIn(c.Request().Context(), television.CheckInRequest{Person: page.Who(c), Viewer: device,
		From: signin.From(c), Code: in.Code})
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if k.State == television.CheckInPending {
		status = http.StatusAccepted
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(status, checkInOut{Lesson: k.LessonID, Channel: k.ChannelID, Stayed: k.Stayed,
		Pending: k.State == television.CheckInPending, Repeat: k.Repeat, ViewerToken: device})
}
