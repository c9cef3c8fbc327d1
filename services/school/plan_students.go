package school

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"lenlop/services/people"
)

// studentPlan is the work of planStudents.
type studentPlan struct {
	table
	schools map[string]School
	classes map[classKey]Class
	byID    map[string]Class
	years   map[string]Year
	known   map[string]Student     // by key
	held    map[string][]Enrolment // by person: what they become, latest last
	had     map[string][]Enrolment // by person: what there is
	fresh   map[string]bool        // person ids that this file makes
	named   map[string]int         // first row that names a key
	seen    map[Enrolment]int      // To left out
	writes  map[string]*Piece      // by person, so that one person's rows stay together
	order   []string
	listed  map[string]bool // person ids whose codes the file has
	fresher []newRow        // rows of students that were not known
	s       *Importer
}

// newRow is a row that makes a student.
type newRow struct {
	row  int // in the file
	name string
	at   Enrolment
}

// planStudents takes rosters: who is in which class from when to when. A
// student who is in another class of the same school year moves: that ends the
// day before. The class decides the school, so one who changes schools gets
// the role there too.
func (s *Importer) planStudents(ctx context.Context, t table, batch string) (*plan, error) {
	w := studentPlan{table: t, s: s, byID: map[string]Class{}, years: map[string]Year{}, fresh: map[string]bool{},
		named: map[string]int{}, listed: map[string]bool{},
		seen: map[Enrolment]int{}, writes: map[string]*Piece{}, held: map[string][]Enrolment{}}
	var err error
	if w.schools, w.classes, err = s.classesIn(ctx, t); err != nil {
		return nil, err
	}
	for _, c := range w.classes {
		w.byID[c.ID] = c
	}
	years, err := s.Years.Years(ctx)
	if err != nil {
		return nil, err
	}
	for _, y := range years {
		w.years[y.Code] = y
	}
	var keys, persons []string
	t.each(func(_ *ImportRow, get func(string) string) {
		if k, wrong, _ := s.key(get("student")); wrong == "" {
			keys = append(keys, k)
		}
	})
	if w.known, err = s.Store.StudentsByKey(ctx, keys); err != nil {
		return nil, err
	}
	for _, x := range w.known {
		persons = append(persons, x.PersonID)
		w.listed[x.PersonID] = true
	}
	if w.had, err = s.Store.EnrolmentsOf(ctx, persons); err != nil {
		return nil, err
	}
	for id, list := range w.had {
		w.held[id] = slices.Clone(list)
	}
	p := &plan{rows: t.each(w.row)}
	if err := w.markKnownNames(ctx, p); err != nil {
		return nil, err
	}
	p.steps, p.after = w.steps(batch)
	return p, nil
}

// markKnownNames marks the rows that bring a known name into its class under a new
// code: a code that a spreadsheet has changed would make a second student of
// one. Two students of one name whose codes the file both has are two.
func (w *studentPlan) markKnownNames(ctx context.Context, p *plan) error {
	members := map[string][]Member{}
	doubtful := map[int]bool{}
	for _, n := range w.fresher {
		list, read := members[n.at.ClassID]
		if !read {
			var err error
			if list, err = w.s.Store.Members(ctx, n.at.ClassID); err != nil {
				return err
			}
			members[n.at.ClassID] = list
		}
		doubtful[n.row] = slices.ContainsFunc(list, func(m Member) bool {
			return !w.listed[m.PersonID] && strings.EqualFold(norm.NFC.String(m.Name), n.name) &&
				(m.To == "" || m.To >= n.at.From) && (n.at.To == "" || n.at.To >= m.From)
		})
	}
	for i := range p.rows {
		if r := &p.rows[i]; doubtful[r.Row] && r.Outcome == RowNew {
			r.Note, r.Asks = "student.name_known", true
			p.asks++
		}
	}
	return nil
}

// key gives the key of a student code, or of an export's marked key. wrong is
// the code of why there is none, and sign the character at fault.
func (s *Importer) key(value string) (key, wrong, sign string) {
	if markedKey.MatchString(value) {
		return value[1:], "", ""
	}
	if strings.HasPrefix(value, keyMark) {
		return "", "student.bad_code", ""
	}
	if wrong, sign = wrongStudentCode(value); wrong != "" {
		return "", wrong, sign
	}
	return s.Keys.Student(value), "", ""
}

func (w *studentPlan) row(r *ImportRow, get func(string) string) {
	at, ok := w.schools[strings.ToUpper(get("school"))]
	class := w.classes[classKey{at.ID, get("year"), classCode(get("class"))}]
	// The label shows no student code: previews are read over shoulders.
	r.Label = strings.Join(strings.Fields(at.Code+" "+get("class")+" "+get("name")), " ")
	key, wrong, sign := w.s.key(get("student"))
	x, there := w.known[key]
	switch {
	case !ok:
		w.refuse(r, "school", "import.unknown_school")
	case !YearOK(get("year")):
		w.refuse(r, "year", "class.bad_year")
	case class.ID == "":
		w.refuse(r, "class", "import.unknown_class")
	case wrong != "":
		w.refuse(r, "student", wrong, "sign", sign)
	case !there && strings.HasPrefix(get("student"), keyMark):
		w.refuse(r, "student", "student.unknown_key")
	case get("name") != "" && w.refuseForm(r, wrongName("name", get("name"), people.MaxName)):
	}
	if r.Outcome == RowRefused {
		return
	}
	e, ok := w.span(r, class, get)
	if !ok {
		return
	}
	if first := w.named[key]; there && first != 0 && get("name") != "" && x.Name != get("name") {
		w.refuse(r, "name", "import.two_names", "row", first)
		return
	}
	if !there {
		x = Student{PersonID: w.s.NewID(), Key: key, Name: get("name")}
		w.fresh[x.PersonID] = true
	}
	e.PersonID = x.PersonID
	if !w.join(r, x, e, at, class) {
		return
	}
	if !there && x.Name != "" {
		w.fresher = append(w.fresher, newRow{r.Row, x.Name, e})
	}
	if name := get("name"); there && name != "" && name != x.Name {
		x.Name = name
		w.piece(x.PersonID).Named = []Student{x}
		r.Outcome = RowChanged
	}
	if !there {
		w.piece(x.PersonID).Born = []Newcomer{{x, at.ID}}
	} else if w.fresh[x.PersonID] {
		w.piece(x.PersonID).Born[0].Name = x.Name
		w.piece(x.PersonID).Named = nil
	}
	w.known[key] = x
	if w.named[key] == 0 && get("name") != "" {
		w.named[key] = r.Row
	}
}

func (w *studentPlan) piece(person string) *Piece {
	p := w.writes[person]
	if p == nil {
		p = &Piece{At: w.s.Now()}
		w.writes[person] = p
		w.order = append(w.order, person)
	}
	return p
}

// Days before a school year's first and after its last in which an enrolment
// may begin or end: classes are made up in summer.
const (
	yearAhead  = 92
	yearBehind = 31
)

// yearDays are the first and last day of an enrolment in a school year; of one
// that the calendar does not have, from June to August.
func (w *studentPlan) yearDays(code string) (from, to string) {
	year, ok := w.years[code]
	first, err1 := time.Parse(time.DateOnly, year.From)
	last, err2 := time.Parse(time.DateOnly, year.To)
	if !ok || err1 != nil || err2 != nil {
		return code[:4] + "-06-01", code[5:] + "-08-31"
	}
	return first.AddDate(0, 0, -yearAhead).Format(time.DateOnly), last.AddDate(0, 0, yearBehind).Format(time.DateOnly)
}

// span reads the days; without them an enrolment lasts from the year's start.
func (w *studentPlan) span(r *ImportRow, c Class, get func(string) string) (Enrolment, bool) {
	e := Enrolment{ClassID: c.ID, From: readDay(get("from")), To: readDay(get("to"))}
	year, ok := w.years[c.Year]
	first, last := w.yearDays(c.Year)
	outside := func(day string) bool { return day != "" && (day < first || day > last) }
	switch {
	case get("from") != "" && e.From == "":
		w.refuse(r, "from", "import.bad_day")
	case get("to") != "" && e.To == "":
		w.refuse(r, "to", "import.bad_day")
	case outside(e.From):
		w.refuse(r, "from", "import.outside_year", "day", shown(e.From), "year", c.Year)
	case outside(e.To):
		w.refuse(r, "to", "import.outside_year", "day", shown(e.To), "year", c.Year)
	case e.From == "" && !ok:
		w.refuse(r, "year", "class.unknown_year")
	case e.From == "":
		e.From = year.From
	}
	if e.To != "" && e.To < e.From && r.Outcome != RowRefused {
		w.refuse(r, "to", "import.ends_early")
	}
	return e, r.Outcome != RowRefused
}

// shown writes a day as people do, so that they see a day and month that were
// exchanged.
func shown(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("02/01/2006")
}

// excelEpoch is the day 0 of spreadsheets' serial numbers.
var excelEpoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

var clockText = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?( (AM|PM|SA|CH))?$`)

// readDay reads a day as people and spreadsheets write it, or gives "".
func readDay(s string) string {
	if day, rest, both := strings.Cut(s, " "); both && clockText.MatchString(rest) {
		s = day // exports write midnight behind it
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 30000 && n < 80000 {
		return excelEpoch.AddDate(0, 0, int(n)).Format(time.DateOnly)
	}
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1990 && t.Year() < 2200 {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}

// join puts an enrolment to those that the person has, or says why not.
func (w *studentPlan) join(r *ImportRow, x Student, e Enrolment, at School, c Class) bool {
	k := Enrolment{PersonID: x.PersonID, ClassID: e.ClassID, From: e.From}
	if w.seen[k] != 0 {
		w.refuse(r, "student", "import.twice", "row", w.seen[k])
		return false
	}
	list := w.held[x.PersonID]
	for i, o := range list {
		other, sameYear := w.byID[o.ClassID]
		sameYear = sameYear && other.Year == c.Year
		if o.ClassID == e.ClassID && o.From == e.From {
			w.seen[k] = r.Row
			if r.Outcome = RowSame; o.To != e.To {
				r.Outcome = RowChanged
				w.change(x.PersonID, i, e)
			}
			return true
		}
		overlap := (o.To == "" || o.To >= e.From) && (e.To == "" || e.To >= o.From)
		if !overlap || !sameYear {
			continue
		}
		mine := Enrolment{PersonID: x.PersonID, ClassID: o.ClassID, From: o.From}
		if first := w.seen[mine]; first != 0 {
			// The file itself puts one person in two classes at a time.
			w.refuse(r, "student", "student.two_classes", "row", first)
			return false
		}
		if o.From >= e.From {
			// Began later elsewhere: that would have to be taken away whole.
			if o.ClassID == e.ClassID || o.From > e.From {
				w.refuse(r, "from", "student.is_elsewhere", "class", other.Name, "day", o.From)
				return false
			}
			// The same first day: the old row was a mistake, and goes.
			w.drop(x.PersonID, i)
		} else {
			ended := o
			ended.To = DayBefore(e.From)
			w.change(x.PersonID, i, ended)
		}
		r.Note = "student.moves"
		if other.SchoolID != at.ID {
			r.Note = "student.moves_school"
		}
		break
	}
	w.seen[k] = r.Row
	w.held[x.PersonID] = append(w.held[x.PersonID], e)
	p := w.piece(x.PersonID)
	p.Added = append(p.Added, e)
	if !w.fresh[x.PersonID] {
		p.Joined = append(p.Joined, Newcomer{x, at.ID})
	}
	if r.Outcome = RowChanged; w.fresh[x.PersonID] || r.Note == "" {
		r.Outcome = RowNew
	}
	return true
}

// change gives the person's i-th enrolment another end.
func (w *studentPlan) change(person string, i int, e Enrolment) {
	w.take(person, i)
	p := w.piece(person)
	p.Added = append(p.Added, e)
	w.held[person][i] = e
}

func (w *studentPlan) drop(person string, i int) {
	w.take(person, i)
	w.held[person] = slices.Delete(w.held[person], i, i+1)
}

// take takes the person's i-th enrolment away: one of the store's is marked,
// one of this file's is not written.
func (w *studentPlan) take(person string, i int) {
	o, p := w.held[person][i], w.piece(person)
	if at := slices.Index(p.Added, o); at >= 0 {
		p.Added = slices.Delete(p.Added, at, at+1)
	}
	if slices.Contains(w.had[person], o) && !slices.Contains(p.Gone, o) {
		p.Gone = append(p.Gone, o)
	}
}

// steps gathers whole persons into transactions. New names have no mark of
// their own, so they come after the rest is seen.
func (w *studentPlan) steps(batch string) (steps, after []func(context.Context) error) {
	for part := range slices.Chunk(w.order, rosterPiece) {
		all, names := Piece{At: w.s.Now()}, Piece{At: w.s.Now()}
		for _, person := range part {
			p := w.writes[person]
			all.Born = append(all.Born, p.Born...)
			names.Named = append(names.Named, p.Named...)
			all.Joined = append(all.Joined, p.Joined...)
			all.Added = append(all.Added, p.Added...)
			all.Gone = append(all.Gone, p.Gone...)
		}
		steps = append(steps, func(ctx context.Context) error { return w.s.Store.Stage(ctx, batch, all) })
		if len(names.Named) > 0 {
			after = append(after, func(ctx context.Context) error { return w.s.Store.Stage(ctx, batch, names) })
		}
	}
	return steps, after
}
