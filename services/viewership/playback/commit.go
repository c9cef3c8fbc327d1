package playback

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxSessionsADay bounds the work that one viewer can cause; web-flag/1 has
// excluded the day long before.
const maxSessionsADay = 1000

// commit merges a batch into its sessions, recounts the viewers' days and adds
// the differences to the totals, in one transaction. refused holds, for each
// heartbeat, "" or the code of why it was refused.
func (s *Service) commit(ctx context.Context, beats []beat) (refused []string, err error) {
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.lockViewers(ctx, beats); err != nil {
			return err
		}
		if err := s.findRuns(ctx, beats); err != nil {
			return err
		}
		keys := map[ViewerDay]bool{}
		for _, b := range beats {
			keys[ViewerDay{b.session.Viewer, b.session.Day}] = true
		}
		batch, err := s.load(ctx, slices.Collect(maps.Keys(keys)))
		if err != nil {
			return err
		}
		refused = make([]string, len(beats))
		for i, b := range beats {
			refused[i] = batch.merge(b)
		}
		return s.finish(ctx, batch)
	})
	return refused, err
}

func (s *Service) lockViewers(ctx context.Context, beats []beat) error {
	set := map[string]bool{}
	for _, b := range beats {
		set[b.session.Viewer] = true
	}
	if err := s.cfg.Store.LockViewers(ctx, slices.Sorted(maps.Keys(set))); err != nil {
		return fmt.Errorf("lock viewers: %w", err)
	}
	return nil
}

// findRuns gives offline heartbeats the stored beginning of their run: a
// device's clock may have been set since, and a session has one day.
func (s *Service) findRuns(ctx context.Context, beats []beat) error {
	starts := map[string]Session{}
	for _, b := range beats {
		if b.session.Offline {
			starts[b.session.ID] = Session{}
		}
	}
	if len(starts) == 0 {
		return nil
	}
	known, err := s.cfg.Store.SessionStarts(ctx, slices.Sorted(maps.Keys(starts)))
	if err != nil {
		return fmt.Errorf("offline runs: %w", err)
	}
	for _, k := range known {
		starts[k.ID] = k
	}
	for i := range beats {
		b := &beats[i].session
		if !b.Offline {
			continue
		}
		if k := starts[b.ID]; k.ID != "" {
			b.Day, b.Issued = k.Day, k.Issued
			b.Last = max(b.Last, k.Issued)
		} else {
			starts[b.ID] = *b
		}
	}
	return nil
}

// dayBatch holds complete days of some viewers while they are changed.
type dayBatch struct {
	days  map[ViewerDay]*viewerDay
	dirty map[string]Session
}

type viewerDay struct {
	sessions map[string]Session
	flag     Flag
	before   DayCount
	restored bool
	reviewed bool // a person has just undone the flag, or set it again
}

// load reads the viewers' days; the caller holds the viewers' locks.
func (s *Service) load(ctx context.Context, days []ViewerDay) (*dayBatch, error) {
	slices.SortFunc(days, func(a, b ViewerDay) int { return strings.Compare(a.Viewer+a.Day, b.Viewer+b.Day) })
	batch := &dayBatch{days: make(map[ViewerDay]*viewerDay, len(days)), dirty: map[string]Session{}}
	for _, d := range days {
		batch.days[d] = &viewerDay{sessions: map[string]Session{}}
	}
	sessions, err := s.cfg.Store.Sessions(ctx, days)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	for _, x := range sessions {
		batch.days[ViewerDay{x.Viewer, x.Day}].sessions[x.ID] = x
	}
	flags, err := s.cfg.Store.Flags(ctx, days)
	if err != nil {
		return nil, fmt.Errorf("flags: %w", err)
	}
	for _, f := range flags {
		p := batch.days[ViewerDay{f.Viewer, f.Day}]
		p.flag, p.restored = f, f.RestoredBy != ""
	}
	for d, p := range batch.days {
		p.before = p.count(d)
	}
	return batch, nil
}

func (p *viewerDay) count(d ViewerDay) DayCount {
	ss := slices.SortedFunc(maps.Values(p.sessions), func(a, b Session) int { return strings.Compare(a.ID, b.ID) })
	return CountDay(d.Viewer, d.Day, ss, p.restored)
}

// merge adds one heartbeat, or returns the code of why it is refused.
func (batch *dayBatch) merge(b beat) (code string) {
	p := batch.days[ViewerDay{b.session.Viewer, b.session.Day}]
	row, ok := p.sessions[b.session.ID]
	if !ok {
		if len(p.sessions) >= maxSessionsADay {
			return TooManySessions
		}
		row = b.session
	}
	row = row.Merge(b.state)
	if len(row.Played) > MaxPlayed {
		return TooManyPieces
	}
	p.sessions[row.ID], batch.dirty[row.ID] = row, row
	return ""
}

// finish recounts the days and writes what changed.
func (s *Service) finish(ctx context.Context, batch *dayBatch) error {
	var c Changes
	for _, id := range slices.Sorted(maps.Keys(batch.dirty)) {
		c.Sessions = append(c.Sessions, batch.dirty[id])
	}
	sums := newTotalsDelta()
	for d, p := range batch.days {
		after := p.count(d)
		sums.day(d.Day, p.before, -1)
		sums.day(d.Day, after, +1)
		c.Credits = append(c.Credits, changedCredits(p.before.Credits, after.Credits)...)
		if f := p.flag; after.Flag != f.Reason || p.reviewed {
			f.Viewer, f.Day, f.Reason = d.Viewer, d.Day, after.Flag
			if f.At.IsZero() {
				f.At = s.cfg.Now()
			}
			c.Flags = append(c.Flags, f)
		}
	}
	if err := s.completions(ctx, c.Credits, sums); err != nil {
		return err
	}
	sortCredits(c.Credits)
	slices.SortFunc(c.Flags, func(a, b Flag) int { return strings.Compare(a.Viewer+a.Day, b.Viewer+b.Day) })
	c.Totals, c.Exclusions = sums.changes()
	c.Seen = sums.sets()
	if err := s.cfg.Store.Put(ctx, c); err != nil {
		return fmt.Errorf("heartbeats: %w", err)
	}
	return nil
}

// changedCredits are the credits that differ; one that no longer exists is
// returned empty.
func changedCredits(before, after []Credit) []Credit {
	type key struct{ lesson, pkg string }
	old := map[key]Credit{}
	for _, c := range before {
		old[key{c.LessonID, c.PackageID}] = c
	}
	var out []Credit
	for _, c := range after {
		k := key{c.LessonID, c.PackageID}
		if o, ok := old[k]; !ok || !same(o, c) {
			out = append(out, c)
		}
		delete(old, k)
	}
	for _, o := range old {
		out = append(out, Credit{Viewer: o.Viewer, Day: o.Day, LessonID: o.LessonID, PackageID: o.PackageID,
			Duration: o.Duration})
	}
	return out
}

func same(a, b Credit) bool {
	return a.Watch == b.Watch && a.Viewed == b.Viewed && a.Offline == b.Offline && a.Unmatched == b.Unmatched &&
		slices.Equal(a.Coverage, b.Coverage) && slices.Equal(trim(a.Heat), trim(b.Heat))
}

// trim drops trailing bins that nobody played, as stores do.
func trim(heat []int32) []int32 {
	for len(heat) > 0 && heat[len(heat)-1] == 0 {
		heat = heat[:len(heat)-1]
	}
	return heat
}

// completions applies completion/1 to every viewer and package whose coverage
// changed, before and after.
func (s *Service) completions(ctx context.Context, changed []Credit, sums *totalsDelta) error {
	now := map[ViewerPackage]map[string]Credit{}
	for _, c := range changed {
		k := ViewerPackage{c.Viewer, c.PackageID}
		if now[k] == nil {
			now[k] = map[string]Credit{}
		}
		now[k][c.Day] = c
	}
	if len(now) == 0 {
		return nil
	}
	stored, err := s.cfg.Store.Credits(ctx, slices.Collect(maps.Keys(now)))
	if err != nil {
		return fmt.Errorf("credits: %w", err)
	}
	was := map[ViewerPackage]map[string]Credit{}
	for _, c := range stored {
		k := ViewerPackage{c.Viewer, c.PackageID}
		if was[k] == nil {
			was[k] = map[string]Credit{}
		}
		was[k][c.Day] = c
		if _, ok := now[k][c.Day]; !ok {
			now[k][c.Day] = c
		}
	}
	for k := range now {
		sums.completed(was[k], -1)
		sums.completed(now[k], +1)
	}
	return nil
}
