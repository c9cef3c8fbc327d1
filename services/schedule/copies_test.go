package schedule

import (
	"context"
	"maps"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// tapes are broadcast copies: the newest that passed, and which lesson each is of.
type tapes struct {
	newest string
	of     map[string]string
}

func (s *tapes) Newest(context.Context, string, string) (string, error) { return s.newest, nil }

func (s *tapes) Fits(_ context.Context, copyID, lessonID, _ string) (bool, error) {
	return s.of[copyID] == lessonID, nil
}

// TestAiringsTakeTheNewestCopy: an airing takes the copy that passed its checks
// last, keeps the one that it has, and takes none whose codes another airing
// still takes.
func TestAiringsTakeTheNewestCopy(t *testing.T) {
	svc, s := desk()
	ctx := t.Context()
	copies := &tapes{of: map[string]string{"old": "l", "new": "l", "theirs": "m"}}
	svc.Copies = copies
	save := func(a Airing) Airing {
		t.Helper()
		a, err := svc.Save(ctx, as(people.Station), a)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	plan := func(from, to string) Airing {
		return Airing{ChannelID: "c", LessonID: "l", StartsAt: at(from), EndsAt: at(to)}
	}
	bare := save(plan("10:00", "10:20"))
	if bare.CopyID != "" {
		t.Errorf("no copy is there, and it shows %q", bare.CopyID)
	}
	copies.newest = "old"
	first := save(plan("12:00", "12:20"))
	copies.newest = "new"
	if second := save(plan("14:00", "14:20")); first.CopyID != "old" || second.CopyID != "new" {
		t.Errorf("copies %q and %q", first.CopyID, second.CopyID)
	}
	first.CopyID, first.EndsAt = "", at("12:25")
	if again := save(first); again.CopyID != "old" {
		t.Errorf("a changed airing shows %q: its codes may be on a tape already", again.CopyID)
	}
	if near := save(plan("14:30", "14:50")); near.CopyID != "" {
		t.Errorf("10 minutes after another airing of the copy, it shows %q", near.CopyID)
	}
	named := plan("14:52", "15:10") // 32 minutes after the end: past the codes' 15
	named.CopyID = "theirs"
	if _, err := svc.Save(ctx, as(people.Station), named); !fault.Is(err, "airing.invalid") ||
		fault.As(err).Fields[0].Code != "airing.wrong_copy" {
		t.Errorf("another lesson's copy: %v", err)
	}
	named.CopyID, named.StartsAt, named.EndsAt = "new", at("13:50"), at("14:00")
	if _, err := svc.Save(ctx, as(people.Station), named); !fault.Is(err, "airing.copy_too_near") {
		t.Errorf("a named copy on air at 14:00: %v", err)
	}
	// A copy that has just passed is given to what is planned and has none.
	svc.Now = func() time.Time { return at("09:30") }
	if err := svc.CopyMade(ctx, "fresh", "l", "c"); err != nil {
		t.Fatal(err)
	}
	if got := s.airings[bare.ID].CopyID; got != "fresh" {
		t.Errorf("the airing without a copy shows %q", got)
	}
	if got := s.airings[first.ID].CopyID; got != "old" {
		t.Errorf("the airing with a copy shows %q", got)
	}
}

// TestRepeatPlansAllOrNone: a repeat that clashes says at which time, repeats
// keep copy and number, and an airing's kin is found from each.
func TestRepeatPlansAllOrNone(t *testing.T) {
	svc, s := desk()
	svc.Copies = &tapes{newest: "k", of: map[string]string{"k": "l"}}
	svc.Atomic = undo{s}
	ctx := t.Context()
	first, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "l", StartsAt: at("10:00"), EndsAt: at("10:20"), HouseNumber: "GD-1"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "m", StartsAt: at("16:10"), EndsAt: at("16:30")})
	if err != nil {
		t.Fatal(err)
	}
	repeat := func(clocks ...string) ([]Airing, error) {
		var starts []time.Time
		for _, c := range clocks {
			starts = append(starts, at(c))
		}
		return svc.Repeat(ctx, as(people.Station), first.ID, starts)
	}
	for _, x := range []struct {
		code   string
		clocks []string
	}{{"airing.clash", []string{"12:00", "16:00"}}, {"airing.copy_too_near", []string{"14:00", "14:30"}},
		{"airing.clash", []string{"15:00", "15:10"}}, {"airing.invalid", nil}} {
		_, err := repeat(x.clocks...)
		if !fault.Is(err, x.code) || len(s.airings) != 2 {
			t.Errorf("%v: %v, %d airings", x.clocks, err, len(s.airings))
		}
		if x.clocks == nil {
			continue
		}
		if when, ok := fault.As(err).Args["at"].(time.Time); !ok || !when.Equal(at(x.clocks[1])) {
			t.Errorf("%v: the fault names %v", x.clocks, when)
		}
	}
	made, err := repeat("12:00", "14:00")
	if err != nil || len(made) != 2 {
		t.Fatalf("%+v %v", made, err)
	}
	for _, a := range made {
		if a.RepeatOf != first.ID || a.CopyID != "k" || a.HouseNumber != "GD-1" ||
			a.EndsAt.Sub(a.StartsAt) != 20*time.Minute {
			t.Errorf("%+v", a)
		}
	}
	// A repeat of a repeat repeats the first; without it the earliest is first.
	if again, err := svc.Repeat(ctx, as(people.Station), made[0].ID, []time.Time{at("18:00")}); err != nil ||
		again[0].RepeatOf != first.ID {
		t.Errorf("%+v %v", again, err)
	}
	if err := svc.Remove(ctx, as(people.Station), first.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.airings[made[0].ID].RepeatOf; got != "" {
		t.Errorf("the earliest repeat repeats %q, which is gone", got)
	}
	if got := s.airings[made[1].ID].RepeatOf; got != made[0].ID {
		t.Errorf("the next one repeats %q", got)
	}
	if _, err := svc.Repeat(ctx, as(people.Teacher), other.ID, []time.Time{at("20:00")}); !fault.Is(err,
		"access.denied") {
		t.Error(err)
	}
}

// undo is a transaction over a memoryStore: what failed leaves nothing.
type undo struct{ s *memoryStore }

func (u undo) Atomically(ctx context.Context, fn func(context.Context) error) error {
	before := map[string]Airing{}
	maps.Copy(before, u.s.airings)
	err := fn(ctx)
	if err != nil {
		u.s.airings = before
	}
	return err
}

// TestHeldAiringsStay: what was handed in for an airing is neither lost with it
// nor counted for another lesson.
func TestHeldAiringsStay(t *testing.T) {
	svc, s := desk()
	ctx := t.Context()
	s.channels["d"] = Channel{ID: "d"}
	a, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "l", StartsAt: at("10:00"), EndsAt: at("10:20")})
	if err != nil {
		t.Fatal(err)
	}
	s.held = map[string]bool{a.ID: true}
	if err := svc.Remove(ctx, as(people.Station), a.ID); !fault.Is(err, "airing.has_figures") ||
		fault.KindOf(err) != fault.Conflict {
		t.Errorf("removed: %v", err)
	}
	for _, b := range []Airing{{LessonID: "m", ChannelID: "c"}, {LessonID: "l", ChannelID: "d"}} {
		b.ID, b.StartsAt, b.EndsAt = a.ID, a.StartsAt, a.EndsAt
		if _, err := svc.Save(ctx, as(people.Station), b); !fault.Is(err, "airing.has_figures") {
			t.Errorf("to lesson %s on %s: %v", b.LessonID, b.ChannelID, err)
		}
	}
	a.StartsAt, a.EndsAt = at("10:30"), at("10:50")
	if _, err := svc.Save(ctx, as(people.Station), a); err != nil {
		t.Errorf("later on the same day: %v", err)
	}
}
