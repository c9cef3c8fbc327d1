package transcoder_test

import (
	"math"
	"path/filepath"
	"testing"

	"lenlop/test/longtest"
	"lenlop/test/testmedia"
)

// recordingCase is a recording of a kind that people sent and that was not
// made as it should be.
type recordingCase struct {
	file    string
	seconds float64
	warning string
	rate    float64 // pictures a second of the grid; 0: not looked at
	heard   bool    // sound is heard in every rung that has any
}

var recordingCases = []recordingCase{
	{file: "04-one-picture-and-sound.mp4", seconds: 40, heard: true},
	{file: "23-picture-turns.ts", seconds: 16, rate: 10},
	{file: "24-sound-becomes-stereo.ts", seconds: 16, rate: 10, heard: true},
	{file: "38c-two-clips-joined.ts", seconds: 16, rate: 10},
	{file: "jump_back_small.ts", seconds: 8, rate: 10},
	{file: "mono_to_stereo.ts", seconds: 3.9},
	{file: "res_change_vp8.webm", seconds: 4},
	{file: "20-antiphase.m4a", seconds: 4, heard: true},
	{file: "40b-first-track-silent.mkv", seconds: 8.1, rate: 10},
	{file: "false_truncated_start10.mkv", seconds: 4, rate: 10},
	{file: "fixture_ps_mpg-36-chunks.mpg", seconds: 0.1},
	{file: "gap_10s_small.ts", seconds: 18, warning: "recording.flawed"},
	{file: "gap_rate_25fps.mkv", seconds: 18, rate: 25},
	{file: "long_gop.ts", seconds: 14, rate: 10},
	{file: "one_picture.mp4", seconds: 0.1},
}

// TestCases: each recording becomes a whole package of its own length.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, c := range longtest.SubsetOf(recordingCases, func(c recordingCase) string { return c.file },
		"20-antiphase.m4a", "fixture_ps_mpg-36-chunks.mpg", "long_gop.ts", "one_picture.mp4") {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			file, err := filepath.Abs(filepath.Join("../testdata/cases/recordings", c.file))
			if err != nil {
				t.Fatal(err)
			}
			m := makePackage(t, newTranscoder(), file)
			if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
				t.Errorf("verify: %v", err)
			}
			if math.Abs(m.plan.Duration-c.seconds) > 0.2 || m.plan.Warning != c.warning {
				t.Errorf("%.3f s, warning %q; expected %.1f s, %q", m.plan.Duration, m.plan.Warning, c.seconds, c.warning)
			}
			if c.rate != 0 && math.Abs(m.plan.Rate.Float()-c.rate) > 0.01 {
				t.Errorf("%v pictures a second, expected %v", m.plan.Rate, c.rate)
			}
			for _, r := range m.plan.Rungs {
				if !c.heard || r.Sound.Bitrate == 0 {
					continue
				}
				if level := loudest(testmedia.Samples(t, m.files[r.Name])); level < 0.05 {
					t.Errorf("%s: its loudest second has a level of %.4f", r.Name, level)
				}
			}
		})
	}
}

// loudest is the effective value of the loudest second.
func loudest(samples []float64) float64 {
	most := 0.0
	for at := 0; at < len(samples); at += 48000 {
		sum, n := 0.0, 0
		for _, v := range samples[at:min(at+48000, len(samples))] {
			sum, n = sum+v*v, n+1
		}
		most = max(most, math.Sqrt(sum/float64(n)))
	}
	return most
}

// TestFirstTrackHeard: a silent first track is none, and the one that is
// heard is the lesson's.
func TestFirstTrackHeard(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../testdata/cases/recordings/40b-first-track-silent.mkv")
	if err != nil {
		t.Fatal(err)
	}
	f, err := newTranscoder().Inspect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newTranscoder().Plan(t.Context(), file, f)
	if err != nil {
		t.Fatal(err)
	}
	if p.Source.Audio != f.Sounds[1].Stream || len(p.Tracks) != 0 {
		t.Errorf("sound of stream %d, tracks %+v; streams %+v", p.Source.Audio, p.Tracks, f.Sounds)
	}
}
