package transcoder_test

import (
	"math"
	"path/filepath"
	"testing"

	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

// hertz is the frequency of a tone, from how often it passes through zero
// between two seconds of samples at 48 kHz.
func hertz(samples []float64, from, to float64) float64 {
	a, b := int(from*48000), min(int(to*48000), len(samples)-1)
	n := 0
	for i := a; i < b; i++ {
		if samples[i] < 0 && samples[i+1] >= 0 {
			n++
		}
	}
	return float64(n) * 48000 / float64(b-a)
}

// onset is when sound begins, in seconds.
func onset(samples []float64) float64 {
	for i, s := range samples {
		if math.Abs(s) > 0.02 {
			return float64(i) / 48000
		}
	}
	return -1
}

// TestSoundTracks makes a recording spoken in three languages, one of them
// begun a second late and much too quiet, and a silent track nobody needs.
func TestSoundTracks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "languages.mkv")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8", "-f", "lavfi", "-i",
		"sine=f=440:r=44100:d=8",
		"-f", "lavfi", "-i", "aevalsrc=0.02*sin(2*PI*1000*t)*gte(t\\,1):s=48000:d=8", "-f", "lavfi", "-i",
		"sine=f=2000:r=48000:d=7",
		"-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=8", "-map", "0", "-map", "1", "-map", "2", "-map",
		"3", "-map", "4", "-t", "8",
		"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le",
		"-metadata:s:a:0", "language=vie", "-metadata:s:a:1", "language=tai", "-metadata:s:a:2", "language=und", file)
	tr := newTranscoder()
	m := makePackage(t, tr, file)
	if len(m.plan.Tracks) != 3 {
		t.Fatalf("tracks %+v", m.plan.Tracks)
	}
	for i, want := range []struct {
		rung, language string
		hertz, onset   float64
	}{{"audio", "vie", 440, 0}, {"audio2", "tai", 1000, 1}, {"audio3", "", 2000, 0}} {
		k := m.plan.Tracks[i]
		if k.Rung != want.rung || k.Language != want.language {
			t.Errorf("track %d: %+v", i, k)
		}
		o, err := tr.SingleFile(t.Context(), m.plan, want.rung, m.segments, m.open, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		samples := testmedia.Samples(t, o.Path)
		if got := hertz(samples, 2, 6); math.Abs(got-want.hertz) > 5 {
			t.Errorf("%s: %.0f Hz, expected %.0f", want.rung, got, want.hertz)
		}
		// The first frame of AAC is the decoder's own beginning.
		if got := onset(samples); math.Abs(got-want.onset) > 0.010+1024.0/48000*float64(1-min(1, int(want.onset))) {
			t.Errorf("%s: begins at %.4f s, expected %.4f", want.rung, got, want.onset)
		}
	}
	loud := m.plan.Rungs[len(m.plan.Rungs)-2].Sound
	if loud.Track != 1 || loud.Gain < 10 {
		t.Errorf("the quiet track's gain: %+v", loud)
	}
	for _, r := range m.plan.Rungs {
		if r.Kind == "video" && r.Sound.Bitrate != 0 {
			t.Errorf("%s carries sound", r.Name)
		}
	}
	report, err := tr.VerifyPackage(t.Context(), m.plan, m.segments, m.open)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Rungs {
		if math.Abs(r.Duration-8) > 0.05 {
			t.Errorf("%s lasts %.3f s", r.Name, r.Duration)
		}
	}
	// Data-saver is a picture with the first sound.
	o, err := tr.SingleFile(t.Context(), m.plan, m.plan.Rungs[0].Name, m.segments, m.open, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := hertz(testmedia.Samples(t, o.Path), 2, 6); math.Abs(got-440) > 5 {
		t.Errorf("data-saver: %.0f Hz", got)
	}
}

// TestOneTrackStaysTogether: with a single sound worth hearing every rung
// carries it, as hls.js light wants.
func TestOneTrackStaysTogether(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "one.mp4")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=3", "-f", "lavfi", "-i", "sine=d=3",
		"-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=3",
		"-map", "0", "-map", "1", "-map", "2", "-t", "3", "-c:v", "libx264", "-preset", "ultrafast",
		"-c:a", "aac", file)
	tr := newTranscoder()
	facts, err := tr.Inspect(t.Context(), file)
	if err != nil || len(facts.Sounds) != 2 {
		t.Fatalf("%+v %v", facts.Sounds, err)
	}
	var p transcoder.Plan
	if p, err = tr.Plan(t.Context(), file, facts); err != nil {
		t.Fatal(err)
	}
	if len(p.Tracks) != 0 || p.Rungs[0].Sound.Bitrate == 0 {
		t.Errorf("tracks %+v, rungs %+v", p.Tracks, p.Rungs)
	}
}
