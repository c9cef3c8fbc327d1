package school_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// town keeps schools and the audit in memory.
type town struct {
	school.Store
	schools []school.School
	entries []audit.Entry
}

func (t *town) School(_ context.Context, id string) (school.School, error) {
	for _, s := range t.schools {
		if s.ID == id {
			return s, nil
		}
	}
	return school.School{}, fault.New(fault.NotFound, "school.not_found")
}

func (t *town) Schools(context.Context) ([]school.School, error) { return t.schools, nil }

func (t *town) SaveSchool(_ context.Context, s school.School) error {
	for i, o := range t.schools {
		if o.ID == s.ID {
			t.schools[i] = s
			return nil
		}
	}
	t.schools = append(t.schools, s)
	return nil
}

func (t *town) Append(_ context.Context, e audit.Entry) error {
	t.entries = append(t.entries, e)
	return nil
}

func (t *town) BySubject(context.Context, string, int) ([]audit.Entry, error) { return nil, nil }

func (t *town) Atomically(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

var admin = people.Person{ID: "quan", Active: true, Grants: []people.Grant{{Role: people.Admin}}}

func newTown() (*school.Service, *town) {
	t := &town{}
	n := 0
	return &school.Service{Store: t, Atomic: t, Audit: t,
		Now:   func() time.Time { return time.Date(2026, 4, 15, 2, 0, 0, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprint("id-", n) }}, t
}

func TestSaveMakesAndChangesASchool(t *testing.T) {
	s, town := newTown()
	ctx := context.Background()
	x, err := s.Save(ctx, admin, school.School{Code: " th01 ", Name: " Trường  Bản Mẫu ", Level: school.Primary})
	if err != nil {
		t.Fatal(err)
	}
	if x.ID == "" || x.Code != "TH01" || x.Name != "Trường Bản Mẫu" || !x.CreatedAt.Equal(s.Now()) {
		t.Errorf("school = %+v", x)
	}
	made := x.CreatedAt
	x.Name, x.CreatedAt = "Trường Bản Mẫu 2", time.Time{}
	if x, err = s.Save(ctx, admin, x); err != nil || !x.CreatedAt.Equal(made) || len(town.schools) != 1 {
		t.Errorf("changed = %+v, %v, %d schools", x, err, len(town.schools))
	}
	if len(town.entries) != 2 || town.entries[1].Detail != "changed" || town.entries[1].Subject != "school:"+x.ID {
		t.Errorf("audit = %+v", town.entries)
	}
	if _, err := s.Save(ctx, admin, school.School{ID: "khong-co", Code: "A1", Name: "A",
		Level: school.Mixed}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("err = %v", err)
	}
}

func TestSaveChecksEveryField(t *testing.T) {
	good := school.School{Code: "TH02", Name: "Trường Suối Trong", Level: school.Mixed}
	for name, c := range map[string]struct {
		change func(*school.School)
		want   string
	}{
		"no code":         {func(x *school.School) { x.Code = " " }, "code: field.required"},
		"long code":       {func(x *school.School) { x.Code = strings.Repeat("A", 33) }, "code: field.too_long"},
		"code with marks": {func(x *school.School) { x.Code = "TRƯỜNG1" }, "code: school.bad_code"},
		"code in two":     {func(x *school.School) { x.Code = "TH 02" }, "code: school.bad_code"},
		"taken code":      {func(x *school.School) { x.Code = "th01" }, "code: school.code_taken"},
		"no name":         {func(x *school.School) { x.Name = "" }, "name: field.required"},
		"long name":       {func(x *school.School) { x.Name = strings.Repeat("ộ", 151) }, "name: field.too_long"},
		"broken name":     {func(x *school.School) { x.Name = "A\xff" }, "name: field.bad_text"},
		"made-up level":   {func(x *school.School) { x.Level = "đại học" }, "level: school.unknown_level"},
	} {
		t.Run(name, func(t *testing.T) {
			s, town := newTown()
			town.schools = []school.School{{ID: "s1", Code: "TH01", Name: "Trường Bản Mẫu", Level: school.Primary}}
			x := good
			c.change(&x)
			_, err := s.Save(context.Background(), admin, x)
			e := fault.As(err)
			if e == nil || e.Kind != fault.Invalid || len(e.Fields) != 1 ||
				e.Fields[0].Name+": "+e.Fields[0].Code != c.want {
				t.Fatalf("err = %v, want %s", err, c.want)
			}
			if len(town.schools) != 1 {
				t.Error("it was kept")
			}
		})
	}
}

func TestOnlyAdministratorsChangeSchools(t *testing.T) {
	s, town := newTown()
	for _, role := range people.Roles {
		by := people.Person{ID: "x", Active: true, Grants: []people.Grant{{Role: role, School: "s1"}}}
		_, err := s.Save(context.Background(), by,
			school.School{Code: "C-" + string(role), Name: "A", Level: school.Mixed})
		if denied := fault.Is(err, "access.denied"); denied == (role == people.Admin) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if len(town.schools) != 1 {
		t.Errorf("%d schools", len(town.schools))
	}
}
