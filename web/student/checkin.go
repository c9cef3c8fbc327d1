package student

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership/television"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// CheckIns takes codes that were shown on television (television.Service).
type CheckIns interface {
	CheckIn(ctx context.Context, r television.CheckInRequest) (television.CheckInResult, error)
}

// Devices identifies devices without a signed-in person (playback.Service).
type Devices interface {
	Device(old string) (string, error)
}

// checkInPath is short: people read it off a television and type it.
const checkInPath = "/tv/code"

// checkedIn is the page for a code: to be entered, or just entered.
type checkedIn struct {
	form   page.Form
	result television.CheckInResult // LessonID is empty: nothing entered yet
	lesson lesson.Lesson
	onWeb  bool // the lesson can be watched here
}

// codeForm shows the field, filled in when the code was scanned.
func (r Handler) codeForm(c echo.Context) error {
	code := television.NormalCode(c.QueryParam("code"))
	if len(code) > 20 {
		code = ""
	}
	return page.Render(c, http.StatusOK,
		checkInPage(checkedIn{form: page.Form{Values: map[string]string{"code": code}}}))
}

// checkIn takes a code. The answer stands on the page itself: entered again,
// by a reload, it changes nothing.
func (r Handler) checkIn(c echo.Context) error {
	ctx := c.Request().Context()
	p := checkedIn{form: page.FormOf(c, "code")}
	device, err := r.Devices.Device(signin.Viewer(c))
	if err != nil {
		return err
	}
	signin.KeepViewer(c, device)
	p.result, err = r.CheckIns.CheckIn(ctx, television.CheckInRequest{Person: page.Who(c), Viewer: device,
		From: signin.From(c), Code: p.form.Values["code"]})
	if e := fault.As(err); e != nil && e.Kind != fault.Internal {
		page.RetryAfter(c, err)
		p.form.Err = err
		return page.Render(c, page.Status(err), checkInPage(p))
	}
	if err != nil {
		return err
	}
	if p.lesson, err = r.Titles.Lesson(ctx, p.result.LessonID); err != nil {
		return err
	}
	p.onWeb = people.May(page.Who(c), people.WatchLesson, p.lesson.Object())
	return page.Render(c, http.StatusOK, checkInPage(p))
}
