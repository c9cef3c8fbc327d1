// Package testmedia makes recordings for tests whose every picture and every
// sample can be recognised in what became of them, and runs ffmpeg without a
// sandbox for tests that are not about the sandbox.
package testmedia

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lenlop/transcoder/ffmpeg"
)

// Bare runs commands as they are. It is for tests only.
type Bare struct{}

// Describe implements ffmpeg.Sandbox.
func (Bare) Describe() string { return "none" }

// Run implements ffmpeg.Sandbox.
func (Bare) Run(ctx context.Context, c ffmpeg.Command) error {
	cmd := exec.CommandContext(ctx, c.Program, c.Args...)
	var tail bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, &tail
	if c.Stderr != nil {
		cmd.Stderr = io.MultiWriter(c.Stderr, &tail)
	}
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return &ffmpeg.ExitError{Program: c.Program, Code: exit.ExitCode(), Tail: tail.String()}
	}
	return err
}

// The picture of Counted: a binary number of blocks.
const (
	Width  = 320
	Height = 180
	bits   = 16
)

// Shape says what Counted makes.
type Shape struct {
	Name     string // file name: its ending chooses the container
	FPS      string // "25", "30000/1001"
	Frames   int
	Rate     int // samples a second; 0: no sound
	Seconds  float64
	Channels int      // default 1
	Args     []string // ffmpeg's output arguments: codecs and so on
}

// Counted makes a recording whose picture n shows the number n and whose sound
// is a sweep of which every moment is known (see Sweep).
func Counted(t testing.TB, dir string, s Shape) string {
	t.Helper()
	file := filepath.Join(dir, s.Name)
	args := []string{"-hide_banner", "-nostdin", "-v", "error", "-y"}
	if s.Frames > 0 {
		raw := filepath.Join(dir, s.Name+".gray")
		write(t, raw, pictures(s.Frames))
		defer func() { _ = os.Remove(raw) }()
		args = append(args, "-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx%d", Width, Height),
			"-framerate", s.FPS, "-i", raw)
	}
	if s.Rate > 0 {
		raw := filepath.Join(dir, s.Name+".s16")
		write(t, raw, sound(s))
		defer func() { _ = os.Remove(raw) }()
		args = append(args, "-f", "s16le", "-ar", fmt.Sprint(s.Rate), "-ac", fmt.Sprint(max(1, s.Channels)), "-i", raw)
	}
	Run(t, append(append(args, s.Args...), file)...)
	return file
}

// Run runs ffmpeg and fails the test when it fails.
func Run(t testing.TB, args ...string) []byte {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ffmpeg", args...)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %q: %v\n%s", args, err, log.String())
	}
	return out.Bytes()
}

// RunLog runs ffmpeg and gives what it wrote to standard error.
func RunLog(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func write(t testing.TB, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// pictures draws the numbers: 16 blocks in two rows, white for 1.
func pictures(n int) []byte {
	data := make([]byte, 0, n*Width*Height)
	for i := range n {
		frame := bytes.Repeat([]byte{0x30}, Width*Height)
		for b := range bits {
			level := byte(0x18)
			if i>>b&1 == 1 {
				level = 0xe0
			}
			x0, y0 := (b%8)*40, (b/8)*90
			for y := y0 + 10; y < y0+80; y++ {
				for x := x0 + 4; x < x0+36; x++ {
					frame[y*Width+x] = level
				}
			}
		}
		data = append(data, frame...)
	}
	return data
}

// Number reads the number in a gray picture of any size.
func Number(gray []byte, w, h int) int {
	n := 0
	for b := range bits {
		x, y := ((b%8)*40+20)*w/Width, ((b/8)*90+45)*h/Height
		if gray[y*w+x] > 0x80 {
			n |= 1 << b
		}
	}
	return n
}

// Numbers decodes a file's pictures and reads them.
func Numbers(t testing.TB, file string, w, h int) []int {
	t.Helper()
	raw := Run(t, "-v", "error", "-i", file, "-map", "0:v:0", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt",
		"gray", "pipe:1")
	var list []int
	for len(raw) >= w*h {
		list = append(list, Number(raw[:w*h], w, h))
		raw = raw[w*h:]
	}
	return list
}

// Sweep is the test sound at a time in seconds: a tone that rises from 300 to
// 3,300 Hz over half a second and falls again, steep enough that a stretch of
// it is like no other nearby, with a slow beat.
func Sweep(at float64) float64 {
	const period, low, high = 1.0, 300.0, 3300.0
	k := math.Floor(at / period)
	x := at - k*period
	var phase float64
	slope := (high - low) / (period / 2)
	if x <= period/2 {
		phase = low*x + slope*x*x/2
	} else {
		y := x - period/2
		phase = low*period/2 + slope*period*period/8 + high*y - slope*y*y/2
	}
	phase += k * (low + high) / 2 * period
	return 0.5 * math.Sin(2*math.Pi*phase) * (0.8 + 0.2*math.Sin(2*math.Pi*0.37*at))
}

func sound(s Shape) []byte {
	n := int(s.Seconds * float64(s.Rate))
	data := make([]byte, 0, 2*n*max(1, s.Channels))
	for i := range n {
		v := int16(32000 * Sweep(float64(i)/float64(s.Rate)))
		for range max(1, s.Channels) {
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		}
	}
	return data
}

// Samples decodes a file's first sound to mono floats at 48 kHz, beginning at
// the file's first sample.
func Samples(t testing.TB, file string) []float64 {
	t.Helper()
	raw := Run(t, "-v", "error", "-i", file, "-map", "0:a:0", "-f", "f32le", "-ar", "48000", "-ac", "1", "pipe:1")
	list := make([]float64, len(raw)/4)
	for i := range list {
		list[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return list
}

// Offset finds where in the sweep a stretch of samples lies: the difference in
// samples, within limit either way, at which they are most alike, and how
// alike (1: the same).
func Offset(got []float64, at, length, limit int) (best int, alike float64) {
	sweep := make([]float64, length+2*limit) // each moment once: it is what takes time
	for i := range sweep {
		sweep[i] = Sweep(float64(at-limit+i) / 48000)
	}
	xx, got := 0.0, got[at:at+length]
	for _, x := range got {
		xx += x * x
	}
	for shift := -limit; shift <= limit; shift++ {
		var xy, yy float64
		for i, y := range sweep[limit+shift : limit+shift+length] {
			xy, yy = xy+got[i]*y, yy+y*y
		}
		if c := xy / math.Sqrt(xx*yy+1e-12); c > alike {
			best, alike = shift, c
		}
	}
	return best, alike
}

// Shared returns the path of a real recording in the folder LENLOP_TEST_MEDIA (make test-long sets it), or "" where
// there is none: then the test makes a recording of its own.
func Shared(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("LENLOP_TEST_MEDIA")
	if dir == "" {
		return ""
	}
	file := filepath.Join(dir, name)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}
