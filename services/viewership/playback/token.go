package playback

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// claims is what a playback session's token says. It is signed, not secret: it
// holds nothing that the player may not know.
type claims struct {
	Session  string `json:"s"`
	Lesson   string `json:"l"`
	Package  string `json:"p"`
	Viewer   string `json:"v"`
	Issued   int64  `json:"i"` // Unix milliseconds
	Duration int64  `json:"d"` // the recording's, milliseconds
	Day      string `json:"y"` // local day of issue
	Excluded string `json:"x,omitempty"`
	Embedded bool   `json:"e,omitempty"`
	Grant    bool   `json:"g,omitempty"` // offline: heartbeats carry runs
	Offset   int64  `json:"o,omitempty"` // device's clock minus ours at issue, milliseconds
}

// Lifetime of an online session's token: heartbeats stored by a closed browser
// are sent when it is next opened, perhaps after a weekend.
const sessionLifetime = 7 * 24 * time.Hour

// expires is when the token is no longer accepted.
func (p claims) expires() time.Time {
	if p.Grant {
		return time.UnixMilli(p.Issued).Add(2 * GrantDays * 24 * time.Hour)
	}
	return time.UnixMilli(p.Issued).Add(sessionLifetime)
}

const maxToken = 2048

// signer signs claims with a key derived from the installation's secret, so that
// the secret may serve other purposes too.
type signer struct{ key []byte }

func newSigner(secret []byte) signer {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("lenlop playback session 1"))
	return signer{m.Sum(nil)}
}

func (g signer) sign(p claims) string {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // a struct of strings, numbers and booleans always marshals
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(g.mac(text))
}

// open verifies a token and gives its claims.
func (g signer) open(token string) (claims, bool) {
	var p claims
	if len(token) > maxToken {
		return p, false
	}
	text, sig, ok := strings.Cut(token, ".")
	if !ok {
		return p, false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(sig)
	if err != nil || subtle.ConstantTimeCompare(mac, g.mac(text)) != 1 {
		return p, false
	}
	body, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || json.Unmarshal(body, &p) != nil {
		return p, false
	}
	return p, true
}

func (g signer) mac(text string) []byte {
	m := hmac.New(sha256.New, g.key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
