package schedule

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
)

// XMLTV is the public form of a schedule that programme guides read.
type xmltv struct {
	XMLName    xml.Name         `xml:"tv"`
	Generator  string           `xml:"generator-info-name,attr"`
	Channels   []xmltvChannel   `xml:"channel"`
	Programmes []xmltvProgramme `xml:"programme"`
}

type xmltvChannel struct {
	ID   string    `xml:"id,attr"`
	Name xmltvText `xml:"display-name"`
}

type xmltvText struct {
	Lang string `xml:"lang,attr,omitempty"`
	Text string `xml:",chardata"`
}

type xmltvProgramme struct {
	Start    string      `xml:"start,attr"`
	Stop     string      `xml:"stop,attr"`
	Channel  string      `xml:"channel,attr"`
	Title    xmltvText   `xml:"title"`
	Desc     *xmltvText  `xml:"desc,omitempty"`
	Category []xmltvText `xml:"category"`
}

// xmltvTime is the guide's form of a moment, with its zone.
const xmltvTime = "20060102150405 -0700"

// WriteXMLTV writes the channel's airings that begin from, to left out, as an
// XMLTV guide. Dropped ones and lessons in the bin are left out; moved ones stand at their real time.
// Faults: "channel.not_found", "schedule.bad_period" for more than 100 days.
func (s *Service) WriteXMLTV(ctx context.Context, w io.Writer, channelID string, from, to time.Time) error {
	if !from.Before(to) || to.Sub(from) > 100*24*time.Hour {
		return fault.New(fault.Invalid, "schedule.bad_period", "days", 100)
	}
	c, err := s.Store.Channel(ctx, channelID)
	if err != nil {
		return err
	}
	loc, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return fmt.Errorf("channel %s: %w", c.ID, err)
	}
	airings, err := s.Store.Airings(ctx, Filter{Channel: channelID, From: from, To: to})
	if err != nil {
		return fmt.Errorf("airings of channel %s: %w", channelID, err)
	}
	guide := xmltv{Generator: "Lên Lớp", Channels: []xmltvChannel{{ID: c.ID, Name: xmltvText{"vi", c.Name}}}}
	airings = slices.DeleteFunc(airings, func(a Airing) bool { return a.Outcome == Dropped })
	lessons, err := s.lessonsOf(ctx, airings)
	if err != nil {
		return fmt.Errorf("airings of channel %s: %w", channelID, err)
	}
	for _, a := range airings {
		l, ok := lessons[a.LessonID]
		if !ok {
			return fmt.Errorf("airing %s: %w", a.ID, fault.New(fault.NotFound, "lesson.not_found"))
		}
		if !l.DeletedAt.IsZero() {
			continue // the public guide does not name it either
		}
		guide.Programmes = append(guide.Programmes, programme(a, l, c, loc))
	}
	if _, err := io.WriteString(w, xml.Header+"<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n"); err != nil {
		return fmt.Errorf("guide of channel %s: %w", channelID, err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(guide); err != nil {
		return fmt.Errorf("guide of channel %s: %w", channelID, err)
	}
	return nil
}

// lessonsOf reads what is shown, by id, in one query.
func (s *Service) lessonsOf(ctx context.Context, airings []Airing) (map[string]lesson.Lesson, error) {
	if len(airings) == 0 {
		return nil, nil
	}
	ids := make([]string, len(airings))
	for i, a := range airings {
		ids[i] = a.LessonID
	}
	slices.Sort(ids)
	list, err := s.LessonsByID(ctx, slices.Compact(ids))
	byID := make(map[string]lesson.Lesson, len(list))
	for _, l := range list {
		byID[l.ID] = l
	}
	return byID, err
}

func programme(a Airing, l lesson.Lesson, c Channel, loc *time.Location) xmltvProgramme {
	start, stop := a.StartsAt, a.EndsAt
	if a.Outcome.Happened() {
		start, stop = a.StartedAt, a.EndedAt
	}
	p := xmltvProgramme{
		Start: start.In(loc).Format(xmltvTime), Stop: stop.In(loc).Format(xmltvTime), Channel: c.ID,
		Title:    xmltvText{l.Language, l.Title},
		Category: []xmltvText{{"", l.Subject}, {"vi", fmt.Sprintf("Lớp %d", l.Grade)}},
	}
	if l.Description != "" {
		p.Desc = &xmltvText{l.Language, l.Description}
	}
	return p
}
