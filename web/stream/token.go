package stream

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// TokenLife is how long an address of an unpublished lesson works at most: a
// teacher's or reviewer's working day.
const TokenLife = 12 * time.Hour

// Pass is what a token lets its bearer do: watch one package of one lesson in
// the name of a person, for as long as that person may.
type Pass struct{ Person, Lesson, Package string } // identifiers, which hold no spaces

// Sign makes the pass's token, good until a moment.
func (p Pass) Sign(secret []byte, until time.Time) string {
	at, name := strconv.FormatInt(until.Unix(), 36), base64.RawURLEncoding.EncodeToString([]byte(p.Person))
	return at + "." + name + "." + base64.RawURLEncoding.EncodeToString(p.sum(secret, at))
}

// ReadPass gives the pass of a token that is one of ours for the package and
// whose time has not passed.
func ReadPass(secret []byte, lessonID, packageID, token string, now time.Time) (p Pass, ok bool) {
	parts := strings.Split(token, ".")
	if len(token) > 400 || len(parts) != 3 {
		return p, false
	}
	name, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return p, false
	}
	p = Pass{string(name), lessonID, packageID}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(mac, p.sum(secret, parts[0])) {
		return Pass{}, false
	}
	until, err := strconv.ParseInt(parts[0], 36, 64)
	return p, err == nil && now.Unix() < until
}

func (p Pass) sum(secret []byte, at string) []byte {
	h := hmac.New(sha256.New, secret)
	// Identifiers hold no spaces, so no two different passes read the same.
	h.Write([]byte("watch " + p.Person + " " + p.Lesson + " " + p.Package + " " + at))
	return h.Sum(nil)[:16]
}
