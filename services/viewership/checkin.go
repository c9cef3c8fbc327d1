package viewership

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/netip"
	"time"

	"lenlop/services/fault"
	"lenlop/services/limit"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// CheckInStore keeps codes and check-ins. A missing code is fault.NotFound
// "checkin.unknown_code".
type CheckInStore interface {
	// AddCodes keeps a copy's codes; one that is taken is fault.Conflict "checkin.code_taken".
	AddCodes(ctx context.Context, cs []Code) error
	Code(ctx context.Context, code string) (Code, error)
	CodesOf(ctx context.Context, copyID string) ([]Code, error)
	// CheckIns lists an airing's, of one viewer or (empty) of all.
	CheckIns(ctx context.Context, airingID, viewer string) ([]CheckIn, error)
	SaveCheckIns(ctx context.Context, ks []CheckIn) error
	// CountCheckIns counts airings' check-ins that count.
	CountCheckIns(ctx context.Context, airings []string) (map[string]CheckInCount, error)
	// Persons gives the signed-in persons whose check-ins of the airings count.
	Persons(ctx context.Context, airings []string) (map[string]bool, error)
}

// CheckInCount is what an airing's check-ins add up to.
type CheckInCount struct {
	Persons int64 // signed in: grade A
	Devices int64 // anonymous: grade B
	Stayed  int64 // of both, who entered the second code
	Repeats int64 // of both, with a code shown before
	Pending int64
}

// CheckInRequest is a code that somebody typed or scanned.
type CheckInRequest struct {
	Person people.Person
	Viewer string     // device identifier (Service.Device)
	From   netip.Addr // only to limit guessing; not stored
	Code   string
}

// CheckInResult answers it.
type CheckInResult struct {
	LessonID, ChannelID string
	State               CheckInState
	Stayed              bool
	Repeat              bool
}

// Codes gives the two check-in codes of a broadcast copy, making them the
// first time. length is the copy's; the second code is shown at a moment of
// the middle third that nobody can know beforehand.
func (s *Service) Codes(ctx context.Context, copyID, lessonID, channelID string, length time.Duration) (first, second Code, err error) {
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Schedule.LockChannel(ctx, channelID); err != nil {
			return err
		}
		old, err := s.CheckIns.CodesOf(ctx, copyID)
		if err != nil {
			return fmt.Errorf("copy %s: codes: %w", copyID, err)
		}
		if len(old) == 2 {
			first, second = old[0], old[1]
			if first.Second {
				first, second = second, first
			}
			return nil
		}
		first = Code{CopyID: copyID, LessonID: lessonID, ChannelID: channelID, Moment: min(time.Minute, length/6)}
		second = first
		second.Second = true
		third := length / 3
		chance, err := rand.Int(rand.Reader, big.NewInt(int64(third)+1))
		if err != nil {
			return fmt.Errorf("copy %s: codes: %w", copyID, err)
		}
		second.Moment = (third + time.Duration(chance.Int64())).Truncate(time.Second)
		for _, c := range []*Code{&first, &second} {
			if c.Code, err = newCode(); err != nil {
				return fmt.Errorf("copy %s: codes: %w", copyID, err)
			}
		}
		return s.CheckIns.AddCodes(ctx, []Code{first, second})
	})
	return first, second, err
}

func newCode() (string, error) {
	b := make([]byte, codeLength)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(CodeLetters))))
		if err != nil {
			return "", err
		}
		b[i] = CodeLetters[n.Int64()]
	}
	return string(b), nil
}

// CheckIn takes a code. Until as-run has said what happened it is pending.
// Faults: "checkin.unknown_code" (not found), "checkin.not_on_air" (conflict),
// "checkin.too_many_tries" (rate limited; args "seconds").
func (s *Service) CheckIn(ctx context.Context, r CheckInRequest) (CheckInResult, error) {
	now := s.Now()
	if wait := s.codeAttempts.wait(ctx, r, now); wait > 0 {
		return CheckInResult{}, fault.New(fault.RateLimited, "checkin.too_many_tries", "seconds", int(wait/time.Second)+1)
	}
	code, err := s.CheckIns.Code(ctx, NormalCode(r.Code))
	if err != nil {
		if fault.Is(err, "checkin.unknown_code") {
			s.codeAttempts.wrong(ctx, r)
		}
		return CheckInResult{}, err
	}
	viewer := viewerKey(r.Person, r.Viewer)
	var k CheckIn
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.LockViewers(ctx, []string{viewer}); err != nil {
			return fmt.Errorf("lock viewer: %w", err)
		}
		airings, err := s.Schedule.Airings(ctx, schedule.Filter{Lesson: code.LessonID, Channel: code.ChannelID})
		if err != nil {
			return fmt.Errorf("airings of %s: %w", code.LessonID, err)
		}
		a, ok := onAir(code, airings, now)
		if !ok {
			return fault.New(fault.Conflict, "checkin.not_on_air")
		}
		k, err = s.entered(ctx, a, airings, code, viewer, now)
		return err
	})
	if err != nil {
		return CheckInResult{}, err
	}
	return CheckInResult{LessonID: code.LessonID, ChannelID: code.ChannelID, State: k.State, Stayed: k.Stayed, Repeat: k.Repeat}, nil
}

// entered writes down a code; the same one again changes nothing.
func (s *Service) entered(ctx context.Context, a schedule.Airing, airings []schedule.Airing, c Code, viewer string, now time.Time) (CheckIn, error) {
	old, err := s.CheckIns.CheckIns(ctx, a.ID, viewer)
	if err != nil {
		return CheckIn{}, fmt.Errorf("airing %s: check-ins: %w", a.ID, err)
	}
	k := CheckIn{AiringID: a.ID, Viewer: viewer, Code: c.Code, At: now}
	if len(old) > 0 {
		k = old[0]
	}
	if c.Second && k.StayedAt.IsZero() {
		k.StayedAt = now
	}
	codes, second, err := s.codesOf(ctx, a.CopyID)
	if err != nil {
		return k, err
	}
	k = k.Judged(a, airings, codes, second)
	if len(old) > 0 && k == old[0] {
		return k, nil
	}
	return k, s.CheckIns.SaveCheckIns(ctx, []CheckIn{k})
}

func (s *Service) codesOf(ctx context.Context, copyID string) (all map[string]Code, second Code, err error) {
	list, err := s.CheckIns.CodesOf(ctx, copyID)
	if err != nil {
		return nil, second, fmt.Errorf("copy %s: codes: %w", copyID, err)
	}
	all = map[string]Code{}
	for _, c := range list {
		all[c.Code] = c
		if c.Second {
			second = c
		}
	}
	return all, second, nil
}

// AsRun judges the check-ins of an airing, and of the others of its copy, again
// after its as-run changed: a code that it showed is a repeat in later ones. The
// schedule calls it inside its own transaction.
func (s *Service) AsRun(ctx context.Context, a schedule.Airing) error {
	if a.CopyID == "" || s.CheckIns == nil {
		return nil
	}
	codes, second, err := s.codesOf(ctx, a.CopyID)
	if err != nil || len(codes) == 0 {
		return err
	}
	airings, err := s.Schedule.Airings(ctx, schedule.Filter{Lesson: a.LessonID, Channel: a.ChannelID})
	if err != nil {
		return fmt.Errorf("airings of %s: %w", a.LessonID, err)
	}
	var changed []CheckIn
	for _, x := range airings {
		if x.CopyID != a.CopyID {
			continue
		}
		list, err := s.CheckIns.CheckIns(ctx, x.ID, "")
		if err != nil {
			return fmt.Errorf("airing %s: check-ins: %w", x.ID, err)
		}
		for _, k := range list {
			if now := k.Judged(x, airings, codes, second); now != k {
				changed = append(changed, now)
			}
		}
	}
	return s.CheckIns.SaveCheckIns(ctx, changed)
}

// Wrong codes that are forgiven in an hour: a device types badly; a village
// behind one address types badly together.
const (
	wrongPerDevice = 20
	wrongPerRange  = 600
	wrongWindow    = time.Hour
)

// codeAttempts counts wrong codes for all processes together, so that guessing
// is hopeless: with ten of the 64 million codes on air at a time, a whole
// address range guesses one in a year, a device in forty.
type codeAttempts struct {
	counter *limit.Counter
}

func (codeAttempts) keys(r CheckInRequest) (keys []limit.Key, limits []float64) {
	rule := limit.Rule{Window: wrongWindow, Fixed: true}
	keys = []limit.Key{{Kind: "code device", Name: viewerKey(r.Person, r.Viewer), Rule: rule}}
	limits = []float64{wrongPerDevice}
	bits := 24
	addr := r.From.Unmap()
	if addr.Is6() {
		bits = 48
	}
	if p, err := addr.Prefix(bits); err == nil {
		keys = append(keys, limit.Key{Kind: "code range", Name: p.String(), Rule: rule})
		limits = append(limits, wrongPerRange)
	}
	return keys, limits
}

// wait is how long the sender must wait before another code is looked at: until
// the first of too many wrong ones is an hour ago.
func (a codeAttempts) wait(ctx context.Context, r CheckInRequest, now time.Time) time.Duration {
	keys, limits := a.keys(r)
	longest := func(counts []limit.Count) (d time.Duration) {
		for i, c := range counts {
			if c.N >= limits[i] {
				d = max(d, c.First.Add(wrongWindow).Sub(now))
			}
		}
		return d
	}
	if d := longest(a.counter.Known(keys...)); d > 0 {
		return d
	}
	return longest(a.counter.Read(ctx, keys...))
}

func (a codeAttempts) wrong(ctx context.Context, r CheckInRequest) {
	keys, _ := a.keys(r)
	a.counter.Add(ctx, keys...)
}
