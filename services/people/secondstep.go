package people

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"lenlop/services/fault"
)

// Rules of one-time codes.
const (
	stepSeconds   = 30 // RFC 6238's default
	clockSkew     = 1  // steps before and after now that count too
	recoveryCodes = 10
	recoverySize  = 12 // letters: 59 bits
)

// MustEnrol reports whether a person has to set up one-time codes before
// anything else: those who could publish, broadcast or administer.
func (s *Service) MustEnrol(p Person) bool {
	return s.RequireSecondStep && !p.SecondStep && needsSecondStep(p)
}

func needsSecondStep(p Person) bool {
	return !p.Demo && !p.Machine && p.ID != OperatorID && (p.Is(Reviewer) || p.Is(Station) || p.Is(Admin))
}

// Enrolment is what an authenticator needs to know.
type Enrolment struct {
	Secret string // base32, to be typed
	URL    string // otpauth://, to be shown as a QR code
}

// BeginSecondStep gives the key that a person may take into their
// authenticator. It is made from the session, so that nothing is kept until
// ConfirmSecondStep, and the same page shown twice shows the same key.
func (s *Service) BeginSecondStep(p Person, ses Session, site string) Enrolment {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte("second step " + p.ID + " " + ses.ID))
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:20])
	q := url.Values{"secret": {secret}, "issuer": {site}, "algorithm": {"SHA1"}, "digits": {"6"},
		"period": {strconv.Itoa(stepSeconds)}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + site + ":" + p.Username,
		RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}
	return Enrolment{Secret: secret, URL: u.String()}
}

// ConfirmSecondStep turns one-time codes on once the authenticator has shown
// that it knows the key, and gives recovery codes to be shown once. Every
// other session of the person ends. Fault: Invalid "signin.code_wrong".
func (s *Service) ConfirmSecondStep(ctx context.Context, p Person, ses Session,
	code string) (recovery []string, err error) {
	if !May(p, ManageSelf, Object{}) {
		return nil, denied()
	}
	if p.SecondStep {
		return nil, fault.New(fault.Conflict, "signin.second_step_on")
	}
	secret := s.BeginSecondStep(p, ses, "").Secret
	step, ok := matches(secret, code, s.Now())
	if !ok {
		return nil, codeWrong(fault.Invalid)
	}
	recovery, hashes := newRecovery(p.ID)
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Secrets.SaveSecondStep(ctx, SecondStep{PersonID: p.ID, Secret: secret, LastStep: step,
			CreatedAt: s.Now(), Recovery: hashes}); err != nil {
			return err
		}
		if err := s.endOthers(ctx, p.ID, ses.ID); err != nil {
			return err
		}
		return s.note(ctx, p, ManageSelf, p.ID, "second step on")
	})
	return recovery, err
}

// NewRecovery replaces a person's recovery codes; the new ones are shown once.
func (s *Service) NewRecovery(ctx context.Context, p Person, code string) (recovery []string, err error) {
	if !May(p, ManageSelf, Object{}) {
		return nil, denied()
	}
	recovery, hashes := newRecovery(p.ID)
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.checkCode(ctx, p, code, fault.Invalid); err != nil {
			return err
		}
		x, err := s.Secrets.SecondStep(ctx, p.ID)
		if err != nil {
			return err
		}
		x.Recovery = hashes
		if err := s.Secrets.SaveSecondStep(ctx, x); err != nil {
			return err
		}
		return s.note(ctx, p, ManageSelf, p.ID, "new recovery codes")
	})
	return recovery, err
}

// RemoveSecondStep takes a lost authenticator from an account: an administrator
// does, who has made sure who asks. Every session of the person ends.
func (s *Service) RemoveSecondStep(ctx context.Context, by Person, id string) (p Person, err error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, denied()
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if p, err = s.Store.Person(ctx, id); err != nil {
			return err
		}
		if err := s.Secrets.EndSecondStep(ctx, id); err != nil {
			return err
		}
		if err := s.Store.EndSessions(ctx, id); err != nil {
			return err
		}
		return s.log(ctx, by, id, "second step removed")
	})
	return p, err
}

// checkCode accepts a one-time or a recovery code of the person, once.
func (s *Service) checkCode(ctx context.Context, p Person, code string, kind fault.Kind) error {
	x, err := s.Secrets.SecondStep(ctx, p.ID)
	if fault.KindOf(err) == fault.NotFound {
		return codeWrong(kind)
	}
	if err != nil {
		return err
	}
	used := false
	if step, ok := matches(x.Secret, code, s.Now()); ok {
		used, err = s.Secrets.UseStep(ctx, p.ID, step)
	} else if typed := plainCode(code); len(typed) == recoverySize {
		used, err = s.Secrets.UseRecovery(ctx, p.ID, recoveryHash(p.ID, typed))
	}
	if err == nil && !used {
		return codeWrong(kind)
	}
	return err
}

func codeWrong(kind fault.Kind) error {
	e := fault.New(kind, "signin.code_wrong")
	e.Fields = []fault.Field{fault.Wrong("code", "signin.code_wrong")}
	return e
}

// matches finds the step whose code was typed, of those that count now.
func matches(secret, code string, now time.Time) (step int64, ok bool) {
	typed := []byte(plainCode(code))
	at := now.Unix() / stepSeconds
	for d := int64(-clockSkew); d <= clockSkew; d++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix((at+d)*stepSeconds, 0),
			totp.ValidateOpts{Period: stepSeconds, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), typed) == 1 {
			step, ok = at+d, true
		}
	}
	return step, ok
}

// plainCode leaves out what people type between the parts of a code.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' || r == '\u00a0' {
			return -1
		}
		return r
	}, strings.ToLower(code))
}

// newRecovery makes recovery codes ("abcd-efgh-jkmn") and what is kept of them.
func newRecovery(person string) (codes, hashes []string) {
	for range recoveryCodes {
		plain := easyLetters(recoverySize)
		codes = append(codes, plain[:4]+"-"+plain[4:8]+"-"+plain[8:])
		hashes = append(hashes, recoveryHash(person, plain))
	}
	return codes, hashes
}

func recoveryHash(person, plain string) string { return HashSecret("recovery " + person + " " + plain) }
