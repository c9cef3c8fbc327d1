package school

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// Filter narrows an export to a school and a year; empty: all.
type Filter struct{ School, Year string }

// Export gives a list as rows with their header, in the form that imports
// take: what is brought in again changes nothing. Giving out names is written into the audit.
func (s *Importer) Export(ctx context.Context, by people.Person, kind ImportKind, f Filter) ([][]string, error) {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	var rows [][]string
	var err error
	switch kind {
	case ImportAreas:
		rows, err = s.exportAreas(ctx)
	case ImportSchools:
		rows, err = s.exportSchools(ctx)
	case ImportStaff:
		rows, err = s.exportStaff(ctx, f)
	case ImportClasses:
		rows, err = s.exportClasses(ctx, f)
	case ImportStudents:
		rows, err = s.exportStudents(ctx, f)
	default:
		err = fault.New(fault.NotFound, "page.not_found")
	}
	if err != nil {
		return nil, err
	}
	if kind == ImportStaff || kind == ImportStudents {
		err := s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action:  string(people.ManageSchools),
			Subject: "school:" + f.School, Detail: "exported " + string(kind)})
		if err != nil {
			return nil, err
		}
	}
	return append([][]string{Header(kind)}, rows...), nil
}

func (s *Importer) exportAreas(ctx context.Context) (rows [][]string, err error) {
	list, err := s.Schools.Areas(ctx)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Years.Named(ctx, AreaKinds)
	if err != nil {
		return nil, err
	}
	code := map[string]string{}
	for _, a := range list {
		code[a.ID] = a.Code
	}
	slices.SortFunc(list, func(a, b Area) int { return strings.Compare(a.Code, b.Code) })
	for _, a := range list {
		kind := a.Kind
		if n, ok := known(kinds, a.Kind); ok {
			kind = n.Name
		}
		rows = append(rows, []string{a.Code, a.Name, kind, code[a.Parent]})
	}
	return rows, nil
}

func (s *Importer) exportSchools(ctx context.Context) (rows [][]string, err error) {
	list, err := s.Schools.Schools(ctx)
	if err != nil {
		return nil, err
	}
	areas, err := s.Schools.Areas(ctx)
	if err != nil {
		return nil, err
	}
	code := map[string]string{}
	for _, a := range areas {
		code[a.ID] = a.Code
	}
	slices.SortFunc(list, func(a, b School) int { return strings.Compare(a.Code, b.Code) })
	for _, x := range list {
		rows = append(rows, []string{x.Code, x.Name, levelName[x.Level], code[x.AreaID]})
	}
	return rows, nil
}

// schoolCodes gives the schools' codes by id.
func (s *Importer) schoolCodes(ctx context.Context) (map[string]string, error) {
	ids, err := s.schoolIDs(ctx)
	codes := make(map[string]string, len(ids))
	for code, id := range ids {
		codes[id] = code
	}
	return codes, err
}

func (s *Importer) exportStaff(ctx context.Context, f Filter) (rows [][]string, err error) {
	codes, err := s.schoolCodes(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.staff(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		for _, g := range p.Grants {
			if g.Role == people.Student || f.School != "" && g.School != f.School {
				continue
			}
			rows = append(rows, []string{p.Username, p.Name, roleName[g.Role], codes[g.School]})
		}
	}
	return rows, nil
}

// staff lists everybody who holds another role than that of a student, once.
func (s *Importer) staff(ctx context.Context) (all []people.Person, err error) {
	seen := map[string]bool{people.OperatorID: true}
	for _, role := range people.Roles {
		if role == people.Student {
			continue
		}
		for after := ""; ; {
			list, err := s.People.Persons(ctx, role, after, several)
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				break
			}
			after = list[len(list)-1].ID
			for _, p := range list {
				if !seen[p.ID] {
					seen[p.ID] = true
					all = append(all, p)
				}
			}
		}
	}
	return all, nil
}

// several is how many persons one question asks for.
const several = 500

func (s *Importer) exportClasses(ctx context.Context, f Filter) (rows [][]string, err error) {
	codes, err := s.schoolCodes(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Classes.ClassesOf(ctx, f.School, f.Year)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	all, err := s.staff(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		names[p.ID] = p.Username
	}
	for _, c := range list {
		homeroom, teachers := "", []string{}
		for _, t := range c.Teachers {
			switch {
			case names[t.PersonID] == "":
			case !t.Homeroom():
				teachers = append(teachers, t.Subject+"="+names[t.PersonID])
			case homeroom == "":
				homeroom = names[t.PersonID]
			}
		}
		rows = append(rows, []string{codes[c.SchoolID], c.Year, c.Code, c.Name, strconv.Itoa(c.Grade), homeroom,
			strings.Join(teachers, "; ")})
	}
	return rows, nil
}

func (s *Importer) exportStudents(ctx context.Context, f Filter) (rows [][]string, err error) {
	codes, err := s.schoolCodes(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Classes.ClassesOf(ctx, f.School, f.Year)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		members, err := s.Store.Members(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			rows = append(rows, []string{codes[c.SchoolID], c.Year, c.Code, keyMark + m.Key, m.Name, m.From, m.To})
		}
	}
	return rows, nil
}

// Member is a student of a class with the days of the enrolment.
type Member struct {
	Student
	From, To string
}
