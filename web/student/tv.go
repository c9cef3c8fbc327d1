package student

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/web/locale"
)

// showing is an airing as students see it.
type showing struct {
	airing  schedule.Airing
	channel schedule.Channel
	lesson  lesson.Lesson
	subject string // name
	onWeb   bool   // its lesson can be watched here
	onNow   bool
	listed  bool      // another channel announces it; the lesson holds what it says
	starts  time.Time // local to the site
	ends    time.Time
}

// nextCount is how many airings the home page names: what comes next beside
// all that is on now, and few enough that lessons stay in sight.
const nextCount = 2

// maxShowings is more than a week of a few channels holds.
const maxShowings = 2000

// span is which showings are listed: of all lessons, or of one; of a grade (0: of any).
type span struct {
	from, to time.Time
	grade    int
	lesson   string
}

// tvPlan is what was planned in a span, before the lessons are known.
type tvPlan struct {
	airings  []schedule.Airing
	listed   []schedule.Programme
	channels map[string]schedule.Channel
}

// plan reads what was planned in three queries, however much it is. What was
// dropped is left out.
func (r Handler) plan(ctx context.Context, s span) (p tvPlan, err error) {
	f := schedule.Filter{From: s.from, To: s.to, Lesson: s.lesson, Limit: maxShowings}
	if p.airings, err = r.Schedule.Airings(ctx, f); err != nil {
		return p, err
	}
	p.airings = slices.DeleteFunc(p.airings, func(a schedule.Airing) bool { return a.Outcome == schedule.Dropped })
	if p.listed, err = r.announced(ctx, s); err != nil || len(p.airings)+len(p.listed) == 0 {
		return p, err
	}
	channels, err := r.Schedule.Channels(ctx)
	p.channels = make(map[string]schedule.Channel, len(channels))
	for _, c := range channels {
		p.channels[c.ID] = c
	}
	return p, err
}

// ids are those of the lessons that it names.
func (p tvPlan) ids() (ids []string) {
	for _, a := range p.airings {
		ids = append(ids, a.LessonID)
	}
	for _, x := range p.listed {
		ids = append(ids, x.LessonID)
	}
	return ids
}

// showings lists what was planned in a span, by time.
func (r Handler) showings(ctx context.Context, ns names, s span) ([]showing, error) {
	p, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	lessons, err := r.lessonsByID(ctx, p.ids())
	return r.show(p, s, ns, lessons), err
}

// show makes the list; what moved stands at its real time.
func (r Handler) show(p tvPlan, s span, ns names, lessons map[string]lesson.Lesson) []showing {
	g, now := guideNames{ns, p.channels, lessons}, r.Now()
	var out []showing
	for _, a := range p.airings {
		l := lessons[a.LessonID]
		if l.ID == "" || !l.DeletedAt.IsZero() || s.grade > 0 && l.Grade != s.grade {
			continue
		}
		out = append(out, r.planned(a, l, g))
	}
	for _, x := range p.listed {
		out = append(out, r.programme(x, g))
	}
	for i := range out {
		out[i].onNow = !now.Before(out[i].starts) && now.Before(out[i].ends)
	}
	slices.SortStableFunc(out, func(a, b showing) int { return a.starts.Compare(b.starts) })
	return out
}

// guideNames is what airings and programmes name by id.
type guideNames struct {
	subjects names
	channels map[string]schedule.Channel
	lessons  map[string]lesson.Lesson
}

// announced lists what other channels announce in a span.
func (r Handler) announced(ctx context.Context, s span) ([]schedule.Programme, error) {
	if r.Listed == nil {
		return nil, nil
	}
	all, err := r.Listed.Programmes(ctx, "", s.from, s.to)
	return slices.DeleteFunc(all, func(x schedule.Programme) bool {
		return s.grade > 0 && x.Grade != s.grade || s.lesson != "" && x.LessonID != s.lesson
	}), err
}

// lessonsByID reads lessons in one query; "" and what is gone are left out.
func (r Handler) lessonsByID(ctx context.Context, ids []string) (map[string]lesson.Lesson, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil, nil
	}
	list, err := r.Titles.LessonsByID(ctx, ids)
	byID := make(map[string]lesson.Lesson, len(list))
	for _, l := range list {
		byID[l.ID] = l
	}
	return byID, err
}

// planned is an airing of the lesson.
func (r Handler) planned(a schedule.Airing, l lesson.Lesson, g guideNames) showing {
	s := showing{airing: a, channel: g.channels[a.ChannelID], lesson: l, subject: g.subjects.of(l.Subject),
		onWeb:  people.May(people.Person{}, people.WatchLesson, l.Object()),
		starts: a.StartsAt.In(r.Zone), ends: a.EndsAt.In(r.Zone)}
	if a.Outcome == schedule.Moved && !a.StartedAt.IsZero() {
		s.starts, s.ends = a.StartedAt.In(r.Zone), a.EndedAt.In(r.Zone)
	}
	return s
}

// programme is what another channel announces.
func (r Handler) programme(x schedule.Programme, g guideNames) showing {
	s := showing{airing: schedule.Airing{ID: x.ID, ChannelID: x.ChannelID, StartsAt: x.StartsAt, EndsAt: x.EndsAt},
		channel: g.channels[x.ChannelID], listed: true, subject: x.Category,
		lesson: lesson.Lesson{Title: x.Title, Grade: x.Grade, Language: "vi"},
		starts: x.StartsAt.In(r.Zone), ends: x.EndsAt.In(r.Zone)}
	l := g.lessons[x.LessonID]
	if s.onWeb = l.ID != "" && people.May(people.Person{}, people.WatchLesson, l.Object()); s.onWeb {
		s.lesson.ID, s.subject = l.ID, g.subjects.of(l.Subject)
	}
	return s
}

// about is the subject and grade, as far as they are known.
func (s showing) about(ctx context.Context) string {
	var words []string
	if s.subject != "" {
		words = append(words, s.subject)
	}
	if s.lesson.Grade > 0 {
		words = append(words, locale.T(ctx, "grade.name", "n", s.lesson.Grade))
	}
	return strings.Join(words, " · ")
}

// over reports whether it has been shown.
func (s showing) over(now time.Time) bool { return !now.Before(s.ends) }

// around is what was begun within the longest airing and what begins within a day.
func (r Handler) around() span {
	at := r.Now()
	return span{from: at.Add(-schedule.MaxAiring), to: at.Add(24 * time.Hour)}
}

// nowAndNext is what is on television now, for every grade, and what comes next
// for the grade (0: any).
func (r Handler) nowAndNext(all []showing, g int) (now, next []showing) {
	at := r.Now()
	for _, s := range all {
		switch {
		case s.onNow:
			now = append(now, s)
		case s.starts.After(at) && (g == 0 || s.lesson.Grade == g) && len(now)+len(next) < nextCount:
			next = append(next, s)
		}
	}
	return now, next
}

// takesCodes reports whether a code may have been read off the showing at a
// moment: it is on, or was until 15 minutes ago.
func (s showing) takesCodes(at time.Time) bool {
	return !s.listed && !at.Before(s.starts) && !at.After(s.ends.Add(schedule.CheckInAfter))
}

// guideDay is one day of the guide.
type guideDay struct {
	date     time.Time // its midnight
	showings []showing
}

// sheet is a week of one grade (0: of all).
type sheet struct {
	grade int
	days  []guideDay
}

// onChannel is one channel's day.
type onChannel struct {
	channel  schedule.Channel
	showings []showing
}

// guidePage is the television guide.
type guidePage struct {
	grade    int // 0: all
	today    time.Time
	day      time.Time
	days     []time.Time // that can be chosen
	channels []onChannel
	sheets   []sheet
	each     bool // a sheet for every grade
	now      []showing
	codes    bool // something that takes check-in codes is on or was just on
	at       time.Time
}

// back and ahead bound the days that the guide offers around today.
const (
	daysBack  = 1
	daysAhead = 7
)

func (r Handler) guide(c echo.Context) guidePage {
	today := midnight(r.Now().In(r.Zone))
	p := guidePage{at: r.Now(), today: today, day: today, grade: gradeOf(c)}
	if s := c.QueryParam("grade"); s != "" {
		p.grade = grade(s)
	}
	for i := -daysBack; i <= daysAhead; i++ {
		p.days = append(p.days, today.AddDate(0, 0, i))
	}
	if d, err := time.ParseInLocation(time.DateOnly, c.QueryParam("date"), r.Zone); err == nil {
		p.day = d
	}
	return p
}

// day shows one day, channel by channel.
func (r Handler) day(c echo.Context) error {
	p := r.guide(c)
	ctx := c.Request().Context()
	ns, err := r.subjects(ctx, 0)
	if err != nil {
		return err
	}
	all, err := r.showings(ctx, ns, span{from: p.day, to: p.day.AddDate(0, 0, 1), grade: p.grade})
	if err != nil {
		return err
	}
	for _, s := range all {
		i := slices.IndexFunc(p.channels, func(o onChannel) bool { return o.channel.ID == s.channel.ID })
		if i < 0 {
			i = len(p.channels)
			p.channels = append(p.channels, onChannel{channel: s.channel})
		}
		p.channels[i].showings = append(p.channels[i].showings, s)
	}
	around, err := r.showings(ctx, ns, r.around())
	if err != nil {
		return err
	}
	p.now, _ = r.nowAndNext(around, p.grade)
	p.codes = slices.ContainsFunc(around, func(s showing) bool { return s.takesCodes(p.at) })
	return render(c, guide(p))
}

// week shows seven days from the chosen one on one sheet, to print for homes
// without the internet; or a sheet for every grade that has lessons then.
func (r Handler) week(c echo.Context) error {
	p := r.guide(c)
	p.each = c.QueryParam("grade") == eachGrade
	ns, err := r.subjects(c.Request().Context(), 0)
	if err != nil {
		return err
	}
	all, err := r.showings(c.Request().Context(), ns, span{from: p.day, to: p.day.AddDate(0, 0, 7), grade: p.grade})
	if err != nil {
		return err
	}
	if !p.each {
		p.sheets = []sheet{{p.grade, sheetDays(p.day, all)}}
		return render(c, weekSheet(p))
	}
	for _, g := range grades() {
		var own []showing
		for _, s := range all {
			if s.lesson.Grade == g {
				own = append(own, s)
			}
		}
		if len(own) > 0 {
			p.sheets = append(p.sheets, sheet{g, sheetDays(p.day, own)})
		}
	}
	return render(c, weekSheet(p))
}

// eachGrade asks for a sheet for every grade.
const eachGrade = "each"

func sheetDays(from time.Time, all []showing) (days []guideDay) {
	for i := range 7 {
		d := guideDay{date: from.AddDate(0, 0, i)}
		for _, s := range all {
			if midnight(s.starts).Equal(d.date) {
				d.showings = append(d.showings, s)
			}
		}
		days = append(days, d)
	}
	return days
}

// mondayFrom is the first Monday after a day (weeks 1) or the last before it (-1).
func mondayFrom(d time.Time, weeks int) time.Time {
	since := (int(d.Weekday()) + 6) % 7
	if weeks < 0 && since > 0 {
		return d.AddDate(0, 0, -since)
	}
	return d.AddDate(0, 0, 7*weeks-since)
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// weekday is a day's name in the page's language.
func weekday(ctx context.Context, t time.Time) string {
	return locale.T(ctx, "day."+[]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[t.Weekday()])
}

// dayName says today and tomorrow in words, else the weekday and date.
func dayName(ctx context.Context, d, today time.Time) string {
	switch {
	case d.Equal(today):
		return locale.T(ctx, "day.today")
	case d.Equal(today.AddDate(0, 0, 1)):
		return locale.T(ctx, "day.tomorrow")
	case d.Equal(today.AddDate(0, 0, -1)):
		return locale.T(ctx, "day.yesterday")
	}
	return weekday(ctx, d) + " " + d.Format("02/01")
}

// clockOrDay is a coming airing's time, with its day when that is not today.
func clockOrDay(ctx context.Context, s showing, now time.Time) string {
	clock := s.starts.Format("15:04")
	if today := midnight(now.In(s.starts.Location())); !midnight(s.starts).Equal(today) {
		return clock + " " + dayName(ctx, midnight(s.starts), today)
	}
	return clock
}
