package station

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/web/page"
)

// perPage is how many lessons are offered at a time.
const perPage = 30

// planFields are the inputs of the plan of an airing, by the names of the API
// where there is one.
var planFields = []string{"channelId", "lessonId", "day", "startsAt", "minutes", "houseNumber"}

// choice is planning in two steps: first which lesson, then when.
type choice struct {
	Channels []schedule.Channel
	Channel  schedule.Channel
	Day      string // as the date input writes it
	Subjects []school.Subject
	// First step: lessons that can be aired, narrowed by grade and subject.
	Grade, Subject string
	Lessons        []lesson.Lesson
	Next           string
	// Second step: the one that was picked; zero in the first.
	Lesson lesson.Lesson
	Form   page.Form
}

// address of the first or second step with the given lesson.
func (v choice) address(lessonID, grade, subject, after string) string {
	q := url.Values{"channel": {v.Channel.ID}, "day": {v.Day}}
	for name, value := range map[string]string{"lesson": lessonID, "grade": grade, "subject": subject, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/station/airings/new?" + q.Encode()
}

func (r Handler) blank(c echo.Context) error {
	v := choice{Day: c.QueryParam("day"), Grade: c.QueryParam("grade"), Subject: c.QueryParam("subject")}
	return r.showPlan(c, http.StatusOK, v, c.QueryParam("channel"), c.QueryParam("lesson"))
}

func (r Handler) showPlan(c echo.Context, status int, v choice, channel, lessonID string) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Channels, err = r.Schedule.Store.Channels(ctx); err != nil {
		return err
	}
	v.Channel = chosen(v.Channels, channel)
	if _, err := time.Parse(dayLayout, v.Day); err != nil {
		v.Day = r.Now().In(r.Zone).Format(dayLayout)
	}
	if v.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	if lessonID != "" {
		if v.Lesson, err = r.Lessons.Read(ctx, by, lessonID); err != nil {
			return err
		}
		return page.Render(c, status, planPage(v))
	}
	grade, _ := strconv.Atoi(v.Grade)
	var next string
	v.Lessons, next, err = r.Lessons.List(ctx, by, lesson.Filter{
		Media: []lesson.MediaState{lesson.Ready}, Grade: grade, Subject: v.Subject, After: c.QueryParam("after"),
		Limit: perPage,
	})
	if err != nil {
		return err
	}
	if next != "" {
		v.Next = v.address("", v.Grade, v.Subject, next)
	}
	return page.Render(c, status, pickPage(v))
}

func (r Handler) plan(c echo.Context) error {
	f := page.FormOf(c, planFields...)
	a, err := r.planned(f)
	if err == nil {
		a, err = r.Schedule.Save(c.Request().Context(), page.Who(c), a)
	}
	if shown(err) {
		f.Err = err
		return r.showPlan(c, page.Status(err), choice{Day: f.Values["day"], Form: f}, f.Values["channelId"],
			f.Values["lessonId"])
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, week{}.address(a.ChannelID, monday(a.StartsAt, r.Zone))+"&done=planned")
}

// lockedAiring reads an airing while nobody else can change its channel's plan.
func (r Handler) lockedAiring(ctx context.Context, id string) (schedule.Airing, error) {
	a, err := r.Schedule.Store.Airing(ctx, id)
	if err != nil {
		return a, err
	}
	if _, err := r.Schedule.Store.LockChannel(ctx, a.ChannelID); err != nil {
		return a, err
	}
	return r.Schedule.Store.Airing(ctx, id)
}

// replan changes an airing that has not been reported on.
func (r Handler) replan(c echo.Context) error {
	ctx := c.Request().Context()
	channels, err := r.Schedule.Store.Channels(ctx)
	if err != nil {
		return err
	}
	var old schedule.Airing
	f, err := page.SaveMerged(ctx, r.Schedule.Atomic, page.FormOf(c, planFields...),
		func(ctx context.Context) ([]page.Stored, error) {
			if old, err = r.lockedAiring(ctx, c.Param("airing")); err != nil || old.Outcome != schedule.Planned {
				return nil, err // its refusal says more than a changed time
			}
			return airing{Airing: old, Channels: channels, Zone: r.Zone}.storedPlan(ctx), nil
		},
		func(ctx context.Context, f page.Form) error {
			a, err := r.planned(f)
			if err == nil {
				a.ID = old.ID
				_, err = r.Schedule.Save(ctx, page.Who(c), a)
			}
			return err
		})
	return r.backToAiring(c, err, "replanned", func(v *airing) { v.Plan = f })
}

func (r Handler) remove(c echo.Context) error {
	a, err := r.Schedule.Store.Airing(c.Request().Context(), c.Param("airing"))
	if err != nil {
		return err
	}
	if err := r.Schedule.Remove(c.Request().Context(), page.Who(c), a.ID); err != nil {
		return r.backToAiring(c, err, "", func(v *airing) { v.Plan = page.Form{Err: err} })
	}
	return c.Redirect(http.StatusSeeOther, week{}.address(a.ChannelID, monday(a.StartsAt, r.Zone))+"&done=removed")
}

// planned reads the form; a fault marks what is no date, time or number.
func (r Handler) planned(f page.Form) (schedule.Airing, error) {
	a := schedule.Airing{ChannelID: f.Values["channelId"], LessonID: f.Values["lessonId"],
		HouseNumber: f.Values["houseNumber"]}
	var bad []fault.Field
	var wrong *fault.Field
	if a.StartsAt, wrong = moment("startsAt", f.Values["day"], f.Values["startsAt"], r.Zone); wrong != nil {
		bad = append(bad, *wrong)
	}
	if f.Values["minutes"] != "" {
		minutes, err := strconv.Atoi(f.Values["minutes"])
		switch {
		case err != nil || minutes < 0 || minutes > 10_000:
			bad = append(bad, fault.Wrong("endsAt", "airing.bad_length"))
		case !a.StartsAt.IsZero():
			a.EndsAt = a.StartsAt.Add(time.Duration(minutes) * time.Minute)
		}
	}
	return a, fault.Form("airing.invalid", bad...)
}

// minutesOf is the length to offer for a lesson: whole minutes, rounded up, so
// that its end is not cut off.
func minutesOf(l lesson.Lesson) string {
	if l.Media.Duration <= 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(l.Media.Duration / 60)))
}

// shown reports whether an error belongs beside what was typed.
func shown(err error) bool {
	k := fault.KindOf(err)
	return err != nil && (k == fault.Invalid || k == fault.Conflict)
}
