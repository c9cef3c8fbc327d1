package viewership

import (
	"maps"
	"slices"
	"strings"

	"lenlop/services/school"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Places are the areas and the schools in them.
type Places struct {
	Areas   []school.Area
	Schools []school.School
}

// ancestors gives every area's chain of areas, itself first. A parent that does
// not exist, or that would make a cycle, ends the chain.
func (p Places) ancestors() map[string][]string {
	parent := map[string]string{}
	for _, a := range p.Areas {
		parent[a.ID] = a.Parent
	}
	lines := map[string][]string{}
	for id := range parent {
		var line []string
		for at := id; at != "" && !slices.Contains(line, at); at = parent[at] {
			if _, known := parent[at]; !known {
				break
			}
			line = append(line, at)
		}
		lines[id] = line
	}
	return lines
}

// areaOf gives every school's area; a school in no known area has "".
func (p Places) areaOf() map[string]string {
	known := map[string]bool{}
	for _, a := range p.Areas {
		known[a.ID] = true
	}
	of := map[string]string{}
	for _, s := range p.Schools {
		if known[s.AreaID] {
			of[s.ID] = s.AreaID
		}
	}
	return of
}

// fillAreas fills rows by area or by school from areas' sums, and hides those of
// few people alike in both. It returns the mark of their sum.
func (t *table) fillAreas(sums []playback.Sums) disclosure.Mark {
	tree := disclosure.NewTree()
	const school = "school:" // prefix of schools' keys in the tree, beside those of areas
	add := func(parent, key string, x playback.Sums) {
		tree.Add(parent, key, x.Viewers, hasPeople(x))
	}
	for _, x := range sums {
		if x.Key != "" {
			add(t.parentArea(x.Key), x.Key, x)
		}
		for _, c := range x.Schools {
			add(x.Key, school+c.Key, c)
		}
	}
	total := tree.Conceal()
	fill := func(x playback.Sums, m disclosure.Mark) {
		r := t.row(x.Key)
		if r.fill(x); m != disclosure.Shown {
			r.conceal(m)
		}
	}
	for _, x := range sums {
		if t.by == BySchool {
			for _, c := range x.Schools {
				fill(c, tree.Mark(school+c.Key))
			}
			continue
		}
		m := tree.Mark(x.Key)
		if x.Key == "" { // the schools of no area, as one row
			m = disclosure.Shown
			if slices.ContainsFunc(x.Schools,
				func(c playback.Sums) bool { return tree.Mark(school+c.Key) != disclosure.Shown }) {
				m = disclosure.Withheld
			}
		}
		fill(x, m)
	}
	return total
}

// hasPeople reports whether a group's viewers include persons, or are too many to
// be hidden.
func hasPeople(x playback.Sums) bool { return x.HasPersons || x.Viewers >= disclosure.Threshold }

// parentArea is the area that contains an area, or "".
func (t *table) parentArea(area string) string {
	if line := t.lines[area]; len(line) > 1 {
		return line[1]
	}
	return ""
}

// nested puts every row below its parent's, and keeps the order among the rows
// of one parent.
func nested(rows []Row) []Row {
	here := map[string]bool{}
	for _, r := range rows {
		here[r.Key] = true
	}
	below := map[string][]Row{}
	for _, r := range rows {
		if !here[r.Parent] || r.Key == "" {
			r.Parent = ""
		}
		if r.Key == "" {
			below["\x00"] = append(below["\x00"], r)
			continue
		}
		below[r.Parent] = append(below[r.Parent], r)
	}
	out := make([]Row, 0, len(rows))
	var add func(parent string)
	add = func(parent string) {
		for _, r := range below[parent] {
			out = append(out, r)
			add(r.Key)
		}
	}
	add("")
	return append(out, below["\x00"]...)
}

// identified are a row's contacts known by name: of grade A in persons.
func (r *Row) identified() *television.Headline {
	for i := range r.Contacts {
		if h := &r.Contacts[i]; isIdentified(*h) {
			return h
		}
	}
	return nil
}

func isIdentified(h television.Headline) bool {
	return h.Grade == television.GradeA && h.Unit == television.Persons
}

// concealIdentified hides the contacts of a row that are known by name.
func (r *Row) concealIdentified(m disclosure.Mark) {
	if h := r.identified(); h != nil && m != disclosure.Shown {
		h.Value, h.Mark = 0, m
	}
}

// concealContacts hides contacts of few persons known by name, and returns the
// mark of their sum. Of equal numbers the one with the first key is withheld, in
// every answer: if it changed, two answers would show both, and so what they
// protect.
func (t *table) concealContacts(list []television.AiringFigures) disclosure.Mark {
	if t.by == ByArea || t.by == BySchool {
		return t.concealContactsInAreas(list)
	}
	keys := slices.Sorted(maps.Keys(t.rows))
	counts := make([]int64, len(keys))
	for i, k := range keys {
		if h := t.rows[k].identified(); h != nil {
			counts[i] = int64(h.Value)
		}
	}
	marks, total := disclosure.Conceal(counts, nil)
	for i, k := range keys {
		t.rows[k].concealIdentified(marks[i])
	}
	return total
}

// concealContactsInAreas hides those of areas and of schools alike: otherwise the
// table of areas would reveal what the table of schools hides.
func (t *table) concealContactsInAreas(list []television.AiringFigures) disclosure.Mark {
	const school = "school:" // prefix of schools' keys in the tree, beside those of areas
	parts, parents := map[string][]television.AiringFigures{}, map[string]string{}
	for _, a := range list {
		f := t.facts[a.Airing.LessonID]
		parents[school+f.School] = ""
		for i, area := range t.lines[f.Area] {
			if i == 0 {
				parents[school+f.School] = area
			}
			parts[area], parents[area] = append(parts[area], a), t.parentArea(area)
		}
		parts[school+f.School] = append(parts[school+f.School], a)
	}
	tree := disclosure.NewTree()
	for key, as := range parts {
		r := Row{Contacts: television.AddContacts(as)}
		if h := r.identified(); h != nil {
			tree.Add(parents[key], key, int64(h.Value), true)
		}
	}
	total := tree.Conceal()
	for k, r := range t.rows {
		m := tree.Mark(k)
		switch {
		case t.by == BySchool:
			m = tree.Mark(school + k)
		case k == "": // the schools of no area, as one row
			for key, parent := range parents {
				if parent == "" && strings.HasPrefix(key, school) && tree.Mark(key) != disclosure.Shown {
					m = disclosure.Withheld
				}
			}
		}
		r.concealIdentified(m)
	}
	return total
}

// concealContactTotal hides the total of contacts known by name when every row
// hides its own.
func concealContactTotal(rows []Row, total []television.Headline) []television.Headline {
	hidden, shown := false, false
	for i := range rows {
		if h := rows[i].identified(); h != nil {
			hidden, shown = hidden || h.Mark != disclosure.Shown, shown || h.Mark == disclosure.Shown && h.Value > 0
		}
	}
	for i := range total {
		h := &total[i]
		if !isIdentified(*h) || h.Mark != disclosure.Shown {
			continue
		}
		if h.Mark = disclosure.TotalMark(hidden, shown, h.Mark); h.Mark != disclosure.Shown {
			h.Value = 0
		}
	}
	return total
}
