package viewership

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
)

// ParticipationRule names the definition of participation: in a period, a lesson
// of the school's teachers was viewed on the web or was on air, or a student of
// the school is known by name to have watched.
const ParticipationRule = "participation/1"

// ParticipationReader reads what participation is derived from.
type ParticipationReader interface {
	// SchoolViews sums the views of schools' own lessons in a scope.
	SchoolViews(ctx context.Context, s playback.Scope) (map[string]SchoolViews, error)
	// SchoolStudents counts the students of schools on a day, of a grade or (0)
	// of all, and those of them who are among the reached.
	SchoolStudents(ctx context.Context, day string, grade int,
		reached map[string]bool) (map[string]SchoolStudents, error)
}

// SchoolViews are the views of a school's own lessons.
type SchoolViews struct{ Lessons, Views int64 }

// SchoolStudents are a school's students, and those known to be reached.
type SchoolStudents struct{ Students, Reached int64 }

// SchoolParticipation is one school's participation in a period.
type SchoolParticipation struct {
	School    school.School
	Lessons   int64           // of its teachers, viewed or on air
	Views     int64           // of its own lessons
	Students  int64           // on its rosters; 0: it has none here
	Reached   int64           // of them, known by name
	Mark      disclosure.Mark // hides Reached, which is zero then
	TakesPart bool
}

// Share of its students who are known to be reached, 0 to 1; false without a
// roster, or when hidden.
func (p SchoolParticipation) Share() (float64, bool) {
	if p.Students == 0 || p.Mark != disclosure.Shown {
		return 0, false
	}
	return float64(p.Reached) / float64(p.Students), true
}

// ParticipationShare is how many schools of a level or area take part.
type ParticipationShare struct {
	Key, Label        string
	Depth             int
	Schools, TakePart int64
}

// Participation is which schools take part, in order.
type Participation struct {
	Schools []SchoolParticipation // those with rosters by share of students, then the others by views
	Levels  []ParticipationShare
	Areas   []ParticipationShare // in the order of the tree
	All     ParticipationShare
}

// Participation reads which schools take part in a period. Schools are ordered by
// the share of students known to be reached where rosters are known, so that
// large schools have no advantage; the others by the views of their own lessons. Faults: "access.denied",
// "viewership.bad_period".
func (s *Service) Participation(ctx context.Context, by people.Person, q Query) (Participation, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return Participation{}, denied()
	}
	if q.badPeriod() {
		return Participation{}, fault.New(fault.Invalid, "viewership.bad_period")
	}
	q.School, q.Lesson, q.By = "", "", ByAll
	area := q.Area
	q.Area = ""
	p, err := s.parts(ctx, q)
	if err != nil {
		return Participation{}, fmt.Errorf("participation: %w", err)
	}
	places, err := s.cfg.Reader.Places(ctx)
	if err != nil {
		return Participation{}, fmt.Errorf("participation: %w", err)
	}
	return places.rank(p, area), nil
}

// parts gives every school's participation by its id.
func (s *Service) parts(ctx context.Context, q Query) (map[string]SchoolParticipation, error) {
	scope := s.scope(q)
	views, err := s.cfg.Participation.SchoolViews(ctx, scope)
	if err != nil {
		return nil, err
	}
	facts, err := s.cfg.Reader.Facts(ctx, nil, scope)
	if err != nil {
		return nil, err
	}
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{From: s.midnight(q.From), To: s.midnight(q.To)})
	if err != nil {
		return nil, err
	}
	onAir := map[string]map[string]bool{}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool {
		f, in := facts[a.LessonID]
		if !in || !a.Outcome.Happened() {
			return true
		}
		if onAir[f.School] == nil {
			onAir[f.School] = map[string]bool{}
		}
		onAir[f.School][a.LessonID] = true
		return false
	})
	television, web, err := s.knownPersons(ctx, airings, scope)
	if err != nil {
		return nil, err
	}
	reached := web.Persons
	maps.Copy(reached, television)
	last := s.cfg.Now()
	if !q.To.IsZero() && q.To.Before(last) {
		last = q.To.AddDate(0, 0, -1)
	}
	students, err := s.cfg.Participation.SchoolStudents(ctx, s.localDay(last), q.Grade, reached)
	if err != nil {
		return nil, err
	}
	out := map[string]SchoolParticipation{}
	for id, v := range views {
		p := out[id]
		p.Lessons, p.Views = v.Lessons, v.Views
		out[id] = p
	}
	for id, lessons := range onAir {
		p := out[id]
		p.Lessons = max(p.Lessons, int64(len(lessons)))
		out[id] = p
	}
	for id, x := range students {
		p := out[id]
		p.Students, p.Reached = x.Students, x.Reached
		out[id] = p
	}
	return out, nil
}

// rank orders schools, hides small numbers of students, and sums levels and areas.
func (p Places) rank(parts map[string]SchoolParticipation, area string) Participation {
	lines, areaOf := p.ancestors(), p.areaOf()
	var out Participation
	levels, areas := map[string]*ParticipationShare{}, map[string]*ParticipationShare{}
	count := func(m map[string]*ParticipationShare, key, label string, depth int, part bool) {
		if m[key] == nil {
			m[key] = &ParticipationShare{Key: key, Label: label, Depth: depth}
		}
		m[key].Schools++
		if part {
			m[key].TakePart++
		}
	}
	names := map[string]string{}
	for _, a := range p.Areas {
		names[a.ID] = a.Name
	}
	siblings := map[string][]int{}
	for _, c := range p.Schools {
		line := lines[areaOf[c.ID]]
		if area != "" && !slices.Contains(line, area) {
			continue
		}
		x := parts[c.ID]
		x.School, x.TakesPart = c, x.Lessons > 0 || x.Views > 0 || x.Reached > 0
		siblings[areaOf[c.ID]] = append(siblings[areaOf[c.ID]], len(out.Schools))
		out.Schools = append(out.Schools, x)
		if out.All.Schools++; x.TakesPart {
			out.All.TakePart++
		}
		count(levels, string(c.Level), "", 0, x.TakesPart)
		for _, a := range line {
			count(areas, a, names[a], len(lines[a])-1, x.TakesPart)
		}
		if len(line) == 0 {
			count(areas, "", "", 0, x.TakesPart)
		}
	}
	for _, list := range siblings {
		counts := make([]int64, len(list))
		for i, at := range list {
			counts[i] = out.Schools[at].Reached
		}
		marks, _ := disclosure.Conceal(counts, nil)
		for i, at := range list {
			if marks[i] != disclosure.Shown {
				out.Schools[at].Mark, out.Schools[at].Reached = marks[i], 0
			}
		}
	}
	slices.SortFunc(out.Schools, bySharesThenViews)
	for _, l := range append(slices.Clone(school.Levels), "") {
		if x := levels[string(l)]; x != nil {
			out.Levels = append(out.Levels, *x)
		}
	}
	out.Areas = p.inTree(areas)
	return out
}

func bySharesThenViews(a, b SchoolParticipation) int {
	rank := func(p SchoolParticipation) (int, float64) {
		if s, known := p.Share(); known {
			return 0, s
		}
		if p.Students > 0 {
			return 1, 0 // few students: the order must not reveal how many
		}
		return 2, float64(p.Views)
	}
	ra, va := rank(a)
	rb, vb := rank(b)
	return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(vb, va), cmp.Compare(a.School.Name, b.School.Name),
		cmp.Compare(a.School.ID, b.School.ID))
}

// inTree puts areas' shares below those of their parents, by name.
func (p Places) inTree(areas map[string]*ParticipationShare) []ParticipationShare {
	below := map[string][]school.Area{}
	known := map[string]bool{}
	for _, a := range p.Areas {
		known[a.ID] = true
	}
	for _, a := range p.Areas {
		parent := a.Parent
		if !known[parent] || parent == a.ID {
			parent = ""
		}
		below[parent] = append(below[parent], a)
	}
	var out []ParticipationShare
	done := map[string]bool{}
	var add func(parent string)
	add = func(parent string) {
		list := below[parent]
		slices.SortFunc(list, func(a, b school.Area) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name),
				cmp.Compare(a.ID, b.ID))
		})
		for _, a := range list {
			if done[a.ID] {
				continue
			}
			if done[a.ID] = true; areas[a.ID] != nil {
				out = append(out, *areas[a.ID])
			}
			add(a.ID)
		}
	}
	add("")
	if areas[""] != nil {
		out = append(out, *areas[""])
	}
	return out
}
