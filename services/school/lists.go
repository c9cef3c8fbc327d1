package school

import (
	"context"
	"slices"
	"strings"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// may refuses everybody but those who care for the organisation.
func may(by people.Person) error {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	return nil
}

// kept saves something of the organisation with its line in the audit.
func (s *Service) kept(ctx context.Context, by people.Person, subject string, save func(context.Context) error) error {
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := save(ctx); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.ManageSchools), Subject: subject, Detail: "saved"})
	})
}

// SaveArea makes (empty ID) or changes an area. Faults: "access.denied",
// "area.invalid" with fields.
func (s *Service) SaveArea(ctx context.Context, by people.Person, kinds Calendar, a Area) (Area, error) {
	if err := may(by); err != nil {
		return a, err
	}
	a.Code, a.Name = strings.ToUpper(strings.TrimSpace(a.Code)), strings.Join(strings.Fields(a.Name), " ")
	all, err := s.Store.Areas(ctx)
	if err != nil {
		return a, err
	}
	list, err := kinds.Named(ctx, AreaKinds)
	if err != nil {
		return a, err
	}
	bad := slices.Concat(wrongCode(a.Code), wrongName("name", a.Name, MaxName))
	if !slices.ContainsFunc(list, func(n Named) bool { return n.Code == a.Kind }) {
		bad = append(bad, fault.Wrong("kind", "area.unknown_kind"))
	}
	if slices.ContainsFunc(all, func(o Area) bool { return o.Code == a.Code && o.ID != a.ID }) {
		bad = append(bad, fault.Wrong("code", "area.code_taken"))
	}
	if a.ID == "" {
		a.ID = s.NewID()
	}
	parent := map[string]string{}
	for _, o := range all {
		parent[o.ID] = o.Parent
	}
	_, there := parent[a.Parent]
	parent[a.ID] = a.Parent
	switch {
	case a.Parent != "" && !there:
		bad = append(bad, fault.Wrong("parent", "area.unknown_parent"))
	case loops(parent, a.ID):
		bad = append(bad, fault.Wrong("parent", "area.loop"))
	}
	if err := fault.Form("area.invalid", bad...); err != nil {
		return a, err
	}
	return a, s.kept(ctx, by, "area:"+a.ID, func(ctx context.Context) error { return s.Store.SaveArea(ctx, a) })
}

// listCode is what the codes of lists are made of: they stand in addresses.
func wrongListCode(code string) []fault.Field {
	if strings.ContainsFunc(code, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') &&
			(r < '0' || r > '9')
	}) {
		return []fault.Field{fault.Wrong("code", "school.bad_code")}
	}
	return wrongCode(code)
}

// SaveNamed adds or changes an entry of one of the lists. Faults:
// "access.denied", "list.invalid" with fields.
func (s *Service) SaveNamed(ctx context.Context, by people.Person, lists Calendar, n Named) error {
	if err := may(by); err != nil {
		return err
	}
	n.Code, n.Name, n.NameEn = strings.TrimSpace(n.Code), strings.Join(strings.Fields(n.Name), " "),
		strings.Join(strings.Fields(n.NameEn), " ")
	if n.NameEn == "" {
		n.NameEn = n.Name
	}
	bad := slices.Concat(wrongListCode(n.Code), wrongName("name", n.Name, MaxName),
		wrongName("nameEn", n.NameEn, MaxName))
	if !slices.Contains(Lists, n.List) {
		bad = append(bad, fault.Wrong("list", "import.unknown_kind"))
	}
	if err := fault.Form("list.invalid", bad...); err != nil {
		return err
	}
	return s.kept(ctx, by, "list:"+n.List+"/"+n.Code,
		func(ctx context.Context) error { return lists.SaveNamed(ctx, n) })
}

// SaveSubject adds or changes a subject. Faults: "access.denied",
// "list.invalid" with fields.
func (s *Service) SaveSubject(ctx context.Context, by people.Person, x Subject) error {
	if err := may(by); err != nil {
		return err
	}
	x.Code, x.Name, x.NameEn = strings.TrimSpace(x.Code), strings.Join(strings.Fields(x.Name), " "),
		strings.Join(strings.Fields(x.NameEn), " ")
	if x.NameEn == "" {
		x.NameEn = x.Name
	}
	bad := slices.Concat(wrongListCode(x.Code), wrongName("name", x.Name, MaxName),
		wrongName("nameEn", x.NameEn, MaxName))
	if x.FromGrade < MinGrade || x.ToGrade > MaxGrade || x.FromGrade > x.ToGrade {
		bad = append(bad, fault.Wrong("from", "class.bad_grade", "from", MinGrade, "to", MaxGrade))
	}
	if err := fault.Form("list.invalid", bad...); err != nil {
		return err
	}
	return s.kept(ctx, by, "subject:"+x.Code, func(ctx context.Context) error { return s.Store.SaveSubject(ctx, x) })
}

// SaveYear adds or changes a school year; with the Monday of week 1 its weeks
// are planned again, leaving out the Mondays named as holidays. Faults:
// "access.denied", "list.invalid" with fields.
func (s *Service) SaveYear(ctx context.Context, by people.Person, years Calendar, y Year, monday string,
	holidays []string) error {
	if err := may(by); err != nil {
		return err
	}
	var bad []fault.Field
	if !YearOK(y.Code) {
		bad = append(bad, fault.Wrong("code", "class.bad_year"))
	}
	for name, day := range map[string]string{"from": y.From, "to": y.To} {
		if !DayOK(day) {
			bad = append(bad, fault.Wrong(name, "import.bad_day"))
		}
	}
	if len(bad) == 0 && y.To <= y.From {
		bad = append(bad, fault.Wrong("to", "year.bad_days"))
	}
	if t, err := time.Parse(time.DateOnly, monday); monday != "" && (err != nil || t.Weekday() != time.Monday) {
		bad = append(bad, fault.Wrong("monday", "year.bad_week", "week", MinWeek))
	}
	if err := fault.Form("list.invalid", bad...); err != nil {
		return err
	}
	weeks := PlanWeeks(y.Code, monday, holidays...)
	if monday == "" {
		var err error
		if weeks, err = years.Weeks(ctx, y.Code); err != nil {
			return err
		}
	}
	return s.kept(ctx, by, "year:"+y.Code, func(ctx context.Context) error { return years.SaveYear(ctx, y, weeks) })
}
