package people

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon are the costs of argon2id.
type Argon struct {
	Time    uint32
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultArgon has the memory of RFC 9106's second choice, with fewer passes: about
// 100 ms on two cores (docs/benchmarks.md, "People").
var DefaultArgon = Argon{Time: 2, Memory: 64 * 1024, Threads: 2}

// Shortest and longest password, in bytes. The longest keeps a hostile sender
// from buying our time.
const (
	MinPassword = 8
	MaxPassword = 1024
)

// HashPassword makes a PHC string. Passwords are compared in Unicode form C,
// because keyboards send the same Vietnamese letter in two forms.
func HashPassword(password string, a Argon) (string, error) {
	if a == (Argon{}) {
		a = DefaultArgon
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	key := argon2.IDKey([]byte(norm.NFC.String(password)), salt[:], a.Time, a.Memory, a.Threads, 32)
	b := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.Memory, a.Time, a.Threads,
		b(salt[:]), b(key)), nil
}

// CheckPassword reports whether the password belongs to the PHC string.
func CheckPassword(phc, password string) bool {
	if len(password) > MaxPassword {
		return false
	}
	var v int
	var a Argon
	f := strings.Split(phc, "$")
	if len(f) != 6 || f[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(f[2], "v=%d", &v); err != nil || v != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &a.Memory, &a.Time, &a.Threads); err != nil || a.Memory > 1<<21 ||
		a.Time > 64 || a.Time == 0 || a.Threads == 0 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(f[5])
	if err != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(norm.NFC.String(password)), salt, a.Time, a.Memory, a.Threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
