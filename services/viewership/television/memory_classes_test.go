package television

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

func (m *memory) AddRollCall(_ context.Context, r RollCall) error {
	m.calls = append(m.calls, r)
	return m.inside("AddRollCall")
}

func (m *memory) RollCalls(_ context.Context, airings []string) (out []RollCall, _ error) {
	for _, r := range m.calls {
		if slices.Contains(airings, r.AiringID) {
			r.Names = nil
			out = append(out, r)
		}
	}
	return out, m.fail["RollCalls"]
}

func (m *memory) Names(ctx context.Context, airings []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, r := range CurrentRollCalls(m.calls) {
		seen, err := m.Persons(ctx, []string{r.AiringID})
		if err != nil {
			return nil, err
		}
		for _, id := range r.Names {
			if slices.Contains(airings, r.AiringID) && !seen[id] {
				out[r.AiringID] = append(out[r.AiringID], id)
			}
		}
	}
	return out, m.fail["Names"]
}

func (m *memory) AddDraw(_ context.Context, d Draw) error {
	if slices.ContainsFunc(m.draws, func(x Draw) bool { return x.AiringID == d.AiringID }) {
		return fault.New(fault.Conflict, "draw.already_drawn")
	}
	m.draws = append(m.draws, d)
	return m.inside("AddDraw")
}

func (m *memory) Draws(_ context.Context, airings []string) (out []Draw, _ error) {
	for _, d := range m.draws {
		if slices.Contains(airings, d.AiringID) {
			out = append(out, d)
		}
	}
	return out, m.fail["Draws"]
}

func (m *memory) Frame(_ context.Context, grade int, day string) ([]FrameClass, error) {
	if grade != 9 || day != "2020-04-13" {
		return nil, m.fail["Frame"]
	}
	return m.frame, m.fail["Frame"]
}

func (m *memory) PurgeNames(_ context.Context, before time.Time, limit int) (int, error) {
	m.purged = append(m.purged, fmt.Sprint(before.Format(time.DateOnly), " ", limit))
	return 7, m.fail["PurgeNames"]
}

func (m *memory) Class(_ context.Context, id string) (school.Class, error) {
	if i := slices.IndexFunc(m.classes, func(c school.Class) bool { return c.ID == id }); i >= 0 {
		return m.classes[i], nil
	}
	return school.Class{}, fault.New(fault.NotFound, "class.not_found")
}

func (m *memory) ClassesOfTeacher(_ context.Context, id string) (out []school.Class, _ error) {
	for _, c := range m.classes {
		if slices.ContainsFunc(c.Teachers, func(t school.ClassTeacher) bool { return t.PersonID == id }) {
			out = append(out, c)
		}
	}
	return out, m.fail["ClassesOfTeacher"]
}

func (m *memory) Roster(_ context.Context, classID, day string) ([]school.Student, error) {
	return m.rosters[classID+" "+day], m.fail["Roster"]
}

func (m *memory) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l, ok := m.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

func (m *memory) Facts(_ context.Context, ids []string, _ playback.Scope) (map[string]playback.LessonFacts, error) {
	out := map[string]playback.LessonFacts{}
	for _, id := range ids {
		if l, ok := m.lessons[id]; ok {
			out[id] = playback.LessonFacts{ID: id, Title: l.Title, Grade: l.Grade}
		}
	}
	return out, m.fail["Facts"]
}

func (m *memory) LockViewers(_ context.Context, viewers []string) error {
	m.locked = append(m.locked, viewers...)
	return m.inside("LockViewers")
}

func (m *memory) Airing(_ context.Context, id string) (schedule.Airing, error) {
	if i := slices.IndexFunc(m.airings, func(a schedule.Airing) bool { return a.ID == id }); i >= 0 {
		return m.airings[i], nil
	}
	return schedule.Airing{}, fault.New(fault.NotFound, "airing.not_found")
}

func (m *memory) Airings(_ context.Context, f schedule.Filter) (out []schedule.Airing, _ error) {
	for _, a := range m.airings {
		if (f.Channel == "" || a.ChannelID == f.Channel) && (f.Lesson == "" || a.LessonID == f.Lesson) &&
			!a.StartsAt.Before(f.From) && (f.To.IsZero() || a.StartsAt.Before(f.To)) {
			out = append(out, a)
		}
	}
	return out, m.fail["Airings"]
}

func (m *memory) Channels(context.Context) ([]schedule.Channel, error) {
	return slices.Clone(m.channels), m.fail["Channels"]
}

func (m *memory) LockChannel(_ context.Context, id string) (schedule.Channel, error) {
	m.locked = append(m.locked, id)
	return schedule.Channel{ID: id}, m.inside("LockChannel")
}
