package playback

import (
	"slices"
	"strings"
)

// Credit is what one viewer watched of one package on one day. Sessions fold
// into it; distinct viewers, retention and completion are read from it.
type Credit struct {
	Viewer, Day         string
	LessonID, PackageID string
	Duration            int64 // milliseconds
	Coverage            Spans
	Watch               int64 // milliseconds, after watch-time/1
	Viewed              bool  // web-view/1; on the first package of a lesson only, so that rows sum
	Offline             bool  // the view needed offline runs
	Unmatched           bool  // from an embedded player
	Heat                []int32
}

// Exclusion is a reason for which sessions of a lesson were excluded.
type Exclusion struct{ LessonID, Reason string }

// DayCount is everything that one viewer's day counts for.
type DayCount struct {
	Credits    []Credit // by lesson and package
	Exclusions map[Exclusion]int64
	Flag       string // web-flag/1's reason, or ""; set whether or not the flag was undone
}

// CountDay applies the rules to all sessions of one viewer on one day. restored
// means that a person undid the viewer's flag for the day.
func CountDay(viewer, day string, sessions []Session, restored bool) DayCount {
	c := DayCount{Exclusions: map[Exclusion]int64{}, Flag: Flagged(sessions)}
	groups := map[[2]string][]Session{}
	var spans []Span
	for _, s := range sessions {
		if r := exclusionReason(s, c.Flag != "" && !restored); r != "" {
			c.Exclusions[Exclusion{s.LessonID, r}]++
			continue
		}
		k := [2]string{s.LessonID, s.PackageID}
		groups[k] = append(groups[k], s)
		spans = append(spans, Span{s.Issued, s.Last})
	}
	var totals []int64
	for _, k := range sortedKeys(groups) {
		cr := Credit{Viewer: viewer, Day: day, LessonID: k[0], PackageID: k[1]}
		var total int64
		for _, s := range groups[k] {
			cr.Coverage = Union(cr.Coverage, s.Played)
			cr.Duration = s.Duration
			cr.Unmatched = cr.Unmatched || s.Embedded
			cr.Heat = addHeat(cr.Heat, s)
			total += s.Total()
		}
		c.Credits, totals = append(c.Credits, cr), append(totals, total)
	}
	for i, w := range ShareWatch(totals, WatchCap(spans)) {
		c.Credits[i].Watch = w
	}
	markViews(c.Credits, groups)
	return c
}

// markViews applies web-view/1 to each lesson of the day. The union is over all
// sessions of the lesson; when a recording was replaced during the day, the
// shorter recording's threshold holds.
func markViews(credits []Credit, groups map[[2]string][]Session) {
	for i := 0; i < len(credits); {
		j := i
		var all, online Spans
		shortest, unmatched := credits[i].Duration, false
		for ; j < len(credits) && credits[j].LessonID == credits[i].LessonID; j++ {
			shortest = min(shortest, credits[j].Duration)
			unmatched = unmatched || credits[j].Unmatched
			for _, s := range groups[[2]string{credits[j].LessonID, credits[j].PackageID}] {
				all = Union(all, s.Played)
				if !s.Offline {
					online = Union(online, s.Played)
				}
			}
		}
		credits[i].Viewed = Viewed(all.Length(), shortest)
		credits[i].Offline = credits[i].Viewed && !Viewed(online.Length(), shortest)
		credits[i].Unmatched = unmatched
		i = j
	}
}

// addHeat adds a session's plays of each bin: what it reported, and at least one
// for a bin that its union covers.
func addHeat(heat []int32, s Session) []int32 {
	out := make([]int32, max(len(heat), BinCount(s.Duration)))
	copy(out, heat)
	for i, seen := range Seen(s.Played, s.Duration) {
		var n int32
		if seen {
			n = 1
		}
		if i < len(s.Heat) {
			n = max(n, s.Heat[i])
		}
		out[i] += n
	}
	return out
}

func sortedKeys[V any](m map[[2]string]V) [][2]string {
	keys := make([][2]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	return keys
}
