package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
)

// Lifetimes of sign-ins.
const (
	BrowserLife = 30 * 24 * time.Hour
	TokenLife   = 12 * time.Hour
	seenEvery   = 5 * time.Minute // how often SeenAt is written
)

// Service signs people in and tells who a secret belongs to.
type Service struct {
	Store  Store
	Now    func() time.Time
	NewID  func() string
	Params Argon // zero: DefaultArgon

	// SessionPerson reads the session whose secret has the hash with its person, as
	// Store does one after the other, in one query; nil: Store is used.
	SessionPerson func(ctx context.Context, hash string) (Session, Person, error)

	// What managing accounts needs beside (manage.go); signing in does not.
	Atomic job.Atomic
	Audit  audit.Log

	// What one-time codes, resets, tokens and the province's own sign-in need.
	Secrets   Secrets
	Directory Directory
	Key       []byte // keys of authenticators are made with it
	// RequireSecondStep makes reviewers, stations and administrators set up
	// one-time codes before anything else.
	RequireSecondStep bool

	// What exporting and erasing one person needs.
	Records Records

	decoyOnce sync.Once
	decoy     string
}

// Credentials are what somebody signs in with.
type Credentials struct {
	Username, Password string
	Code               string // one-time or recovery code, when the account asks for one
}

// SignIn checks a password and opens a session; the secret is given once and
// only its hash is kept. See Enter for its faults.
func (s *Service) SignIn(ctx context.Context, username, password string, kind SessionKind,
	userAgent string) (secret string, _ Session, _ Person, _ error) {
	return s.Enter(ctx, Credentials{Username: username, Password: password}, kind, userAgent)
}

// Enter checks credentials and opens a session; the secret is given once and
// only its hash is kept. A wrong name or password is always the same
// fault.Unauthenticated "signin.wrong", in about the same time, whether or not
// the account exists. Right ones may still be Unauthenticated
// "signin.code_needed" or "signin.code_wrong" (with the person, whose code is
// owed), or for a script Forbidden "signin.enrol_first".
func (s *Service) Enter(ctx context.Context, c Credentials, kind SessionKind, userAgent string) (secret string,
	_ Session, _ Person, _ error) {
	p, err := s.verify(ctx, c)
	if err != nil {
		return "", Session{}, Person{}, err
	}
	switch {
	case p.SecondStep && plainCode(c.Code) == "":
		return "", Session{}, p, fault.New(fault.Unauthenticated, "signin.code_needed")
	case p.SecondStep:
		if err := s.checkCode(ctx, p, c.Code, fault.Unauthenticated); err != nil {
			return "", Session{}, p, err
		}
	case kind == Token && s.MustEnrol(p):
		return "", Session{}, p, fault.New(fault.Forbidden, "signin.enrol_first")
	}
	secret, ses, err := s.Open(ctx, p, kind, userAgent)
	return secret, ses, p, err
}

func (s *Service) verify(ctx context.Context, c Credentials) (Person, error) {
	p, err := s.Store.ByUsername(ctx, strings.ToLower(strings.TrimSpace(c.Username)))
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return Person{}, err
	case err != nil || !p.Active || p.PasswordHash == "":
		// Spend the same time on an unknown account as on a known account.
		s.decoyOnce.Do(func() { s.decoy, _ = HashPassword("decoy", s.Params) })
		CheckPassword(s.decoy, c.Password)
		return Person{}, fault.New(fault.Unauthenticated, "signin.wrong")
	case !CheckPassword(p.PasswordHash, c.Password):
		return Person{}, fault.New(fault.Unauthenticated, "signin.wrong")
	}
	return p, nil
}

// Open opens a session for a person who has shown who they are.
func (s *Service) Open(ctx context.Context, p Person, kind SessionKind, userAgent string) (secret string,
	_ Session, _ error) {
	secret, hash := NewSecret()
	now := s.Now()
	life := BrowserLife
	if kind == Token {
		life = TokenLife
	}
	if len(userAgent) > 200 {
		userAgent = strings.ToValidUTF8(userAgent[:200], "")
	}
	ses := Session{ID: s.NewID(), Hash: hash, PersonID: p.ID, Kind: kind, UserAgent: userAgent,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(life)}
	if err := s.Store.SaveSession(ctx, ses); err != nil {
		return "", Session{}, err
	}
	return secret, ses, nil
}

// Halfway gives a secret to somebody who has shown who they are but for the
// one-time code; Finish takes it with the code.
func (s *Service) Halfway(ctx context.Context, p Person) (secret string, err error) {
	secret, hash := NewSecret()
	now := s.Now()
	return secret, s.Secrets.SaveTicket(ctx,
		Ticket{Hash: hash, Kind: HalfwayTicket, PersonID: p.ID, CreatedAt: now, ExpiresAt: now.Add(HalfwayLife)})
}

// HalfwayOf tells who holds the secret. Fault: Unauthenticated "signin.expired".
func (s *Service) HalfwayOf(ctx context.Context, secret string) (Person, error) {
	t, err := s.Secrets.Ticket(ctx, HalfwayTicket, HashSecret(secret))
	if err == nil && !s.Now().Before(t.ExpiresAt) {
		return Person{}, fault.New(fault.Unauthenticated, "signin.expired")
	}
	p, err := s.ticketed(ctx, t, err)
	if fault.KindOf(err) == fault.NotFound {
		return Person{}, fault.New(fault.Unauthenticated, "signin.expired")
	}
	return p, err
}

// Finish opens the session of somebody halfway in. Faults: Unauthenticated
// "signin.expired", "signin.code_wrong".
func (s *Service) Finish(ctx context.Context, halfway, code, userAgent string) (secret string, _ Session,
	_ Person, _ error) {
	p, err := s.HalfwayOf(ctx, halfway)
	if err != nil {
		return "", Session{}, Person{}, err
	}
	if err := s.checkCode(ctx, p, code, fault.Unauthenticated); err != nil {
		return "", Session{}, p, err
	}
	if _, err := s.Secrets.TakeTicket(ctx, HalfwayTicket, HashSecret(halfway)); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = fault.New(fault.Unauthenticated, "signin.expired")
		}
		return "", Session{}, p, err
	}
	secret, ses, err := s.Open(ctx, p, Browser, userAgent)
	return secret, ses, p, err
}

// Who gives the person behind a session's secret. fault.Unauthenticated
// "signin.expired" when it is unknown, over, or its person was deactivated.
func (s *Service) Who(ctx context.Context, secret string) (Person, Session, error) {
	gone := fault.New(fault.Unauthenticated, "signin.expired")
	if secret == "" || len(secret) > 200 {
		return Person{}, Session{}, gone
	}
	ses, p, err := s.session(ctx, HashSecret(secret))
	if err != nil {
		return Person{}, Session{}, err
	}
	now := s.Now()
	if now.After(ses.ExpiresAt) || !p.Active {
		return Person{}, Session{}, gone
	}
	if now.Sub(ses.SeenAt) > seenEvery {
		ses.SeenAt = now
		if err := s.Store.SaveSession(ctx, ses); err != nil {
			return Person{}, Session{}, err
		}
	}
	p.Scopes = ses.Scopes
	return p, ses, nil
}

// session reads a session and its person. fault.Unauthenticated
// "signin.expired" when there is no such session.
func (s *Service) session(ctx context.Context, hash string) (ses Session, p Person, err error) {
	if s.SessionPerson != nil {
		ses, p, err = s.SessionPerson(ctx, hash)
	} else {
		ses, err = s.Store.SessionByHash(ctx, hash)
	}
	if fault.KindOf(err) == fault.NotFound {
		return ses, p, fault.New(fault.Unauthenticated, "signin.expired")
	}
	if err == nil && s.SessionPerson == nil {
		p, err = s.Store.Person(ctx, ses.PersonID)
	}
	return ses, p, err
}

// EndOthers ends the person's other sign-ins; tokens that were made for
// programs stay.
func (s *Service) EndOthers(ctx context.Context, person, keep string) error {
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error { return s.endOthers(ctx, person, keep) })
}

func (s *Service) endOthers(ctx context.Context, person, keep string) error {
	all, err := s.Store.Sessions(ctx, person)
	if err != nil {
		return err
	}
	var ids []string
	for _, x := range all {
		if x.ID != keep && (x.Kind == Browser || x.Kind == Token) {
			ids = append(ids, x.ID)
		}
	}
	if len(ids) == 0 {
		return nil // no ids would mean every one
	}
	return s.Store.EndSessions(ctx, person, ids...)
}

// SignOut ends sessions of the person; no ids means all.
func (s *Service) SignOut(ctx context.Context, person string, ids ...string) error {
	return s.Store.EndSessions(ctx, person, ids...)
}

// NewSecret makes a random secret of 256 bits and its stored hash.
func NewSecret() (secret, hash string) {
	var b [32]byte
	rand.Read(b[:]) // never fails since Go 1.24
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, HashSecret(secret)
}

// HashSecret is the hex SHA-256 that the store keeps of a secret.
func HashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}
