package television

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/netip"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
)

// CheckInStore keeps codes and check-ins. A missing code is fault.NotFound
// "checkin.unknown_code".
type CheckInStore interface {
	// AddCodes adds a copy's codes; one that exists is fault.Conflict "checkin.code_taken".
	AddCodes(ctx context.Context, cs []Code) error
	Code(ctx context.Context, code string) (Code, error)
	CodesOf(ctx context.Context, copyID string) ([]Code, error)
	// CheckIns lists an airing's, of one viewer or (empty) of all.
	CheckIns(ctx context.Context, airingID, viewer string) ([]CheckIn, error)
	SaveCheckIns(ctx context.Context, ks []CheckIn) error
	// CountCheckIns gives the numbers of airings' check-ins by airing.
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

// CheckInRequest is a code that a viewer typed or scanned.
type CheckInRequest struct {
	Person people.Person
	Viewer string     // device identifier (playback.Service.Device)
	From   netip.Addr // only to limit guessing; not stored
	Code   string
}

// CheckInResult is the outcome of a check-in.
type CheckInResult struct {
	LessonID, ChannelID string
	State               CheckInState
	Stayed              bool
	Repeat              bool
}

// Codes gives the two check-in codes of a broadcast copy, and creates them the
// first time. length is the copy's; the second code is shown at an
// unpredictable moment of the middle third.
func (s *Service) Codes(ctx context.Context, copyID, lessonID, channelID string, length time.Duration) (first,
	second Code, err error) {
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.cfg.Schedule.LockChannel(ctx, channelID); err != nil {
			return err
		}
		old, err := s.cfg.CheckIns.CodesOf(ctx, copyID)
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
		return s.cfg.CheckIns.AddCodes(ctx, []Code{first, second})
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

// CheckIn records a code. It is pending until as-run says what happened.
// Faults: "checkin.unknown_code" (not found), "checkin.not_on_air" (conflict),
// "checkin.too_many_tries" (rate limited; args "seconds").
func (s *Service) CheckIn(ctx context.Context, r CheckInRequest) (CheckInResult, error) {
	now := s.cfg.Now()
	if wait := s.codeAttempts.wait(ctx, r, now); wait > 0 {
		return CheckInResult{}, fault.New(fault.RateLimited, "checkin.too_many_tries", "seconds",
			int(wait/time.Second)+1)
	}
	code, err := s.cfg.CheckIns.Code(ctx, NormalCode(r.Code))
	if err != nil {
		if fault.Is(err, "checkin.unknown_code") {
			s.codeAttempts.fail(ctx, r)
		}
		return CheckInResult{}, err
	}
	viewer := playback.ViewerKey(r.Person, r.Viewer)
	var k CheckIn
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.cfg.Viewers.LockViewers(ctx, []string{viewer}); err != nil {
			return fmt.Errorf("lock viewer: %w", err)
		}
		airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{Lesson: code.LessonID, Channel: code.ChannelID})
		if err != nil {
			return fmt.Errorf("airings of %s: %w", code.LessonID, err)
		}
		a, ok := airingForCode(code, airings, now)
		if !ok {
			return fault.New(fault.Conflict, "checkin.not_on_air")
		}
		k, err = s.recordCode(ctx, a, airings, code, viewer, now)
		return err
	})
	if err != nil {
		return CheckInResult{}, err
	}
	return CheckInResult{LessonID: code.LessonID, ChannelID: code.ChannelID, State: k.State, Stayed: k.Stayed,
		Repeat: k.Repeat}, nil
}

// recordCode stores a viewer's code; repeating it changes nothing.
func (s *Service) recordCode(ctx context.Context, a schedule.Airing, airings []schedule.Airing, c Code, viewer string,
	now time.Time) (CheckIn, error) {
	old, err := s.cfg.CheckIns.CheckIns(ctx, a.ID, viewer)
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
	k = k.Evaluated(a, airings, codes, second)
	if len(old) > 0 && k == old[0] {
		return k, nil
	}
	return k, s.cfg.CheckIns.SaveCheckIns(ctx, []CheckIn{k})
}

func (s *Service) codesOf(ctx context.Context, copyID string) (all map[string]Code, second Code, err error) {
	list, err := s.cfg.CheckIns.CodesOf(ctx, copyID)
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

// ReevaluateCheckIns sets the states of the check-ins of an airing, and of the
// other airings of its copy, after its as-run changed: a code that it showed is a
// repeat in later ones. The schedule calls it inside its own transaction.
func (s *Service) ReevaluateCheckIns(ctx context.Context, a schedule.Airing) error {
	if a.CopyID == "" || s.cfg.CheckIns == nil {
		return nil
	}
	codes, second, err := s.codesOf(ctx, a.CopyID)
	if err != nil || len(codes) == 0 {
		return err
	}
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{Lesson: a.LessonID, Channel: a.ChannelID})
	if err != nil {
		return fmt.Errorf("airings of %s: %w", a.LessonID, err)
	}
	var changed []CheckIn
	for _, x := range airings {
		if x.CopyID != a.CopyID {
			continue
		}
		list, err := s.cfg.CheckIns.CheckIns(ctx, x.ID, "")
		if err != nil {
			return fmt.Errorf("airing %s: check-ins: %w", x.ID, err)
		}
		for _, k := range list {
			if now := k.Evaluated(x, airings, codes, second); now != k {
				changed = append(changed, now)
			}
		}
	}
	return s.cfg.CheckIns.SaveCheckIns(ctx, changed)
}
