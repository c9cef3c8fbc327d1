package system

import (
	"context"
	"net/url"
	"time"

	"github.com/pquerna/otp/totp"

	"lenlop/services/people"
)

// authenticator is a key that tests know.
const authenticator = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

func codeNow(secret string) string {
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		panic(err)
	}
	return code
}

// enrol gives an account the known authenticator and what takes it away again.
func (w *world) enrol(account string) (after func()) {
	w.h.T.Helper()
	secrets, id := w.h.App.DB.Secrets(), "p-"+account
	if err := secrets.SaveSecondStep(context.Background(),
		people.SecondStep{PersonID: id, Secret: authenticator, CreatedAt: time.Now()}); err != nil {
		w.h.T.Fatal(err)
	}
	return func() {
		if err := secrets.EndSecondStep(context.Background(), id); err != nil {
			w.h.T.Fatal(err)
		}
	}
}

// signingIn fills requests of signing in that depend on who sends them, or
// cannot be undone by signing in again alone.
func (w *world) signingIn(q *asked, r accessRow) bool {
	ctx, service := context.Background(), w.h.App.People
	known := func(account string) bool { return account != "" && account != "nghi-viec" }
	switch r.route() {
	case "POST /signin/code":
		q.spends = true
		q.as = func(string, string) (string, func()) {
			after := w.enrol("hoc-sinh")
			p := must[people.Person](w.h.T)(service.Store.Person(ctx, "p-hoc-sinh"))
			halfway := must[string](w.h.T)(service.Halfway(ctx, p))
			return url.Values{"halfway": {halfway}, "code": {codeNow(authenticator)}}.Encode(), after
		}
	case "POST /account/second-step":
		q.as = func(account, kind string) (string, func()) {
			secret := w.cookies[account]
			if kind == "bearer" {
				secret = w.tokens[account]
			}
			p, ses, err := service.Who(ctx, secret)
			if err != nil {
				return "code=123456", func() {}
			}
			code := codeNow(service.BeginSecondStep(p, ses, "").Secret)
			return "code=" + code, func() {
				if err := w.h.App.DB.Secrets().EndSecondStep(ctx, p.ID); err != nil {
					w.h.T.Fatal(err)
				}
				w.signIn(account)
			}
		}
	case "POST /account/second-step/codes":
		q.as = func(account, _ string) (string, func()) {
			if !known(account) {
				return "code=123456", func() {}
			}
			return "code=" + codeNow(authenticator), w.enrol(account)
		}
	case "POST /account/sessions/end-others":
		q.spends = true
	case "POST /admin/people/:person/erase":
		q.body = "username=" + q.id
	default:
		return false
	}
	q.kind = formType
	return true
}

// reset is the secret of a reset link of a new person.
func (w *world) reset() string {
	_, secret, _, err := w.h.App.People.IssueReset(context.Background(), people.Operator(), w.person())
	if err != nil {
		w.h.T.Fatal(err)
	}
	return secret
}

// machine is an account with a service token.
func (w *world) machine() string {
	_, m, err := w.h.App.People.MakeServiceToken(context.Background(), people.Operator(),
		people.NewToken{Name: "Máy", Days: 1, Role: people.Station, Scopes: []people.Action{people.ReadSchedule}})
	if err != nil {
		w.h.T.Fatal(err)
	}
	return m.Person.ID
}
