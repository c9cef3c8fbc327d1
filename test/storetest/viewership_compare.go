package storetest

import (
	"math"

	"pgregory.net/rapid"

	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

// compare compares the figures of the pages with those of the model.
func (w *world) compare(rt *rapid.T) {
	c := w.model.count()
	scope := playback.Scope{School: w.school}
	for _, l := range w.lessons {
		scope.Lesson = l.id
		got := map[[2]string]playback.Sums{}
		for _, x := range w.grouped(rt, viewership.ByDay, scope) {
			got[[2]string{l.id, x.Key}] = x
		}
		for k := range union(c.views, c.completions, c.watch, got) {
			if k[0] != l.id {
				continue
			}
			g := got[k]
			if g.Views != c.views[k] || g.OfflineViews != c.offline[k] || g.Completions != c.completions[k] ||
				abs(g.Watch-c.watch[k]) > c.capped[l.id] {
				rt.Fatalf("%v: counted %+v; the model has %d views, %d offline, %d completions, %d ms",
					k, g.Total, c.views[k], c.offline[k], c.completions[k], c.watch[k])
			}
		}
		all := w.grouped(rt, "", scope)
		if all[0].Viewers != int64(len(c.viewers[l.id])) {
			rt.Fatalf("%s: %d viewers, the model has %d", l.id, all[0].Viewers, len(c.viewers[l.id]))
		}
		left, err := w.h.st.Views.Exclusions(bg, scope)
		if err != nil {
			rt.Fatal(err)
		}
		sessions := map[string]int64{}
		for _, x := range left {
			sessions[x.Reason] += x.Sessions
		}
		for _, r := range []string{"own_teacher", "unpublished", "robot", "flagged", "faster_than_time"} {
			if sessions[r] != c.left[[2]string{l.id, r}] {
				rt.Fatalf("%s: left out %v; the model has %v", l.id, left, c.left)
			}
		}
		w.compareBins(rt, l, c.unions["package-"+l.id])
	}
	scope.Lesson = ""
	for _, x := range w.grouped(rt, viewership.ByDay, scope) {
		if want := c.watch[[2]string{"", x.Key}]; x.Watch != want {
			rt.Fatalf("%s: %d ms watched, the model has %d", x.Key, x.Watch, want)
		}
	}
	if n := w.grouped(rt, "", scope)[0].Viewers; n != int64(len(c.allViewers)) {
		rt.Fatalf("%d viewers, the model has %d", n, len(c.allViewers))
	}
}

func (w *world) compareBins(rt *rapid.T, l worldLesson, unions map[string]map[int]bool) {
	bins, err := w.h.svc.Retention(bg, department, l.id)
	if err != nil {
		rt.Fatal(err)
	}
	for _, b := range bins {
		var want int64
		for _, tape := range unions {
			covered := true
			// The edges of a bin may be off by a quarter of a second.
			for x := int(math.Floor(b.From*10 + 2.5)); float64(x) < b.To*10-2.5; x++ {
				covered = covered && tape[x]
			}
			if covered {
				want++
			}
		}
		if b.Viewers != want {
			rt.Fatalf("%s bin %+v: the model has %d viewers", l.id, b, want)
		}
	}
}

func (w *world) grouped(rt *rapid.T, by string, s playback.Scope) []playback.Sums {
	list, _, err := w.h.st.Views.Grouped(bg, by, s)
	if err != nil {
		rt.Fatal(err)
	}
	return list
}

func union(a, b, c map[[2]string]int64, d map[[2]string]playback.Sums) map[[2]string]bool {
	out := map[[2]string]bool{}
	for _, m := range []map[[2]string]int64{a, b, c} {
		for k := range m {
			out[k] = true
		}
	}
	for k := range d {
		out[k] = true
	}
	return out
}

func abs(x int64) int64 { return max(x, -x) }
