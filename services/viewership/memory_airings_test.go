package viewership

import (
	"context"
	"time"

	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
)

// onAir is what is known of television: airings with their figures.
type onAir struct {
	m       *memory
	airings []television.AiringFigures // in order of time
	named   map[string][]string        // by airing
}

// aired adds an airing of half an hour at 08:00 of a day of April, and returns it
// to be changed.
func (o *onAir) aired(id, lessonID string, day int, outcome schedule.Outcome) *television.AiringFigures {
	start := at(day).Add(8 * time.Hour)
	o.airings = append(o.airings, television.AiringFigures{Airing: schedule.Airing{
		ID: id, LessonID: lessonID, ChannelID: "tv1", StartsAt: start, EndsAt: start.Add(30 * time.Minute),
		Outcome: outcome,
	}})
	return &o.airings[len(o.airings)-1]
}

// figure is one that counts.
func figure(g television.Grade, metric, unit string, v float64) television.Figure {
	return television.Figure{Grade: g, Metric: metric, Unit: unit, Value: v, State: television.Counted}
}

func (o *onAir) AiringFigures(_ context.Context, airings []schedule.Airing) (out []television.AiringFigures, _ error) {
	for _, a := range airings {
		for _, x := range o.airings {
			if x.Airing.ID == a.ID {
				out = append(out, x)
			}
		}
	}
	return out, o.m.fail["AiringFigures"]
}

func (o *onAir) NamedPersons(_ context.Context, airings []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, a := range airings {
		for _, p := range o.named[a] {
			out[p] = true
		}
	}
	return out, o.m.fail["NamedPersons"]
}

func (o *onAir) Airings(_ context.Context, f schedule.Filter) (out []schedule.Airing, _ error) {
	for _, x := range o.airings {
		a := x.Airing
		if (f.Channel == "" || f.Channel == a.ChannelID) && (f.Lesson == "" || f.Lesson == a.LessonID) &&
			!a.StartsAt.Before(f.From) && (f.To.IsZero() || a.StartsAt.Before(f.To)) {
			out = append(out, a)
		}
	}
	return out, o.m.fail["Airings"]
}

func (o *onAir) Channels(context.Context) ([]schedule.Channel, error) {
	return []schedule.Channel{{ID: "tv1", Name: "Đài tỉnh"}}, o.m.fail["Channels"]
}
