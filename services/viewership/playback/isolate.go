package playback

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"lenlop/services/fault"
)

// Limits of looking for the viewers whose heartbeats cannot be committed.
const (
	// maxIsolated viewers are looked for in one batch; when more fail, something
	// else is wrong.
	maxIsolated = 4
	// maxSuspects viewers are remembered, each for suspectLife.
	maxSuspects = 1000
	suspectLife = 10 * time.Minute
)

// group is what one viewer has in a batch, as indexes: their days are read and
// written together.
type group struct {
	viewer string
	at     []int
}

// isolator commits batches so that a viewer whose stored rows cannot be read
// does not fail the others. Their own heartbeats are answered with an error and
// not refused, so that players keep them until the rows are repaired.
type isolator struct {
	commit   func(ctx context.Context, beats []beat) (refused []string, err error)
	log      *slog.Logger
	suspects map[string]time.Time // viewers that failed lately, until when they are committed alone
}

// store commits a batch. For each heartbeat it returns "" or why it is refused,
// or the error for which it is not stored.
func (i *isolator) store(beats []beat) (refused []string, errs []error) {
	refused, errs = make([]string, len(beats)), make([]error, len(beats))
	var usual, suspect []group
	place := map[string]int{}
	var all []group
	for n, b := range beats {
		g, ok := place[b.session.Viewer]
		if !ok {
			g = len(all)
			place[b.session.Viewer], all = g, append(all, group{viewer: b.session.Viewer})
		}
		all[g].at = append(all[g].at, n)
	}
	now := time.Now()
	for _, g := range all {
		if now.Before(i.suspects[g.viewer]) {
			suspect = append(suspect, g)
		} else {
			usual = append(usual, g)
		}
	}
	budget := maxIsolated
	i.divide(beats, usual, refused, errs, &budget)
	for _, g := range suspect {
		budget = 1
		if i.divide(beats, []group{g}, refused, errs, &budget); errs[g.at[0]] == nil {
			delete(i.suspects, g.viewer)
		}
	}
	return refused, errs
}

// divide commits the groups together, or when that fails each half by itself,
// until the failing viewers stand alone. budget is how many more may.
func (i *isolator) divide(beats []beat, groups []group, refused []string, errs []error, budget *int) {
	if len(groups) == 0 {
		return
	}
	var at []int
	for _, g := range groups {
		at = append(at, g.at...)
	}
	part := make([]beat, len(at))
	for k, n := range at {
		part[k] = beats[n]
	}
	codes, err := i.try(part)
	switch {
	case err == nil:
		for k, n := range at {
			refused[n] = codes[k]
		}
		return
	case len(groups) > 1 && *budget > 0 && !passing(err):
		half := len(groups) / 2
		i.divide(beats, groups[:half], refused, errs, budget)
		i.divide(beats, groups[half:], refused, errs, budget)
		return
	case len(groups) == 1 && !passing(err):
		*budget--
		i.suspect(groups[0].viewer, err)
	}
	for _, n := range at {
		errs[n] = fault.Wrap(err, fault.Unavailable, "heartbeat.not_stored")
	}
}

// passing reports whether an error is the database's state and not that of a
// row: then dividing only repeats it.
func passing(err error) bool {
	return fault.KindOf(err) == fault.Unavailable || errors.Is(err, context.DeadlineExceeded)
}

func (i *isolator) suspect(viewer string, err error) {
	i.log.Error("heartbeats of a viewer not stored", "viewer", viewer, "error", err)
	if i.suspects == nil || len(i.suspects) >= maxSuspects {
		i.suspects = map[string]time.Time{}
	}
	i.suspects[viewer] = time.Now().Add(suspectLife)
}

// attempts at a commit: a deadlock or a dropped connection may succeed when
// repeated, and repeating a commit is harmless.
const attempts = 3

func (i *isolator) try(beats []beat) (refused []string, err error) {
	for range attempts {
		// Not a caller's context: no caller may cancel the others' commit.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		refused, err = i.commit(ctx, beats)
		cancel()
		if err == nil {
			break
		}
	}
	return refused, err
}
