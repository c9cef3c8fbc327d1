package sqldb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// town is people's service on a real store, with a clock that tests move.
type town struct {
	*people.Service
	t   *testing.T
	db  *sqldb.DB
	now time.Time
	n   int
}

const townPassword = "mat-khau-de-thu"

func newTown(t *testing.T, db *sqldb.DB) *town {
	w := &town{t: t, db: db, now: time.Date(2026, 11, 21, 8, 0, 5, 0, time.UTC)}
	w.Service = &people.Service{Store: db.People(), Now: func() time.Time { return w.now },
		NewID:  func() string { w.n++; return fmt.Sprintf("id-%03d", w.n) },
		Params: people.Argon{Time: 1, Memory: 64, Threads: 1}, Atomic: db, Audit: db.Audit(), Secrets: db.Secrets(),
		Directory: db.Secrets(), Records: db.Privacy(),
		Key: []byte("khoa"), RequireSecondStep: true}
	return w
}

func (w *town) add(username string, role people.Role) people.Person {
	w.t.Helper()
	p, _, err := w.Create(context.Background(), people.Operator(),
		people.NewPerson{Username: username, Name: "Tên " + username, Password: townPassword, Role: role})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *town) refused(err error, code string) {
	w.t.Helper()
	if !fault.Is(err, code) {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func eachEngine(t *testing.T, test func(t *testing.T, w *town)) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) { test(t, newTown(t, open(t))) })
	}
}

// TestSecondStep: enrolling, signing in with a code, its replay, clocks that
// are off, recovery codes, and an administrator who takes a lost one off.
func TestSecondStep(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		station, admin := w.add("dai", people.Station), w.add("quan-tri", people.Admin)
		in := people.Credentials{Username: "dai", Password: townPassword}
		_, _, _, err := w.Enter(ctx, in, people.Token, "")
		w.refused(err, "signin.enrol_first")
		_, ses, p, err := w.Enter(ctx, in, people.Browser, "")
		if err != nil || !w.MustEnrol(p) {
			t.Fatalf("%v, must enrol %v", err, w.MustEnrol(p))
		}
		_, other, _, err := w.Enter(ctx, in, people.Browser, "")
		if err != nil {
			t.Fatal(err)
		}
		e := w.BeginSecondStep(p, ses, "Lên Lớp")
		if !strings.HasPrefix(e.URL, "otpauth://totp/") || strings.Contains(e.URL, "+") ||
			w.BeginSecondStep(p, other, "").Secret == e.Secret {
			t.Errorf("enrolment %+v", e)
		}
		_, err = w.ConfirmSecondStep(ctx, p, ses, "000000")
		w.refused(err, "signin.code_wrong")
		recovery, err := w.ConfirmSecondStep(ctx, p, ses, codeAt(t, e.Secret, w.now))
		if err != nil || len(recovery) != 10 {
			t.Fatalf("%v %v", err, recovery)
		}
		if left, err := w.Store.Sessions(ctx, p.ID); err != nil || len(left) != 1 || left[0].ID != ses.ID {
			t.Errorf("sessions after enrolling: %v %+v", err, left)
		}
		_, _, _, err = w.Enter(ctx, in, people.Browser, "")
		w.refused(err, "signin.code_needed")
		in.Code = codeAt(t, e.Secret, w.now) // used to enrol
		_, _, _, err = w.Enter(ctx, in, people.Token, "")
		w.refused(err, "signin.code_wrong")
		for _, x := range []struct {
			later, off time.Duration // of the server's clock, and of the phone's clock relative to it
			ok         bool
		}{{30 * time.Second, 0, true}, {0, 0, false}, {0, 30 * time.Second, true},
			{10 * time.Minute, -30 * time.Second, true},
			{10 * time.Minute, -60 * time.Second, false}, {0, 60 * time.Second, false}, {0, 0, true},
			{0, -30 * time.Second, false}} {
			w.now = w.now.Add(x.later)
			in.Code = codeAt(t, e.Secret, w.now.Add(x.off))
			if _, _, _, err = w.Enter(ctx, in, people.Token, ""); (err == nil) != x.ok {
				t.Errorf("%v later, %v off: %v", x.later, x.off, err)
			}
		}
		// Halfway, with a recovery code, once each.
		p, err = w.Store.Person(ctx, station.ID)
		if err != nil {
			t.Fatal(err)
		}
		halfway, err := w.Halfway(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err = w.Finish(ctx, halfway, strings.ToUpper(recovery[0]), ""); err != nil {
			t.Fatal(err)
		}
		_, _, _, err = w.Finish(ctx, halfway, recovery[1], "")
		w.refused(err, "signin.expired")
		in.Code = recovery[0]
		_, _, _, err = w.Enter(ctx, in, people.Token, "")
		w.refused(err, "signin.code_wrong")
		if halfway, err = w.Halfway(ctx, p); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(people.HalfwayLife)
		_, _, _, err = w.Finish(ctx, halfway, recovery[2], "")
		w.refused(err, "signin.expired")
		// Lost: an administrator takes it off, and that is written down.
		_, err = w.RemoveSecondStep(ctx, p, p.ID)
		w.refused(err, "access.denied")
		if _, err = w.RemoveSecondStep(ctx, admin, p.ID); err != nil {
			t.Fatal(err)
		}
		list, err := w.db.Audit().BySubject(ctx, "person:"+p.ID, 1)
		if err != nil || list[0].Detail != "second step removed" || list[0].Actor != admin.ID {
			t.Errorf("%v %+v", err, list)
		}
		if p, err = w.Store.Person(ctx, p.ID); err != nil || !w.MustEnrol(p) {
			t.Errorf("%v: need not enrol again", err)
		}
	})
}

// TestReset: links work once, not too late, only the newest, and end every session.
func TestReset(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		p, admin := w.add("chuyen-vien", people.Reviewer), w.add("quan-tri", people.Admin)
		session, _, _, err := w.SignIn(ctx, "chuyen-vien", townPassword, people.Browser, "")
		if err != nil {
			t.Fatal(err)
		}
		issue := func() string {
			_, secret, _, err := w.IssueReset(ctx, admin, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		old, secret := issue(), issue()
		_, err = w.Reset(ctx, old, "mat-khau-moi")
		w.refused(err, "signin.reset_gone")
		_, err = w.Reset(ctx, secret, "ngan")
		w.refused(err, "people.invalid")
		_, err = w.Reset(ctx, secret, "Chuyen-Vien")
		w.refused(err, "people.invalid")
		if _, err = w.Reset(ctx, secret, "mat-khau-moi"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Reset(ctx, secret, "mat-khau-nua")
		w.refused(err, "signin.reset_gone")
		_, _, err = w.Who(ctx, session)
		w.refused(err, "signin.expired")
		_, _, _, err = w.SignIn(ctx, "chuyen-vien", townPassword, people.Browser, "")
		w.refused(err, "signin.wrong")
		if _, _, _, err = w.SignIn(ctx, "chuyen-vien", "mat-khau-moi", people.Browser, ""); err != nil {
			t.Fatal(err)
		}
		late := issue()
		w.now = w.now.Add(people.PrintedLife)
		_, err = w.Reset(ctx, late, "mat-khau-moi")
		w.refused(err, "signin.reset_gone")
		// By mail: only who has an address, and nobody learns who that is.
		if _, _, ok, err := w.MailedReset(ctx, "chuyen-vien"); err != nil || ok {
			t.Errorf("without an address: %v %v", ok, err)
		}
		if _, err = w.SetEmail(ctx, admin, p.ID, " Cv@So.example "); err != nil {
			t.Fatal(err)
		}
		if q, mailed, ok, err := w.MailedReset(ctx, "CV@so.example"); err != nil || !ok || q.ID != p.ID {
			t.Errorf("%v %v", ok, err)
		} else if _, err = w.Reset(ctx, mailed, "mat-khau-thu"); err != nil {
			t.Error(err)
		}
		gone := issue()
		if _, err = w.SetActive(ctx, admin, p.ID, false); err != nil {
			t.Fatal(err)
		}
		_, err = w.Reset(ctx, gone, "mat-khau-moi")
		w.refused(err, "signin.reset_gone")
		// Nothing that signs anybody in is stored in the clear.
		raw := dump(t, w.db)
		for _, s := range []string{old, secret, gone, session, townPassword} {
			if strings.Contains(raw, s) {
				t.Error("a secret stands in the database as it is")
			}
		}
	})
}

// TestTokensKeepToTheirScopes: whatever a token was not made for is refused by
// the policy, and no token can make another.
func TestTokensKeepToTheirScopes(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		admin := w.add("quan-tri", people.Admin)
		_, _, err := w.MakeServiceToken(ctx, admin,
			people.NewToken{Name: "Máy", Days: 30, Role: people.Station, Scopes: []people.Action{people.ManagePeople}})
		w.refused(err, "token.invalid")
		secret, m, err := w.MakeServiceToken(ctx, admin, people.NewToken{Name: "Máy phát", Days: 30,
			Role: people.Station, Scopes: []people.Action{people.ReportAsRun}})
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := w.Who(ctx, secret)
		if err != nil || w.MustEnrol(p) {
			t.Fatalf("%v, must enrol %v", err, w.MustEnrol(p))
		}
		for _, a := range append(people.ScopesOf(admin), people.ManageSelf, people.ManageTokens, people.ManagePeople,
			people.ErasePerson, people.ReadPublic) {
			want := a == people.ReportAsRun || a == people.ReadPublic
			if got := people.May(p, a, people.Object{}); got != want {
				t.Errorf("%s: %v", a, got)
			}
		}
		_, _, err = w.MakeToken(ctx, p, people.NewToken{Name: "x", Days: 1, Scopes: []people.Action{people.SeeSelf}})
		w.refused(err, "access.denied")
		if err := w.EndServiceToken(ctx, admin, m.Person.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err = w.Who(ctx, secret)
		w.refused(err, "signin.expired")
		mine, ses, err := w.MakeToken(ctx, admin,
			people.NewToken{Name: "x", Days: 1, Scopes: []people.Action{people.ReadAudit}})
		if err != nil {
			t.Fatal(err)
		}
		if p, _, err = w.Who(ctx, mine); err != nil || !people.May(p, people.ReadAudit, people.Object{}) ||
			people.May(p, people.ManagePeople, people.Object{}) {
			t.Errorf("%v %+v", err, p.Scopes)
		}
		w.now = ses.ExpiresAt.Add(time.Second)
		_, _, err = w.Who(ctx, mine)
		w.refused(err, "signin.expired")
	})
}

// TestExternal: only known people come in, by subject, or by an address that was verified.
func TestExternal(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		p, admin := w.add("chuyen-vien", people.Reviewer), w.add("quan-tri", people.Admin)
		if _, err := w.SetEmail(ctx, admin, p.ID, "cv@so.example"); err != nil {
			t.Fatal(err)
		}
		c := people.Claims{Issuer: "https://so.example", Subject: "7", Email: "CV@so.example"}
		_, err := w.External(ctx, c)
		w.refused(err, "signin.external_unknown") // not verified
		c.EmailVerified = true
		if got, err := w.External(ctx, c); err != nil || got.ID != p.ID {
			t.Fatalf("%v %+v", err, got)
		}
		// Linked from now on, whatever the address becomes.
		if got, err := w.External(ctx, people.Claims{Issuer: c.Issuer, Subject: "7"}); err != nil || got.ID != p.ID {
			t.Errorf("%v %+v", err, got)
		}
		_, err = w.External(ctx, people.Claims{Issuer: c.Issuer, Subject: "8", Email: "la@so.example",
			EmailVerified: true})
		w.refused(err, "signin.external_unknown")
		if _, err := w.SetActive(ctx, admin, p.ID, false); err != nil {
			t.Fatal(err)
		}
		_, err = w.External(ctx, c)
		w.refused(err, "signin.external_unknown")
	})
}

// dump is every row of every table as text.
func dump(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	ctx := context.Background()
	q := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if db.Postgres() {
		q = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
	}
	var tables []string
	if err := db.Reader(ctx).NewRaw(q).Scan(ctx, &tables); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range tables {
		var rows []map[string]any
		if err := db.Reader(ctx).NewRaw(`SELECT * FROM "`+table+`"`).Scan(ctx, &rows); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		for _, r := range rows {
			for k, v := range r {
				if raw, ok := v.([]byte); ok {
					r[k] = string(raw)
				}
			}
		}
		raw, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", table, raw)
	}
	return b.String()
}

// TestErase: nothing of an erased person is left in any table, but for the
// audit's identifiers; the chain still holds.
func TestErase(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *town) {
		ctx := context.Background()
		const canary = "hoang-yen"
		p, admin := w.add(canary, people.Reviewer), w.add("quan-tri", people.Admin)
		if _, err := w.SetEmail(ctx, admin, p.ID, canary+"@so.example"); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := w.SignIn(ctx, canary, townPassword, people.Browser, "may cua "+canary); err != nil {
			t.Fatal(err)
		}
		if err := w.db.Audit().Append(ctx, audit.Entry{ID: "e1", At: w.now, Actor: admin.ID, Action: "people.manage",
			Subject: "person:" + p.ID, Before: canary, Place: "203.0.113.9"}); err != nil {
			t.Fatal(err)
		}
		r, _, err := w.db.Replays().Reserve(ctx, p.ID, "k", "sum", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := settle(w.db, r, audit.Replay{Body: []byte(canary), At: w.now}); err != nil {
			t.Fatal(err)
		}
		data, err := w.Export(ctx, admin, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(data)
		if err != nil || !strings.Contains(string(raw), canary+"@so.example") ||
			strings.Contains(string(raw), "argon2id") || len(data["sessions"]) != 1 {
			t.Errorf("%v %s", err, raw)
		}
		w.refused(w.Erase(ctx, p, p.ID), "access.denied")
		w.refused(w.Erase(ctx, admin, admin.ID), "people.not_yourself")
		if err := w.Erase(ctx, admin, p.ID); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(dump(t, w.db), "\n") {
			table, rows, _ := strings.Cut(line, " ")
			if strings.Contains(rows, canary) || table != "audit_entries" && strings.Contains(rows, `"`+p.ID+`"`) {
				t.Errorf("left in %s: %s", table, rows)
			}
		}
		v, err := audit.Verify(ctx, w.db.Audit(), w.now)
		if err != nil || v.Broken != nil || v.Erased == 0 {
			t.Errorf("%v %+v %+v", err, v, v.Broken)
		}
	})
}
