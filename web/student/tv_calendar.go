package student

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// reminderDays is how far ahead a grade's reminders reach.
const reminderDays = 14

// reminders gives a grade's coming airings as an iCalendar file.
func (r Handler) reminders(c echo.Context) error {
	g := gradeOf(c)
	if s := c.QueryParam("grade"); s != "" {
		g = grade(s)
	}
	now := r.Now()
	ns, err := r.subjects(c.Request().Context(), 0)
	if err != nil {
		return err
	}
	all, err := r.showings(c.Request().Context(), ns, span{from: now, to: now.AddDate(0, 0, reminderDays), grade: g})
	if err != nil {
		return err
	}
	return r.calendar(c, all)
}

// reminder gives one airing as an iCalendar file.
func (r Handler) reminder(c echo.Context) error {
	ctx := c.Request().Context()
	id := strings.TrimSuffix(c.Param("airing"), ".ics")
	a, err := r.Schedule.Airing(ctx, id)
	if err != nil {
		return err
	}
	l, err := r.Titles.Lesson(ctx, a.LessonID)
	if err != nil {
		return err
	}
	if !l.DeletedAt.IsZero() || a.Outcome == schedule.Dropped {
		return fault.New(fault.NotFound, "airing.not_found")
	}
	ns, err := r.subjects(ctx, 0)
	if err != nil {
		return err
	}
	channels, err := r.Schedule.Channels(ctx)
	if err != nil {
		return err
	}
	s := showing{airing: a, lesson: l, subject: ns.of(l.Subject),
		onWeb:  people.May(people.Person{}, people.WatchLesson, l.Object()),
		starts: a.StartsAt.In(r.Zone), ends: a.EndsAt.In(r.Zone)}
	for _, ch := range channels {
		if ch.ID == a.ChannelID {
			s.channel = ch
		}
	}
	return r.calendar(c, []showing{s})
}

// calendar writes showings as RFC 5545 has it.
func (r Handler) calendar(c echo.Context, all []showing) error {
	ctx := c.Request().Context()
	w := &ical{}
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//Lenlop//Television//VI")
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", "PUBLISH")
	w.line("X-WR-CALNAME", icalText(locale.T(ctx, "tv.title")))
	zone := fixedZone(all, r.Zone)
	if zone != "" {
		w.zone(zone, all[0].starts)
	}
	for _, s := range all {
		id := "airing-" + s.airing.ID
		if s.listed {
			id = "programme-" + s.airing.ID
		}
		w.line("BEGIN", "VEVENT")
		w.line("UID", id+"@lenlop") // stays when the airing is moved: the reminder moves with it
		w.line("DTSTAMP", r.Now().UTC().Format(icalUTC))
		w.moment("DTSTART", s.starts, zone)
		w.moment("DTEND", s.ends, zone)
		w.line("SUMMARY", icalText(s.lesson.Title))
		w.line("LOCATION", icalText(locale.T(ctx, "tv.on_channel", "channel", s.channel.Name)))
		w.line("DESCRIPTION", icalText(s.about(ctx)))
		if s.onWeb {
			w.line("URL", page.VisitOf(ctx).Base+"/lessons/"+s.lesson.ID)
		}
		w.line("BEGIN", "VALARM")
		w.line("ACTION", "DISPLAY")
		w.line("TRIGGER", "-PT10M")
		w.line("DESCRIPTION", icalText(s.lesson.Title))
		w.line("END", "VALARM")
		w.line("END", "VEVENT")
	}
	w.line("END", "VCALENDAR")
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, `attachment; filename="lich-phat-song.ics"`)
	h.Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(w.b.String()))
}

// How RFC 5545 writes moments.
const (
	icalLocal = "20060102T150405"
	icalUTC   = "20060102T150405Z"
)

// fixedZone is the zone's name when all showings have the same offset in it, so
// that one rule says it; else "", and moments are written in UTC.
func fixedZone(all []showing, loc *time.Location) string {
	if len(all) == 0 || !strings.Contains(loc.String(), "/") {
		return ""
	}
	_, offset := all[0].starts.In(loc).Zone()
	for _, s := range all {
		for _, t := range []time.Time{s.starts, s.ends} {
			if _, o := t.In(loc).Zone(); o != offset {
				return ""
			}
		}
	}
	return loc.String()
}

// ical writes the lines of a calendar.
type ical struct{ b strings.Builder }

// maxOctets of a line, by RFC 5545, section 3.1, without its end.
const maxOctets = 75

// line writes a property, folded between characters.
func (w *ical) line(name, value string) {
	text := name + ":" + value
	limit := maxOctets
	for len(text) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		w.b.WriteString(text[:cut] + "\r\n ")
		text, limit = text[cut:], maxOctets-1 // the space counts
	}
	w.b.WriteString(text + "\r\n")
}

func (w *ical) moment(name string, t time.Time, zone string) {
	if zone == "" {
		w.line(name, t.UTC().Format(icalUTC))
		return
	}
	w.line(name+";TZID="+zone, t.Format(icalLocal))
}

func (w *ical) zone(name string, at time.Time) {
	short, offset := at.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	utc := fmt.Sprintf("%c%02d%02d", sign, offset/3600, offset%3600/60)
	w.line("BEGIN", "VTIMEZONE")
	w.line("TZID", name)
	w.line("BEGIN", "STANDARD")
	w.line("DTSTART", "19700101T000000")
	w.line("TZOFFSETFROM", utc)
	w.line("TZOFFSETTO", utc)
	w.line("TZNAME", icalText(short))
	w.line("END", "STANDARD")
	w.line("END", "VTIMEZONE")
}

// icalText escapes a text; control characters are left out.
func icalText(s string) string {
	s = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`).Replace(s)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
