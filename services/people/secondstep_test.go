package people_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// code is what an authenticator shows at a time.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrolled has "lan" with one-time codes; her key and recovery codes.
func enrolled(t *testing.T) (s *people.Service, m *memory, lan people.Person, key string, recovery []string) {
	t.Helper()
	s, m = newMemory()
	m.add(with("lan", "s1", people.Teacher))
	_, ses, lan, err := s.SignIn(bg, "lan", password, people.Browser, "")
	if err != nil {
		t.Fatal(err)
	}
	key = s.BeginSecondStep(lan, ses, "Lên Lớp").Secret
	recovery, err = s.ConfirmSecondStep(bg, lan, ses, code(t, key, m.now))
	if err != nil {
		t.Fatal(err)
	}
	m.now = m.now.Add(time.Hour)
	if lan, err = m.Person(bg, "lan"); err != nil || !lan.SecondStep {
		t.Fatalf("%+v %v", lan, err)
	}
	return s, m, lan, key, recovery
}

func TestKeyIsOfTheSession(t *testing.T) {
	s, _ := newMemory()
	lan := with("lan", "s1", people.Teacher)
	e := s.BeginSecondStep(lan, people.Session{ID: "a"}, "Lên Lớp")
	if again := s.BeginSecondStep(lan, people.Session{ID: "a"}, "Lên Lớp"); again != e {
		t.Error("the same page shows another key")
	}
	if s.BeginSecondStep(lan, people.Session{ID: "b"}, "").Secret == e.Secret ||
		s.BeginSecondStep(with("minh", "s1", people.Teacher), people.Session{ID: "a"}, "").Secret == e.Secret {
		t.Error("another session, or another person, has the same key")
	}
	other := &people.Service{Key: []byte("another")}
	if other.BeginSecondStep(lan, people.Session{ID: "a"}, "").Secret == e.Secret {
		t.Error("the key can be known without the server's secret")
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Lên Lớp:lan" ||
		strings.Contains(e.URL, "+") {
		t.Errorf("%s %v", e.URL, err)
	}
	q := u.Query()
	if q.Get("secret") != e.Secret || q.Get("issuer") != "Lên Lớp" || q.Get("digits") != "6" ||
		q.Get("period") != "30" {
		t.Errorf("%v", q)
	}
}

func TestConfirmSecondStep(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration // of the code's time from now
		typed func(string) string
		ok    bool
	}{
		"now":                {0, nil, true},
		"the step before":    {-30 * time.Second, nil, true},
		"the step after":     {30 * time.Second, nil, true},
		"two steps before":   {-60 * time.Second, nil, false},
		"two steps after":    {60 * time.Second, nil, false},
		"typed with a space": {0, func(s string) string { return s[:3] + " " + s[3:] + "\u00a0" }, true},
		"another":            {0, func(string) string { return "000000" }, false},
		"none":               {0, func(string) string { return "" }, false},
	} {
		s, m := newMemory()
		m.add(with("lan", "s1", people.Teacher))
		_, ses, lan, err := s.SignIn(bg, "lan", password, people.Browser, "")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Open(bg, lan, people.Browser, "another device")
		if err != nil {
			t.Fatal(err)
		}
		typed := code(t, s.BeginSecondStep(lan, ses, "").Secret, m.now.Add(c.after))
		if c.typed != nil {
			typed = c.typed(typed)
		}
		recovery, err := s.ConfirmSecondStep(bg, lan, ses, typed)
		if !c.ok {
			wantFault(t, name, err, fault.Invalid, "signin.code_wrong", "code: signin.code_wrong")
			if len(m.steps.All(nil)) != 0 || len(m.sessionsOf("lan")) != 2 {
				t.Errorf("%s: something changed", name)
			}
			continue
		}
		if err != nil || len(recovery) != 10 || len(m.sessionsOf("lan")) != 1 || m.sessionsOf("lan")[0].ID != ses.ID {
			t.Errorf("%s: %v %v, sessions %v", name, recovery, err, m.sessionsOf("lan"))
		}
		if m.log.Last() != "lan self.manage person:lan second step on" {
			t.Errorf("%s: logged %q", name, m.log.Last())
		}
	}
	s, m, lan, key, _ := enrolled(t)
	_, err := s.ConfirmSecondStep(bg, lan, people.Session{ID: "x"}, code(t, key, m.now))
	wantFault(t, "on already", err, fault.Conflict, "signin.second_step_on")
	_, err = s.ConfirmSecondStep(bg, people.Person{}, people.Session{}, "")
	wantFault(t, "nobody", err, fault.Forbidden, "access.denied")
}

func TestSignInWithASecondStep(t *testing.T) {
	s, m, _, key, recovery := enrolled(t)
	enter := func(what, typed, want string) {
		t.Helper()
		before := len(m.sessions.All(nil))
		_, _, p, err := s.Enter(bg, people.Credentials{Username: "lan", Password: password, Code: typed},
			people.Token, "")
		wantFault(t, what, err, fault.Unauthenticated, want)
		if p.ID != "lan" {
			t.Errorf("%s: the page does not know whose code is owed", what)
		}
		if opened := len(m.sessions.All(nil)) > before; opened != (want == "") {
			t.Errorf("%s: opened %v", what, opened)
		}
	}
	now := code(t, key, m.now)
	enter("no code", " - ", "signin.code_needed")
	enter("wrong code", "000000", "signin.code_wrong")
	enter("the code", now, "")
	enter("the code again", now, "signin.code_wrong")
	enter("an earlier one", code(t, key, m.now.Add(-30*time.Second)), "signin.code_wrong")
	enter("a later one", code(t, key, m.now.Add(30*time.Second)), "")
	enter("a recovery code", strings.ToUpper(recovery[3]), "")
	enter("it again", recovery[3], "signin.code_wrong")
	enter("another", strings.ReplaceAll(recovery[4], "-", " "), "")
	if left := len(m.steps.Must("lan").Recovery); left != 8 {
		t.Errorf("%d recovery codes left", left)
	}
	_, _, p, err := s.Enter(
		bg,
		people.Credentials{Username: "lan", Password: "wrong", Code: recovery[5]},
		people.Token,
		"",
	)
	wantFault(t, "a code without the password", err, fault.Unauthenticated, "signin.wrong")
	if p.ID != "" || len(m.steps.Must("lan").Recovery) != 8 {
		t.Error("a wrong password used a code up, or told whose it is")
	}
}

func TestRecoveryCodes(t *testing.T) {
	s, m, lan, key, old := enrolled(t)
	shape := regexp.MustCompile(`^[a-hjkmnp-z2-9]{4}-[a-hjkmnp-z2-9]{4}-[a-hjkmnp-z2-9]{4}$`)
	seen := map[string]bool{}
	for _, c := range old {
		if !shape.MatchString(c) || seen[c] ||
			strings.Contains(strings.Join(m.steps.Must("lan").Recovery, " "), strings.ReplaceAll(c, "-", "")) {
			t.Errorf("code %q", c)
		}
		seen[c] = true
	}
	_, err := s.NewRecovery(bg, lan, "000000")
	wantFault(t, "wrong code", err, fault.Invalid, "signin.code_wrong")
	fresh, err := s.NewRecovery(bg, lan, code(t, key, m.now))
	if err != nil || len(fresh) != 10 || m.log.Last() != "lan self.manage person:lan new recovery codes" {
		t.Fatalf("%v %v, logged %q", fresh, err, m.log.Last())
	}
	if _, err = s.NewRecovery(bg, lan, old[0]); !fault.Is(err, "signin.code_wrong") {
		t.Errorf("an old code: %v", err)
	}
	if _, err = s.NewRecovery(bg, lan, fresh[0]); err != nil {
		t.Errorf("a new one: %v", err)
	}
	_, err = s.NewRecovery(bg, people.Person{}, "")
	wantFault(t, "nobody", err, fault.Forbidden, "access.denied")
	_, err = s.NewRecovery(bg, admin, "000000")
	wantFault(t, "who has no second step", err, fault.Invalid, "signin.code_wrong")
	m.readErr = errDisk
	if _, err = s.NewRecovery(bg, lan, "000000"); !errors.Is(err, errDisk) {
		t.Errorf("keys unreadable: %v", err)
	}
}

func TestRemoveSecondStep(t *testing.T) {
	s, m, lan, _, _ := enrolled(t)
	_, err := s.RemoveSecondStep(bg, lan, "lan")
	wantFault(t, "their own", err, fault.Forbidden, "access.denied")
	_, err = s.RemoveSecondStep(bg, admin, "ai")
	wantFault(t, "nobody's", err, fault.NotFound, "people.not_found")
	if _, err = s.RemoveSecondStep(bg, admin, "lan"); err != nil || len(m.steps.All(nil)) != 0 ||
		len(m.sessionsOf("lan")) != 0 {
		t.Errorf("%v, sessions %v", err, m.sessionsOf("lan"))
	}
	if _, _, _, err = s.SignIn(bg, "lan", password, people.Browser, ""); err != nil {
		t.Errorf("with the password alone: %v", err)
	}
}

func TestWhoMustEnrol(t *testing.T) {
	demo, machine, done, gone := admin, admin, admin, admin
	demo.Demo, machine.Machine, done.SecondStep, gone.Active = true, true, true, false
	for name, c := range map[string]struct {
		p    people.Person
		want bool
	}{
		"reviewer": {
			with("so", "", people.Reviewer), true}, "station": {with("dai", "", people.Station), true},
		"admin":   {admin, true},
		"teacher": {with("lan", "s1", people.Teacher), false}, "head": {with("hieu", "s1", people.Head), false},
		"demo": {demo, false}, "machine": {machine, false}, "who has": {done, false}, "deactivated": {gone, false},
		"the command line": {people.Operator(), false},
	} {
		s, _ := newMemory()
		if s.MustEnrol(c.p) {
			t.Errorf("%s must, where nobody has to", name)
		}
		s.RequireSecondStep = true
		if s.MustEnrol(c.p) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
	s, _ := newMemory()
	s.RequireSecondStep = true
	_, _, _, err := s.SignIn(bg, "quan", password, people.Token, "")
	wantFault(t, "a script", err, fault.Forbidden, "signin.enrol_first")
	_, _, _, err = s.SignIn(bg, "quan", password, people.Browser, "")
	wantFault(t, "a browser, which is led there", err, 0, "")
}

func TestHalfway(t *testing.T) {
	s, m, lan, key, recovery := enrolled(t)
	half := func() string {
		secret, err := s.Halfway(bg, lan)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	secret := half()
	if p, err := s.HalfwayOf(bg, secret); err != nil || p.ID != "lan" {
		t.Errorf("%+v %v", p, err)
	}
	_, _, p, err := s.Finish(bg, secret, "000000", "")
	wantFault(t, "wrong code", err, fault.Unauthenticated, "signin.code_wrong")
	if p.ID != "lan" {
		t.Error("the page does not know whose code is owed")
	}
	if _, ses, _, err := s.Finish(bg, secret, code(t, key, m.now), "Firefox"); err != nil ||
		ses.Kind != people.Browser ||
		ses.UserAgent != "Firefox" {
		t.Errorf("%+v %v", ses, err)
	}
	_, _, _, err = s.Finish(bg, secret, recovery[0], "")
	wantFault(t, "used up", err, fault.Unauthenticated, "signin.expired")
	_, err = s.HalfwayOf(bg, "made up")
	wantFault(t, "made up", err, fault.Unauthenticated, "signin.expired")

	secret, issued := half(), m.now
	m.now = issued.Add(5*time.Minute - 1)
	_, err = s.HalfwayOf(bg, secret)
	wantFault(t, "at the last moment", err, 0, "")
	m.now = issued.Add(5 * time.Minute)
	_, err = s.HalfwayOf(bg, secret)
	wantFault(t, "too late", err, fault.Unauthenticated, "signin.expired")

	secret = half()
	gone := m.persons.Must("lan")
	gone.Active = false
	m.add(gone)
	_, err = s.HalfwayOf(bg, secret)
	wantFault(t, "deactivated meanwhile", err, fault.Unauthenticated, "signin.expired")
	m.readErr = errDisk
	if _, err = s.HalfwayOf(bg, secret); !errors.Is(err, errDisk) {
		t.Errorf("tickets unreadable: %v", err)
	}
}
