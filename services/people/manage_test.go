package people_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// town keeps people, sessions and the audit in memory; a step that fails is
// undone as a whole.
type town struct {
	people.Store
	persons  map[string]people.Person
	sessions map[string][]people.Session
	entries  []audit.Entry
	broken   error // what the audit answers
}

func (t *town) Person(_ context.Context, id string) (people.Person, error) {
	if p, ok := t.persons[id]; ok {
		return p, nil
	}
	return people.Person{}, fault.New(fault.NotFound, "people.not_found")
}

func (t *town) ByUsername(_ context.Context, username string) (people.Person, error) {
	for _, p := range t.persons {
		if p.Username == username {
			return p, nil
		}
	}
	return people.Person{}, fault.New(fault.NotFound, "people.not_found")
}

func (t *town) SavePerson(_ context.Context, p people.Person) error {
	t.persons[p.ID] = p
	return nil
}

func (t *town) SaveSession(_ context.Context, s people.Session) error {
	t.sessions[s.PersonID] = append(t.sessions[s.PersonID], s)
	return nil
}

func (t *town) EndSessions(_ context.Context, person string, ids ...string) error {
	if len(ids) == 0 {
		delete(t.sessions, person)
	}
	return nil
}

func (t *town) Append(_ context.Context, e audit.Entry) error {
	if t.broken != nil {
		return t.broken
	}
	t.entries = append(t.entries, e)
	return nil
}

func (t *town) BySubject(context.Context, string, int) ([]audit.Entry, error) { return nil, nil }

func (t *town) Atomically(ctx context.Context, fn func(context.Context) error) error {
	persons, sessions, entries := maps.Clone(t.persons), maps.Clone(t.sessions), slices.Clone(t.entries)
	if err := fn(ctx); err != nil {
		t.persons, t.sessions, t.entries = persons, sessions, entries
		return err
	}
	return nil
}

var admin = people.Person{ID: "quan", Username: "quan", Active: true, Grants: []people.Grant{{Role: people.Admin}}}

func newTown() (*people.Service, *town) {
	t := &town{persons: map[string]people.Person{"quan": admin}, sessions: map[string][]people.Session{}}
	n := 0
	return &people.Service{Store: t, Atomic: t, Audit: t, Now: func() time.Time { return time.Date(2026, 4, 15, 2, 0, 0, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprint("id-", n) }, Params: people.Argon{Time: 1, Memory: 8, Threads: 1}}, t
}

func TestCreateChecksEveryField(t *testing.T) {
	good := people.NewPerson{Username: "hoa.nguyen", Name: "Nguyễn Thị Hoa", Role: people.Teacher, School: "s1", Password: "du-dai-roi"}
	for name, c := range map[string]struct {
		change func(*people.NewPerson)
		want   string // field: code
	}{
		"no username":          {func(n *people.NewPerson) { n.Username = " " }, "username: field.required"},
		"letters with marks":   {func(n *people.NewPerson) { n.Username = "hoà" }, "username: people.bad_username"},
		"a space":              {func(n *people.NewPerson) { n.Username = "co hoa" }, "username: people.bad_username"},
		"one letter":           {func(n *people.NewPerson) { n.Username = "h" }, "username: people.bad_username"},
		"too long":             {func(n *people.NewPerson) { n.Username = strings.Repeat("h", 65) }, "username: people.bad_username"},
		"no name":              {func(n *people.NewPerson) { n.Name = "\t" }, "name: field.required"},
		"long name":            {func(n *people.NewPerson) { n.Name = strings.Repeat("ộ", 101) }, "name: field.too_long"},
		"broken name":          {func(n *people.NewPerson) { n.Name = "Hoa\xff" }, "name: field.bad_text"},
		"short password":       {func(n *people.NewPerson) { n.Password = "1234567" }, "password: people.bad_password"},
		"endless password":     {func(n *people.NewPerson) { n.Password = strings.Repeat("x", 1025) }, "password: people.bad_password"},
		"no role":              {func(n *people.NewPerson) { n.Role = "" }, "role: people.unknown_role"},
		"made-up role":         {func(n *people.NewPerson) { n.Role = "vua" }, "role: people.unknown_role"},
		"teacher of no school": {func(n *people.NewPerson) { n.School = "" }, "school: people.needs_school"},
		"student of no school": {func(n *people.NewPerson) { n.Role, n.School = people.Student, "" }, "school: people.needs_school"},
		"reviewer of a school": {func(n *people.NewPerson) { n.Role = people.Reviewer }, "school: people.no_school"},
	} {
		t.Run(name, func(t *testing.T) {
			s, town := newTown()
			n := good
			c.change(&n)
			_, _, err := s.Create(context.Background(), admin, n)
			e := fault.As(err)
			if e == nil || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Name+": "+e.Fields[0].Code != c.want {
				t.Fatalf("err = %v, want %s", err, c.want)
			}
			if len(town.persons) != 1 || len(town.entries) != 0 {
				t.Error("something was kept")
			}
		})
	}
}

func TestCreateMakesAnAccountThatOpens(t *testing.T) {
	s, town := newTown()
	ctx := context.Background()
	p, password, err := s.Create(ctx, admin, people.NewPerson{Username: " Hoa.Nguyen ", Name: " Nguyễn  Thị Hoa", Role: people.Teacher, School: "s1"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Username != "hoa.nguyen" || p.Name != "Nguyễn Thị Hoa" || !p.At(people.Teacher, "s1") || !p.CreatedAt.Equal(s.Now()) {
		t.Errorf("person = %+v", p)
	}
	if !people.CheckPassword(town.persons[p.ID].PasswordHash, password) {
		t.Error("the given password does not open the account")
	}
	if len(town.entries) != 1 || town.entries[0].Actor != "quan" || town.entries[0].Subject != "person:"+p.ID || strings.Contains(fmt.Sprint(town.entries), password) {
		t.Errorf("audit = %+v", town.entries)
	}
	_, shown, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station, Password: "mat-khau-cua-toi"})
	if err != nil || shown != "" {
		t.Errorf("a typed password is given back: %q, %v", shown, err)
	}
	_, _, err = s.Create(ctx, admin, people.NewPerson{Username: "MAI", Name: "Mai khác", Role: people.Station})
	if !fault.Is(err, "people.username_taken") || fault.KindOf(err) != fault.Conflict || fault.As(err).Fields[0].Name != "username" {
		t.Errorf("err = %v", err)
	}
}

func TestManagingIsForAdministrators(t *testing.T) {
	ctx := context.Background()
	for _, role := range people.Roles {
		s, _ := newTown()
		by := people.Person{ID: "x", Active: true, Grants: []people.Grant{{Role: role, School: "s1"}}}
		_, _, e1 := s.Create(ctx, by, people.NewPerson{Username: "moi", Name: "Mới", Role: people.Station})
		_, e2 := s.SetActive(ctx, by, "quan", false)
		_, _, e3 := s.ResetPassword(ctx, by, "quan")
		for _, err := range []error{e1, e2, e3} {
			if denied := fault.Is(err, "access.denied"); denied == (role == people.Admin) {
				t.Errorf("%s: %v", role, err)
			}
		}
	}
}

func TestDeactivatingEndsEverySession(t *testing.T) {
	s, town := newTown()
	ctx := context.Background()
	p, password, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.SignIn(ctx, "mai", password, people.Browser, ""); err != nil {
		t.Fatal(err)
	}
	if p, err = s.SetActive(ctx, admin, p.ID, false); err != nil || p.Active || len(town.sessions[p.ID]) != 0 {
		t.Errorf("after deactivating: %+v, %v, %d sessions", p, err, len(town.sessions[p.ID]))
	}
	if _, _, _, err := s.SignIn(ctx, "mai", password, people.Browser, ""); !fault.Is(err, "signin.wrong") {
		t.Errorf("a deactivated person signs in: %v", err)
	}
	noted := len(town.entries)
	if _, err := s.SetActive(ctx, admin, p.ID, false); err != nil || len(town.entries) != noted {
		t.Errorf("doing it twice: %v, %d entries more", err, len(town.entries)-noted)
	}
	if p, err = s.SetActive(ctx, admin, p.ID, true); err != nil || !p.Active {
		t.Errorf("after activating: %+v, %v", p, err)
	}
	if _, err := s.SetActive(ctx, admin, "quan", false); !fault.Is(err, "people.not_yourself") {
		t.Errorf("an administrator locks themselves out: %v", err)
	}
	if _, err := s.SetActive(ctx, admin, "khong-co", false); fault.KindOf(err) != fault.NotFound {
		t.Errorf("err = %v", err)
	}
}

func TestNothingChangesWithoutItsAuditEntry(t *testing.T) {
	s, town := newTown()
	ctx := context.Background()
	p, password, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	town.broken = errors.New("disk full")
	_, _, e1 := s.Create(ctx, admin, people.NewPerson{Username: "moi", Name: "Mới", Role: people.Station})
	_, e2 := s.SetActive(ctx, admin, p.ID, false)
	_, _, e3 := s.ResetPassword(ctx, admin, p.ID)
	if err := cmp.Or(e1, e2, e3); e1 == nil || e2 == nil || e3 == nil {
		t.Fatalf("one went through: %v %v %v", e1, e2, err)
	}
	if kept := town.persons[p.ID]; len(town.persons) != 2 || !kept.Active || !people.CheckPassword(kept.PasswordHash, password) {
		t.Errorf("kept = %+v", town.persons)
	}
}

func TestResetPassword(t *testing.T) {
	s, town := newTown()
	ctx := context.Background()
	p, old, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.SignIn(ctx, "mai", old, people.Browser, ""); err != nil {
		t.Fatal(err)
	}
	_, fresh, err := s.ResetPassword(ctx, admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if hash := town.persons[p.ID].PasswordHash; people.CheckPassword(hash, old) || !people.CheckPassword(hash, fresh) || len(town.sessions[p.ID]) != 0 {
		t.Error("the old password or an old session is still accepted")
	}
}

func TestEasyPasswordsDiffer(t *testing.T) {
	shape := regexp.MustCompile(`^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$`)
	seen := map[string]bool{}
	for range 1000 {
		p := people.EasyPassword()
		if !shape.MatchString(p) || seen[p] {
			t.Fatalf("password %q", p)
		}
		seen[p] = true
	}
}
