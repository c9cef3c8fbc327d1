package school

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// wrongCode is what keeps a code of an area, school or class from being kept.
func wrongCode(code string) []fault.Field {
	switch {
	case code == "":
		return []fault.Field{fault.Wrong("code", "field.required")}
	case utf8.RuneCountInString(code) > MaxCode:
		return []fault.Field{fault.Wrong("code", "field.too_long", "max", MaxCode)}
	case strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return []fault.Field{fault.Wrong("code", "school.bad_code")}
	}
	return nil
}

// wrongName is what keeps a name from being kept.
func wrongName(field, name string, most int) []fault.Field {
	switch {
	case name == "":
		return []fault.Field{fault.Wrong(field, "field.required")}
	case utf8.RuneCountInString(name) > most:
		return []fault.Field{fault.Wrong(field, "field.too_long", "max", most)}
	case !people.Legible(name) || strings.ContainsRune(name, utf8.RuneError):
		return []fault.Field{fault.Wrong(field, "field.bad_text")}
	}
	return nil
}

// known finds an entry of a list by its code or either of its names.
func known(list []Named, value string) (Named, bool) {
	f := fold(value)
	i := slices.IndexFunc(list, func(n Named) bool {
		return n.Code == value || f != "" &&
			(fold(n.Name) == f || fold(n.NameEn) == f)
	})
	if i < 0 {
		return Named{}, false
	}
	return list[i], true
}

func (s *Importer) planAreas(ctx context.Context, t table) (*plan, error) {
	have, err := s.Schools.Areas(ctx)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Years.Named(ctx, AreaKinds)
	if err != nil {
		return nil, err
	}
	areas := map[string]Area{} // by code
	codes := map[string]string{}
	for _, a := range have {
		areas[a.Code], codes[a.ID] = a, a.Code
	}
	seen, parent := map[string]int{}, map[string]string{}
	for _, a := range have {
		parent[a.Code] = codes[a.Parent]
	}
	p := &plan{}
	type wish struct {
		area  Area
		under string // code
		row   int    // in p.rows
	}
	var wishes []wish
	p.rows = t.each(func(r *ImportRow, get func(string) string) {
		a := Area{Code: strings.ToUpper(get("code")), Name: get("name")}
		r.Label = a.Code + " " + a.Name
		kind, ok := known(kinds, get("kind"))
		a.Kind = kind.Code
		switch {
		case t.refuseForm(r, wrongCode(a.Code)), t.refuseForm(r, wrongName("name", a.Name, MaxName)):
			return
		case !ok:
			t.refuse(r, "kind", "area.unknown_kind")
			return
		case seen[a.Code] != 0:
			t.refuse(r, "code", "import.twice", "row", seen[a.Code])
			return
		}
		seen[a.Code] = r.Row
		w := wish{area: a, under: strings.ToUpper(get("parent")), row: r.Row}
		parent[a.Code] = w.under
		wishes = append(wishes, w)
	})
	at := map[int]int{}
	for i, r := range p.rows {
		at[r.Row] = i
	}
	var save []Area
	ids := map[string]string{}
	for code, a := range areas {
		ids[code] = a.ID
	}
	for _, w := range wishes {
		if _, ok := ids[w.area.Code]; !ok {
			ids[w.area.Code] = s.NewID()
		}
	}
	for _, w := range wishes {
		r := &p.rows[at[w.row]]
		if w.under != "" && ids[w.under] == "" {
			t.refuse(r, "parent", "area.unknown_parent")
			continue
		}
		if loops(parent, w.area.Code) {
			t.refuse(r, "parent", "area.loop")
			continue
		}
		old, there := areas[w.area.Code]
		w.area.ID, w.area.Parent = ids[w.area.Code], ids[w.under]
		r.Outcome = outcome(there, old == w.area)
		if r.Outcome != RowSame {
			save = append(save, w.area)
		}
	}
	save = withParents(save, areas, parent, func(a Area) {
		t.refuse(&p.rows[at[seen[a.Code]]], "parent", "area.unknown_parent")
	})
	p.steps = pieces(save, s.Schools.SaveArea)
	return p, nil
}

// withParents leaves out the areas whose parent, by code, is neither stored nor
// in the list itself, and calls refuse for each.
func withParents(list []Area, stored map[string]Area, parent map[string]string, refuse func(Area)) []Area {
	for again := true; again; {
		again = false
		list = slices.DeleteFunc(slices.Clone(list), func(a Area) bool {
			up := parent[a.Code]
			if _, ok := stored[up]; up == "" || ok ||
				slices.ContainsFunc(list, func(b Area) bool { return b.Code == up }) {
				return false
			}
			refuse(a)
			again = true
			return true
		})
	}
	return list
}

// loops reports whether going up from a code comes back to it.
func loops(parent map[string]string, code string) bool {
	seen := map[string]bool{}
	for c := code; c != ""; c = parent[c] {
		if seen[c] {
			return true
		}
		seen[c] = true
	}
	return false
}

func outcome(there, same bool) Outcome {
	switch {
	case !there:
		return RowNew
	case same:
		return RowSame
	}
	return RowChanged
}

// levelWords are how people write the levels.
var levelWords = map[string]Level{
	"primary": Primary, "tieuhoc": Primary, "th": Primary, "c1": Primary, "cap1": Primary,
	"lowersecondary": LowerSecondary, "thcs": LowerSecondary, "trunghoccoso": LowerSecondary, "c2": LowerSecondary,
	"cap2":           LowerSecondary,
	"uppersecondary": UpperSecondary, "thpt": UpperSecondary, "trunghocphothong": UpperSecondary, "c3": UpperSecondary,
	"cap3":  UpperSecondary,
	"mixed": Mixed, "liencap": Mixed, "nhieucap": Mixed, "thvathcs": Mixed, "thcsvathpt": Mixed, "ththcs": Mixed,
	"thcsthpt": Mixed,
}

// levelName is how exports write them.
var levelName = map[Level]string{Primary: "Tiểu học", LowerSecondary: "THCS", UpperSecondary: "THPT", Mixed: "Liên cấp"}

func (s *Importer) planSchools(ctx context.Context, t table) (*plan, error) {
	have, err := s.Schools.Schools(ctx)
	if err != nil {
		return nil, err
	}
	areas, err := s.areaIDs(ctx)
	if err != nil {
		return nil, err
	}
	byCode := map[string]School{}
	for _, x := range have {
		byCode[x.Code] = x
	}
	seen := map[string]int{}
	var save []School
	p := &plan{}
	p.rows = t.each(func(r *ImportRow, get func(string) string) {
		x := School{Code: strings.ToUpper(get("code")), Name: get("name"), Level: levelWords[fold(get("level"))]}
		r.Label = x.Code + " " + x.Name
		if t.refuseForm(r, x.wrong()) {
			return
		}
		if code := strings.ToUpper(get("area")); code != "" {
			if x.AreaID = areas[code]; x.AreaID == "" {
				t.refuse(r, "area", "school.unknown_area")
				return
			}
		}
		if seen[x.Code] != 0 {
			t.refuse(r, "code", "import.twice", "row", seen[x.Code])
			return
		}
		seen[x.Code] = r.Row
		old, there := byCode[x.Code]
		if there {
			x.ID, x.CreatedAt = old.ID, old.CreatedAt
		} else {
			x.ID, x.CreatedAt = s.NewID(), s.Now()
		}
		if r.Outcome = outcome(there, old == x); r.Outcome != RowSame {
			save = append(save, x)
		}
	})
	p.steps = pieces(save, s.Schools.SaveSchool)
	return p, nil
}

func (s *Importer) areaIDs(ctx context.Context) (map[string]string, error) {
	areas, err := s.Schools.Areas(ctx)
	ids := make(map[string]string, len(areas))
	for _, a := range areas {
		ids[a.Code] = a.ID
	}
	return ids, err
}

func (s *Importer) schoolIDs(ctx context.Context) (map[string]string, error) {
	list, err := s.Schools.Schools(ctx)
	ids := make(map[string]string, len(list))
	for _, x := range list {
		ids[x.Code] = x.ID
	}
	return ids, err
}
