package station

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/web/page"
)

// day of a week's schedule.
type day struct {
	Date    time.Time // local midnight
	Airings []schedule.Airing
	Listed  []schedule.Programme // what another channel announces
}

// week is one channel's schedule of seven days.
type week struct {
	Channels    []schedule.Channel
	Channel     schedule.Channel // zero: there is none yet
	From        time.Time        // Monday
	Days        []day
	Lessons     map[string]lesson.Lesson
	Subjects    []school.Subject
	Unconfirmed int // over, and as-run has not said what happened
	Now         time.Time
	Done        string
	Edit        bool // may plan
	EditChannel bool
	Rules       []schedule.Slots
	Broken      []schedule.Shortfall // of Rules, by this week's plan of all our channels
	Rule        page.Form            // a rule that was refused
}

// address of another week or channel.
func (w week) address(channel string, from time.Time) string {
	return "/station?" + url.Values{"channel": {channel}, "week": {from.Format(dayLayout)}}.Encode()
}

// on reports whether an airing is on air now, going by the plan.
func (w week) on(a schedule.Airing) bool {
	return a.Outcome == schedule.Planned && !w.Now.Before(a.StartsAt) && w.Now.Before(a.EndsAt)
}

// waits reports whether an airing is over and nobody said what happened.
func (w week) waits(a schedule.Airing) bool {
	return a.Outcome == schedule.Planned && !w.Now.Before(a.EndsAt)
}

// past reports whether a day is over, so that nothing can be planned on it.
func (w week) past(d day) bool { return !w.Now.Before(d.Date.AddDate(0, 0, 1)) }

func (r Handler) week(c echo.Context) error { return r.showWeek(c, http.StatusOK, page.Form{}) }

func (r Handler) showWeek(c echo.Context, status int, rule page.Form) error {
	ctx, by := c.Request().Context(), page.Who(c)
	w := week{Rule: rule, Now: r.Now(), Done: page.DoneOf(c), Edit: may(c, people.EditSchedule),
		EditChannel: may(c, people.EditChannel)}
	var err error
	if w.Channels, err = r.Schedule.Store.Channels(ctx); err != nil {
		return err
	}
	w.Channel = chosen(w.Channels, c.QueryParam("channel"))
	w.From = monday(w.Now, r.Zone)
	if t, err := time.ParseInLocation(dayLayout, c.QueryParam("week"), r.Zone); err == nil {
		w.From = monday(t, r.Zone)
	}
	if w.Channel.ID != "" {
		as, err := r.Schedule.Store.Airings(ctx,
			schedule.Filter{Channel: w.Channel.ID, From: w.From, To: w.From.AddDate(0, 0, 7)})
		if err != nil {
			return err
		}
		if w.Lessons, err = r.lessons(ctx, by, as); err != nil {
			return err
		}
		w.Days = days(w.From, as)
		if err := r.listed(ctx, &w); err != nil {
			return err
		}
		for _, a := range as {
			if w.waits(a) {
				w.Unconfirmed++
			}
		}
	}
	if w.Subjects, err = r.Schools.Subjects(ctx); err != nil {
		return err
	}
	if w.Rules, err = r.Schedule.WeekRules.Rules(ctx); err != nil {
		return err
	}
	if w.Broken, err = r.Schedule.CheckWeek(ctx, by, w.From); err != nil {
		return err
	}
	return page.Render(c, status, schedulePage(w))
}

// listed adds what another channel announces to its days.
func (r Handler) listed(ctx context.Context, w *week) error {
	if w.Channel.Own || r.Schedule.Programmes == nil {
		return nil
	}
	ps, err := r.Schedule.Programmes.Programmes(ctx, w.Channel.ID, w.From, w.From.AddDate(0, 0, 7))
	if err != nil {
		return err
	}
	for _, p := range ps {
		for i := range w.Days {
			if !p.StartsAt.Before(w.Days[i].Date) && p.StartsAt.Before(w.From.AddDate(0, 0, i+1)) {
				w.Days[i].Listed = append(w.Days[i].Listed, p)
			}
		}
	}
	return nil
}

// days sorts a week's airings into its days.
func days(from time.Time, as []schedule.Airing) []day {
	ds := make([]day, 7)
	for i := range ds {
		ds[i].Date = from.AddDate(0, 0, i)
		for _, a := range as {
			if !a.StartsAt.Before(ds[i].Date) && a.StartsAt.Before(from.AddDate(0, 0, i+1)) {
				ds[i].Airings = append(ds[i].Airings, a)
			}
		}
	}
	return ds
}

// chosen is the channel with the id; else the first of the province's own,
// else the first.
func chosen(all []schedule.Channel, id string) schedule.Channel {
	var first, own schedule.Channel
	for _, ch := range all {
		if ch.ID == id {
			return ch
		}
		if first.ID == "" {
			first = ch
		}
		if own.ID == "" && ch.Own {
			own = ch
		}
	}
	if own.ID != "" {
		return own
	}
	return first
}
