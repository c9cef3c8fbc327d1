package transcoder_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lenlop/test/longtest"
	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

func newTranscoder() *transcoder.Transcoder {
	return &transcoder.Transcoder{Sandbox: testmedia.Bare{}, Threads: 1}
}

// made is a whole package made by the test.
type made struct {
	facts    transcoder.Facts
	plan     transcoder.Plan
	segments []transcoder.Segment
	files    map[string]string // rung -> init section and segments in one file
	open     transcoder.Opener
}

// makePackage runs a recording through everything, tasks in reverse order:
// no piece may depend on another.
func makePackage(t *testing.T, tr *transcoder.Transcoder, file string, change ...func(*transcoder.Plan)) made {
	t.Helper()
	ctx := t.Context()
	f, err := tr.Inspect(ctx, file)
	if err != nil {
		t.Fatalf("inspect: %v", err)
	}
	p, err := tr.Plan(ctx, file, f)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	for _, c := range change {
		c(&p)
	}
	m := made{facts: f, plan: p, files: map[string]string{}}
	paths := map[string]string{}
	dir := t.TempDir()
	tasks := p.Tasks()
	for _, task := range slices.Backward(tasks) {
		d := filepath.Join(dir, fmt.Sprintf("%d-%s", task.Piece, task.Group))
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		outs, err := tr.Encode(ctx, file, p, task, d, nil)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		for _, o := range outs {
			uri := fmt.Sprintf("%s/%d/%d", o.Rung, o.Piece, o.Index)
			paths[uri] = o.Path
			m.segments = append(m.segments, transcoder.Segment{Rung: o.Rung, Piece: o.Piece, Index: o.Index, URI: uri,
				Duration: o.Duration, Size: o.Size, SHA256: o.SHA256})
		}
	}
	m.open = func(_ context.Context, s transcoder.Segment) (io.ReadCloser, error) { return os.Open(paths[s.URI]) }
	for _, r := range p.Rungs {
		var joined bytes.Buffer
		for i, pc := range p.Pieces {
			for index := -1; index < pc.Last-pc.First; index++ {
				if index < 0 && i > 0 {
					continue
				}
				data, err := os.ReadFile(paths[fmt.Sprintf("%s/%d/%d", r.Name, i, index)])
				if err != nil {
					t.Fatal(err)
				}
				joined.Write(data)
			}
		}
		m.files[r.Name] = filepath.Join(dir, r.Name+".mp4")
		if err := os.WriteFile(m.files[r.Name], joined.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

var x264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p"}

// seamShapes are recordings that are hard to cut: rates that do not divide
// seconds, clocks of milliseconds, sound at other rates, long groups, B-frames.
func seamShapes() []testmedia.Shape {
	return []testmedia.Shape{
		{Name: "a.mp4", FPS: "25", Frames: 25 * 25, Rate: 48000, Seconds: 25,
			Args: append([]string{"-g", "250", "-bf", "2", "-c:a", "aac", "-b:a", "160k"}, x264...)},
		{Name: "b.mkv", FPS: "30000/1001", Frames: 750, Rate: 44100, Seconds: 25,
			Args: append([]string{"-g", "120", "-c:a", "aac", "-b:a", "160k"}, x264...)},
		{Name: "c.webm", FPS: "24", Frames: 24 * 25, Rate: 48000, Seconds: 25, Args: []string{"-c:v", "libvpx",
			"-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-g", "128", "-c:a", "libopus", "-b:a", "128k"}},
		{Name: "d.ts", FPS: "25", Frames: 25 * 25, Rate: 48000, Seconds: 25,
			Args: append([]string{"-g", "50", "-c:a", "aac", "-b:a", "160k"}, x264...)},
		{Name: "e.avi", FPS: "30", Frames: 30 * 25, Rate: 22050, Seconds: 25,
			Args: []string{"-c:v", "mpeg4", "-q:v", "2", "-g", "90", "-c:a", "pcm_s16le"}},
	}
}

// TestSeams: every picture of the recording once, in order; every sample at
// its place; nothing heard at a seam.
func TestSeams(t *testing.T) {
	t.Parallel()
	for _, shape := range longtest.SubsetOf(seamShapes(), func(s testmedia.Shape) string { return s.Name }, "b.mkv") {
		t.Run(shape.Name, func(t *testing.T) {
			t.Parallel()
			file := testmedia.Counted(t, t.TempDir(), shape)
			m := makePackage(t, newTranscoder(), file)
			if len(m.plan.Pieces) < 3 {
				t.Fatalf("%d pieces show too few seams", len(m.plan.Pieces))
			}
			for _, r := range m.plan.Rungs {
				if r.Kind == "video" {
					checkNumbers(t, m, r, shape)
				}
				checkSound(t, m, r)
			}
			if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
				t.Errorf("verify: %v", err)
			}
		})
	}
}

func checkNumbers(t *testing.T, m made, r transcoder.Rung, shape testmedia.Shape) {
	t.Helper()
	got := testmedia.Numbers(t, m.files[r.Name], r.Width, r.Height)
	// Sound that begins before the picture is not lost: the first picture
	// stands meanwhile.
	lead := int(math.Round((m.plan.Source.VideoStart - m.plan.Source.Zero) * m.plan.Rate.Float()))
	if lead > 2 {
		t.Errorf("%s: the picture waits %d pictures", r.Name, lead)
	}
	for n := range min(len(got), shape.Frames+lead) {
		if got[n] != max(0, n-lead) {
			t.Errorf("%s: picture %d shows %d, expected %d", r.Name, n, got[n], max(0, n-lead))
			return
		}
	}
	if d := len(got) - lead - shape.Frames; d < 0 || d > 2 {
		t.Errorf("%s: %d pictures from %d", r.Name, len(got), shape.Frames)
	}
}

// checkSound compares the decoded sound with the sweep it came from, around
// every seam and between them: within 10 ms of its place against the picture,
// at the same place in all pieces to 2 samples, as alike at a seam as elsewhere.
func checkSound(t *testing.T, m made, r transcoder.Rung) {
	t.Helper()
	got := testmedia.Samples(t, m.files[r.Name])
	const length = 4096
	// The recording's picture 0 and the sweep's sample 0 belong together.
	zero := int(math.Round((m.plan.Source.VideoStart - m.plan.Source.Zero) * 48000))
	got = got[zero:]
	places := []int{48000}
	for _, pc := range m.plan.Pieces[1:] {
		seam := int(m.plan.SoundFrame(m.plan.Cuts[pc.First]))*1024 - zero
		places = append(places, seam-length/2, seam+length)
	}
	first, _ := testmedia.Offset(got, places[0], length, 480)
	for _, at := range places {
		if at+length > len(got) {
			continue
		}
		shift, alike := testmedia.Offset(got, at, length, 480)
		if shift < first-2 || shift > first+2 || alike < 0.99 {
			t.Errorf("%s: sound at %.3f s is %d samples off, %d at 1 s; likeness %.4f", r.Name, float64(at)/48000,
				shift, first, alike)
		}
	}
	t.Logf("%s: sound is %d samples off in every piece", r.Name, first)
	for i, v := range got[:min(len(got), len(got)/1024*1024)] {
		if math.Abs(v) > 1.2 {
			t.Fatalf("%s: sample %d is %.2f", r.Name, i, v)
		}
	}
}

// TestVerifyPackageFinds: whatever is wrong with a stored package is found.
func TestVerifyPackageFinds(t *testing.T) {
	t.Parallel()
	file := testmedia.Counted(t, t.TempDir(),
		testmedia.Shape{Name: "a.mp4", FPS: "10", Frames: 150, Rate: 48000, Seconds: 15,
			Args: append([]string{"-c:a", "aac"}, x264...)})
	tr := newTranscoder()
	m := makePackage(t, tr, file)
	report, err := tr.VerifyPackage(t.Context(), m.plan, m.segments, m.open)
	if err != nil {
		t.Fatalf("a whole package: %v", err)
	}
	for i, rr := range report.Rungs {
		if rr.Codecs != m.plan.Rungs[i].Codecs {
			t.Errorf("%s: CODECS measured %q, planned %q", rr.Name, rr.Codecs, m.plan.Rungs[i].Codecs)
		}
		if !strings.Contains(rr.Playlist, "#EXT-X-ENDLIST") || rr.Bandwidth < rr.Average {
			t.Errorf("report %+v", rr)
		}
	}
	without := append([]transcoder.Segment(nil), m.segments[1:]...)
	if _, err := tr.VerifyPackage(t.Context(), m.plan, without, m.open); err == nil {
		t.Error("a missing segment was not found")
	}
	twice := append([]transcoder.Segment{m.segments[0]}, m.segments...)
	if _, err := tr.VerifyPackage(t.Context(), m.plan, twice, m.open); err == nil {
		t.Error("a doubled segment was not found")
	}
	short := func(ctx context.Context, s transcoder.Segment) (io.ReadCloser, error) {
		r, err := m.open(ctx, s)
		if err != nil || s.URI != m.segments[3].URI {
			return r, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.LimitReader(r, s.Size-1), r}, nil
	}
	if _, err := tr.VerifyPackage(t.Context(), m.plan, m.segments, short); err == nil {
		t.Error("a segment cut short was not found")
	}
	flipped := func(ctx context.Context, s transcoder.Segment) (io.ReadCloser, error) {
		r, err := m.open(ctx, s)
		if err != nil || s.URI != m.segments[len(m.segments)-1].URI {
			return r, err
		}
		data, err := io.ReadAll(r)
		data[len(data)/2] ^= 1
		return io.NopCloser(bytes.NewReader(data)), err
	}
	if _, err := tr.VerifyPackage(t.Context(), m.plan, m.segments, flipped); err == nil {
		t.Error("a flipped bit was not found")
	}
}
