//go:build long

package transcoder_test

import (
	"testing"

	"lenlop/test/testmedia"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

// TestHalved: where nothing moves, every second picture is kept and segments
// are long; sound and seams are the same.
func TestHalved(t *testing.T) {
	t.Parallel()
	shape := testmedia.Shape{Name: "a.mp4", FPS: "25", Frames: 25 * 21, Rate: 48000, Seconds: 21,
		Args: append([]string{"-g", "250", "-c:a", "aac", "-b:a", "160k"}, x264...)}
	file := testmedia.Counted(t, t.TempDir(), shape)
	still := ladder.Content{Looks: []ladder.Look{{Changes: make([]float64, 100), Bitrate: 30_000}}}
	m := makePackage(t, newTranscoder(), file, func(p *transcoder.Plan) {
		*p = ladder.Make(ladder.Request{Source: p.Source, Duration: p.Duration, Rate: p.Rate,
			Loudness: ladder.Loudness{Mono: -16}, Content: still})
	})
	if m.plan.TargetDuration != 10 || m.plan.Rungs[0].Divide != 2 {
		t.Fatalf("plan %+v", m.plan.Rungs[0])
	}
	for _, r := range m.plan.Rungs {
		checkSound(t, m, r)
		if r.Kind == ladder.Audio {
			continue
		}
		got := testmedia.Numbers(t, m.files[r.Name], r.Width, r.Height)
		for n := range got {
			if got[n] != 2*n {
				t.Fatalf("picture %d shows %d", n, got[n])
			}
		}
		if len(got) != (shape.Frames+1)/2 {
			t.Errorf("%d pictures", len(got))
		}
	}
	if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
		t.Errorf("verify: %v", err)
	}
}
