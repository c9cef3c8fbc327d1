package ffmpeg

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lenlop/transcoder/ladder"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares arguments, one a line, with testdata/name.
func golden(t *testing.T, name string, args []string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := strings.Join(args, "\n") + "\n"
	file := filepath.Join("testdata", name+".args")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got), run with -update when it should:\n%s", name, d)
	}
}

func plan(change func(*ladder.Request)) ladder.Plan {
	r := ladder.Request{
		Source: ladder.Source{Video: 0, Audio: 1, Width: 1920, Height: 1080, Matrix: "bt709", SampleRate: 48000,
			AudioEnd: 100},
		Rate: ladder.Rate{Num: 30, Den: 1}, Duration: 100,
		Loudness: ladder.Loudness{Mono: -22, Stereo: -19},
	}
	if change != nil {
		change(&r)
	}
	return ladder.Make(r)
}

func TestGoldenEncode(t *testing.T) {
	p := plan(nil)
	args, err := EncodeArgs("/in/recording", p, 0, p.Rungs, "/out", 2, false)
	golden(t, "encode-first", args, err)
	args, err = EncodeArgs("/in/recording", p, 2, p.Rungs, "/out", 1, false)
	golden(t, "encode-middle", args, err)

	p = plan(func(r *ladder.Request) {
		r.Loudness = ladder.Loudness{Mono: -25, Stereo: -19} // the channels differ
		r.Source.Interlaced, r.Source.HDR, r.Source.Matrix = true, true, ""
		r.Source.SampleRate, r.Source.SampleGrid, r.Source.SamplePhase, r.Source.Zero = 44100, 1024, 312.5, -0.021
		r.Source.Width, r.Source.Height = 608, 1080
	})
	args, err = EncodeArgs("/in/-i %d\n.mp4", p, 1, p.Rungs, "/out", 1, false)
	golden(t, "encode-hard", args, err)

	p = plan(func(r *ladder.Request) { r.Source.Video = -1 })
	args, err = EncodeArgs("/in/recording", p, 1, p.Rungs, "/out", 1, false)
	golden(t, "encode-sound-only", args, err)

	p = plan(func(r *ladder.Request) { r.Source.Audio = -1 })
	args, err = EncodeArgs("/in/recording", p, 1, p.Rungs, "/out", 1, false)
	golden(t, "encode-silent", args, err)

	p = plan(func(r *ladder.Request) { r.Source.AudioEnd = 10 })
	args, err = EncodeArgs("/in/recording", p, 2, p.Rungs, "/out", 1, false)
	golden(t, "encode-sound-is-over", args, err)
}

func TestGoldenOthers(t *testing.T) {
	p := plan(nil)
	args, err := LoudnessArgs("/in/recording", p.Source, 40, 4, true)
	golden(t, "loudness-stereo", args, err)
	args, err = LoudnessArgs("/in/recording", p.Source, 0, 4, false)
	golden(t, "loudness-mono", args, err)
	args, err = PosterArgs("/in/recording", p, 10, 640, "/out/poster.jpg", 1)
	golden(t, "poster", args, err)
	args, err = CopyArgs("/in/recording", p, 2, "/out")
	golden(t, "copy", args, err)
	golden(t, "decode", DecodeArgs(1, "/in/recording"), nil)
	golden(t, "join", JoinArgs("/in/joined.mp4", "mp4", "/out/240p.mp4"), nil)
	args, err = StoryboardArgs("/in/recording", p, BoardOf(p), "/out/storyboard.jpg")
	golden(t, "storyboard", args, err)
	args, err = ContentArgs("/in/recording", p, 30, 1.5, 640, 360)
	golden(t, "content", args, err)
	golden(t, "captions", CaptionArgs("/in/recording", 2), nil)
}

// TestEveryCommandIsGuarded: no command opens anything without the whitelists.
func TestEveryCommandIsGuarded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.args")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(string(text), "\n-i\n")
		if strings.Contains(string(text), "anullsrc") {
			continue // silence comes first there; the recording's own guard stands before its -i
		}
		for _, want := range []string{"-protocol_whitelist\nfile\n", "-format_whitelist\nmov,", "-max_pixels\n",
			"-max_streams\n64"} {
			if !strings.Contains(before, want) {
				t.Errorf("%s: no %q before the input", file, want)
			}
		}
	}
}

// TestPanicsOfTheBuilderAreErrors: ffmpeg-go panics on a graph it cannot make.
func TestPanicsOfTheBuilderAreErrors(t *testing.T) {
	p := plan(nil)
	if _, err := EncodeArgs("/in", p, 0, nil, "/out", 1, false); err == nil {
		t.Error("nothing to encode is no error")
	}
	in := open("/in", p.Source, 0, 1)
	if _, err := compile(in); err == nil { // no output: GetArgs makes no sense of it
		t.Log("the builder takes a graph without output; compile must not panic")
	}
}

func TestProgress(t *testing.T) {
	text := "frame=1\nout_time_us=1500000\nprogress=continue\nout_time_us=N/A\nout_time_us=1000000\nout_time_ms=2500000\nnonsense\nprogress=end\n"
	var got []float64
	ParseProgress(strings.NewReader(text), func(s float64) { got = append(got, s) })
	if d := cmp.Diff([]float64{1.5, 2.5}, got); d != "" {
		t.Error(d)
	}
}

func TestParseLoudness(t *testing.T) {
	text := `[Parsed_ebur128_4 @ 0x1] Summary:

  Integrated loudness:
    I:         -19.0 LUFS
    Threshold: -29.0 LUFS
[Parsed_ebur128_10 @ 0x1] Summary:

  Integrated loudness:
    I:         -16.5 LUFS
`
	if d := cmp.Diff([]float64{-19, -16.5}, ParseLoudness(text)); d != "" {
		t.Error(d)
	}
	if got := ParseLoudness("no summary"); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}

func TestTimescale(t *testing.T) {
	for _, r := range []ladder.Rate{{Num: 30, Den: 1}, {Num: 30000, Den: 1001}, {Num: 24000, Den: 1001},
		{Num: 10, Den: 1}, {Num: 1498, Den: 100}} {
		scale, tick := Timescale(r)
		if scale < 12000 || scale*int64(r.Den) != tick*int64(r.Num) {
			t.Errorf("%v: %d ticks a second, %d a picture", r, scale, tick)
		}
	}
}
