package viewership

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Table is the department's table: the web's figures and television's, side by
// side. Faults: "access.denied", "viewership.unknown_group",
// "viewership.bad_period".
func (s *Service) Table(ctx context.Context, by people.Person, q Query) ([]Row, error) {
	rows, _, err := s.TableAndTotal(ctx, by, q)
	return rows, err
}

// TableAndTotal is the table with its total. Distinct viewers are counted over
// the whole, so their total is not the sum of the rows.
func (s *Service) TableAndTotal(ctx context.Context, by people.Person, q Query) ([]Row, Row, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, Row{}, denied()
	}
	return s.tableAndTotal(ctx, q)
}

// OwnTable is the table of a person's own lessons: a teacher's (q.Teacher) or
// those of the school where the person works (q.School). A school's own staff
// may see the school's numbers, so nothing is hidden. Faults: "access.denied", and as
// TableAndTotal's.
func (s *Service) OwnTable(ctx context.Context, by people.Person, q Query) ([]Row, Row, error) {
	teacher := q.Teacher != "" && q.Teacher == by.ID && people.May(by, people.ListLessons, people.Object{})
	staff := by.At(people.Head, q.School) || by.At(people.Teacher, q.School)
	if !teacher && !(staff && people.May(by, people.ReadSchool, people.Object{School: q.School})) {
		return nil, Row{}, denied()
	}
	q.own = true
	return s.tableAndTotal(ctx, q)
}

func (s *Service) tableAndTotal(ctx context.Context, q Query) ([]Row, Row, error) {
	switch q.By {
	case "":
		q.By = ByLesson
	case ByLesson, ByDay, BySubject, ByGrade, BySchool, ByArea, ByChannel, ByAll:
	default:
		return nil, Row{}, fault.New(fault.Invalid, "viewership.unknown_group")
	}
	if q.badPeriod() {
		return nil, Row{}, fault.New(fault.Invalid, "viewership.bad_period")
	}
	t, all, err := s.table(ctx, q)
	if err != nil {
		return nil, Row{}, err
	}
	rows := t.sorted(q.Channel != "")
	list := all.sorted(q.Channel != "")
	if len(list) == 0 {
		return rows, Row{}, nil
	}
	total := list[0]
	if q.By == ByAll {
		return rows, total, nil
	}
	// If every row is suppressed, the total is suppressed as well; otherwise it
	// would reveal them.
	if q.By == BySchool || q.By == ByArea || q.restricted() {
		shown := slices.ContainsFunc(rows, func(r Row) bool {
			return r.Mark == disclosure.Shown && r.WebViewers > 0 && r.Depth == 0
		})
		hidden := slices.ContainsFunc(rows, func(r Row) bool { return r.Mark != disclosure.Shown })
		if m := disclosure.TotalMark(hidden, shown, total.Mark); m != total.Mark {
			total.conceal(m)
		}
		total.Contacts = concealContactTotal(rows, total.Contacts)
		total.Television = oneUnit(total.Contacts)
	}
	return rows, total, nil
}

// table fills and labels a table and its total's one row from the same reads.
func (s *Service) table(ctx context.Context, q Query) (t, all *table, err error) {
	t = &table{rows: map[string]*Row{}, by: q.By, location: s.cfg.Location}
	all = &table{rows: map[string]*Row{}, by: ByAll, location: s.cfg.Location}
	scope := s.scope(q)
	if q.By == ByArea || q.By == BySchool {
		places, err := s.cfg.Reader.Places(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("table by %s: %w", q.By, err)
		}
		t.lines, t.areas = places.ancestors(), map[string]school.Area{}
		for _, a := range places.Areas {
			t.areas[a.ID] = a
		}
	}
	for _, fill := range []func() error{
		func() error { return s.webRows(ctx, t, all, q, scope) },
		func() error { return s.televisionRows(ctx, t, all, q, scope) },
		func() error { return s.label(ctx, t) },
	} {
		if err := fill(); err != nil {
			return nil, nil, fmt.Errorf("table by %s: %w", q.By, err)
		}
	}
	return t, all, nil
}

// conceal removes the web's figures from a row.
func (r *Row) conceal(m disclosure.Mark) {
	r.Mark = m
	r.WebViews, r.WebViewers, r.WatchSeconds, r.Completions, r.OfflineViews = 0, 0, 0, 0, 0
}

func (s *Service) scope(q Query) playback.Scope {
	scope := playback.Scope{Lesson: q.Lesson, Subject: q.Subject, Grade: q.Grade, School: q.School, Area: q.Area,
		Teacher: q.Teacher}
	scope.MarkPersons = q.restricted() || q.By == BySchool || q.By == ByArea
	if !q.From.IsZero() {
		scope.From = s.localDay(q.From)
	}
	if !q.To.IsZero() {
		scope.To = s.localDay(q.To)
	}
	return scope
}

// table is a table while it is filled.
type table struct {
	rows     map[string]*Row
	by       string
	location *time.Location
	facts    map[string]playback.LessonFacts
	lines    map[string][]string // area -> the areas around it, itself first
	areas    map[string]school.Area
}

func (t *table) row(key string) *Row {
	r := t.rows[key]
	if r == nil {
		r = &Row{Key: key, Television: map[television.Grade]float64{}}
		t.rows[key] = r
	}
	return r
}

func (s *Service) webRows(ctx context.Context, t, all *table, q Query, scope playback.Scope) error {
	by := t.by
	switch by {
	case ByChannel, ByAll:
		by = ungrouped
	case BySchool:
		by = ByArea // schools come with their areas, so that both are hidden alike
	}
	sums, whole, err := s.cfg.Reader.Grouped(ctx, by, scope)
	if err != nil {
		return err
	}
	whole.Key = ""
	if q.restricted() {
		all.fillConcealed([]playback.Sums{whole})
	} else {
		all.row("").fill(whole)
	}
	switch {
	case t.by == ByChannel: // a channel has no web figures
	case by == ByArea:
		if m := t.fillAreas(sums); m != disclosure.Shown {
			all.row("").conceal(m)
		}
	case scope.MarkPersons:
		if m := t.fillConcealed(sums); m != disclosure.Shown {
			all.row("").conceal(m)
		}
	default:
		for _, x := range sums {
			t.row(x.Key).fill(x)
		}
	}
	return nil
}

// fill writes the web's figures.
func (r *Row) fill(x playback.Sums) {
	r.WebViews, r.WebViewers, r.Completions, r.OfflineViews = x.Views, x.Viewers, x.Completions, x.OfflineViews
	r.WatchSeconds = float64(x.Watch) / 1000
}

// fillConcealed fills rows of one school or area and hides those of few people. It
// returns the mark of their sum.
func (t *table) fillConcealed(sums []playback.Sums) disclosure.Mark {
	counts, people := make([]int64, len(sums)), make([]bool, len(sums))
	for i, x := range sums {
		counts[i], people[i] = x.Viewers, hasPeople(x)
	}
	marks, total := disclosure.Conceal(counts, people)
	for i, x := range sums {
		r := t.row(x.Key)
		if r.fill(x); marks[i] != disclosure.Shown {
			r.conceal(marks[i])
		}
	}
	return total
}

func (s *Service) televisionRows(ctx context.Context, t, all *table, q Query, scope playback.Scope) error {
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{
		Channel: q.Channel, Lesson: q.Lesson, From: s.midnight(q.From), To: s.midnight(q.To),
	})
	if err != nil {
		return err
	}
	if t.facts, err = s.cfg.Reader.Facts(ctx, nil, scope); err != nil {
		return err
	}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool { _, in := t.facts[a.LessonID]; return !in })
	list, err := s.cfg.Television.AiringFigures(ctx, airings)
	if err != nil {
		return err
	}
	all.facts = t.facts
	all.fillTelevision(list, q.restricted())
	if m := t.fillTelevision(list, scope.MarkPersons); m != disclosure.Shown {
		r := all.row("")
		r.concealIdentified(m)
		r.Television = oneUnit(r.Contacts)
	}
	return nil
}

// fillTelevision fills the airings' columns; with restricted, few persons known
// by name are hidden. It returns the mark of their sum.
func (t *table) fillTelevision(list []television.AiringFigures, restricted bool) (sum disclosure.Mark) {
	groups := map[string][]television.AiringFigures{}
	for _, a := range list {
		for _, k := range t.keys(a) {
			groups[k] = append(groups[k], a)
		}
	}
	for k, as := range groups {
		r := t.row(k)
		for _, a := range as {
			switch {
			case a.Airing.Outcome == schedule.Planned:
				r.AiringsPlanned++
			case a.Airing.Outcome.Happened():
				r.Airings++
				if !a.HasCounted() {
					r.AiringsNoData++
				}
			}
		}
		r.Contacts = television.AddContacts(as)
	}
	if restricted {
		sum = t.concealContacts(list)
	}
	for _, r := range t.rows {
		r.Television = oneUnit(r.Contacts)
	}
	return sum
}

// oneUnit gives contacts by grade, of the grades that have one unit only.
func oneUnit(contacts []television.Headline) map[television.Grade]float64 {
	units, m := map[television.Grade]int{}, map[television.Grade]float64{}
	for _, h := range contacts {
		units[h.Grade]++
	}
	for _, h := range contacts {
		if units[h.Grade] == 1 && h.Mark == disclosure.Shown {
			m[h.Grade] = h.Value
		}
	}
	return m
}

// keys are the groups that an airing belongs to: one, or all areas that contain
// its lesson's school.
func (t *table) keys(a television.AiringFigures) []string {
	if t.by != ByArea {
		return []string{t.key(a)}
	}
	if line := t.lines[t.facts[a.Airing.LessonID].Area]; len(line) > 0 {
		return line
	}
	return []string{""}
}

func (t *table) key(a television.AiringFigures) string {
	f := t.facts[a.Airing.LessonID]
	switch t.by {
	case ByLesson:
		return a.Airing.LessonID
	case ByDay:
		return a.Airing.StartsAt.In(t.location).Format(time.DateOnly)
	case BySubject:
		return f.Subject
	case ByGrade:
		return strconv.Itoa(f.Grade)
	case BySchool:
		return f.School
	case ByChannel:
		return a.Airing.ChannelID
	}
	return ""
}

// label sets each row's label from its key.
func (s *Service) label(ctx context.Context, t *table) error {
	names := map[string]string{}
	switch t.by {
	case ByLesson, BySubject, BySchool:
		for _, f := range t.facts {
			switch t.by {
			case ByLesson:
				names[f.ID] = f.Title
			case BySubject:
				names[f.Subject] = f.SubjectName
			case BySchool:
				names[f.School] = f.SchoolName
			}
		}
	case ByChannel:
		channels, err := s.cfg.Schedule.Channels(ctx)
		if err != nil {
			return err
		}
		for _, c := range channels {
			names[c.ID] = c.Name
		}
	}
	for k, r := range t.rows {
		if r.Label = names[k]; r.Label == "" {
			r.Label = k
		}
		if a, is := t.areas[k]; is && t.by == ByArea {
			r.Label, r.Parent, r.Depth = a.Name, t.parentArea(k), len(t.lines[k])-1
		}
	}
	return nil
}

// sorted gives the rows: days and grades in order, areas below their parents,
// others by views. onAir keeps only rows with an airing.
func (t *table) sorted(onAir bool) []Row {
	out := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		if onAir && r.Airings+r.AiringsPlanned == 0 {
			continue
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int {
		switch t.by {
		case ByDay:
			return cmp.Compare(a.Key, b.Key)
		case ByGrade:
			x, _ := strconv.Atoi(a.Key)
			y, _ := strconv.Atoi(b.Key)
			return cmp.Compare(x, y)
		}
		return cmp.Or(cmp.Compare(b.WebViews, a.WebViews), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Key, b.Key))
	})
	if t.by == ByArea {
		return nested(out)
	}
	return out
}
