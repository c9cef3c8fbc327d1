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

	// What managing accounts needs beside (manage.go); signing in does not.
	Atomic job.Atomic
	Audit  audit.Log

	decoyOnce sync.Once
	decoy     string
}

// SignIn checks a password and opens a session; the secret is given once and
// only its hash is kept. Every failure is the same fault.Unauthenticated
// "signin.wrong", in about the same time, whether or not the account exists.
func (s *Service) SignIn(ctx context.Context, username, password string, kind SessionKind, userAgent string) (secret string, _ Session, _ Person, _ error) {
	p, err := s.Store.ByUsername(ctx, strings.ToLower(strings.TrimSpace(username)))
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return "", Session{}, Person{}, err
	case err != nil || !p.Active || p.PasswordHash == "":
		// Spend the same time on a stranger as on a known account.
		s.decoyOnce.Do(func() { s.decoy, _ = HashPassword("decoy", s.Params) })
		CheckPassword(s.decoy, password)
		return "", Session{}, Person{}, fault.New(fault.Unauthenticated, "signin.wrong")
	case !CheckPassword(p.PasswordHash, password):
		return "", Session{}, Person{}, fault.New(fault.Unauthenticated, "signin.wrong")
	}
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
		return "", Session{}, Person{}, err
	}
	return secret, ses, p, nil
}

// Who gives the person behind a session's secret. fault.Unauthenticated
// "signin.expired" when it is unknown, over, or its person was deactivated.
func (s *Service) Who(ctx context.Context, secret string) (Person, Session, error) {
	gone := fault.New(fault.Unauthenticated, "signin.expired")
	if secret == "" || len(secret) > 200 {
		return Person{}, Session{}, gone
	}
	ses, err := s.Store.SessionByHash(ctx, HashSecret(secret))
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return Person{}, Session{}, gone
		}
		return Person{}, Session{}, err
	}
	now := s.Now()
	if now.After(ses.ExpiresAt) {
		return Person{}, Session{}, gone
	}
	p, err := s.Store.Person(ctx, ses.PersonID)
	if err != nil {
		return Person{}, Session{}, err
	}
	if !p.Active {
		return Person{}, Session{}, gone
	}
	if now.Sub(ses.SeenAt) > seenEvery {
		ses.SeenAt = now
		if err := s.Store.SaveSession(ctx, ses); err != nil {
			return Person{}, Session{}, err
		}
	}
	return p, ses, nil
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
