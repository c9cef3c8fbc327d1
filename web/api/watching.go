package api

import (
	"bytes"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/viewership/playback"
	"lenlop/web/page"
	"lenlop/web/signin"
)

type sessionIn struct {
	Offline     bool   `json:"offline,omitempty"`
	ViewerToken string `json:"viewerToken,omitempty"`
	// SentAt is the device's clock: a grant's visits are dated by it.
	SentAt time.Time `json:"sentAt,omitzero"`
}

type sessionOut struct {
	Session          string    `json:"session"`
	Token            string    `json:"token"`
	HeartbeatSeconds int       `json:"heartbeatSeconds"`
	ViewerToken      string    `json:"viewerToken"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt"`
	PackageID        string    `json:"packageId"`
	// DeviceToken and Holder come with a signed-in person's grant: what takes
	// its place once that sign-in, which Holder stands for, has left the device.
	DeviceToken string `json:"deviceToken,omitempty"`
	Holder      string `json:"holder,omitempty"`
}

type heartbeatIn struct {
	Token     string              `json:"token"`
	Sequence  int64               `json:"sequence"`
	Played    []playback.Interval `json:"played"`
	Seconds   *float64            `json:"seconds,omitempty"`
	Position  float64             `json:"position,omitempty"`
	Rate      float64             `json:"rate,omitempty"`
	SentAt    time.Time           `json:"sentAt,omitzero"`
	Run       string              `json:"run,omitempty"`
	StartedAt time.Time           `json:"startedAt,omitzero"`
}

type heartbeatOut struct {
	Accepted    int      `json:"accepted"`
	Refused     int      `json:"refused"`
	NextSeconds int      `json:"nextSeconds"`
	Reasons     []string `json:"reasons,omitempty"`
}

var watchCalls = []call{
	{method: "POST", path: "/lessons/:lesson/playback-sessions", action: people.WatchLesson,
		scope: page.Object, status: 201,
		summary: "Open a playback session, or an offline grant", in: sessionIn{}, out: sessionOut{},
		handle: jsonHandler(201, openSession)},
	{method: "POST", path: "/heartbeats", action: people.ReadPublic, scope: page.Site, status: 202,
		summary: "What was played so far, one heartbeat or an array of them; also as text/plain", in: heartbeatIn{},
		out:    heartbeatOut{},
		handle: (*Handler).beat},
}

func openSession(r *Handler, c echo.Context, by people.Person, in sessionIn) (sessionOut, error) {
	viewer := in.ViewerToken
	if viewer == "" {
		viewer = signin.Viewer(c)
	}
	o, err := r.Watching.Open(c.Request().Context(), playback.OpenRequest{
		LessonID: c.Param("lesson"), Person: by, Viewer: viewer, Offline: in.Offline,
		UserAgent: c.Request().UserAgent(), SentAt: in.SentAt,
	})
	if err != nil {
		return sessionOut{}, err
	}
	signin.KeepViewer(c, o.Viewer)
	out := sessionOut{Session: o.Session, Token: o.Token, HeartbeatSeconds: o.HeartbeatSeconds, ViewerToken: o.Viewer,
		IssuedAt: o.IssuedAt.In(r.Zone), ExpiresAt: o.ExpiresAt.In(r.Zone), PackageID: o.PackageID,
		DeviceToken: o.DeviceToken}
	if in.Offline {
		out.Holder = signin.LeaveHolder(c, r.Now())
	}
	return out, nil
}

// The largest request of heartbeats, in bytes. Browsers divide theirs below
// MaxBrowserHeartbeats (maxRequest of web/asset/src/player/delivery.ts), which
// is also what a beacon can carry; service tokens may send MaxHeartbeats, and so
// much passes the proxy (infra/deploy/nginx).
const (
	MaxBrowserHeartbeats = 64 << 10
	MaxHeartbeats        = maxBody
)

// beat takes one heartbeat or an array. The body counts, not its content type:
// sendBeacon can only send text/plain without asking first.
func (r *Handler) beat(c echo.Context) error {
	most := int64(MaxBrowserHeartbeats)
	if page.Who(c).Machine {
		most = MaxHeartbeats
	}
	raw, err := body(c, most)
	if err != nil {
		return err
	}
	var ins []heartbeatIn
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		err = decode(raw, &ins)
	} else {
		ins = make([]heartbeatIn, 1)
		err = decode(raw, &ins[0])
	}
	if err != nil {
		return err
	}
	if len(ins) == 0 {
		return fault.New(fault.Malformed, "request.malformed")
	}
	hs := make([]playback.Heartbeat, len(ins))
	for i, in := range ins {
		hs[i] = playback.Heartbeat{Token: in.Token, Sequence: in.Sequence, Played: in.Played, Seconds: in.Seconds,
			Position: in.Position, Rate: in.Rate, SentAt: in.SentAt, Run: in.Run, StartedAt: in.StartedAt}
	}
	res, err := r.Watching.Beat(c.Request().Context(), hs)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusAccepted, heartbeatOut{res.Accepted, res.Refused, res.NextSeconds, res.Reasons})
}
