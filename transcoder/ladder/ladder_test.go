package ladder

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func request(w, h int) Request {
	return Request{Source: Source{Video: 0, Audio: 1, Width: w, Height: h}, Rate: Rate{30, 1}, Duration: 100,
		Loudness: Loudness{Mono: -20}}
}

func TestRungs(t *testing.T) {
	type size struct {
		Name string
		W, H int
	}
	for _, c := range []struct {
		name string
		w, h int
		want []size
	}{
		{"full HD", 1920, 1080, []size{{"1080p", 1920, 1080}, {"720p", 1280, 720}, {"480p", 854, 480},
			{"360p", 640, 360}, {"240p", 426, 240}}},
		{"4K", 3840, 2160, []size{{"1080p", 1920, 1080}, {"720p", 1280, 720}, {"480p", 854, 480}, {"360p", 640, 360},
			{"240p", 426, 240}}},
		{"portrait", 720, 1280, []size{{"720p", 720, 1280}, {"480p", 480, 854}, {"360p", 360, 640},
			{"240p", 240, 426}}},
		{"wide", 800, 332, []size{{"480p", 800, 332}, {"360p", 640, 266}, {"240p", 426, 176}}},
		{"between", 768, 432, []size{{"480p", 768, 432}, {"360p", 640, 360}, {"240p", 426, 240}}},
		{"hardly larger than a step", 480, 270, []size{{"360p", 480, 270}}},
		{"small", 320, 180, []size{{"240p", 320, 180}}},
		{"one pixel", 1, 1, []size{{"240p", 2, 2}}},
		{"odd", 641, 481, []size{{"720p", 640, 480}, {"360p", 480, 360}, {"240p", 320, 240}}},
	} {
		p := Make(request(c.w, c.h))
		var got []size
		for _, r := range p.Rungs[:len(p.Rungs)-1] {
			got = append(got, size{r.Name, r.Width, r.Height})
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if last := p.Rungs[len(p.Rungs)-1]; last.Kind != Audio {
			t.Errorf("%s: last rung %+v", c.name, last)
		}
	}
}

// TestPlanHolds: whatever the recording, the plan keeps its promises.
func TestPlanHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Request{
			Source: Source{Video: 0, Audio: 1, Width: rapid.IntRange(1, 8192).Draw(t, "w"),
				Height: rapid.IntRange(1, 8192).Draw(t, "h")},
			Rate: rapid.SampledFrom([]Rate{{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1},
				{60, 1}, {120, 1}, {5, 1}, {1437, 100}}).Draw(t, "rate"),
			Duration: rapid.Float64Range(0.04, 8000).Draw(t, "duration"),
		}
		if rapid.Bool().Draw(t, "silent") {
			r.Source.Audio = -1
		}
		still := rapid.Bool().Draw(t, "still")
		change := 5.0
		if still {
			change = 0.01
		}
		for range 12 {
			r.Content.Looks = append(r.Content.Looks,
				Look{Changes: []float64{change}, Bitrate: rapid.IntRange(0, 2_000_000).Draw(t, "bits")})
		}
		p := Make(r)
		if len(p.Rungs) == 0 || p.Cuts[0] != 0 {
			t.Fatalf("plan %+v", p)
		}
		if still != (p.TargetDuration == 10) {
			t.Fatalf("still %v, target %d", still, p.TargetDuration)
		}
		if got := p.Rate.Seconds(p.Frames()); math.Abs(got-r.Duration) > 1/p.Rate.Float() {
			t.Fatalf("%.3f s became %.3f s", r.Duration, got)
		}
		for i := 1; i < len(p.Cuts); i++ {
			length := p.Rate.Seconds(p.Cuts[i] - p.Cuts[i-1])
			if p.Cuts[i] <= p.Cuts[i-1] || int(math.Round(length)) > p.TargetDuration || i < len(p.Cuts)-1 &&
				p.Cuts[i]%2 != 0 {
				t.Fatalf("cut %d: %d to %d, %.3f s", i, p.Cuts[i-1], p.Cuts[i], length)
			}
			if p.Rungs[0].Divide == 2 && p.Rate.Float() < 23 {
				t.Fatalf("%v is halved", p.Rate)
			}
			if p.SoundFrame(p.Cuts[i]) <= p.SoundFrame(p.Cuts[i-1]) {
				t.Fatalf("cut %d: no sound between", i)
			}
		}
		at := 0
		for _, pc := range p.Pieces {
			if pc.First != at || pc.Last <= pc.First || pc.End <= pc.Start || pc.End-pc.Start > 71 {
				t.Fatalf("pieces %+v", p.Pieces)
			}
			at = pc.Last
		}
		if at != len(p.Cuts)-1 || p.Pieces[0].End > 6.5 {
			t.Fatalf("pieces %+v of %d cuts", p.Pieces, len(p.Cuts))
		}
		for i, g := range p.Rungs {
			if g.Kind == Video && (g.Width > r.Source.Width+1 || g.Height > r.Source.Height+1 ||
				g.Width%2+g.Height%2 != 0) {
				t.Fatalf("rung %+v of %dx%d", g, r.Source.Width, r.Source.Height)
			}
			if i > 0 && g.Bandwidth > p.Rungs[i-1].Bandwidth {
				t.Fatalf("rungs %+v are not in order", p.Rungs)
			}
		}
		sum, seen := 0.0, map[string]bool{}
		for _, task := range p.Tasks() {
			sum += task.Weight
			for _, name := range task.Rungs {
				key := name + string(rune(task.Piece))
				if seen[key] {
					t.Fatalf("piece %d of %s is made twice", task.Piece, name)
				}
				seen[key] = true
			}
		}
		if math.Abs(sum-1) > 1e-9 || len(seen) != len(p.Pieces)*len(p.Rungs) {
			t.Fatalf("weights add up to %f, %d of %d parts", sum, len(seen), len(p.Pieces)*len(p.Rungs))
		}
	})
}

func TestTasksBeginWithWhatMakesItPlayable(t *testing.T) {
	tasks := Make(request(1920, 1080)).Tasks()
	if d := cmp.Diff([]string{"360p", "240p", "audio"}, tasks[0].Rungs); d != "" || tasks[0].Piece != 0 ||
		tasks[1].Group != High || tasks[2].Group != All {
		t.Errorf("tasks %+v %s", tasks[:3], d)
	}
}

func TestGrid(t *testing.T) {
	for in, want := range map[Rate]Rate{{60, 1}: {30, 1}, {50, 1}: {25, 1}, {60000, 1001}: {30000, 1001},
		{120, 1}: {30, 1}, {30, 1}: {30, 1}, {5, 1}: {10, 1}, {}: {25, 1}} {
		if got := Grid(in); got != want {
			t.Errorf("%v becomes %v, expected %v", in, got, want)
		}
	}
}

func TestSound(t *testing.T) {
	r := request(1280, 720)
	r.Loudness = Loudness{Mono: -28, Stereo: -22.5}
	p := Make(r)
	if top := p.Rungs[0].Sound; top.Channels != 2 || top.Gain != 6.5 {
		t.Errorf("top %+v", top)
	}
	if low := p.Rungs[3].Sound; low.Channels != 1 || low.Gain != 12 {
		t.Errorf("low %+v", low)
	}
	r.Loudness = Loudness{Mono: -23, Stereo: -20} // the same in both channels
	if top := Make(r).Rungs[0].Sound; top.Channels != 1 || top.Gain != 7 {
		t.Errorf("equal channels: %+v", top)
	}
	if gain(-70) != 0 || gain(0) != 0 || gain(-59) != 20 || gain(-2) != -14 {
		t.Error("gain is not bounded")
	}
}

func TestContent(t *testing.T) {
	noisy := Content{Looks: []Look{{Changes: make([]float64, 20), Bitrate: 900_000}}}
	for i := range noisy.Looks[0].Changes {
		noisy.Looks[0].Changes[i] = 3
	}
	slides := Content{Looks: []Look{{Changes: append(make([]float64, 40), 80), Bitrate: 60_000}}}
	if noisy.Still() || !slides.Still() || (Content{}).Still() {
		t.Error("what stands still is not told from what moves")
	}
	r := request(1920, 1080)
	r.Content = slides
	p := Make(r)
	if p.Rungs[0].Divide != 2 || p.Rungs[0].FPS != 15 || p.TargetDuration != 10 || p.Rungs[0].Bandwidth > 600_000 {
		t.Errorf("slides: %+v, target %d", p.Rungs[0], p.TargetDuration)
	}
	r.Content = noisy
	if p = Make(r); p.Rungs[0].Divide != 1 || p.TargetDuration != 6 || len(p.Rungs) != 6 {
		t.Errorf("noisy: %+v", p.Rungs)
	}
	// A recording of next to nothing: every rung costs its sound.
	r.Content = Content{Looks: []Look{{Changes: make([]float64, 40), Bitrate: 2_000}}}
	if p = Make(r); len(p.Rungs) != 3 || p.Rungs[0].Name != "1080p" || p.Rungs[1].Name != "240p" {
		t.Errorf("nothing to see: %s", Names(p.Rungs))
	}
}

// TestEstimate: what rungs are planned to take is near what they took when
// lessons of both kinds were encoded (kbit/s of the picture, by what the
// samples showed).
func TestEstimate(t *testing.T) {
	for name, c := range map[string]struct {
		change  float64
		samples int // bits a second
		took    map[string]float64
	}{
		"slides with a small teacher": {0.03, 150_000,
			map[string]float64{"1080p": 258, "720p": 144, "480p": 89, "360p": 59, "240p": 34}},
		"noisy talking head": {1.1, 147_000,
			map[string]float64{"720p": 616, "480p": 239, "360p": 106, "240p": 43}},
	} {
		looks := Content{Looks: []Look{{Changes: slices.Repeat([]float64{c.change}, 40), Bitrate: c.samples}}}
		for _, r := range rungs(1920, 1080, 30, Sound{}, Sound{}) {
			took := c.took[r.Name]
			if got := float64(looks.bitrate(r, 640*360)) / 1000; took > 0 && (got < took/1.5 || got > took*1.5) {
				t.Errorf("%s: %s is estimated at %.0f kbit/s, it took %.0f", name, r.Name, got, took)
			}
		}
	}
}

// TestMonoMix: channels that cancel each other out are never averaged.
func TestMonoMix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		loud Loudness
		mix  string
		gain float64
	}{
		{"equal", Loudness{Mono: -23, Stereo: -20}, "", 7},
		{"one-sided", Loudness{Mono: -26, Stereo: -20}, "", 10},
		{"opposed", Loudness{Stereo: -20}, MixDifference, 7},
		{"nearly opposed", Loudness{Mono: -40, Stereo: -20}, MixDifference, 7},
		{"very quiet", Loudness{Mono: -65, Stereo: -62}, "", 20},
		{"silent", Loudness{}, "", 0},
	} {
		if s := c.loud.mono(); s.Mix != c.mix || s.Gain != c.gain {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}
