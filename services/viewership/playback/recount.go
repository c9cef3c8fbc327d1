package playback

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Miscount is a stored number that differs from what the rules make.
type Miscount struct {
	Subject      string // "lesson 0190... on 2020-04-13"
	What         string // "views"
	Stored, Want int64
}

// RecountStore reads every viewer's rows, for a recount.
type RecountStore interface {
	// Viewers lists ids after one, in order.
	Viewers(ctx context.Context, after string, limit int) ([]string, error)
	// AllOf gives all stored rows of viewers.
	AllOf(ctx context.Context, viewers []string) ([]Session, []Credit, []Flag, error)
	// Totals gives the stored totals and excluded sessions from a day on.
	Totals(ctx context.Context, from string) ([]Total, []ExclusionTotal, error)
}

// recountAtOnce is how many viewers are read together.
const recountAtOnce = 500

// Recount computes every credit from its sessions, where these are not folded
// yet, and every total from the credits, and reports each differing number.
// Days before kept, whose viewers were purged, are skipped: only their totals
// remain.
func Recount(ctx context.Context, r RecountStore, folded, kept string, each func(Miscount)) error {
	sums := newTotalsDelta()
	for after := ""; ; {
		viewers, err := r.Viewers(ctx, after, recountAtOnce)
		if err != nil {
			return fmt.Errorf("viewers: %w", err)
		}
		if len(viewers) == 0 {
			break
		}
		after = viewers[len(viewers)-1]
		sessions, credits, flags, err := r.AllOf(ctx, viewers)
		if err != nil {
			return fmt.Errorf("viewing: %w", err)
		}
		recountCredits(sums, sessions, credits, flags, folded, each)
	}
	totals, left, err := r.Totals(ctx, kept)
	if err != nil {
		return fmt.Errorf("totals: %w", err)
	}
	compareTotals(sums, totals, kept, each)
	compareExclusions(sums, left, folded, each)
	return nil
}

// recountCredits adds some viewers up.
func recountCredits(sums *totalsDelta, sessions []Session, credits []Credit, flags []Flag, folded string,
	each func(Miscount)) {
	days := map[ViewerDay][]Session{}
	for _, s := range sessions {
		k := ViewerDay{s.Viewer, s.Day}
		days[k] = append(days[k], s)
	}
	restored := map[ViewerDay]bool{}
	for _, f := range flags {
		restored[ViewerDay{f.Viewer, f.Day}] = f.RestoredBy != ""
	}
	stored := map[ViewerDay][]Credit{}
	byPackage := map[[3]string]map[string]Credit{}
	for _, c := range credits {
		k := ViewerDay{c.Viewer, c.Day}
		stored[k] = append(stored[k], c)
		p := [3]string{c.Viewer, c.LessonID, c.PackageID}
		if byPackage[p] == nil {
			byPackage[p] = map[string]Credit{}
		}
		byPackage[p][c.Day] = c
	}
	for k, cs := range stored {
		sums.day(k.Day, DayCount{Credits: cs}, 1)
	}
	for _, p := range byPackage {
		sums.completed(p, 1)
	}
	for k, ss := range days {
		if k.Day < folded { // being folded: part of its sessions may be gone
			continue
		}
		slices.SortFunc(ss, func(a, b Session) int { return strings.Compare(a.ID, b.ID) })
		want := CountDay(k.Viewer, k.Day, ss, restored[k])
		sums.day(k.Day, DayCount{Exclusions: want.Exclusions}, 1)
		compareCredits(stored[k], want.Credits, each)
	}
}

// compareCredits reports where a viewer's day differs from its sessions. It does
// not say whose day it is.
func compareCredits(have, want []Credit, each func(Miscount)) {
	for _, d := range changedCredits(have, want) {
		i := slices.IndexFunc(have, func(c Credit) bool {
			return c.LessonID == d.LessonID &&
				c.PackageID == d.PackageID
		})
		var was Credit
		if i >= 0 {
			was = have[i]
		}
		if same(was, d) { // an empty credit that remained
			continue
		}
		subject := "a viewer of lesson " + d.LessonID + " on " + d.Day
		switch {
		case was.Watch != d.Watch:
			each(Miscount{subject, "the milliseconds watched", was.Watch, d.Watch})
		case was.Coverage.Length() != d.Coverage.Length():
			each(Miscount{subject, "the milliseconds covered", was.Coverage.Length(), d.Coverage.Length()})
		case plays(was.Heat) != plays(d.Heat):
			each(Miscount{subject, "the number of bins played", plays(was.Heat), plays(d.Heat)})
		default:
			each(Miscount{subject, "what kind of view it is", kindOf(was), kindOf(d)})
		}
	}
}

// plays sums a heat map up.
func plays(heat []int32) (n int64) {
	for _, x := range heat {
		n += int64(x)
	}
	return n
}

// kindOf gives a credit's flags as bits: viewed, offline, unmatched.
func kindOf(c Credit) (n int64) {
	for i, b := range []bool{c.Viewed, c.Offline, c.Unmatched} {
		if b {
			n |= 1 << i
		}
	}
	return n
}

func compareTotals(sums *totalsDelta, totals []Total, from string, each func(Miscount)) {
	have := map[lessonDay]Total{}
	for _, t := range totals {
		have[lessonDay{t.LessonID, t.Day}] = t
		sums.total(t.LessonID, t.Day) // a stored total without credits is compared too
	}
	ks := slices.SortedFunc(maps.Keys(sums.totals),
		func(a, b lessonDay) int { return strings.Compare(a.lesson+a.day, b.lesson+b.day) })
	for _, k := range ks {
		if k.day < from {
			continue
		}
		was, want, subject := have[k], sums.totals[k], "lesson "+k.lesson+" on "+k.day
		for _, x := range []Miscount{
			{subject, "the number of views", was.Views, want.Views},
			{subject, "the number of offline views", was.OfflineViews, want.OfflineViews},
			{subject, "the number of embedded views", was.UnmatchedViews, want.UnmatchedViews},
			{subject, "the number of completions", was.Completions, want.Completions},
			{subject, "the sum of milliseconds watched", was.Watch, want.Watch},
		} {
			if x.Stored != x.Want {
				each(x)
			}
		}
	}
}

func compareExclusions(sums *totalsDelta, left []ExclusionTotal, from string, each func(Miscount)) {
	have := map[ExclusionTotal]int64{}
	for _, l := range left {
		n := l.Sessions
		l.Sessions = 0
		have[l] = n
		sums.exclusions[l] += 0
	}
	for l, want := range sums.exclusions {
		if was := have[l]; l.Day >= from && was != want {
			each(Miscount{"lesson " + l.LessonID + " on " + l.Day,
				"the number of sessions left out (" + l.Reason + ")", was, want})
		}
	}
}

// Recounter checks all stored counts against the rules.
type Recounter struct {
	Rows     RecountStore
	Location *time.Location // whose days are counted
	Now      func() time.Time
}

// Recount reports every stored number that differs from what the rules make.
func (r Recounter) Recount(ctx context.Context, each func(Miscount)) error {
	now := r.Now().In(r.Location)
	return Recount(ctx, r.Rows, now.Add(-FoldAfter).Format(time.DateOnly), KeptFrom(now).Format(time.DateOnly), each)
}
