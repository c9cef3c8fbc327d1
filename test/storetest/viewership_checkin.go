package storetest

import (
	"net/netip"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
)

// CheckIns: a code counts once per viewer and airing, and only after the as-run log confirms that it was shown.
func CheckIns(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 1800)
	plan := func(id string, in time.Duration) {
		h.onAir(t, id, "c", "l", in)
		a, err := h.st.Schedule.Airing(bg, id)
		ok(t, err)
		a.CopyID = "copy"
		ok(t, h.st.Schedule.SaveAiring(bg, a))
	}
	plan("a1", 0) // 08:00 to 08:30
	plan("a2", 48*time.Hour)
	first, second, err := h.svc.Codes(bg, "copy", "l", "c", 30*time.Minute)
	ok(t, err)
	f2, s2, err := h.svc.Codes(bg, "copy", "l", "c", 30*time.Minute)
	ok(t, err)
	same(t, [2]television.Code{f2, s2}, [2]television.Code{first, second})
	if len(first.Code) != 6 || first.Code == second.Code || second.Moment < 10*time.Minute ||
		second.Moment > 20*time.Minute || first.Second || !second.Second {
		t.Fatalf("%+v %+v", first, second)
	}
	student := people.Person{ID: "student", Active: true,
		Grants: []people.Grant{{Role: people.Student, School: "school-1"}}}
	enter := func(by people.Person, device, code, want string) television.CheckInResult {
		t.Helper()
		r, err := h.svc.CheckIn(bg, television.CheckInRequest{Person: by, Viewer: device, Code: code,
			From: netip.MustParseAddr("10.0.0.7")})
		if want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Fatalf("%s: %v, want %q", code, err, want)
		}
		return r
	}
	anyone := people.Person{}
	h.pass(-time.Second)
	enter(anyone, "d1", first.Code, "checkin.not_on_air") // one second early
	h.pass(2 * time.Minute)
	enter(anyone, "d1", "AAAAAA", "checkin.unknown_code")
	enter(anyone, "d1", second.Code, "checkin.not_on_air") // not shown yet
	spaced := " " + first.Code[:3] + "-" + first.Code[3:] + " "
	if r := enter(anyone, "d1", spaced, ""); r.State != television.CheckInPending || r.Stayed || r.Repeat ||
		r.LessonID != "l" {
		t.Fatalf("%+v", r)
	}
	enter(anyone, "d1", first.Code, "") // repeated: counted once
	enter(anyone, "d2", first.Code, "")
	enter(student, "d2", first.Code, "") // the person on the same phone is another viewer
	h.pass(25 * time.Minute)
	if r := enter(anyone, "d1", second.Code, ""); !r.Stayed {
		t.Fatalf("%+v", r)
	}
	enter(anyone, "d3", second.Code, "") // only the second
	h.pass(18 * time.Minute)             // 08:44:59
	enter(anyone, "d4", first.Code, "")
	h.pass(2 * time.Second)
	enter(anyone, "d5", first.Code, "checkin.not_on_air") // 15 minutes after the end
	h.counts(t, "a1", television.CheckInCount{Pending: 5})
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Aired})
	h.counts(t, "a1", television.CheckInCount{Persons: 1, Devices: 4, Stayed: 2})
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Dropped})
	h.counts(t, "a1", television.CheckInCount{})
	// The airing ended before the second code was shown and before d4 entered the first.
	at := time.Date(2020, 4, 13, 8, 0, 0, 0, hanoi)
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Partial, StartedAt: at, EndedAt: at.Add(5 * time.Minute)})
	h.counts(t, "a1", television.CheckInCount{Persons: 1, Devices: 2})
	if g := h.ledger(t, "l"); g.Airings[0].Codes != 2 || g.Airings[1].Codes != 0 {
		t.Fatalf("%+v", g.Airings)
	}
	h.mu.Lock()
	h.now = at.Add(48*time.Hour + 10*time.Minute)
	h.mu.Unlock()
	if r := enter(anyone, "d1", first.Code, ""); !r.Repeat {
		t.Fatalf("checked in on Monday, but no repeat: %+v", r)
	}
	h.asRun(t, "a2", schedule.AsRun{Outcome: schedule.Aired})
	h.counts(t, "a2", television.CheckInCount{Devices: 1, Repeats: 1})
	guessing(t, h)
}

// guessing: a device may enter 20 wrong codes in an hour.
func guessing(t *testing.T, h *harness) {
	try := func(device string) error {
		_, err := h.svc.CheckIn(bg, television.CheckInRequest{Viewer: device, Code: "AAAAAA",
			From: netip.MustParseAddr("10.1.0.7")})
		return err
	}
	for i := range 20 {
		if err := try("x"); !fault.Is(err, "checkin.unknown_code") {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := try("x"); fault.KindOf(err) != fault.RateLimited {
		t.Fatalf("21st: %v", err)
	}
	if err := try("y"); !fault.Is(err, "checkin.unknown_code") {
		t.Fatalf("another device: %v", err)
	}
	h.pass(time.Hour)
	if err := try("x"); !fault.Is(err, "checkin.unknown_code") {
		t.Fatalf("an hour later: %v", err)
	}
}

// asRun reports an airing through schedule.Service, as the station does.
func (h *harness) asRun(t *testing.T, id string, r schedule.AsRun) {
	t.Helper()
	s := schedule.Service{
		Store: h.st.Schedule, Lessons: h.st.Lessons, Atomic: h.st.Atomic, Audit: h.st.Audit, Now: h.Now, NewID: h.id,
		OnAsRun: h.svc.ReevaluateCheckIns,
	}
	_, err := s.Report(bg, station, id, r)
	ok(t, err)
}

func (h *harness) counts(t *testing.T, id string, want television.CheckInCount) {
	t.Helper()
	got, err := h.st.CheckIns.CountCheckIns(bg, []string{id})
	ok(t, err)
	same(t, got[id], want)
}
