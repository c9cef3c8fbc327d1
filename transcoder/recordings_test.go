package transcoder_test

import (
	"bytes"
	"errors"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/test/longtest"
	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

type kind struct {
	name string
	args string // ffmpeg's, for 3 s
	ok   func(transcoder.Facts) bool
}

// kinds are recordings of every kind a teacher's phone, camcorder or screen
// recorder makes, and what must be found in them.
func kinds() []kind {
	type f = transcoder.Facts
	const picture = "-f lavfi -i testsrc2=s=320x180:r=30:d=3 "
	const both = picture + "-f lavfi -i sine=d=3 "
	return []kind{
		{"hevc.mp4", both + "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a aac",
			func(x f) bool { return x.Codec == "hevc" }},
		{"ten-bit.mkv",
			both + "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le -c:a aac",
			func(x f) bool { return x.PixelFormat == "yuv420p10le" }},
		{"hdr.mkv",
			picture +
				"-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -x265-params log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", func(x f) bool { return x.HDR }},
		{"full-chroma.mp4", picture + "-c:v libx264 -preset ultrafast -pix_fmt yuv444p",
			func(x f) bool { return x.PixelFormat == "yuv444p" }},
		{"vp9.webm", both + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
			func(x f) bool { return x.Codec == "vp9" }},
		{"av1.mkv", picture + "-c:v libsvtav1 -preset 12", func(x f) bool { return x.Codec == "av1" }},
		{"mpeg2.mpg", both + "-c:v mpeg2video -c:a mp2", func(x f) bool { return x.Codec == "mpeg2video" }},
		{"mjpeg.avi", both + "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le",
			func(x f) bool { return x.Codec == "mjpeg" && x.HasVideo }},
		{"dv.dv", "-f lavfi -i testsrc2=s=720x576:r=25:d=3 -f lavfi -i sine=d=3:r=48000 -target pal-dv",
			func(x f) bool { return x.Interlaced && x.Width > 760 }},
		{"wm.wmv", both + "-c:v wmv2 -c:a wmav2", func(x f) bool { return x.HasAudio && x.HasVideo }},
		{"phone.3gp", "-f lavfi -i testsrc2=s=352x288:r=15:d=3 -f lavfi -i sine=d=3:r=8000 -c:v h263 -c:a aac -ar 8000",
			func(x f) bool { return x.Codec == "h263" }},
		{"interlaced.mp4",
			"-f lavfi -i testsrc2=s=320x180:r=50:d=3 -vf interlace -c:v libx264 -preset ultrafast -flags +ildct+ilme -x264opts tff=1", func(x f) bool { return x.Interlaced }},
		{"variable.mkv",
			picture + "-vf select='not(mod(n\\,3))+lt(mod(n\\,40)\\,9)' -vsync vfr -c:v libx264 -preset ultrafast",
			func(x f) bool { return x.Variable && x.RateNum == 30 }},
		{"late.mp4", "-itsoffset 0.7 " + picture + "-f lavfi -i sine=d=3 -c:v libx264 -preset ultrafast -c:a aac",
			func(x f) bool { return x.Duration > 3.5 }},
		{"far.ts", both + "-c:v libx264 -preset ultrafast -c:a aac -output_ts_offset 40000",
			func(x f) bool { return x.Duration < 3.3 && x.VideoStart > 30000 }},
		{"odd.mkv",
			"-f lavfi -i testsrc2=s=640x480:r=30:d=3 -vf format=yuv444p,scale=321:183 -c:v libx264 -preset ultrafast -pix_fmt yuv444p", func(x f) bool { return x.Width == 321 }},
		{"tiny.mkv", "-f lavfi -i testsrc2=s=64x64:r=30:d=3 -vf format=rgb24,scale=1:1 -c:v ffv1",
			func(x f) bool { return x.Width == 1 }},
		{"wide-pixels.mp4", picture + "-vf setsar=2 -c:v libx264 -preset ultrafast",
			func(x f) bool { return x.Width == 640 && x.Height == 180 }},
		{"only-sound.m4a", "-f lavfi -i sine=d=3 -c:a aac", func(x f) bool { return !x.HasVideo && x.HasAudio }},
		{"surround.mkv", picture + "-f lavfi -i anoisesrc=d=3:a=0.1 -ac 6 -c:v libx264 -preset ultrafast -c:a ac3",
			func(x f) bool { return x.Sounds[0].Channels == 6 }},
		{"sound.mp3", "-f lavfi -i sine=d=3 -c:a libmp3lame",
			func(x f) bool { return !x.HasVideo && x.Sounds[0].Codec == "mp3" }},
		{"sound.amr.wav", "-f lavfi -i sine=d=3:r=8000 -c:a pcm_alaw",
			func(x f) bool { return x.Sounds[0].Rate == 8000 }},
		{"short-sound.mp4", picture + "-f lavfi -i sine=d=1 -c:v libx264 -preset ultrafast -c:a aac",
			func(x f) bool { return x.Duration > 2.9 }},
		{"long-sound.mp4",
			"-f lavfi -i testsrc2=s=320x180:r=30:d=1 -f lavfi -i sine=d=3 -c:v libx264 -preset ultrafast -c:a aac",
			func(x f) bool { return x.Duration > 2.9 }},
		{"slow.mp4", "-f lavfi -i testsrc2=s=320x180:r=2:d=3 -c:v libx264 -preset ultrafast",
			func(x f) bool { return x.RateNum == 2 }},
		{"vp8.webm", both + "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
			func(x f) bool { return x.Codec == "vp8" }},
		{"before-0.mkv", "-itsoffset -1.3 " + picture +
			"-itsoffset -1.3 -f lavfi -i sine=d=3 -c:v libx264 -preset ultrafast -c:a aac -avoid_negative_ts disabled",
			func(x f) bool { return x.Duration > 2.9 }},
		{"sixty.mp4", "-f lavfi -i testsrc2=s=320x180:r=60:d=3 -c:v libx264 -preset ultrafast",
			func(x f) bool { return x.RateNum == 60 }},
	}
}

// TestKindsOfRecordings takes each through the whole way; verification counts
// every picture and sound frame.
func TestKindsOfRecordings(t *testing.T) {
	t.Parallel()
	tr := newTranscoder()
	// One for each way in which a recording differs; the others differ in the same ways.
	for _, k := range longtest.SubsetOf(kinds(), func(k kind) string { return k.name }, "hevc.mp4",
		"phone.3gp", "variable.mkv", "far.ts", "only-sound.m4a") {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), k.name)
			testmedia.Run(t, append(append([]string{"-v", "error", "-y"}, strings.Fields(k.args)...), file)...)
			m := makePackage(t, tr, file)
			if !k.ok(m.facts) {
				m.facts.KeyFrames = nil
				t.Errorf("facts %+v", m.facts)
			}
			if _, err := tr.VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
				t.Errorf("verify: %v", err)
			}
			if math.Abs(m.plan.Duration-m.facts.Duration) > 0.2 || m.plan.Duration < 2.8 || m.plan.Duration > 4 {
				t.Errorf("plan of %.3f s, facts of %.3f s", m.plan.Duration, m.facts.Duration)
			}
			poster, err := tr.Poster(t.Context(), file, m.plan, t.TempDir())
			if err != nil {
				t.Fatalf("poster: %v", err)
			}
			data, err := os.ReadFile(poster)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
				t.Errorf("poster: %v", err)
			}
		})
	}
}

// TestTurned: a portrait recording marked as turned comes out upright: what
// was the left upper corner of the scene still is.
func TestTurned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flat, turned := filepath.Join(dir, "flat.mp4"), filepath.Join(dir, "turned.mp4")
	// White in the upper left quarter.
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "color=black:s=320x180:r=10:d=2,drawbox=0:0:160:90:white:fill",
		"-c:v", "libx264", flat)
	// Shown a quarter turn clockwise.
	testmedia.Run(t, "-v", "error", "-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=270", turned)
	m := makePackage(t, newTranscoder(), turned)
	if m.facts.Width != 180 || m.facts.Height != 320 {
		t.Fatalf("%d x %d, rotation %d", m.facts.Width, m.facts.Height, m.facts.Rotation)
	}
	gray := func(file string) []byte {
		return testmedia.Run(t, "-v", "error", "-i", file, "-map", "0:v", "-frames:v", "1", "-f", "rawvideo",
			"-pix_fmt", "gray", "pipe:1")
	}
	got, want := gray(m.files["240p"]), gray(turned) // ffmpeg itself turns what it reads
	off := 0
	for i := range want {
		if math.Abs(float64(got[i])-float64(want[i])) > 60 {
			off++
		}
	}
	if len(got) != len(want) || off > len(want)/100 {
		t.Errorf("%d of %d pixels differ from the turned picture", off, len(want))
	}
}

// TestRefusals: every refusal has its stable code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	video := filepath.Join(dir, "video.mp4")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=5", "-c:v", "libx264", "-preset",
		"ultrafast", video)
	data, err := os.ReadFile(video)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	make1 := func(name string, args ...string) string {
		path := filepath.Join(dir, name)
		testmedia.Run(t, append(append([]string{"-v", "error"}, args...), path)...)
		return path
	}
	locked := make1("locked.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-c:v", "libx264", "-encryption_scheme",
		"cenc-aes-ctr",
		"-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
	zip := append([]byte("PK\x03\x04"), bytes.Repeat([]byte{7}, 4000)...)
	noise := bytes.Repeat([]byte{0x9d, 0x1b, 0x44, 0xe2, 0x07}, 20000)
	picture := make1("picture.png", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=0.1:r=10", "-frames:v", "1")
	moving := make1("moving.gif", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1:r=10")
	for path, want := range map[string]string{
		file("empty.mp4", nil):                         "recording.empty",
		file("text.mp4", []byte("Bài giảng số 1\n")):   "recording.not_media",
		file("zip.mp4", zip):                           "recording.not_media",
		file("noise.mkv", noise):                       "recording.not_media",
		file("list.mp4", []byte("#EXTM3U\nhttp://x/")): "recording.playlist",
		// its index stood at the end
		file("head.mp4", data[:len(data)/3]):                                       "recording.damaged",
		file("zeros.mp4", append(bytes.Clone(data[:48]), make([]byte, 100000)...)): "recording.damaged",
		picture: "recording.image",
		moving:  "recording.image",
		locked:  "recording.encrypted",
	} {
		_, err := newTranscoder().Inspect(t.Context(), path)
		var r *transcoder.Refusal
		if !errors.As(err, &r) || r.Code != want {
			t.Errorf("%s: %v, expected %s", filepath.Base(path), err, want)
		}
	}
	small := newTranscoder()
	small.Limits = transcoder.Limits{Duration: 2e9, Pixels: 100 * 100}
	_, err = small.Inspect(t.Context(), video)
	var r *transcoder.Refusal
	if !errors.As(err, &r) || r.Code != "recording.too_large_picture" {
		t.Errorf("too large: %v", err)
	}
	small.Limits.Pixels = 0
	if _, err = small.Inspect(t.Context(), video); !errors.As(err, &r) || r.Code != "recording.too_long" {
		t.Errorf("too long: %v", err)
	}
}

// TestSalvage: of a recording that was cut off, what is there is used, and the
// teacher is told.
func TestSalvage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, args := range longtest.Subset(map[string][]string{
		"front.mp4": {"-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac", "-movflags", "+faststart"},
		"cut.mkv":   {"-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac"},
		"pieces.mp4": {"-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac", "-movflags",
			"+frag_keyframe+empty_moov"},
	}, "front.mp4") {
		whole := filepath.Join(dir, "whole-"+name)
		testmedia.Run(t, append(append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=20",
			"-f", "lavfi", "-i", "sine=d=20"}, args...), whole)...)
		data, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		cut := filepath.Join(dir, name)
		if err := os.WriteFile(cut, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		m := makePackage(t, newTranscoder(), cut)
		if m.plan.Duration < 5 || m.plan.Duration > 15 {
			t.Errorf("%s: %.1f s are left of 20", name, m.plan.Duration)
		}
		// Pieces without an index promise nothing, so nothing is known to be missing.
		if name != "pieces.mp4" && m.facts.Warning != "recording.truncated" {
			t.Errorf("%s: warning %q", name, m.facts.Warning)
		}
		if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFlawed: a recording with a broken picture in its middle is used, and its
// teacher told.
func TestFlawed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "flawed.mp4")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=5", "-c:v", "libx264", "-bf", "0",
		"-preset", "ultrafast", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The length of a picture's unit becomes nonsense: pictures begin with the
	// four bytes of it, the first after mdat's head and the encoder's own words.
	mdat := bytes.Index(data, []byte("mdat")) + 4
	at := mdat
	for range 12 {
		at += 4 + int(uint32(data[at])<<24|uint32(data[at+1])<<16|uint32(data[at+2])<<8|uint32(data[at+3]))
	}
	copy(data[at:], []byte{0xff, 0xff, 0xff, 0xff})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := makePackage(t, newTranscoder(), file)
	if m.facts.Warning != "recording.flawed" || math.Abs(m.plan.Duration-5) > 0.2 {
		t.Errorf("warning %q, %.2f s", m.facts.Warning, m.plan.Duration)
	}
}

// TestNothingPersonal: where a recording was made, and with what, never
// reaches an output.
func TestNothingPersonal(t *testing.T) {
	t.Parallel()
	file := testmedia.Shared(t, "with-gps.mov")
	place := "+32.0929+034.8620"
	if file == "" {
		file = filepath.Join(t.TempDir(), "gps.mov")
		testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=3", "-f", "lavfi", "-i", "sine=d=3",
			"-c:v", "libx264",
			"-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.location.ISO6709="+place+"/",
			"-metadata", "title=Máy của cô", file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte(place)) {
		t.Fatal("the recording tells no place: the test would prove nothing")
	}
	m := makePackage(t, newTranscoder(), file)
	poster, err := newTranscoder().Poster(t.Context(), file, m.plan, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{poster}
	for _, f := range m.files {
		outputs = append(outputs, f)
	}
	for _, f := range outputs {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{place, "Apple", "iPhone", "quicktime", "udta", "Máy của cô", "Exif", "Lavf"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", filepath.Base(f), secret)
			}
		}
	}
}
