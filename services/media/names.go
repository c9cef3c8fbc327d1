package media

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Names makes the identifiers and object keys of one write. Made again from the
// same seed and time they are the same, so that a write that is repeated after a
// crash stores its objects in the same places. They cannot be guessed without the seed.
type Names struct {
	seed     string
	at       time.Time
	repeated bool
}

// NewNames makes Names from a seed of at least 128 random bits and the time of
// the first attempt; repeated says that an earlier attempt may already have
// stored something under them.
func NewNames(seed string, at time.Time, repeated bool) Names { return Names{seed, at, repeated} }

// RandomNames makes Names that nobody made before.
func RandomNames() Names { return Names{seed: rand.Text(), at: time.Now()} }

// Repeated reports whether an earlier attempt may have used the same names.
func (n Names) Repeated() bool { return n.repeated }

func (n Names) sum(purpose string) []byte {
	h := hmac.New(sha256.New, []byte(n.seed))
	h.Write([]byte(purpose))
	return h.Sum(nil)
}

// ID is the identifier for a purpose, in the form of a UUID (version 7): lists
// that are sorted by identifier have the newest first or last.
func (n Names) ID(purpose string) string {
	b := n.sum("id " + purpose)[:16]
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(n.at.UnixMilli()))
	copy(b, ms[2:])
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// IDs are count identifiers for a purpose in ascending order, for rows of the
// same time that are listed by identifier.
func (n Names) IDs(purpose string, count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = n.ID(fmt.Sprintf("%s %d", purpose, i))
	}
	slices.Sort(ids)
	return ids
}

// Secret is 130 bits for an object key that nobody can guess: 26 letters and digits.
func (n Names) Secret(purpose string) string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(n.sum("secret " + purpose)))[:26]
}
