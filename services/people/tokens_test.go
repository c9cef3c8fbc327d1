package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestPersonalToken(t *testing.T) {
	lan := with("lan", "s1", people.Teacher)
	reads := []people.Action{people.SeeSelf, people.ReadLesson}
	for name, c := range map[string]struct {
		n      people.NewToken
		fields []string
	}{
		"a day":         {people.NewToken{Name: " Máy   quay ", Days: 1, Scopes: reads}, nil},
		"a year":        {people.NewToken{Name: strings.Repeat("ộ", 80), Days: 366, Scopes: reads}, nil},
		"no days":       {people.NewToken{Name: "x", Scopes: reads}, []string{"days: token.bad_days"}},
		"too many days": {people.NewToken{Name: "x", Days: 367, Scopes: reads}, []string{"days: token.bad_days"}},
		"no name":       {people.NewToken{Name: " ", Days: 1, Scopes: reads}, []string{"name: field.required"}},
		"name too long": {
			people.NewToken{Name: strings.Repeat("ộ", 81), Days: 1, Scopes: reads}, []string{"name: field.too_long"},
		},
		"illegible": {people.NewToken{Name: "\u202e", Days: 1, Scopes: reads}, []string{"name: field.bad_text"}},
		"no scopes": {people.NewToken{Name: "x", Days: 1}, []string{"scopes: token.no_scopes"}},
		"beyond the role": {
			people.NewToken{Name: "x", Days: 1, Scopes: []people.Action{people.SeeSelf, people.ReviewLesson}},
			[]string{"scopes: token.bad_scope"},
		},
		"that makes more": {
			people.NewToken{Name: "x", Days: 1, Scopes: []people.Action{people.ManageSelf}},
			[]string{"scopes: token.bad_scope"},
		},
	} {
		s, m := newMemory()
		secret, ses, err := s.MakeToken(bg, lan, c.n)
		if c.fields != nil {
			wantFault(t, name, err, fault.Invalid, "token.invalid", c.fields...)
			if secret != "" || len(m.sessions.All(nil)) != 0 {
				t.Errorf("%s: it was made", name)
			}
			continue
		}
		if err != nil || ses.Kind != people.Personal || ses.PersonID != "lan" ||
			ses.Name != strings.Join(strings.Fields(c.n.Name), " ") ||
			!slices.Equal(ses.Scopes, reads) ||
			!ses.ExpiresAt.Equal(start.AddDate(0, 0, c.n.Days)) ||
			ses.Hash != people.HashSecret(secret) {
			t.Errorf("%s: %+v %v", name, ses, err)
		}
		if m.log.Last() != "lan self.manage person:lan personal token made: self.see lesson.read" {
			t.Errorf("%s: logged %q", name, m.log.Last())
		}
	}
	s, _ := newMemory()
	_, _, err := s.MakeToken(bg, people.Person{}, people.NewToken{Name: "x", Days: 1, Scopes: reads})
	wantFault(t, "nobody", err, fault.Forbidden, "access.denied")
}

func TestFiftyTokensAtMost(t *testing.T) {
	s, m := newMemory()
	n := people.NewToken{Name: "x", Days: 1, Scopes: []people.Action{people.SeeSelf}}
	if _, _, err := s.Open(bg, admin, people.Browser, ""); err != nil { // sign-ins do not count
		t.Fatal(err)
	}
	for range 50 {
		if _, _, err := s.MakeToken(bg, admin, n); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := s.MakeToken(bg, admin, n)
	wantFault(t, "the 51st", err, fault.Conflict, "token.too_many")
	if len(m.sessionsOf("quan")) != 51 {
		t.Errorf("%d sessions", len(m.sessionsOf("quan")))
	}
}

func TestServiceToken(t *testing.T) {
	reports := []people.Action{people.ReportAsRun}
	for name, c := range map[string]struct {
		n     people.NewToken
		field string
	}{
		"of the station": {people.NewToken{Role: people.Station, Scopes: reports}, ""},
		"of a school": {
			people.NewToken{Role: people.Teacher, School: "s1", Scopes: []people.Action{people.CreateLesson}}, "",
		},
		"of a student": {
			people.NewToken{Role: people.Student, School: "s1", Scopes: []people.Action{people.SeeSelf}},
			"role: people.unknown_role",
		},
		"of no role":         {people.NewToken{Scopes: reports}, "role: people.unknown_role"},
		"teacher of nowhere": {people.NewToken{Role: people.Teacher, Scopes: reports}, "school: people.needs_school"},
		"station at school": {
			people.NewToken{Role: people.Station, School: "s1", Scopes: reports}, "school: people.no_school",
		},
		"beyond its role": {
			people.NewToken{Role: people.Reviewer, Scopes: []people.Action{people.ManageSchools}},
			"scopes: token.bad_scope",
		},
		"no scopes": {people.NewToken{Role: people.Station}, "scopes: token.no_scopes"},
	} {
		s, m := newMemory()
		c.n.Name, c.n.Days = "Đầu phát", 30
		secret, x, err := s.MakeServiceToken(bg, admin, c.n)
		if c.field != "" {
			wantFault(t, name, err, fault.Invalid, "token.invalid", c.field)
			if secret != "" || len(m.persons.All(nil)) != 1 {
				t.Errorf("%s: it was made", name)
			}
			continue
		}
		p := x.Person
		if err != nil || !p.Machine || !p.Active || p.PasswordHash != "" || p.Username != "may-"+p.ID ||
			!slices.Equal(p.Grants, []people.Grant{{Role: c.n.Role, School: c.n.School}}) ||
			x.Token.Kind != people.MachineToken || x.Token.PersonID != p.ID ||
			!x.Token.ExpiresAt.Equal(start.Add(30*24*time.Hour)) {
			t.Errorf("%s: %+v %v", name, x, err)
		}
		if who, _, err := s.Who(bg, secret); err != nil || who.ID != p.ID || !slices.Equal(who.Scopes, c.n.Scopes) {
			t.Errorf("%s: the token is of %+v: %v", name, who, err)
		}
	}
}

func TestEndServiceToken(t *testing.T) {
	s, m := newMemory()
	secret, x, err := s.MakeServiceToken(bg, admin, people.NewToken{
		Name: "x", Days: 1, Role: people.Station, Scopes: []people.Action{people.ReportAsRun},
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.ServiceTokens(bg, admin); err != nil || len(list) != 1 || list[0].Person.ID != x.Person.ID {
		t.Errorf("%+v %v", list, err)
	}
	for _, p := range crew() {
		if p.Is(people.Admin) {
			continue
		}
		_, err = s.ServiceTokens(bg, p)
		wantFault(t, p.ID+" lists", err, fault.Forbidden, "access.denied")
		wantFault(t, p.ID+" ends", s.EndServiceToken(bg, p, x.Person.ID), fault.Forbidden, "access.denied")
		_, _, err = s.MakeServiceToken(bg, p, people.NewToken{})
		wantFault(t, p.ID+" makes", err, fault.Forbidden, "access.denied")
	}
	m.add(with("lan", "s1", people.Teacher))
	wantFault(t, "a person", s.EndServiceToken(bg, admin, "lan"), fault.NotFound, "people.not_found")
	wantFault(t, "nobody", s.EndServiceToken(bg, admin, "ai"), fault.NotFound, "people.not_found")
	wantFault(t, "it", s.EndServiceToken(bg, admin, x.Person.ID), 0, "")
	if _, _, err := s.Who(bg, secret); !fault.Is(err, "signin.expired") || m.persons.Must(x.Person.ID).Active ||
		!m.persons.Must("lan").Active {
		t.Errorf("it still counts: %v", err)
	}
}

func TestExportAndErase(t *testing.T) {
	s, m := newMemory()
	m.log.Alone = true
	m.add(with("lan", "s1", people.Teacher))
	for _, p := range crew() {
		if p.Is(people.Admin) {
			continue
		}
		_, err := s.Export(bg, p, "lan")
		wantFault(t, p.ID+" exports", err, fault.Forbidden, "access.denied")
		wantFault(t, p.ID+" erases", s.Erase(bg, p, "lan"), fault.Forbidden, "access.denied")
	}
	data, err := s.Export(bg, admin, "lan")
	if err != nil || data["person"][0]["id"] != "lan" || m.log.Last() != "quan people.erase person:lan data given out" {
		t.Errorf("%v %v, logged %q", data, err, m.log.Last())
	}
	_, err = s.Export(bg, admin, "ai")
	wantFault(t, "export nobody", err, fault.NotFound, "people.not_found")
	wantFault(t, "erase nobody", s.Erase(bg, admin, "ai"), fault.NotFound, "people.not_found")
	for _, id := range []string{"quan", people.OperatorID, people.ErasedID} {
		wantFault(t, "erase "+id, s.Erase(bg, admin, id), fault.Conflict, "people.not_yourself")
	}
	wantFault(t, "erase", s.Erase(bg, admin, "lan"), 0, "")
	last := m.log.List[len(m.log.List)-1]
	if !slices.Equal(m.erased, []string{"lan"}) || last.Action != audit.ErasedAction || last.Subject != "person:lan" ||
		last.Detail != "" {
		t.Errorf("erased %v, logged %+v", m.erased, last)
	}
	m.readErr = errDisk
	logged := len(m.log.List)
	if _, err = s.Export(bg, admin, "lan"); !errors.Is(err, errDisk) || len(m.log.List) != logged {
		t.Errorf("records unreadable: %v", err)
	}
	if err = s.Erase(bg, admin, "lan"); !errors.Is(err, errDisk) || len(m.log.List) != logged {
		t.Errorf("not erased, and logged: %v", err)
	}
}

func TestSetEmail(t *testing.T) {
	for name, c := range map[string]struct {
		id, email, want string
		kind            fault.Kind
		code            string
	}{
		"an address": {"lan", " Lan@Truong.VN ", "lan@truong.vn", 0, ""},
		"none":       {"lan", " ", "", 0, ""},
		"longest": {
			"lan", strings.Repeat("a", 190) + "@truong.vn", strings.Repeat("a", 190) + "@truong.vn", 0, "",
		},
		"too long":           {"lan", strings.Repeat("a", 191) + "@truong.vn", "", fault.Invalid, "people.invalid"},
		"no address":         {"lan", "lan", "", fault.Invalid, "people.invalid"},
		"with a name":        {"lan", "Lan <lan@truong.vn>", "", fault.Invalid, "people.invalid"},
		"two":                {"lan", "a@x.vn,b@x.vn", "", fault.Invalid, "people.invalid"},
		"of somebody else":   {"lan", "minh@truong.vn", "", fault.Conflict, "people.email_taken"},
		"of one not there":   {"ai", "a@x.vn", "", fault.NotFound, "people.not_found"},
		"a header line more": {"lan", "a@x.vn\nBcc: b@x.vn", "", fault.Invalid, "people.invalid"},
	} {
		s, m := newMemory()
		minh := with("minh", "s1", people.Teacher)
		minh.Email = "minh@truong.vn"
		m.add(with("lan", "s1", people.Teacher), minh)
		p, err := s.SetEmail(bg, admin, c.id, c.email)
		wantFault(t, name, err, c.kind, c.code)
		if c.code == "" && (p.Email != c.want || m.persons.Must("lan").Email != c.want) {
			t.Errorf("%s: %q", name, p.Email)
		}
		if c.code != "" && m.persons.Must("lan").Email != "" {
			t.Errorf("%s: it was set", name)
		}
		if c.kind == fault.Invalid || c.kind == fault.Conflict {
			if f := fault.As(err).Fields; len(f) != 1 || f[0].Name != "email" {
				t.Errorf("%s: fields %v", name, f)
			}
		}
	}
	s, _ := newMemory()
	_, err := s.SetEmail(bg, with("lan", "s1", people.Teacher), "lan", "lan@truong.vn")
	wantFault(t, "their own", err, fault.Forbidden, "access.denied")
}
