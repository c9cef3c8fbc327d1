package transcoder_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/test/testmedia"
)

// TestMirrored: a front camera's recording marked as mirrored comes out as it
// was meant to be seen.
func TestMirrored(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mirrored.mp4")
	// White on the left, marked to be shown on the right.
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i",
		"color=black:s=320x180:r=10:d=2,drawbox=0:0:160:180:white:fill", "-c:v", "libx264", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tkhd := bytes.Index(data, []byte("tkhd"))
	matrix := data[tkhd+4+40:]
	if binary.BigEndian.Uint32(matrix) != 0x10000 {
		t.Fatalf("no matrix at tkhd: % x", matrix[:8])
	}
	binary.BigEndian.PutUint32(matrix, 0xffff0000)
	binary.BigEndian.PutUint32(matrix[24:], 320<<16)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := makePackage(t, newTranscoder(), file)
	if m.plan.Rungs[0].Copy {
		t.Error("repackaged, without what marks it as mirrored")
	}
	r := m.plan.Rungs[0]
	gray := testmedia.Run(t, "-v", "error", "-i", m.files[r.Name], "-frames:v", "1", "-f", "rawvideo", "-pix_fmt",
		"gray", "pipe:1")
	if left, right := gray[r.Width*r.Height/2+r.Width/4],
		gray[r.Width*r.Height/2+r.Width*3/4]; left > 60 || right < 200 {
		t.Errorf("left %d, right %d", left, right)
	}
}

// TestEditList: of a recording trimmed on the phone only what its edit list
// shows is there, from the first picture on.
func TestEditList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := testmedia.Counted(t, dir, testmedia.Shape{Name: "whole.mp4", FPS: "25", Frames: 200, Rate: 48000,
		Seconds: 8, Args: append([]string{"-g", "50", "-c:a", "aac"}, x264...)})
	cut := filepath.Join(dir, "cut.mp4")
	testmedia.Run(t, "-v", "error", "-ss", "3.2", "-i", whole, "-c", "copy", cut)
	m := makePackage(t, newTranscoder(), cut)
	r := m.plan.Rungs[0]
	got := testmedia.Numbers(t, m.files[r.Name], r.Width, r.Height)
	if n := len(got); n < 119 || n > 122 {
		t.Errorf("%d pictures of 120", n)
	}
	lead := int(math.Round((m.plan.Source.VideoStart - m.plan.Source.Zero) * 25))
	for i := lead; i < min(len(got), 120); i++ {
		if got[i] != 80+i-lead {
			t.Fatalf("picture %d shows %d, expected %d", i, got[i], 80+i-lead)
		}
	}
	// Sample 0 of the rung is this one of the whole recording's.
	begun := (80 - lead) * 48000 / 25
	samples := append(make([]float64, begun), testmedia.Samples(t, m.files[r.Name])...)
	if off, alike := testmedia.Offset(samples, begun+2*48000, 4096, 480); off < -479 || off > 479 || alike < 0.9 {
		t.Errorf("the sound is %d samples from the picture, likeness %.3f", off, alike)
	}
}

// TestLyingLength: a header that promises fifty hours changes nothing but a
// warning.
func TestLyingLength(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lying.mkv")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=3", "-c:v", "libx264", "-preset",
		"ultrafast", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte{0x44, 0x89, 0x88}) // Matroska's Duration, eight bytes
	if at < 0 {
		t.Fatal("no duration in the header")
	}
	binary.BigEndian.PutUint64(data[at+3:], math.Float64bits(180_000_000))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := newTranscoder().Inspect(t.Context(), file)
	if err != nil || math.Abs(f.Duration-3) > 0.2 || f.Warning != "recording.truncated" {
		t.Errorf("%v, %.2f s, warning %q", err, f.Duration, f.Warning)
	}
}

// TestManyTracks: the largest picture is the lesson's; cover art is not; all
// sounds and texts are known with their languages.
func TestManyTracks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srt, file := filepath.Join(dir, "a.srt"), filepath.Join(dir, "many.mkv")
	if err := os.WriteFile(srt, []byte("1\n00:00:00,000 --> 00:00:01,000\nXin chào\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=3", "-f", "lavfi", "-i",
		"testsrc2=s=320x180:r=25:d=3",
		"-f", "lavfi", "-i", "sine=d=3", "-f", "lavfi", "-i", "sine=500:d=3", "-i", srt, "-map", "0", "-map", "1",
		"-map", "2", "-map", "3", "-map", "4",
		"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", "srt", "-metadata:s:a:0", "language=vie",
		"-metadata:s:a:1", "language=tai", "-metadata:s:s:0", "language=vie", file)
	m := makePackage(t, newTranscoder(), file)
	f := m.facts
	if f.Width != 320 || f.RateNum != 25 || len(f.Sounds) != 2 || f.Sounds[1].Language != "tai" ||
		len(f.Captions) != 1 {
		t.Errorf("%dx%d, %d a second, sounds %+v, texts %+v", f.Width, f.Height, f.RateNum, f.Sounds, f.Captions)
	}
	if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
		t.Error(err)
	}
}

// TestTonesAreMapped: what comes of an HDR recording says it is what every
// screen shows, and bright stays bright.
func TestTonesAreMapped(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hdr.mkv")
	// A white of 203 nits, as BT.2408 has it: 58 % of the PQ range.
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "color=0x949494:s=320x180:r=10:d=2,format=yuv420p10le", "-c:v",
		"libx265", "-preset", "ultrafast",
		"-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
		"-x265-params", "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", file)
	m := makePackage(t, newTranscoder(), file)
	out := m.files[m.plan.Rungs[0].Name]
	text, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
		"stream=pix_fmt,color_space,color_transfer,color_primaries", "-of", "compact=p=0", out).Output()
	if err != nil || strings.TrimSpace(
		string(text)) != "pix_fmt=yuv420p|color_space=bt709|color_transfer=bt709|color_primaries=bt709" {
		t.Errorf("%v: %s", err, text)
	}
	gray := testmedia.Run(t, "-v", "error", "-i", out, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	if v := gray[len(gray)/2]; v < 160 {
		t.Errorf("white became %d", v)
	}
}
