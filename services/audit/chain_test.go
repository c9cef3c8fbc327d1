package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
)

func verify(t *testing.T, l *memoryLog) audit.Verdict {
	t.Helper()
	v, err := audit.Verify(context.Background(), l, now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealTruncatesTheTimeToWhatStoresKeep(t *testing.T) {
	zone := time.FixedZone("UTC+7", 7*3600)
	s := audit.Seal(audit.Entry{ID: "a", At: time.Date(2026, 11, 30, 15, 0, 0, 123456789, zone)}, 5, "before")
	want := time.Date(2026, 11, 30, 8, 0, 0, 123456000, time.UTC)
	if !s.At.Equal(want) || s.At.Location() != time.UTC {
		t.Errorf("sealed at %v, want %v", s.At, want)
	}
	if s.Number != 5 || s.Previous != "before" || s.Hash == "" {
		t.Errorf("sealed %+v", s)
	}
	other := audit.Seal(s.Entry, 5, "before")
	if other.Salt == s.Salt || other.PlaceSalt == s.PlaceSalt || other.ContentHash == s.ContentHash ||
		other.PlaceHash == s.PlaceHash {
		t.Error("two entries of the same words have the same salt: the words could be found by trying")
	}
}

func TestVerifyHoldsOverPages(t *testing.T) {
	for _, c := range []struct{ entries, page, reads int }{
		{0, 1000, 0}, {1, 1000, 1}, {7, 3, 3}, {7, 7, 1}, {1001, 1000, 2},
	} {
		l := newLog(c.entries)
		l.page = c.page
		if v := verify(t, l); v.Broken != nil || v.Entries != int64(c.entries) || v.Head != l.hash || v.Erased != 0 {
			t.Errorf("%d entries: %+v", c.entries, v)
		}
		if l.reads != c.reads {
			t.Errorf("%d entries read in %d pages, want %d", c.entries, l.reads, c.reads)
		}
	}
}

// What Verify says of a broken entry.
const (
	factsChanged = "its time, actor, action or subject was changed"
	wordsChanged = "its words were changed"
	placeChanged = "the address it was done from was changed"
	notFollowing = "it does not follow the entry before it"
)

// TestVerifyFindsEveryChange changes one thing of the third of five entries.
func TestVerifyFindsEveryChange(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *memoryLog, s *audit.Sealed)
		number int64 // of the entry that is named
		why    string
	}{
		"id":      {func(_ *memoryLog, s *audit.Sealed) { s.ID = "other" }, 3, factsChanged},
		"time":    {func(_ *memoryLog, s *audit.Sealed) { s.At = s.At.Add(time.Microsecond) }, 3, factsChanged},
		"actor":   {func(_ *memoryLog, s *audit.Sealed) { s.Actor = "minh" }, 3, factsChanged},
		"action":  {func(_ *memoryLog, s *audit.Sealed) { s.Action = "lesson.read" }, 3, factsChanged},
		"subject": {func(_ *memoryLog, s *audit.Sealed) { s.Subject = "lesson:b" }, 3, factsChanged},
		"text moved from action to subject": {func(_ *memoryLog, s *audit.Sealed) {
			s.Action, s.Subject = "lesson.editperson", ":em"
		}, 3, factsChanged},
		"detail": {func(_ *memoryLog, s *audit.Sealed) { s.Detail = "other" }, 3, wordsChanged},
		"before": {func(_ *memoryLog, s *audit.Sealed) { s.Entry.Before = "" }, 3, wordsChanged},
		"after":  {func(_ *memoryLog, s *audit.Sealed) { s.After = "{}" }, 3, wordsChanged},
		"salt of the words gone": {func(_ *memoryLog, s *audit.Sealed) {
			s.Salt, s.Detail, s.Entry.Before, s.After = "", "", "", ""
		}, 3, wordsChanged},
		"address":                   {func(_ *memoryLog, s *audit.Sealed) { s.Place = "192.0.2.8" }, 3, placeChanged},
		"address only without salt": {func(_ *memoryLog, s *audit.Sealed) { s.Place = "" }, 3, placeChanged},
		"address kept, salt gone":   {func(_ *memoryLog, s *audit.Sealed) { s.PlaceSalt = "" }, 3, placeChanged},
		"address forgotten too early": {func(_ *memoryLog, s *audit.Sealed) {
			s.Place, s.PlaceSalt = "", ""
		}, 3, "the address it was done from was taken out too early"},
		"hash": {func(_ *memoryLog, s *audit.Sealed) { s.Hash = strings.Repeat("0", 64) }, 3, factsChanged},
		"address replaced with its hash": {func(_ *memoryLog, s *audit.Sealed) {
			s.Place = "192.0.2.8"
			other := audit.Seal(s.Entry, s.Number, s.Previous)
			s.PlaceSalt, s.PlaceHash = other.PlaceSalt, other.PlaceHash
		}, 3, factsChanged},
		"words replaced with their hash": {func(_ *memoryLog, s *audit.Sealed) {
			s.Detail = "other"
			other := audit.Seal(s.Entry, s.Number, s.Previous)
			s.Salt, s.ContentHash = other.Salt, other.ContentHash
		}, 3, factsChanged},
		"sealed again": {func(_ *memoryLog, s *audit.Sealed) {
			*s = audit.Seal(s.Entry, s.Number, s.Previous)
		}, 4, notFollowing},
		"put behind another": {func(_ *memoryLog, s *audit.Sealed) {
			*s = audit.Seal(s.Entry, s.Number, "another")
		}, 3, notFollowing},
		"taken out": {func(l *memoryLog, _ *audit.Sealed) {
			l.chain = append(l.chain[:2], l.chain[3:]...)
		}, 4, "entry 3 is missing"},
		"last two taken out": {func(l *memoryLog, _ *audit.Sealed) {
			l.chain = l.chain[:3]
		}, 0, "the log ends at entry 3, but its head says 5"},
		"all taken out": {func(l *memoryLog, _ *audit.Sealed) {
			l.chain = nil
		}, 0, "the log ends at entry 0, but its head says 5"},
		"head is another": {func(l *memoryLog, _ *audit.Sealed) {
			l.hash = "another"
		}, 0, "the log ends at entry 5, but its head says 5"},
		"words erased, nobody was": {func(l *memoryLog, s *audit.Sealed) {
			l.erase(s.Number)
		}, 3, "its words are gone, and no later entry says that its person was erased"},
		"erased and new words written": {func(l *memoryLog, s *audit.Sealed) {
			l.erase(3)
			s.Salt, s.Detail = "new", "invented"
		}, 3, wordsChanged},
	} {
		l := newLog(5)
		c.change(l, &l.chain[2])
		v := verify(t, l)
		if v.Broken == nil || v.Broken.Number != c.number || v.Broken.Why != c.why {
			t.Errorf("%s: broken %+v, want entry %d: %s", name, v.Broken, c.number, c.why)
			continue
		}
		if c.number > 0 && v.Broken.ID != l.find(c.number).ID {
			t.Errorf("%s: entry %d has the id %q", name, c.number, v.Broken.ID)
		}
	}
}

func (l *memoryLog) find(number int64) audit.Sealed {
	for _, s := range l.chain {
		if s.Number == number {
			return s
		}
	}
	return audit.Sealed{}
}

// TestErasureIsAccountedFor: words may be gone when a later entry says that the person whom the entry is about,
// or who did it, was erased.
func TestErasureIsAccountedFor(t *testing.T) {
	for name, c := range map[string]struct {
		subject, action string // of the entry that explains
		first           bool   // it stands before the erased one
		holds           bool
	}{
		"the subject was erased":             {"person:em", audit.ErasedAction, false, true},
		"the actor was erased":               {"person:lan", audit.ErasedAction, false, true},
		"somebody else was erased":           {"person:minh", audit.ErasedAction, false, false},
		"it was another action":              {"person:em", "people.export", false, false},
		"it was no person":                   {"lesson:em", audit.ErasedAction, false, false},
		"the subject was erased long before": {"person:em", audit.ErasedAction, true, false},
	} {
		l := newLog(0)
		why := audit.Entry{ID: "why", At: now.Add(-time.Hour), Actor: "quan", Action: c.action, Subject: c.subject}
		if c.first {
			l.append(why)
		}
		l.append(
			audit.Entry{
				ID:      "gone",
				At:      now.Add(-time.Hour),
				Actor:   "lan",
				Action:  "people.manage",
				Subject: "person:em",
				Detail:  "name",
				Place:   "::1",
			},
		)
		number := l.head
		if !c.first {
			l.append(why)
		}
		l.erase(number)
		v := verify(t, l)
		if (v.Broken == nil) != c.holds || v.Erased != 1 || v.Entries != 2 {
			t.Errorf("%s: %+v, broken %+v", name, v, v.Broken)
		}
		if v.Broken != nil && v.Broken.ID != "gone" {
			t.Errorf("%s: named entry %q", name, v.Broken.ID)
		}
	}
}

// TestAddressMayBeForgottenAfterItsTime and not a microsecond before.
func TestAddressMayBeForgottenAfterItsTime(t *testing.T) {
	for _, c := range []struct {
		age   time.Duration
		holds bool
	}{{audit.KeepPlaces - time.Microsecond, false}, {audit.KeepPlaces, true}, {2 * audit.KeepPlaces, true}} {
		l := newLog(0)
		l.append(audit.Entry{ID: "a", At: now.Add(-c.age), Actor: "lan", Place: "192.0.2.7"})
		l.chain[0].Place, l.chain[0].PlaceSalt = "", ""
		if v := verify(t, l); (v.Broken == nil) != c.holds {
			t.Errorf("after %v: broken %+v", c.age, v.Broken)
		}
	}
	if audit.KeepPlaces != 365*24*time.Hour {
		t.Errorf("addresses are kept for %v; the privacy notice says a year", audit.KeepPlaces)
	}
}

func TestVerifyReportsAnUnreadableLog(t *testing.T) {
	l := newLog(3)
	l.broken = errors.New("disk")
	if _, err := audit.Verify(context.Background(), l, now); !errors.Is(err, l.broken) {
		t.Errorf("head unreadable: %v", err)
	}
	page := &secondPageFails{newLog(3)}
	page.page = 2
	if _, err := audit.Verify(context.Background(), page, now); err == nil {
		t.Error("a page that could not be read passes for the end of the log")
	}
}

type secondPageFails struct{ *memoryLog }

func (l *secondPageFails) Sealed(ctx context.Context, after int64, limit int) ([]audit.Sealed, error) {
	if after > 0 {
		return nil, errors.New("disk")
	}
	return l.memoryLog.Sealed(ctx, after, limit)
}

func TestPlaceTravelsInTheContext(t *testing.T) {
	ctx := context.Background()
	if p := audit.PlaceOf(ctx); p != "" {
		t.Errorf("without a request the address is %q", p)
	}
	ctx = audit.FromPlace(ctx, "192.0.2.7")
	if p := audit.PlaceOf(ctx); p != "192.0.2.7" {
		t.Errorf("address %q", p)
	}
	if p := audit.PlaceOf(audit.FromPlace(ctx, "::1")); p != "::1" {
		t.Errorf("the inner address is %q", p)
	}
}
