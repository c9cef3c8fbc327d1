package school

import (
	"context"
	"maps"
	"slices"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// roleWords are how people write the roles that staff hold.
var roleWords = map[string]people.Role{
	"teacher": people.Teacher, "giaovien": people.Teacher, "gv": people.Teacher,
	"head": people.Head, "hieutruong": people.Head, "lanhdaotruong": people.Head, "phohieutruong": people.Head,
	"reviewer": people.Reviewer, "chuyenvien": people.Reviewer, "nguoiduyet": people.Reviewer,
	"station": people.Station, "daitruyenhinh": people.Station, "dai": people.Station,
	"admin": people.Admin, "quantri": people.Admin, "quantrivien": people.Admin,
}

// roleName is how exports write them.
var roleName = map[people.Role]string{people.Teacher: "Giáo viên", people.Head: "Hiệu trưởng",
	people.Reviewer: "Chuyên viên",
	people.Station:  "Đài truyền hình", people.Admin: "Quản trị"}

// staffPlan is the work of planStaff.
type staffPlan struct {
	table
	schools map[string]string         // id by code
	persons map[string]*people.Person // by username: what they become
	fresh   map[string]bool           // made by this file
	changed map[string]bool
	named   map[string]int // first row that says a username's name
	seen    map[staffRole]int
	s       *Importer
}

type staffRole struct {
	username string
	people.Grant
}

// planStaff takes one row for each role that somebody holds: who works at two
// schools has two rows. Roles are added, never taken away: that is done on the
// person's page, by somebody who means it.
func (s *Importer) planStaff(ctx context.Context, t table) (*plan, error) {
	w := staffPlan{table: t, s: s, persons: map[string]*people.Person{}, fresh: map[string]bool{},
		changed: map[string]bool{},
		named:   map[string]int{}, seen: map[staffRole]int{}}
	var err error
	if w.schools, err = s.schoolIDs(ctx); err != nil {
		return nil, err
	}
	var names []string
	t.each(func(_ *ImportRow, get func(string) string) { names = append(names, strings.ToLower(get("username"))) })
	have, err := s.Store.ByUsernames(ctx, names)
	if err != nil {
		return nil, err
	}
	for name, p := range have {
		w.persons[name] = &p
	}
	p := &plan{rows: t.each(w.row)}
	var save []people.Person
	for _, name := range slices.Sorted(maps.Keys(w.changed)) {
		save = append(save, *w.persons[name])
	}
	p.steps = pieces(save, s.People.SavePerson)
	return p, nil
}

func (w *staffPlan) row(r *ImportRow, get func(string) string) {
	n := people.NewPerson{Username: get("username"), Name: get("name"), Role: roleWords[fold(get("role"))]}
	r.Label = n.Username + " " + n.Name
	if code := strings.ToUpper(get("school")); code != "" {
		if n.School = w.schools[code]; n.School == "" {
			w.refuse(r, "school", "import.unknown_school")
			return
		}
	}
	want, err := n.Account()
	if e := fault.As(err); e != nil {
		w.refuseForm(r, e.Fields)
		return
	}
	k := staffRole{want.Username, want.Grants[0]}
	if w.seen[k] != 0 {
		w.refuse(r, "username", "import.twice", "row", w.seen[k])
		return
	}
	old := w.persons[want.Username]
	if first := w.named[want.Username]; first != 0 && old.Name != want.Name {
		w.refuse(r, "name", "import.two_names", "row", first)
		return
	} else if first == 0 {
		w.named[want.Username] = r.Row
	}
	w.seen[k] = r.Row
	if old == nil {
		want.ID, want.CreatedAt = w.s.NewID(), w.s.Now()
		w.persons[want.Username], w.fresh[want.Username], w.changed[want.Username] = &want, true, true
		r.Outcome = RowNew
		return
	}
	holds := slices.Contains(old.Grants, want.Grants[0])
	switch {
	case w.fresh[want.Username]:
		r.Outcome = RowNew
	case holds && old.Name == want.Name:
		r.Outcome = RowSame
		return
	default:
		r.Outcome, w.changed[want.Username] = RowChanged, true
	}
	old.Name = want.Name
	if !holds {
		old.Grants = append(slices.Clone(old.Grants), want.Grants[0])
	}
}
