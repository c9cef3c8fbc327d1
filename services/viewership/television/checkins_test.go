package television

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
)

// TestCodes: a copy has two codes; the second is shown at any whole second of the
// middle third, and both stay.
func TestCodes(t *testing.T) {
	const length = 30 * time.Minute
	moments := map[time.Duration]bool{}
	for n := range 200 {
		m, s := newService(t)
		copyID := fmt.Sprint("copy", n)
		first, second, err := s.Codes(t.Context(), copyID, "l", "tv1", length)
		if err != nil {
			t.Fatal(err)
		}
		if first.Second || !second.Second || first.Moment != time.Minute || first.Code == second.Code ||
			first.CopyID != copyID || first.LessonID != "l" || first.ChannelID != "tv1" ||
			fmt.Sprint(m.locked) != "[tv1]" {
			t.Fatalf("%+v, %+v", first, second)
		}
		if second.Moment < length/3 || second.Moment > 2*length/3 || second.Moment%time.Second != 0 {
			t.Fatalf("the second is shown at %v", second.Moment)
		}
		moments[second.Moment] = true
		for _, c := range []Code{first, second} {
			if len(c.Code) != 6 || strings.Trim(c.Code, CodeLetters) != "" {
				t.Fatalf("code %q", c.Code)
			}
		}
		again, later, err := s.Codes(t.Context(), copyID, "l", "tv1", time.Hour)
		if err != nil || again != first || later != second || len(m.codes) != 2 {
			t.Fatalf("asked again: %+v, %+v, %v", again, later, err)
		}
	}
	if len(moments) < 50 {
		t.Errorf("the second moment can be guessed: %d moments in 200 copies", len(moments))
	}
	_, s := newService(t)
	first, second, err := s.Codes(t.Context(), "short", "l", "tv1", 3*time.Minute)
	if err != nil || first.Moment != 30*time.Second || second.Moment < time.Minute || second.Moment > 2*time.Minute {
		t.Errorf("a copy of 3 minutes: %+v, %+v, %v", first, second, err)
	}
	for _, method := range []string{"LockChannel", "CodesOf", "AddCodes"} {
		m, s := newService(t)
		m.fail[method] = errStore
		if _, _, err := s.Codes(t.Context(), "c", "l", "tv1", length); !errors.Is(err, errStore) || len(m.codes) != 0 {
			t.Errorf("%s fails: %v, %v", method, err, m.codes)
		}
	}
}

// checkedIn has the codes of the copy of all airings: FIRST and SECOND, which is
// shown 12 minutes after the beginning.
func checkedIn(t *testing.T) (*memory, *Service) {
	t.Helper()
	m, s := newService(t)
	for _, c := range []Code{firstCode, secondCode} {
		c.CopyID, c.ChannelID = "copy", "tv1"
		m.codes = append(m.codes, c)
	}
	return m, s
}

func enter(id, typed string) CheckInRequest {
	r := CheckInRequest{Viewer: "máy", From: netip.MustParseAddr("203.0.113.7"), Code: typed}
	if id != "" {
		r.Person = person(id, people.Student)
	}
	return r
}

// TestCheckIn: a code is pending until as-run speaks, counts once for a viewer,
// and the second one marks "stayed".
func TestCheckIn(t *testing.T) {
	m, s := checkedIn(t)
	m.airings = m.airings[3:] // 11:00, not reported
	start := m.airings[0].StartsAt
	for _, x := range []struct {
		after time.Duration
		r     CheckInRequest
		want  CheckInResult // State "": not on air
	}{
		{-time.Millisecond, enter("", "FIRST"), CheckInResult{}},
		{time.Minute, enter("", "f-i-r s t"), CheckInResult{State: CheckInPending}},
		{2 * time.Minute, enter("an", "first"), CheckInResult{State: CheckInPending}},
		{3 * time.Minute, enter("", "second"), CheckInResult{}}, // not shown yet
		{20 * time.Minute, enter("", "second"), CheckInResult{State: CheckInPending, Stayed: true}},
		{45 * time.Minute, enter("", "second"), CheckInResult{State: CheckInPending, Stayed: true}},
		{45*time.Minute + time.Millisecond, enter("", "first"), CheckInResult{}},
	} {
		m.now = start.Add(x.after)
		got, err := s.CheckIn(t.Context(), x.r)
		if x.want.State == "" {
			if code(err) != "checkin.not_on_air" || fault.KindOf(err) != fault.Conflict || got != x.want {
				t.Errorf("after %v: %+v, %v", x.after, got, err)
			}
			continue
		}
		x.want.LessonID, x.want.ChannelID = "l", "tv1"
		if err != nil || got != x.want {
			t.Errorf("after %v: %+v, %v", x.after, got, err)
		}
	}
	device := m.checkIns[[2]string{"a11", "d:máy"}]
	if len(m.checkIns) != 2 || device.Code != "FIRST" || device.At != start.Add(time.Minute) ||
		device.StayedAt != start.Add(20*time.Minute) {
		t.Errorf("%+v", m.checkIns)
	}
	if !strings.HasPrefix(fmt.Sprint(m.locked), "[d:máy d:máy p:an") {
		t.Errorf("locked %v", m.locked)
	}
	// As-run says that it was aired, then that it was not after all.
	a := &m.airings[0]
	a.Outcome, a.StartedAt, a.EndedAt = schedule.Aired, a.StartsAt, a.EndsAt
	if err := s.ReevaluateCheckIns(t.Context(), *a); err != nil {
		t.Fatal(err)
	}
	person := m.checkIns[[2]string{"a11", "p:an"}]
	if device = m.checkIns[[2]string{"a11", "d:máy"}]; device.State != CheckInCounted || !device.Stayed ||
		person.State != CheckInCounted || person.Stayed {
		t.Errorf("aired: %+v, %+v", device, person)
	}
	a.Outcome, a.StartedAt, a.EndedAt = schedule.Dropped, time.Time{}, time.Time{}
	if err := s.ReevaluateCheckIns(t.Context(), *a); err != nil {
		t.Fatal(err)
	}
	if device = m.checkIns[[2]string{"a11", "d:máy"}]; device.State != CheckInRejected || device.Stayed {
		t.Errorf("dropped: %+v", device)
	}
}

// TestCheckInRepeats: an airing that showed the code makes it a repeat in later
// ones, also when its as-run comes afterwards.
func TestCheckInRepeats(t *testing.T) {
	m, s := checkedIn(t)
	first := &m.airings[0]
	first.Outcome, first.StartedAt, first.EndedAt = schedule.Planned, time.Time{}, time.Time{}
	m.airings = append(m.airings[:1], m.airings[3])
	m.now = m.airings[1].StartsAt.Add(5 * time.Minute)
	if r, err := s.CheckIn(t.Context(), enter("", "FIRST")); err != nil || r.Repeat {
		t.Fatalf("%+v, %v", r, err)
	}
	first.Outcome, first.StartedAt, first.EndedAt = schedule.Aired, first.StartsAt, first.EndsAt
	if err := s.ReevaluateCheckIns(t.Context(), *first); err != nil {
		t.Fatal(err)
	}
	if k := m.checkIns[[2]string{"a11", "d:máy"}]; !k.Repeat {
		t.Errorf("%+v", k)
	}
	if r, err := s.CheckIn(t.Context(), enter("an", "FIRST")); err != nil || !r.Repeat {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReevaluateLeaves: airings without a copy, copies without codes, and other
// copies' check-ins.
func TestReevaluateLeaves(t *testing.T) {
	m, s := checkedIn(t)
	other := m.airings[3]
	other.ID, other.CopyID = "other", "copy2"
	m.airings = append(m.airings, other)
	stale := CheckIn{AiringID: "other", Viewer: "d:x", Code: "FIRST", At: other.StartsAt, State: CheckInCounted}
	if err := s.cfg.CheckIns.SaveCheckIns(t.Context(), []CheckIn{stale}); err != nil {
		t.Fatal(err)
	}
	if err := s.ReevaluateCheckIns(t.Context(), m.airings[0]); err != nil {
		t.Fatal(err)
	}
	if got := m.checkIns[[2]string{"other", "d:x"}]; got != stale {
		t.Errorf("%+v", got)
	}
	m.fail["Airings"] = errStore // is not read for these
	for _, a := range []schedule.Airing{{ID: "a8"}, {ID: "a8", CopyID: "copy3"}} {
		if err := s.ReevaluateCheckIns(t.Context(), a); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
	_, without := newService(t, func(c *Config) { c.CheckIns = nil })
	if err := without.ReevaluateCheckIns(t.Context(), m.airings[0]); err != nil {
		t.Errorf("without check-ins: %v", err)
	}
	m.checkIns[[2]string{"a8", "d:x"}] = CheckIn{AiringID: "a8", Viewer: "d:x", Code: "FIRST",
		At: m.airings[0].StartsAt}
	for _, method := range []string{"CodesOf", "Airings", "CheckIns", "SaveCheckIns"} {
		m.fail = map[string]error{method: errStore}
		if err := s.ReevaluateCheckIns(t.Context(), m.airings[0]); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestCheckInGuessing: 20 wrong codes of a device in an hour, 600 of an address
// range; right ones and failures of the store do not count.
func TestCheckInGuessing(t *testing.T) {
	m, s := checkedIn(t)
	begun := day13.Add(8 * time.Hour)
	m.now = begun
	try := func(viewer, from, typed string) error {
		t.Helper()
		_, err := s.CheckIn(t.Context(), CheckInRequest{Viewer: viewer, From: netip.MustParseAddr(from), Code: typed})
		return err
	}
	m.fail["Code"] = errStore
	for range 30 {
		if err := try("1", "203.0.113.7", "XXXXXX"); !errors.Is(err, errStore) {
			t.Fatal(err)
		}
	}
	delete(m.fail, "Code")
	for n := range 20 {
		if err := try("1", "203.0.113.7", "XXXXXX"); code(err) != "checkin.unknown_code" {
			t.Fatalf("wrong code %d: %v", n+1, err)
		}
		if err := try("1", "203.0.113.7", "FIRST"); n < 19 && err != nil {
			t.Fatalf("a right code after %d wrong ones: %v", n+1, err)
		}
		m.now = m.now.Add(time.Second)
	}
	err := try("1", "203.0.113.7", "FIRST")
	if code(err) != "checkin.too_many_tries" || fault.KindOf(err) != fault.RateLimited ||
		fault.As(err).Args["seconds"] != 3581 {
		t.Errorf("after 20: %v", err)
	}
	if err := try("2", "203.0.113.7", "FIRST"); err != nil {
		t.Errorf("another device of the village: %v", err)
	}
	m.now = begun.Add(time.Hour - time.Second)
	err = try("1", "203.0.113.7", "XXXXXX")
	if code(err) != "checkin.too_many_tries" || fault.As(err).Args["seconds"] != 2 {
		t.Errorf("a second before the hour: %v", err)
	}
	m.now = begun.Add(time.Hour)
	if err := try("1", "203.0.113.7", "XXXXXX"); code(err) != "checkin.unknown_code" {
		t.Errorf("after an hour: %v", err)
	}
	for n := range 599 {
		if err := try(fmt.Sprint("village", n), "203.0.113.200", "XXXXXX"); code(err) != "checkin.unknown_code" {
			t.Fatalf("%d of the range: %v", n, err)
		}
	}
	if err := try("new", "203.0.113.1", "XXXXXX"); code(err) != "checkin.too_many_tries" {
		t.Errorf("600 of the range: %v", err)
	}
	if err := try("new", "::ffff:203.0.113.1", "XXXXXX"); code(err) != "checkin.too_many_tries" {
		t.Errorf("the same range as IPv6: %v", err)
	}
	if err := try("new", "203.0.114.1", "XXXXXX"); code(err) != "checkin.unknown_code" {
		t.Errorf("another range: %v", err)
	}
}

func TestCodeAttemptsRanges(t *testing.T) {
	for from, want := range map[string]string{
		"203.0.113.7": "203.0.113.0/24", "::ffff:203.0.113.7": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48",
	} {
		keys, limits := codeAttempts{}.keys(CheckInRequest{Viewer: "v", From: netip.MustParseAddr(from)})
		device := playback.ViewerKey(people.Person{}, "v")
		if len(keys) != 2 || keys[0].Name != device || keys[1].Name != want || limits[1] != 600 {
			t.Errorf("%s: %+v, %v", from, keys, limits)
		}
	}
	first, limits := codeAttempts{}.keys(CheckInRequest{Viewer: "v"})
	second, _ := codeAttempts{}.keys(CheckInRequest{Viewer: "w"})
	if len(limits) != 2 || limits[1] != 600 || first[1] != second[1] || first[0] == second[0] {
		t.Errorf("unknown addresses: %+v and %+v", first, second)
	}
}

func TestCheckInNotStored(t *testing.T) {
	for _, method := range []string{"LockViewers", "Airings", "CheckIns", "CodesOf", "SaveCheckIns"} {
		m, s := checkedIn(t)
		m.now = m.airings[3].StartsAt.Add(time.Minute)
		m.fail[method] = errStore
		if r, err := s.CheckIn(t.Context(), enter("an", "FIRST")); !errors.Is(err, errStore) ||
			r != (CheckInResult{}) ||
			len(m.checkIns) != 0 {
			t.Errorf("%s fails: %+v, %v, %v", method, r, err, m.checkIns)
		}
	}
}
