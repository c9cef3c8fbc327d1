package people_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestCreateChecksEveryField(t *testing.T) {
	good := people.NewPerson{
		Username: "hoa.nguyen",
		Name:     "Nguyễn Thị Hoa",
		Role:     people.Teacher,
		School:   "s1",
		Password: "du-dai-roi",
	}
	for name, c := range map[string]struct {
		change func(*people.NewPerson)
		want   string // field: code
	}{
		"no username":        {func(n *people.NewPerson) { n.Username = " " }, "username: field.required"},
		"letters with marks": {func(n *people.NewPerson) { n.Username = "hoà" }, "username: people.bad_username"},
		"a space":            {func(n *people.NewPerson) { n.Username = "co hoa" }, "username: people.bad_username"},
		"one letter":         {func(n *people.NewPerson) { n.Username = "h" }, "username: people.bad_username"},
		"too long": {
			func(n *people.NewPerson) { n.Username = strings.Repeat("h", 65) }, "username: people.bad_username",
		},
		"no name":        {func(n *people.NewPerson) { n.Name = "\t" }, "name: field.required"},
		"long name":      {func(n *people.NewPerson) { n.Name = strings.Repeat("ộ", 101) }, "name: field.too_long"},
		"broken name":    {func(n *people.NewPerson) { n.Name = "Hoa\xff" }, "name: field.bad_text"},
		"short password": {func(n *people.NewPerson) { n.Password = "1234567" }, "password: people.bad_password"},
		"endless password": {
			func(n *people.NewPerson) { n.Password = strings.Repeat("x", 1025) }, "password: people.bad_password",
		},
		"no role":              {func(n *people.NewPerson) { n.Role = "" }, "role: people.unknown_role"},
		"made-up role":         {func(n *people.NewPerson) { n.Role = "vua" }, "role: people.unknown_role"},
		"teacher of no school": {func(n *people.NewPerson) { n.School = "" }, "school: people.needs_school"},
		"student of no school": {
			func(n *people.NewPerson) { n.Role, n.School = people.Student, "" }, "school: people.needs_school",
		},
		"reviewer of a school": {func(n *people.NewPerson) { n.Role = people.Reviewer }, "school: people.no_school"},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := newMemory()
			n := good
			c.change(&n)
			_, _, err := s.Create(context.Background(), admin, n)
			e := fault.As(err)
			if e == nil || e.Kind != fault.Invalid || len(e.Fields) != 1 ||
				e.Fields[0].Name+": "+e.Fields[0].Code != c.want {
				t.Fatalf("err = %v, want %s", err, c.want)
			}
			if len(m.persons.All(nil)) != 1 || len(m.log.List) != 0 {
				t.Error("something was kept")
			}
		})
	}
}

func TestCreateMakesAnAccountThatOpens(t *testing.T) {
	s, m := newMemory()
	ctx := context.Background()
	p, password, err := s.Create(
		ctx,
		admin,
		people.NewPerson{Username: " Hoa.Nguyen ", Name: " Nguyễn  Thị Hoa", Role: people.Teacher, School: "s1"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if p.Username != "hoa.nguyen" || p.Name != "Nguyễn Thị Hoa" || !p.At(people.Teacher, "s1") ||
		!p.CreatedAt.Equal(s.Now()) {
		t.Errorf("person = %+v", p)
	}
	if !people.CheckPassword(m.persons.Must(p.ID).PasswordHash, password) {
		t.Error("the given password does not open the account")
	}
	if len(m.log.List) != 1 || m.log.List[0].Actor != "quan" || m.log.List[0].Subject != "person:"+p.ID ||
		strings.Contains(fmt.Sprint(m.log.List), password) {
		t.Errorf("audit = %+v", m.log.List)
	}
	_, shown, err := s.Create(
		ctx,
		admin,
		people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station, Password: "mat-khau-cua-toi"},
	)
	if err != nil || shown != "" {
		t.Errorf("a typed password is given back: %q, %v", shown, err)
	}
	_, _, err = s.Create(ctx, admin, people.NewPerson{Username: "MAI", Name: "Mai khác", Role: people.Station})
	if !fault.Is(err, "people.username_taken") || fault.KindOf(err) != fault.Conflict ||
		fault.As(err).Fields[0].Name != "username" {
		t.Errorf("err = %v", err)
	}
}

func TestManagingIsForAdministrators(t *testing.T) {
	ctx := context.Background()
	for _, role := range people.Roles {
		s, _ := newMemory()
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
	s, m := newMemory()
	ctx := context.Background()
	p, password, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.SignIn(ctx, "mai", password, people.Browser, ""); err != nil {
		t.Fatal(err)
	}
	if p, err = s.SetActive(ctx, admin, p.ID, false); err != nil || p.Active || len(m.sessionsOf(p.ID)) != 0 {
		t.Errorf("after deactivating: %+v, %v, %d sessions", p, err, len(m.sessionsOf(p.ID)))
	}
	if _, _, _, err := s.SignIn(ctx, "mai", password, people.Browser, ""); !fault.Is(err, "signin.wrong") {
		t.Errorf("a deactivated person signs in: %v", err)
	}
	noted := len(m.log.List)
	if _, err := s.SetActive(ctx, admin, p.ID, false); err != nil || len(m.log.List) != noted {
		t.Errorf("doing it twice: %v, %d entries more", err, len(m.log.List)-noted)
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
	s, m := newMemory()
	ctx := context.Background()
	p, password, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	m.log.Err = errors.New("disk full")
	_, _, e1 := s.Create(ctx, admin, people.NewPerson{Username: "moi", Name: "Mới", Role: people.Station})
	_, e2 := s.SetActive(ctx, admin, p.ID, false)
	_, _, e3 := s.ResetPassword(ctx, admin, p.ID)
	if err := cmp.Or(e1, e2, e3); e1 == nil || e2 == nil || e3 == nil {
		t.Fatalf("one went through: %v %v %v", e1, e2, err)
	}
	if kept := m.persons.Must(p.ID); len(m.persons.All(nil)) != 2 || !kept.Active ||
		!people.CheckPassword(kept.PasswordHash, password) {
		t.Errorf("kept = %+v", m.persons.All(nil))
	}
}

func TestResetPassword(t *testing.T) {
	s, m := newMemory()
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
	if hash := m.persons.Must(p.ID).PasswordHash; people.CheckPassword(hash, old) ||
		!people.CheckPassword(hash, fresh) ||
		len(m.sessionsOf(p.ID)) != 0 {
		t.Error("the old password or an old session is still accepted")
	}
}

// TestPasswordChangeEndsWhatHung: links and half sign-ins from before a new
// password, and links mailed to a former address, are worth nothing.
func TestPasswordChangeEndsWhatHung(t *testing.T) {
	s, _ := newMemory()
	ctx := context.Background()
	p, _, err := s.Create(ctx, admin, people.NewPerson{Username: "mai", Name: "Mai", Role: people.Station})
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func() error{
		"reset by an administrator": func() error { _, _, err := s.ResetPassword(ctx, admin, p.ID); return err },
		"another e-mail address":    func() error { _, err := s.SetEmail(ctx, admin, p.ID, "mai@example.vn"); return err },
	} {
		_, link, _, err := s.IssueReset(ctx, admin, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		halfway, err := s.Halfway(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ResetOf(ctx, link); !fault.Is(err, "signin.reset_gone") {
			t.Errorf("%s: the link before it: %v", what, err)
		}
		_, err = s.HalfwayOf(ctx, halfway)
		if ended := fault.Is(err, "signin.expired"); ended != (what == "reset by an administrator") {
			t.Errorf("%s: the half sign-in before it: %v", what, err)
		}
	}
	// The same address again changes nothing.
	_, link, _, err := s.IssueReset(ctx, admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetEmail(ctx, admin, p.ID, "mai@example.vn"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ResetOf(ctx, link); err != nil {
		t.Errorf("the same address ended the link: %v", err)
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
