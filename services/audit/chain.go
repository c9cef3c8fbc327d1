package audit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErasedAction is the action of the entry that says whose data was erased; its
// subject is "person:" and the id.
const ErasedAction = "people.erase"

// Sealed is an entry in the chain. Its Hash is over its number, time, actor,
// action, subject, ContentHash and the hash before it, so none of these can be
// changed. What may hold personal data is in there by salted hashes only: with
// the salt gone, the words can be forgotten and the chain still holds.
type Sealed struct {
	Entry
	Salt, PlaceSalt        string
	ContentHash, PlaceHash string
	Previous, Hash         string
	Erased                 bool // its words were erased at a person's request
}

// Seal puts an entry behind the newest of the chain.
func Seal(e Entry, number int64, previous string) Sealed {
	e.Number = number
	// Stores keep microseconds; the hash must not know more.
	e.At = e.At.UTC().Truncate(time.Microsecond)
	s := Sealed{Entry: e, Salt: rand.Text(), PlaceSalt: rand.Text(), Previous: previous}
	s.PlaceHash = s.placeHash()
	s.ContentHash = s.contentHash()
	s.Hash = s.hash()
	return s
}

func (s Sealed) placeHash() string { return sum("place", s.PlaceSalt, s.Place) }

func (s Sealed) contentHash() string {
	return sum("content", s.Salt, s.Detail, s.Entry.Before, s.After)
}

func (s Sealed) hash() string {
	return sum("entry", strconv.FormatInt(s.Number, 10), s.ID, strconv.FormatInt(s.At.UnixMicro(), 10), s.Actor,
		s.Action, s.Subject,
		s.ContentHash, s.PlaceHash, s.Previous)
}

// sum is the hex SHA-256 of fields, each with its length before it, so that no
// two lists of fields read the same.
func sum(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Break is the first place where the chain does not hold.
type Break struct {
	Number int64  // of the entry; 0 when entries are missing at the end
	ID     string // of the entry
	Why    string // for operators, in English
}

// Verdict is what Verify found.
type Verdict struct {
	Entries int64
	Erased  int64 // whose words were erased, each accounted for
	Head    string
	Broken  *Break // nil: the chain holds
}

const verifyPage = 1000

// Verify walks the whole chain.
func Verify(ctx context.Context, r Reader, now time.Time) (v Verdict, err error) {
	owed := []Sealed{}           // erased entries, and
	erased := map[string]int64{} // the number of the entry that says who was
	head, headHash, err := r.Head(ctx)
	if err != nil {
		return v, err
	}
	for v.Entries < head {
		list, err := r.Sealed(ctx, v.Entries, verifyPage)
		if err != nil {
			return v, err
		}
		if len(list) == 0 {
			break
		}
		for _, s := range list {
			if why := s.check(v.Entries+1, v.Head, now); why != "" {
				v.Broken = &Break{s.Number, s.ID, why}
				return v, nil
			}
			v.Entries, v.Head = s.Number, s.Hash
			if id, ok := strings.CutPrefix(s.Subject, "person:"); ok && s.Action == ErasedAction {
				erased[id] = s.Number
			}
			if s.Erased {
				v.Erased++
				owed = append(owed, Sealed{Entry: Entry{ID: s.ID, Number: s.Number, Actor: s.Actor,
					Subject: s.Subject}})
			}
		}
	}
	if v.Entries != head || v.Head != headHash {
		v.Broken = &Break{Why: fmt.Sprintf("the log ends at entry %d, but its head says %d", v.Entries, head)}
		return v, nil
	}
	for _, s := range owed {
		if max(erased[strings.TrimPrefix(s.Subject, "person:")], erased[s.Actor]) < s.Number {
			v.Broken = &Break{s.Number, s.ID, "its words are gone, and no later entry says that its person was erased"}
			break
		}
	}
	return v, nil
}

// check says what is wrong with an entry, or "".
func (s Sealed) check(number int64, previous string, now time.Time) string {
	switch {
	case s.Number != number:
		return fmt.Sprintf("entry %d is missing", number)
	case s.Previous != previous:
		return "it does not follow the entry before it"
	case s.Hash != s.hash():
		return "its time, actor, action or subject was changed"
	case (!s.Erased || s.Salt != "") && s.ContentHash != s.contentHash():
		return "its words were changed"
	case s.PlaceSalt == "" && s.Place == "":
		if !s.Erased && now.Sub(s.At) < KeepPlaces {
			return "the address it was done from was taken out too early"
		}
	case s.PlaceHash != s.placeHash():
		return "the address it was done from was changed"
	}
	return ""
}
