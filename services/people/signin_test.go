package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestSignIn(t *testing.T) {
	machine, gone, external := with(
		"may",
		"",
		people.Station,
	), with(
		"nghi",
		"s1",
		people.Teacher,
	), with(
		"ngoai",
		"s1",
		people.Teacher,
	)
	machine.Machine, gone.Active, external.PasswordHash = true, false, "no password"
	for name, c := range map[string]struct {
		username, password string
		code               string // of the fault; "": it opens
	}{
		"right":                {"lan", password, ""},
		"typed with a capital": {" LAN ", password, ""},
		"wrong password":       {"lan", password + "x", "signin.wrong"},
		"no password":          {"lan", "", "signin.wrong"},
		"unknown":              {"ai", password, "signin.wrong"},
		"deactivated":          {"nghi", password, "signin.wrong"},
		"without a password":   {"ngoai", "no password", "signin.wrong"},
	} {
		s, m := newMemory()
		m.add(with("lan", "s1", people.Teacher), gone, external, machine)
		secret, ses, p, err := s.SignIn(bg, c.username, c.password, people.Browser, "Firefox")
		wantFault(t, name, err, fault.Unauthenticated, c.code)
		if c.code != "" {
			if secret != "" || p.ID != "" || len(m.sessions.All(nil)) != 0 {
				t.Errorf("%s: it opened", name)
			}
			continue
		}
		if p.ID != "lan" || ses.PersonID != "lan" || ses.Hash != people.HashSecret(secret) ||
			ses.UserAgent != "Firefox" ||
			!ses.CreatedAt.Equal(start) || !ses.ExpiresAt.Equal(start.Add(30*24*time.Hour)) {
			t.Errorf("%s: %+v", name, ses)
		}
		if strings.Contains(m.sessions.Must(ses.ID).Hash, secret) {
			t.Error("the secret itself is stored")
		}
	}
	s, m := newMemory()
	m.readErr = errDisk
	if _, _, _, err := s.SignIn(bg, "lan", password, people.Browser, ""); !errors.Is(err, errDisk) {
		t.Errorf("people unreadable: %v", err)
	}
}

func TestSessionsOfScriptsAreShort(t *testing.T) {
	s, m := newMemory()
	long := strings.Repeat("a", 199) + "ộ" // cut within the letter
	_, ses, err := s.Open(bg, admin, people.Token, long)
	if err != nil || !ses.ExpiresAt.Equal(start.Add(12*time.Hour)) || ses.UserAgent != strings.Repeat("a", 199) {
		t.Errorf("%+v %v", ses, err)
	}
	m.sessions.Err = errDisk
	if secret, _, err := s.Open(bg, admin, people.Token, ""); secret != "" || !errors.Is(err, errDisk) {
		t.Errorf("a secret that nothing is stored of: %q %v", secret, err)
	}
}

func TestWho(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		end   func(m *memory)
		code  string
		seen  bool // SeenAt was written
	}{
		"at once":             {0, nil, "", false},
		"after five minutes":  {5 * time.Minute, nil, "", false},
		"a moment later":      {5*time.Minute + 1, nil, "", true},
		"to the last moment":  {people.BrowserLife, nil, "", true},
		"too late":            {people.BrowserLife + 1, nil, "signin.expired", false},
		"ended":               {0, func(m *memory) { _ = m.EndSessions(bg, "quan") }, "signin.expired", false},
		"deactivated":         {0, func(m *memory) { p := admin; p.Active = false; m.add(p) }, "signin.expired", false},
		"person is not there": {0, func(m *memory) { m.persons.Delete("quan") }, "people.not_found", false},
	} {
		s, m := newMemory()
		secret, ses, err := s.Open(bg, admin, people.Browser, "")
		if err != nil {
			t.Fatal(err)
		}
		ses.Scopes = []people.Action{people.ReadAudit}
		if err := m.sessions.Save(ses.ID, ses); err != nil {
			t.Fatal(err)
		}
		m.now = start.Add(c.after)
		if c.end != nil {
			c.end(m)
		}
		p, _, err := s.Who(bg, secret)
		kind := fault.Unauthenticated
		if c.code == "people.not_found" {
			kind = fault.NotFound
		}
		wantFault(t, name, err, kind, c.code)
		if c.code == "" && (p.ID != "quan" || !slices.Equal(p.Scopes, ses.Scopes)) {
			t.Errorf("%s: %+v", name, p)
		}
		if c.code == "" && m.sessions.Must(ses.ID).SeenAt.Equal(m.now) != (c.seen || c.after == 0) {
			t.Errorf("%s: seen at %v", name, m.sessions.Must(ses.ID).SeenAt)
		}
	}
	s, m := newMemory()
	for _, secret := range []string{"", "made up", strings.Repeat("x", 201)} {
		_, _, err := s.Who(bg, secret)
		wantFault(t, secret, err, fault.Unauthenticated, "signin.expired")
	}
	m.readErr = errDisk
	if _, _, err := s.Who(bg, "x"); !errors.Is(err, errDisk) {
		t.Errorf("sessions unreadable: %v", err)
	}
	if _, _, err := s.Who(bg, strings.Repeat("x", 201)); errors.Is(err, errDisk) {
		t.Error("an endless secret is looked up")
	}
}

func TestEndingSessions(t *testing.T) {
	kinds := func(m *memory) (out []people.SessionKind) {
		for _, x := range m.sessionsOf("quan") {
			out = append(out, x.Kind)
		}
		return out
	}
	s, m := newMemory()
	for _, k := range []people.SessionKind{people.Browser, people.Browser, people.Token, people.Personal,
		people.MachineToken} {
		if _, _, err := s.Open(bg, admin, k, ""); err != nil {
			t.Fatal(err)
		}
	}
	keep := m.sessionsOf("quan")[1].ID
	if err := s.EndOthers(bg, "quan", keep); err != nil {
		t.Fatal(err)
	}
	// What was made for programs stays.
	want := []people.SessionKind{people.Browser, people.Personal, people.MachineToken}
	if got := kinds(m); !slices.Equal(got, want) || m.sessionsOf("quan")[0].ID != keep {
		t.Errorf("left %v", got)
	}
	if err := s.EndOthers(bg, "quan", keep); err != nil || len(kinds(m)) != 3 {
		t.Errorf("nothing to end, and %v are left: %v", kinds(m), err)
	}
	if err := s.SignOut(bg, "quan", keep); err != nil || len(kinds(m)) != 2 {
		t.Errorf("left %v: %v", kinds(m), err)
	}
	if err := s.SignOut(bg, "quan"); err != nil || len(kinds(m)) != 0 {
		t.Errorf("left %v: %v", kinds(m), err)
	}
}

func TestPasswords(t *testing.T) {
	hash, err := people.HashPassword("Tiếng Việt", cheap)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := people.HashPassword("Tiếng Việt", cheap); again == hash {
		t.Error("two accounts with one password can be told")
	}
	decomposed := "Tie\u0302\u0301ng Vie\u0323\u0302t"
	for typed, want := range map[string]bool{
		"Tiếng Việt": true, decomposed: true, "tiếng Việt": false, "Tieng Viet": false, "": false, "Tiếng Việt ": false,
	} {
		if people.CheckPassword(hash, typed) != want {
			t.Errorf("%q: %v", typed, !want)
		}
	}
	endless := strings.Repeat("x", people.MaxPassword+1)
	if h, _ := people.HashPassword(endless, cheap); people.CheckPassword(h, endless) {
		t.Error("a password of 1025 bytes is hashed")
	}
	if h, _ := people.HashPassword(endless[1:], cheap); !people.CheckPassword(h, endless[1:]) {
		t.Error("a password of 1024 bytes is refused")
	}
	f := strings.Split(hash, "$")
	for name, change := range map[string]func(f []string) string{
		"empty":              func([]string) string { return "" },
		"another algorithm":  func(f []string) string { f[1] = "argon2i"; return strings.Join(f, "$") },
		"another version":    func(f []string) string { f[2] = "v=16"; return strings.Join(f, "$") },
		"no version":         func(f []string) string { f[2] = "v"; return strings.Join(f, "$") },
		"no costs":           func(f []string) string { f[3] = "m=8"; return strings.Join(f, "$") },
		"no passes":          func(f []string) string { f[3] = "m=8,t=0,p=1"; return strings.Join(f, "$") },
		"no threads":         func(f []string) string { f[3] = "m=8,t=1,p=0"; return strings.Join(f, "$") },
		"too much memory":    func(f []string) string { f[3] = "m=2097153,t=1,p=1"; return strings.Join(f, "$") },
		"too many passes":    func(f []string) string { f[3] = "m=8,t=65,p=1"; return strings.Join(f, "$") },
		"unreadable salt":    func(f []string) string { f[4] = "!"; return strings.Join(f, "$") },
		"unreadable key":     func(f []string) string { f[5] = "!"; return strings.Join(f, "$") },
		"no key":             func(f []string) string { f[5] = ""; return strings.Join(f, "$") },
		"one part too many":  func(f []string) string { return strings.Join(f, "$") + "$" },
		"the password alone": func([]string) string { return "Tiếng Việt" },
	} {
		if people.CheckPassword(change(slices.Clone(f)), "Tiếng Việt") {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDefaultCostsAreUsed(t *testing.T) {
	was := people.DefaultArgon
	people.DefaultArgon = people.Argon{Time: 1, Memory: 16, Threads: 1}
	defer func() { people.DefaultArgon = was }()
	if hash, err := people.HashPassword("x", people.Argon{}); err != nil || !strings.Contains(hash, "$m=16,t=1,p=1$") {
		t.Errorf("%s %v", hash, err)
	}
	if was.Memory < 64*1024 || was.Time < 2 {
		t.Errorf("default costs %+v are below RFC 9106's", was)
	}
}

func TestFindIsForAdministrators(t *testing.T) {
	for _, p := range crew() {
		s, m := newMemory()
		m.add(with("lan", "s1", people.Teacher))
		found, err := s.Find(bg, p, finder{m}, people.Search{Q: "lan"})
		if p.Is(people.Admin) {
			if err != nil || len(found) != 2 {
				t.Errorf("%s: %v %v", p.ID, found, err)
			}
			continue
		}
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
}
