//go:build bench

package transcoder_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"lenlop/test/testmedia"
	"lenlop/transcoder"
	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// seconds reads a length from the environment.
func seconds(name string, otherwise int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return otherwise
}

// TestBenchmark measures the transcoder against the ways it must beat, side by
// side in one run: make bench-transcode. LENLOP_BENCH_SLIDES and _HEAD are the
// lengths in seconds (1200 and 600).
func TestBenchmark(t *testing.T) {
	for _, lesson := range []struct {
		name     string
		seconds  int
		make     func(testing.TB, string, int) string
		veryfast float64 // most bytes against veryfast CRF 23
		fixed    float64 // most bytes against a fixed ladder
	}{
		{"slides", seconds("LENLOP_BENCH_SLIDES", 1200), slides, 0.85, 0.15},
		{"talking head", seconds("LENLOP_BENCH_HEAD", 600), head, 0.65, 0.40},
	} {
		t.Run(lesson.name, func(t *testing.T) {
			bench(t, lesson.make(t, t.TempDir(), lesson.seconds), lesson.veryfast, lesson.fixed)
		})
	}
}

func bench(t *testing.T, file string, mostVeryfast, mostFixed float64) {
	box := &measured{}
	tr := &transcoder.Transcoder{Sandbox: box, Threads: 1}
	began, cpu := time.Now(), childCPU()
	f, err := tr.Inspect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tr.Plan(t.Context(), file, f)
	if err != nil {
		t.Fatal(err)
	}
	tasks := p.Tasks()
	planning, inspected := childCPU()-cpu, time.Since(began)
	divide := 1
	if p.Rungs[0].Kind == ladder.Video {
		divide = p.Rungs[0].Divide
	}
	t.Logf("%.0f s at %d kbit/s, rungs %s, every picture of %d: planned after %.1f s", p.Duration, f.Bitrate/1000,
		ladder.Names(p.Rungs), divide, inspected.Seconds())

	one, oneCPU, ours := runTasks(t, tr, file, p, tasks, 1)
	two, _, _ := runTasks(t, tr, file, p, tasks, 2)
	t.Logf("pieces: %.1f CPU s (and %.1f for probe and plan); two workers are %.2f times one (at least 1.8)", oneCPU,
		planning, one/two)
	t.Logf("peak memory of one of our processes: %.0f MB (at most 600): %s", float64(box.most)/1024, box.what)

	whole := p
	whole.Pieces = []transcoder.Piece{{Start: 0, End: p.Pieces[len(p.Pieces)-1].End, First: 0, Last: len(p.Cuts) - 1}}
	single, _ := runArgs(t, file, whole, p.Rungs, nil)
	t.Logf("one ffmpeg, one decode, a cascade: %.1f CPU s; ours %.2f of it (at most 1.10)", single, oneCPU/single)
	each := 0.0
	for _, r := range p.Rungs {
		c, _ := runArgs(t, file, whole, []transcoder.Rung{r}, nil)
		each += c
	}
	t.Logf("one ffmpeg a rung: %.1f CPU s; ours %.2f of it (at most 0.60)", each, oneCPU/each)

	caps := map[string]int{"1080p": 4500, "720p": 2500, "480p": 1200, "360p": 700, "240p": 350}
	everyPicture := whole // as others do it
	everyPicture.Rungs = slices.Clone(p.Rungs)
	for i := range everyPicture.Rungs {
		everyPicture.Rungs[i].Divide = min(1, everyPicture.Rungs[i].Divide)
	}
	veryfastCPU, veryfast := runArgs(t, file, everyPicture, everyPicture.Rungs, func(r transcoder.Rung, args []string) {
		set(args, "-preset", "veryfast")
		set(args, "-crf", "23")
		set(args, "-maxrate", fmt.Sprint(caps[r.Name]*1000))
		set(args, "-bufsize", fmt.Sprint(caps[r.Name]*2000))
	})
	t.Logf("veryfast CRF 23 in one ffmpeg: %.1f CPU s", veryfastCPU)
	fixedRates := map[string]int{"1080p": 5000, "720p": 3000, "480p": 1400, "360p": 800, "240p": 400}
	fixed := 0.0
	for _, r := range p.Rungs {
		fixed += float64(fixedRates[r.Name]) * 1000 / 8 * p.Duration
	}
	sum, base := 0.0, 0.0
	for _, r := range p.Rungs {
		if r.Kind != ladder.Video {
			continue
		}
		sum, base = sum+ours[r.Name].bytes, base+veryfast[r.Name].bytes
		t.Logf("%s: %.0f kbit/s SSIM %.4f; veryfast %.0f kbit/s SSIM %.4f", r.Name,
			ours[r.Name].bytes*8/p.Duration/1000, ssim(t, ours[r.Name].file, file, r, p),
			veryfast[r.Name].bytes*8/p.Duration/1000, ssim(t, veryfast[r.Name].file, file, r, p))
	}
	t.Logf("bytes against veryfast CRF 23: %.2f (at most %.2f); against a fixed ladder: %.2f (at most %.2f)", sum/base,
		mostVeryfast, sum/fixed, mostFixed)
}

// measured runs commands and notes the one that took most memory, in KiB.
type measured struct {
	mu   sync.Mutex
	most int64
	what string
}

func (m *measured) Describe() string { return "none" }

func (m *measured) Run(ctx context.Context, c ffmpeg.Command) error {
	cmd := exec.CommandContext(ctx, c.Program, c.Args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	err := cmd.Run()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.mu.Lock()
		if u.Maxrss > m.most {
			m.most, m.what = u.Maxrss, c.Args[len(c.Args)-1]
		}
		m.mu.Unlock()
	}
	return err
}

// rungFile is the picture of one rung: its bytes without the sound.
type rungFile struct {
	file  string
	bytes float64
}

func runTasks(t *testing.T, tr *transcoder.Transcoder, file string, p transcoder.Plan, tasks []transcoder.Task,
	workers int) (wall, cpu float64, rungs map[string]rungFile) {
	t.Helper()
	dir := t.TempDir()
	began, before := time.Now(), childCPU()
	outs := make([][]transcoder.Output, len(tasks))
	next := make(chan int, len(tasks))
	for i := range tasks {
		next <- i
	}
	close(next)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				d := filepath.Join(dir, fmt.Sprint(i))
				_ = os.Mkdir(d, 0o755)
				var err error
				if outs[i], err = tr.Encode(context.Background(), file, p, tasks[i], d, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	wall, cpu = time.Since(began).Seconds(), childCPU()-before
	rungs = map[string]rungFile{}
	for _, r := range p.Rungs {
		var all []transcoder.Output
		for _, o := range outs {
			for _, x := range o {
				if x.Rung == r.Name && (x.Index >= 0 || x.Piece == 0) {
					all = append(all, x)
				}
			}
		}
		slices.SortFunc(all, func(a, b transcoder.Output) int { return (a.Piece-b.Piece)*1000 + a.Index - b.Index })
		joined, err := os.Create(filepath.Join(dir, r.Name+".mp4"))
		if err != nil {
			t.Fatal(err)
		}
		size := 0.0
		for _, o := range all {
			data, err := os.ReadFile(o.Path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := joined.Write(data); err != nil {
				t.Fatal(err)
			}
			size += float64(o.Size)
		}
		_ = joined.Close()
		rungs[r.Name] = rungFile{joined.Name(), size - float64(r.Sound.Bitrate)/8*p.Duration}
	}
	return wall, cpu, rungs
}

// runArgs runs the transcoder's own command over the whole recording.
func runArgs(t *testing.T, file string, p transcoder.Plan, rungs []transcoder.Rung,
	change func(transcoder.Rung, []string)) (cpu float64, out map[string]rungFile) {
	t.Helper()
	dir := t.TempDir()
	args, err := ffmpeg.EncodeArgs(file, p, 0, rungs, dir, 2, false)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		// Each output's options stand between two -map.
		from := 0
		for i, a := range args {
			for _, r := range rungs {
				if a == filepath.Join(dir, ffmpeg.VideoFile(r.Name)) {
					change(r, args[from:i])
					from = i
				}
			}
		}
	}
	before := childCPU()
	testmedia.Run(t, args...)
	cpu = childCPU() - before
	out = map[string]rungFile{}
	for _, r := range rungs {
		path := filepath.Join(dir, ffmpeg.VideoFile(r.Name))
		if info, err := os.Stat(path); err == nil {
			out[r.Name] = rungFile{path, float64(info.Size())}
		}
	}
	return cpu, out
}

func set(args []string, name, value string) {
	for i := range args {
		if args[i] == name {
			args[i+1] = value
			return
		}
	}
}

var ssimIs = regexp.MustCompile(`SSIM Y:([0-9.]+)`)

// ssim compares the luma of a rung with the recording at the rung's own size,
// over up to a minute: every picture that is shown, so one that stands twice
// as long is compared twice.
func ssim(t *testing.T, file, source string, r transcoder.Rung, p transcoder.Plan) float64 {
	t.Helper()
	rate := fmt.Sprintf("fps=%d/%d:start_time=0", p.Rate.Num, p.Rate.Den)
	out := testmedia.RunLog(t, "-v", "info", "-nostats", "-i", file, "-i", source, "-filter_complex",
		fmt.Sprintf("[0:v]%s,trim=end=60[a];[1:v]%s,trim=end=60,scale=%d:%d:flags=bicubic[b];[a][b]ssim=shortest=1",
			rate, rate, r.Width, r.Height), "-an", "-f", "null", "-")
	m := ssimIs.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no SSIM in %s", out)
	}
	v, _ := strconv.ParseFloat(m[1], 64)
	return v
}

func childCPU() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// slides makes a lesson of slides full of writing, a new one every 20 s, with a
// small moving picture in the corner and a voice-like noise; its rungs take
// about what those of real slides with a small teacher take.
func slides(t testing.TB, dir string, seconds int) string {
	for i := range min(30, seconds/20+1) {
		img := image.NewGray(image.Rect(0, 0, 1920, 1080))
		rnd := rand.New(rand.NewPCG(uint64(i), 7))
		for p := range img.Pix {
			img.Pix[p] = 0xf4
		}
		for line := range 14 {
			x := 120
			for word := 0; x < 1300 && word < 3+line%9; word++ {
				for range 2 + rnd.IntN(8) {
					for s := range 9 { // strokes of a letter
						x0, y0 := x+rnd.IntN(14), 90+line*66+rnd.IntN(30)
						for k := range 12 {
							px, py := x0+(k*(s%3))/3, y0+(k*((s+1)%3))/3
							for w := range 3 {
								img.SetGray(px+w, py, color.Gray{0x20})
							}
						}
					}
					x += 24
				}
				x += 22
			}
		}
		w, err := os.Create(filepath.Join(dir, fmt.Sprintf("slide%02d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(w, img); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
	}
	return recorded(t, dir, "slides.mp4", seconds, "9M", "-loop", "1", "-framerate", "1/20", "-i", filepath.Join(dir,
		"slide%02d.png"), "-f", "lavfi", "-i", "mandelbrot=s=384x288:r=30:start_scale=2:end_scale=0.5:end_pts=3000",
		"-f", "lavfi", "-i", "anoisesrc=c=pink:a=0.2", "-filter_complex",
		"[0]fps=30[s];[1]gblur=sigma=1.2,noise=alls=6:allf=t[h];[s][h]overlay=1500:760,format=yuv420p[v]",
		"-map", "[v]", "-map", "2:a")
}

// head makes a noisy moving picture, whose rungs take about what those of a
// talking head filmed by a phone take.
func head(t testing.TB, dir string, seconds int) string {
	return recorded(t, dir, "head.mp4", seconds, "17M", "-f", "lavfi", "-i",
		"mandelbrot=s=1920x1080:r=30:start_scale=2:end_scale=0.5:end_pts=3000", "-f", "lavfi", "-i",
		"anoisesrc=c=pink:a=0.2",
		"-vf", "gblur=sigma=1.2,noise=alls=9:allf=t,format=yuv420p")
}

// recorded encodes as recorders do: at a rate of their own, whatever there is
// to see. 9 and 17 Mbit/s are 2 and 4 GB in half an hour.
func recorded(t testing.TB, dir, name string, seconds int, rate string, args ...string) string {
	file := filepath.Join(dir, name)
	testmedia.Run(t, append(append([]string{"-v", "error"}, args...), "-t", strconv.Itoa(seconds), "-c:v", "libx264",
		"-preset", "veryfast",
		"-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-x264-params", "nal-hrd=cbr:force-cfr=1",
		"-g", "60", "-c:a", "aac", file)...)
	return file
}
