package people_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// forgetful has "lan" with an address and one session.
func forgetful(t *testing.T) (*people.Service, *memory) {
	t.Helper()
	s, m := newMemory()
	lan := with("lan.nguyen", "s1", people.Teacher)
	lan.Email = "lan@truong.vn"
	m.add(lan)
	if _, _, err := s.Open(bg, lan, people.Browser, ""); err != nil {
		t.Fatal(err)
	}
	return s, m
}

func TestPrintedReset(t *testing.T) {
	s, m := forgetful(t)
	_, _, _, err := s.IssueReset(bg, m.persons.Must("lan.nguyen"), "lan.nguyen")
	wantFault(t, "by themselves", err, fault.Forbidden, "access.denied")
	_, _, _, err = s.IssueReset(bg, admin, "ai")
	wantFault(t, "for nobody", err, fault.NotFound, "people.not_found")
	for name, change := range map[string]func(*people.Person){
		"a machine":   func(p *people.Person) { p.Machine = true },
		"deactivated": func(p *people.Person) { p.Active = false },
	} {
		p := with("x", "", people.Station)
		change(&p)
		m.add(p)
		_, _, _, err = s.IssueReset(bg, admin, "x")
		wantFault(t, name, err, fault.Conflict, "people.not_active")
	}
	p, first, until, err := s.IssueReset(bg, admin, "lan.nguyen")
	if err != nil || p.ID != "lan.nguyen" || !until.Equal(start.Add(72*time.Hour)) {
		t.Fatalf("%+v until %v: %v", p, until, err)
	}
	if m.log.Last() != "quan people.manage person:lan.nguyen reset link made" {
		t.Errorf("logged %q", m.log.Last())
	}
	_, second, _, err := s.IssueReset(bg, admin, "lan.nguyen")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ResetOf(bg, first)
	wantFault(t, "an earlier one", err, fault.Gone, "signin.reset_gone")
	if p, err = s.ResetOf(bg, second); err != nil || p.ID != "lan.nguyen" {
		t.Errorf("%+v %v", p, err)
	}
	m.now = until.Add(-1)
	_, err = s.ResetOf(bg, second)
	wantFault(t, "at the last moment", err, 0, "")
	m.now = until
	_, err = s.ResetOf(bg, second)
	wantFault(t, "too late", err, fault.Gone, "signin.reset_gone")
}

func TestMailedReset(t *testing.T) {
	for name, c := range map[string]struct {
		account string
		change  func(*people.Person)
		ok      bool
	}{
		"by username":        {" Lan.Nguyen ", nil, true},
		"by address":         {" LAN@truong.vn", nil, true},
		"unknown username":   {"ai", nil, false},
		"unknown address":    {"ai@truong.vn", nil, false},
		"no address known":   {"lan.nguyen", func(p *people.Person) { p.Email = "" }, false},
		"deactivated":        {"lan.nguyen", func(p *people.Person) { p.Active = false }, false},
		"a machine":          {"lan.nguyen", func(p *people.Person) { p.Machine = true }, false},
		"nothing was typed":  {"", nil, false},
		"deactivated, by @.": {"lan@truong.vn", func(p *people.Person) { p.Active = false }, false},
	} {
		s, m := forgetful(t)
		if c.change != nil {
			p := m.persons.Must("lan.nguyen")
			c.change(&p)
			m.add(p)
		}
		p, secret, ok, err := s.MailedReset(bg, c.account)
		if err != nil || ok != c.ok || (secret != "") != c.ok || (p.ID == "lan.nguyen") != c.ok ||
			(len(m.tickets.All(nil)) == 1) != c.ok {
			t.Errorf("%s: %+v %q %v %v", name, p, secret, ok, err)
		}
		if c.ok {
			if x := m.tickets.All(nil)[0]; x.Kind != people.ResetTicket || !x.ExpiresAt.Equal(start.Add(time.Hour)) ||
				x.Hash != people.HashSecret(secret) {
				t.Errorf("%s: ticket %+v", name, x)
			}
		}
	}
	s, m := forgetful(t)
	m.log.Err = errDisk
	if _, _, ok, err := s.MailedReset(bg, "lan.nguyen"); ok || !errors.Is(err, errDisk) ||
		len(m.tickets.All(nil)) != 0 {
		t.Errorf("without being logged: %v %v", ok, err)
	}
	m.readErr = errDisk
	if _, _, ok, err := s.MailedReset(bg, "lan.nguyen"); ok || !errors.Is(err, errDisk) {
		t.Errorf("people unreadable: %v %v", ok, err)
	}
}

func TestReset(t *testing.T) {
	const fresh = "mat-khau-moi"
	for name, c := range map[string]struct {
		typed  string
		change func(*memory)
		kind   fault.Kind
		code   string
	}{
		"good":         {fresh, nil, 0, ""},
		"shortest":     {"12345678", nil, 0, ""},
		"too short":    {"1234567", nil, fault.Invalid, "people.invalid"},
		"longest":      {strings.Repeat("x", 1024), nil, 0, ""},
		"too long":     {strings.Repeat("x", 1025), nil, fault.Invalid, "people.invalid"},
		"the username": {"LAN.nguyen", nil, fault.Invalid, "people.invalid"},
		"too late":     {fresh, func(m *memory) { m.now = start.Add(time.Hour) }, fault.Gone, "signin.reset_gone"},
		"deactivated": {
			fresh, func(m *memory) { p := m.persons.Must("lan.nguyen"); p.Active = false; m.add(p) }, fault.Gone,
			"signin.reset_gone",
		},
		"became a machine": {
			fresh, func(m *memory) { p := m.persons.Must("lan.nguyen"); p.Machine = true; m.add(p) }, fault.Gone,
			"signin.reset_gone",
		},
		"taken by nobody now": {fresh, func(m *memory) { m.persons.Delete("lan.nguyen") }, fault.Gone,
			"signin.reset_gone"},
	} {
		s, m := forgetful(t)
		_, secret, _, err := s.MailedReset(bg, "lan.nguyen")
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(m)
		}
		_, err = s.Reset(bg, secret, c.typed)
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			if p, err := m.persons.Get("lan.nguyen"); err == nil && !people.CheckPassword(p.PasswordHash, password) {
				t.Errorf("%s: the password changed", name)
			}
			continue
		}
		if !people.CheckPassword(m.persons.Must("lan.nguyen").PasswordHash, c.typed) ||
			len(m.sessionsOf("lan.nguyen")) != 0 {
			t.Errorf("%s: the old password or an old session still counts", name)
		}
		_, err = s.Reset(bg, secret, c.typed)
		wantFault(t, name+", again", err, fault.Gone, "signin.reset_gone")
	}
	s, m := forgetful(t)
	_, secret, _, err := s.MailedReset(bg, "lan.nguyen")
	if err != nil {
		t.Fatal(err)
	}
	m.log.Err = errDisk
	if _, err = s.Reset(bg, secret, fresh); !errors.Is(err, errDisk) || len(m.sessionsOf("lan.nguyen")) != 1 ||
		len(m.tickets.All(nil)) != 1 {
		t.Errorf("half a reset stayed: %v", err)
	}
}

func TestExternalSignIn(t *testing.T) {
	claims := people.Claims{Issuer: "https://so.vn", Subject: "7", Email: "LAN@truong.vn", EmailVerified: true}
	for name, c := range map[string]struct {
		claims func(*people.Claims)
		person func(*people.Person)
		linked bool // before
		ok     bool
	}{
		"by a verified address": {nil, nil, false, true},
		"linked before":         {func(c *people.Claims) { c.Email, c.EmailVerified = "", false }, nil, true, true},
		"address not verified":  {func(c *people.Claims) { c.EmailVerified = false }, nil, false, false},
		"no address": {
			func(c *people.Claims) { c.Email = "" }, func(p *people.Person) { p.Email = "" }, false, false,
		},
		"another's address":   {func(c *people.Claims) { c.Email = "ai@truong.vn" }, nil, false, false},
		"no subject":          {func(c *people.Claims) { c.Subject = "" }, nil, false, false},
		"no issuer":           {func(c *people.Claims) { c.Issuer = "" }, nil, false, false},
		"deactivated":         {nil, func(p *people.Person) { p.Active = false }, false, false},
		"deactivated, linked": {nil, func(p *people.Person) { p.Active = false }, true, false},
		"a machine":           {nil, func(p *people.Person) { p.Machine = true }, false, false},
		"a machine, linked":   {nil, func(p *people.Person) { p.Machine = true }, true, false},
		"subject of another site": {
			func(c *people.Claims) { c.Issuer, c.EmailVerified = "https://x.vn", false }, nil, true, false,
		},
	} {
		s, m := forgetful(t)
		if c.person != nil {
			p := m.persons.Must("lan.nguyen")
			c.person(&p)
			m.add(p)
		}
		if c.linked {
			_ = m.SaveLink(bg, people.Link{Issuer: "https://so.vn", Subject: "7", PersonID: "lan.nguyen"})
		}
		x := claims
		if c.claims != nil {
			c.claims(&x)
		}
		p, err := s.External(bg, x)
		if !c.ok {
			wantFault(t, name, err, fault.Unauthenticated, "signin.external_unknown")
			if (len(m.links.All(nil)) == 1) != c.linked || p.ID != "" {
				t.Errorf("%s: it was linked", name)
			}
			continue
		}
		if err != nil || p.ID != "lan.nguyen" || m.links.Must("https://so.vn 7").PersonID != "lan.nguyen" {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if !c.linked && m.log.Last() != "lan.nguyen self.manage person:lan.nguyen linked to https://so.vn" {
			t.Errorf("%s: logged %q", name, m.log.Last())
		}
	}
	s, m := forgetful(t)
	m.readErr = errDisk
	if _, err := s.External(bg, claims); !errors.Is(err, errDisk) {
		t.Errorf("links unreadable: %v", err)
	}
}

func TestLeavingAndReturning(t *testing.T) {
	s, m := newMemory()
	state, err := s.Leave(bg, "nonce")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := s.Return(bg, state); err != nil || data != "nonce" {
		t.Errorf("%q %v", data, err)
	}
	_, err = s.Return(bg, state)
	wantFault(t, "a second time", err, fault.Unauthenticated, "signin.expired")
	if state, err = s.Leave(bg, "nonce"); err != nil {
		t.Fatal(err)
	}
	m.now = start.Add(10 * time.Minute)
	data, err := s.Return(bg, state)
	wantFault(t, "too late", err, fault.Unauthenticated, "signin.expired")
	if data != "" {
		t.Errorf("too late, and given %q", data)
	}
	m.readErr = errDisk
	if _, err = s.Return(bg, state); !errors.Is(err, errDisk) {
		t.Errorf("tickets unreadable: %v", err)
	}
}
