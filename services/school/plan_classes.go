package school

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// joinCodeLetters have no look-alikes: no I, L, O, U, 0, 1; 30 of them.
const joinCodeLetters = "ABCDEFGHJKMNPQRSTVWXYZ23456789"

// randomLetters makes n letters without look-alikes, each as likely as the
// others.
func randomLetters(n int) string {
	b := make([]byte, 0, n)
	var r [1]byte
	for len(b) < n {
		rand.Read(r[:]) // never fails since Go 1.24
		if int(r[0]) < 256/len(joinCodeLetters)*len(joinCodeLetters) {
			b = append(b, joinCodeLetters[int(r[0])%len(joinCodeLetters)])
		}
	}
	return string(b)
}

// NewJoinCode makes a class code: 30^6 of them, for some ten thousand classes; the
// store refuses one that is taken.
func NewJoinCode() string { return randomLetters(6) }

// gradesOf are the grades that a level teaches.
func gradesOf(l Level) (from, to int) {
	switch l {
	case Primary:
		return 1, 5
	case LowerSecondary:
		return 6, 9
	case UpperSecondary:
		return 10, 12
	}
	return MinGrade, MaxGrade
}

// Wrong lists what keeps a class from being saved at a school.
func (c Class) wrong(at School) (bad []fault.Field) {
	bad = append(bad, wrongCode(c.Code)...)
	bad = append(bad, wrongName("name", c.Name, 50)...)
	if !YearOK(c.Year) {
		bad = append(bad, fault.Wrong("year", "class.bad_year"))
	}
	if from, to := gradesOf(at.Level); c.Grade < from || c.Grade > to {
		bad = append(bad, fault.Wrong("grade", "class.bad_grade", "from", from, "to", to))
	}
	return bad
}

// same reports whether two classes differ in nothing that a file says.
func (c Class) same(o Class) bool {
	return c.Code == o.Code && c.SchoolID == o.SchoolID && c.Year == o.Year && c.Grade == o.Grade && c.Name == o.Name &&
		slices.Equal(c.Teachers, o.Teachers)
}

// classCode makes the codes of classes alike: "3a " is "3A".
func classCode(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

// classKey is what a class is known by in files.
type classKey struct{ school, year, code string }

// classPlan is the work of planClasses.
type classPlan struct {
	table
	schools  map[string]School // by code
	classes  map[classKey]Class
	staff    map[string]people.Person // by username
	subjects []Subject
	seen     map[classKey]int
	save     []Class
	s        *Importer
}

func (s *Importer) planClasses(ctx context.Context, t table) (*plan, error) {
	w := classPlan{table: t, s: s, seen: map[classKey]int{}}
	var err error
	if w.schools, w.classes, err = s.classesIn(ctx, t); err != nil {
		return nil, err
	}
	if w.subjects, err = s.Schools.Subjects(ctx); err != nil {
		return nil, err
	}
	var names []string
	t.each(func(_ *ImportRow, get func(string) string) {
		names = append(names, strings.ToLower(get("homeroom")))
		for one := range strings.SplitSeq(get("teachers"), ";") {
			_, who, _ := strings.Cut(one, "=")
			names = append(names, strings.ToLower(strings.TrimSpace(who)))
		}
	})
	if w.staff, err = s.Store.ByUsernames(ctx, names); err != nil {
		return nil, err
	}
	p := &plan{rows: t.each(w.row)}
	p.steps = pieces(w.save, s.Classes.SaveClass)
	return p, nil
}

// classesIn reads the schools, and the classes of the schools and years that a
// file names.
func (s *Importer) classesIn(ctx context.Context, t table) (map[string]School, map[classKey]Class, error) {
	list, err := s.Schools.Schools(ctx)
	if err != nil {
		return nil, nil, err
	}
	schools := make(map[string]School, len(list))
	for _, x := range list {
		schools[x.Code] = x
	}
	years := map[string]bool{}
	t.each(func(_ *ImportRow, get func(string) string) { years[get("year")] = true })
	classes := map[classKey]Class{}
	for year := range years {
		if !YearOK(year) {
			continue
		}
		all, err := s.Classes.ClassesOf(ctx, "", year)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range all {
			classes[classKey{c.SchoolID, c.Year, c.Code}] = c
		}
	}
	return schools, classes, nil
}

func (w *classPlan) row(r *ImportRow, get func(string) string) {
	at, ok := w.schools[strings.ToUpper(get("school"))]
	c := Class{Code: classCode(get("code")), Name: get("name"), Year: get("year"), SchoolID: at.ID}
	c.Grade, _ = strconv.Atoi(get("grade"))
	if c.Name == "" {
		c.Name = get("code")
	}
	r.Label = at.Code + " " + c.Name
	if !ok {
		w.refuse(r, "school", "import.unknown_school")
		return
	}
	if w.refuseForm(r, c.wrong(at)) || !w.teachers(r, &c, get) {
		return
	}
	k := classKey{at.ID, c.Year, c.Code}
	if w.seen[k] != 0 {
		w.refuse(r, "code", "import.twice", "row", w.seen[k])
		return
	}
	w.seen[k] = r.Row
	old, there := w.classes[k]
	if there {
		c.ID, c.JoinCode = old.ID, old.JoinCode
		_, homeroom := w.at["homeroom"]
		_, subject := w.at["teachers"]
		// A file without these columns says nothing about teachers.
		c.Teachers = slices.DeleteFunc(slices.Concat(c.Teachers, old.Teachers), func(t ClassTeacher) bool {
			listed := slices.Contains(c.Teachers, t)
			return !listed && (t.Homeroom() && homeroom || !t.Homeroom() && subject)
		})
		c.Teachers = distinct(c.Teachers)
	} else {
		c.ID, c.JoinCode = w.s.NewID(), NewJoinCode()
	}
	if r.Outcome = outcome(there, c.same(old)); r.Outcome != RowSame {
		w.save = append(w.save, c)
	}
}

func distinct(list []ClassTeacher) (out []ClassTeacher) {
	for _, t := range list {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// teachers reads the homeroom teacher's username, and "subject=username"
// parted by semicolons; each must teach at the school.
func (w *classPlan) teachers(r *ImportRow, c *Class, get func(string) string) bool {
	find := func(column, value string) (string, bool) {
		p, ok := w.staff[strings.ToLower(value)]
		switch {
		case !ok:
			w.refuse(r, column, "class.unknown_teacher", "username", value)
		case !p.At(people.Teacher, c.SchoolID):
			w.refuse(r, column, "class.not_teacher_here", "username", value)
			ok = false
		}
		return p.ID, ok
	}
	if value := get("homeroom"); value != "" {
		id, ok := find("homeroom", value)
		if !ok {
			return false
		}
		c.Teachers = append(c.Teachers, ClassTeacher{PersonID: id})
	}
	for one := range strings.SplitSeq(get("teachers"), ";") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		value, who, _ := strings.Cut(one, "=")
		f := fold(value)
		i := slices.IndexFunc(w.subjects, func(x Subject) bool { return fold(x.Code) == f || fold(x.Name) == f })
		if i < 0 || f == "" {
			w.refuse(r, "teachers", "class.unknown_subject", "subject", value)
			return false
		}
		id, ok := find("teachers", strings.TrimSpace(who))
		if !ok {
			return false
		}
		c.Teachers = append(c.Teachers, ClassTeacher{PersonID: id, Subject: w.subjects[i].Code})
	}
	c.Teachers = distinct(c.Teachers)
	return true
}
