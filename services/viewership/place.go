package viewership

import (
	"cmp"
	"slices"

	"lenlop/services/school"
)

// Places are the areas and the schools in them.
type Places struct {
	Areas   []school.Area
	Schools []school.School
}

// up gives every area's line of areas, itself first. A parent that is not
// there, or that would lead back, ends the line.
func (p Places) up() map[string][]string {
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

// tree are the rows of places, a school below its area and an area below the
// one around it.
type tree struct {
	below  map[string][]string // area id ("" the whole) -> keys of areas and schools right below
	viewer map[string]int64
	people map[string]bool
	marks  map[string]Mark
}

// conceal marks everything below an area and gives the area's own mark: its
// parts are shown or hidden so that no list of parts beside its sum gives a
// small one away.
func (t *tree) conceal(area string) Mark {
	keys := t.below[area]
	if len(keys) == 0 {
		return Shown
	}
	slices.Sort(keys)
	counts, people := make([]int64, len(keys)), make([]bool, len(keys))
	forced := map[string]Mark{}
	for i, k := range keys {
		if k == area {
			continue
		}
		if m := t.conceal(k); m != Shown {
			forced[k] = m
		}
		counts[i], people[i] = t.viewer[k], t.people[k]
	}
	marks, total := Conceal(counts, people)
	hidden := 0
	for i, k := range keys {
		if marks[i] == Shown && forced[k] != Shown {
			marks[i] = Withheld
		}
		if marks[i] != Shown {
			hidden++
		}
	}
	// A part that its own parts hid has nobody beside it yet.
	for hidden == 1 && total == Shown && len(forced) > 0 {
		next := -1
		for i := range keys {
			if marks[i] == Shown && counts[i] > 0 && (next < 0 || counts[i] < counts[next]) {
				next = i
			}
		}
		if next < 0 {
			total = Withheld
			break
		}
		marks[next] = Withheld
		hidden++
	}
	for i, k := range keys {
		t.marks[k] = marks[i]
	}
	return total
}

// placed fills rows by area or by school from areas' sums, and hides those of
// few people in both alike. It gives the mark of their sum.
func (t *table) placed(sums []Sums) Mark {
	tr := tree{below: map[string][]string{}, viewer: map[string]int64{}, people: map[string]bool{}, marks: map[string]Mark{}}
	// Schools and areas share the tree; a school's key there is marked.
	const mark = "school:"
	enter := func(parent, key string, x Sums) {
		tr.below[parent] = append(tr.below[parent], key)
		tr.viewer[key], tr.people[key] = x.Viewers, x.Named || x.Viewers >= smallest
	}
	for _, x := range sums {
		if x.Key != "" {
			enter(t.around(x.Key), x.Key, x)
		}
		for _, c := range x.Schools {
			enter(x.Key, mark+c.Key, c)
		}
	}
	total := tr.conceal("")
	fill := func(x Sums, m Mark) {
		r := t.row(x.Key)
		if r.fill(x); m != Shown {
			r.conceal(m)
		}
	}
	for _, x := range sums {
		if t.by == BySchool {
			for _, c := range x.Schools {
				fill(c, tr.marks[mark+c.Key])
			}
			continue
		}
		m := tr.marks[x.Key]
		if x.Key == "" { // the schools of no area, as one row
			m = Shown
			if slices.ContainsFunc(x.Schools, func(c Sums) bool { return tr.marks[mark+c.Key] != Shown }) {
				m = Withheld
			}
		}
		fill(x, m)
	}
	return total
}

// around is the area around an area, or "".
func (t *table) around(area string) string {
	if line := t.lines[area]; len(line) > 1 {
		return line[1]
	}
	return ""
}

// nested puts every row below its parent's, and keeps the order among those of
// one parent.
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

// known by name, of a row: contacts of grade A in persons.
func (r *Row) byName() *Headline {
	for i := range r.Contacts {
		if h := &r.Contacts[i]; h.Grade == GradeA && h.Unit == Persons {
			return h
		}
	}
	return nil
}

// hideContacts hides contacts of few persons known by name, row beside row of
// one area.
func (t *table) hideContacts() {
	beside := map[string][]*Headline{}
	for k, r := range t.rows {
		if h := r.byName(); h != nil {
			around := t.around(k)
			beside[around] = append(beside[around], h)
		}
	}
	for _, hs := range beside {
		slices.SortFunc(hs, func(a, b *Headline) int { return cmp.Compare(a.Value, b.Value) })
		counts := make([]int64, len(hs))
		for i, h := range hs {
			counts[i] = int64(h.Value)
		}
		marks, _ := Conceal(counts, everybody(len(hs)))
		for i, h := range hs {
			if marks[i] != Shown {
				h.Value, h.Mark = 0, marks[i]
			}
		}
	}
}

// hideSum hides the sum of contacts by name when every row hides its own.
func hideSum(rows []Row, total []Headline) []Headline {
	hidden, shown := false, false
	for i := range rows {
		if h := rows[i].byName(); h != nil {
			hidden, shown = hidden || h.Mark != Shown, shown || h.Mark == Shown && h.Value > 0
		}
	}
	if !hidden || shown {
		return total
	}
	for i := range total {
		if h := &total[i]; h.Grade == GradeA && h.Unit == Persons && h.Mark == Shown {
			h.Value, h.Mark = 0, Withheld
		}
	}
	return total
}
