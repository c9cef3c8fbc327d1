package stream

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// TokenLife is how long an address of an unpublished lesson works: a teacher's
// or reviewer's working day.
const TokenLife = 12 * time.Hour

// SignWatch makes a token that lets its bearer watch one package of one lesson
// until a moment, signed in or not.
func SignWatch(secret []byte, lessonID, packageID string, until time.Time) string {
	at := strconv.FormatInt(until.Unix(), 36)
	return at + "." + base64.RawURLEncoding.EncodeToString(sum(secret, lessonID, packageID, at))
}

// CheckWatch reports whether a token is one of ours for the package and its
// time has not passed.
func CheckWatch(secret []byte, lessonID, packageID, token string, now time.Time) bool {
	at, mac, ok := strings.Cut(token, ".")
	if !ok {
		return false
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, sum(secret, lessonID, packageID, at)) {
		return false
	}
	until, err := strconv.ParseInt(at, 36, 64)
	return err == nil && now.Unix() < until
}

func sum(secret []byte, lessonID, packageID, at string) []byte {
	h := hmac.New(sha256.New, secret)
	// Identifiers hold no spaces, so no two different triples read the same.
	h.Write([]byte("watch " + lessonID + " " + packageID + " " + at))
	return h.Sum(nil)[:16]
}
