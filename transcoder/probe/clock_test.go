package probe

import (
	"math"
	"math/rand/v2"
	"testing"
)

// clip is a stretch of a file: pictures at 10 a second and sound at 43, both
// from a time of the clock on, interleaved as they are written.
type clip struct {
	from, length   float64
	picture, sound bool
}

// played feeds clips to a clock and gives the times that the packets have in
// the mended copy.
func played(c *clock, clips ...clip) (pictures, sounds []float64) {
	type packet struct {
		stream int
		at     float64
	}
	var all [2][]packet
	for _, x := range clips {
		const late = 0.7 // sound is written later than the picture of its time
		v, a := 0, 0
		for v < int(x.length*10) || float64(a)/43 < x.length {
			at := float64(v) / 10
			if v < int(x.length*10) && at <= float64(a)/43+late {
				if v++; x.picture {
					c.add(0, x.from+at, x.from+at, 0.1)
					all[0] = append(all[0], packet{0, x.from + at})
				}
				continue
			}
			if a++; x.sound {
				at := x.from + float64(a-1)/43
				c.add(1, at, at, 1.0/43)
				all[1] = append(all[1], packet{1, at})
			}
		}
	}
	list, _ := c.retiming(0, 1)
	for _, r := range list {
		k := -1
		for n, p := range all[r.Stream] {
			for k+1 < len(r.Shifts) && r.Shifts[k+1].Packet <= n {
				k++
			}
			if at := p.at + r.Shifts[k].Seconds; r.Stream == 0 {
				pictures = append(pictures, at)
			} else {
				sounds = append(sounds, at)
			}
		}
	}
	return pictures, sounds
}

// TestClock: after a jump, the file goes on where it was, picture and sound together.
func TestClock(t *testing.T) {
	t.Parallel()
	both := func(from, length float64) clip { return clip{from, length, true, true} }
	for _, c := range []struct {
		name    string
		clips   []clip
		seconds float64 // 0: the clock is right
	}{
		{"steady", []clip{both(1.4, 20)}, 0},
		{"two clips", []clip{both(1.4, 8), both(1.4, 8)}, 16},
		{"back by one second", []clip{both(1.4, 8), both(8.4, 8)}, 16},
		{"back by less than a second", []clip{both(1.4, 8), both(8.9, 8)}, 16},
		{"forward by a day", []clip{both(1.4, 8), both(86400, 8)}, 16},
		{"the counter runs over", []clip{both(95440, 3.7), both(0, 8)}, 11.7},
		{"three clips, the last one older", []clip{both(600, 5), both(1.4, 5), both(300, 5)}, 15},
		{"the second one silent", []clip{both(1.4, 8), {1.4, 8, true, false}, both(1.4, 4)}, 20},
		{"a hole of ten seconds", []clip{both(1.4, 8), both(19.4, 8)}, 0},
		{"a hole of an hour", []clip{both(1.4, 8), both(3609.4, 8)}, 16},
		{"no sound for a minute", []clip{both(1.4, 8), {9.4, 60, true, false}, both(69.4, 8)}, 0},
		{"no picture for a minute", []clip{both(1.4, 8), {9.4, 60, false, true}, both(69.4, 8)}, 0},
	} {
		pictures, sounds := played(newClock("mpegts", true, 0, 1), c.clips...)
		checkPlayed(t, c.name, pictures, sounds, c.seconds)
	}
}

func checkPlayed(t *testing.T, name string, pictures, sounds []float64, seconds float64) {
	t.Helper()
	if seconds == 0 {
		if len(pictures)+len(sounds) > 0 {
			t.Errorf("%s: mended, though it is right", name)
		}
		return
	}
	if len(pictures) == 0 || len(sounds) == 0 {
		t.Errorf("%s: not mended", name)
		return
	}
	end := max(pictures[len(pictures)-1]+0.1, sounds[len(sounds)-1]+1.0/43)
	if length := end - min(pictures[0], sounds[0]); math.Abs(length-seconds) > 0.2 {
		t.Errorf("%s: %.3f s, expected %.3f s", name, length, seconds)
	}
	for i := 1; i < len(pictures); i++ {
		if step := pictures[i] - pictures[i-1]; step < 0.09 || step > 0.25 {
			t.Errorf("%s: picture %d comes %.3f s after the one before", name, i, step)
		}
	}
	for i := 1; i < len(sounds); i++ {
		if sounds[i] < sounds[i-1]-1e-9 {
			t.Errorf("%s: sound %d runs back", name, i)
		}
	}
}

// TestClockGenerated: any number of clips in any order gives their sum, and
// picture and sound of each stay together.
func TestClockGenerated(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		var clips []clip
		sum, at := 0.0, 0.0
		for range 2 + r.IntN(6) {
			length := 3 + float64(r.IntN(80))/10
			from := float64(r.IntN(90000))
			for math.Abs(from-at) < 20 {
				from += 40
			}
			clips = append(clips, clip{from, length, true, true})
			sum, at = sum+length, from+length
		}
		pictures, sounds := played(newClock("mpegts", true, 0, 1), clips...)
		checkPlayed(t, "generated", pictures, sounds, sum)
		v, a := 0, 0
		for _, c := range clips {
			if v < len(pictures) && a < len(sounds) && math.Abs(pictures[v]-sounds[a]) > 0.04 {
				t.Errorf("seed %d: picture at %.3f s, its sound at %.3f s", seed, pictures[v], sounds[a])
			}
			v += int(c.length * 10)
			for n := 0; float64(n)/43 < c.length; n++ {
				a++
			}
		}
	}
}
