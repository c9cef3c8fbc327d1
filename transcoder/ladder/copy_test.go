package ladder

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCopyHolds: wherever a recording's key frames stand, all rungs are cut at
// them, no segment is over the target, and every part is made once.
func TestCopyHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]Rate{{24000, 1001}, {25, 1}, {30, 1}, {15, 1}}).Draw(t, "rate")
		most := int(6 * rate.Float())
		groups := rapid.SliceOfN(rapid.IntRange(1, most), 1, 120).Draw(t, "groups")
		c := &Copy{Bitrate: 250_000}
		for _, g := range groups {
			c.Keys, c.Bytes = append(c.Keys, c.Pictures), append(c.Bytes, int64(g)*1500)
			c.Pictures += int64(g)
		}
		r := request(1280, 720)
		r.Rate, r.Copy = rate, c
		r.Duration = rate.Seconds(c.Pictures) + rapid.Float64Range(0, 0.4).Draw(t, "standing")
		if rapid.Bool().Draw(t, "still") {
			r.Content.Looks = []Look{{Changes: make([]float64, 20), Bitrate: 100_000}}
		}
		p := Make(r)
		if !p.Rungs[0].Copy || p.Rungs[0].Divide != 1 {
			t.Fatalf("rung %+v", p.Rungs[0])
		}
		total := 0
		for i := 1; i < len(p.Cuts); i++ {
			length := p.Rate.Seconds(p.Cuts[i] - p.Cuts[i-1])
			if length <= 0 || int(math.Round(length)) > p.TargetDuration || i < len(p.Cuts)-1 &&
				!slices.Contains(c.Keys, p.Cuts[i]) {
				t.Fatalf("cut %d: %d to %d, %.3f s", i, p.Cuts[i-1], p.Cuts[i], length)
			}
			n := p.PicturesOf(p.Rungs[0], p.Cuts[i-1], p.Cuts[i])
			if n == 0 {
				t.Fatalf("segment %d has no picture", i-1)
			}
			total += n
			for _, rung := range p.Rungs[1:] {
				if rung.Divide == 2 && i < len(p.Cuts)-1 && p.Cuts[i]%2 != 0 {
					t.Fatalf("%s is cut between its pictures", rung.Name)
				}
			}
		}
		if int64(total) != c.Pictures {
			t.Fatalf("%d pictures of %d", total, c.Pictures)
		}
		if p.Pieces[0].End > 6.6 {
			t.Fatalf("the first piece ends at %.2f s", p.Pieces[0].End)
		}
		for _, pc := range p.Pieces {
			if pc.End-pc.Start > 71 {
				t.Fatalf("pieces %+v", p.Pieces)
			}
		}
		seen := map[string]bool{}
		for i, task := range p.Tasks() {
			if i == 0 && slices.Contains(task.Rungs, p.Rungs[0].Name) {
				t.Fatalf("the first task is %+v", task)
			}
			for _, name := range task.Rungs {
				key := name + string(rune(task.Piece))
				if seen[key] {
					t.Fatalf("piece %d of %s is made twice", task.Piece, name)
				}
				seen[key] = true
			}
		}
		if len(seen) != len(p.Pieces)*len(p.Rungs) {
			t.Fatalf("%d of %d parts", len(seen), len(p.Pieces)*len(p.Rungs))
		}
	})
}

// TestWhatIsNotCopied: too fat, too long between key frames, another size or
// rate, a beginning without a picture.
func TestWhatIsNotCopied(t *testing.T) {
	fit := func() Request {
		r := request(1280, 720)
		c := &Copy{Pictures: 3000, Bitrate: 700_000}
		for k := int64(0); k < 3000; k += 60 {
			c.Keys, c.Bytes = append(c.Keys, k), append(c.Bytes, 700_000/8*2)
		}
		r.Copy = c
		r.Content.Looks = []Look{{Changes: []float64{5}, Bitrate: 200_000}}
		return r
	}
	if p := Make(fit()); !p.Rungs[0].Copy {
		t.Fatalf("the fit one: %+v", p.Rungs[0])
	}
	for name, change := range map[string]func(*Request){
		"none":             func(r *Request) { r.Copy = nil },
		"over the cap":     func(r *Request) { r.Copy.Bitrate = 1_600_000 },
		"a peak":           func(r *Request) { r.Copy.Bytes[20] *= 30 },
		"fat for slides":   func(r *Request) { r.Content.Looks[0].Bitrate = 30_000 },
		"long groups":      func(r *Request) { r.Copy.Keys, r.Copy.Bytes = r.Copy.Keys[:40], r.Copy.Bytes[:40] },
		"too large":        func(r *Request) { r.Source.Width, r.Source.Height = 2560, 1440 },
		"60 a second":      func(r *Request) { r.Rate, r.Duration = Rate{60, 1}, 50 },
		"picture is late":  func(r *Request) { r.Source.VideoStart = 0.3 },
		"picture is short": func(r *Request) { r.Duration = 104 },
	} {
		r := fit()
		change(&r)
		if p := Make(r); p.Rungs[0].Copy {
			t.Errorf("%s: %+v", name, p.Rungs[0])
		}
	}
}
