package transcoder

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"time"

	"lenlop/transcoder/ffmpeg"
)

// PosterName is the file that Poster makes.
const PosterName = "poster.jpg"

// posterWidth is the most pixels a poster is wide: a list shows it at 320,
// a page at 640.
const posterWidth = 640

// Poster makes the lesson's still picture in dir: a JPEG of a typical picture
// early in the lesson, or a drawn card when there is only sound. It returns
// the file's path.
func (t *Transcoder) Poster(ctx context.Context, path string, p Plan, dir string) (string, error) {
	file := filepath.Join(dir, PosterName)
	if p.Source.Video < 0 {
		return file, drawCard(file)
	}
	path, release, err := t.retimed(ctx, path, p.Source.Retime)
	if err != nil {
		return "", fmt.Errorf("poster: %w", err)
	}
	defer release()
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	best := -1.0
	for _, at := range posterTimes(p.Duration) {
		made := filepath.Join(work, PosterName)
		args, err := ffmpeg.PosterArgs(path, p, at, posterWidth, made, t.threads())
		if err != nil {
			return "", err
		}
		err = t.runner().Run(ctx, ffmpeg.Command{
			Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work,
			Memory: encodeMemory(p), Resident: residentMemory(p), CPU: 2 * time.Minute, Wall: 3 * time.Minute,
			FileBytes: 16 << 20,
		}, nil)
		if err != nil {
			return "", fmt.Errorf("poster: %w", err)
		}
		shows, err := shown(made)
		if err != nil {
			continue // nothing could be decoded there
		}
		if shows > best {
			if err := os.Rename(made, file); err != nil {
				return "", err
			}
			best = shows
		}
		if best >= enoughShown {
			break
		}
	}
	if best < 0 {
		return "", fmt.Errorf("poster: no picture could be decoded")
	}
	return file, nil
}

// posterTimes are the moments of a lesson that may give its poster, in order:
// a tenth into it but within the first minute, then elsewhere, because
// recordings begin black, blank or with a test card; the beginning last.
func posterTimes(duration float64) []float64 {
	return []float64{min(0.1*duration, 60), 0.3 * duration, 0.5 * duration, 0.8 * duration, 0}
}

// enoughShown is the part of a picture that must differ from its ground for it
// not to be blank: one line of writing on a slide is more.
const enoughShown = 0.01

// shown is the part of a JPEG's pixels whose luma is not that of its ground.
// A file that is none is an error.
func shown(file string) (float64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	img, err := jpeg.Decode(f)
	if err != nil {
		return 0, err
	}
	luma, ok := img.(*image.YCbCr)
	if !ok {
		return 1, nil
	}
	var levels [256]int
	b := luma.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for _, v := range luma.Y[luma.YOffset(b.Min.X, y):luma.YOffset(b.Max.X-1, y)] {
			levels[v]++
		}
	}
	all, ground, most := 0, 0, 0
	for v, n := range levels {
		if all += n; n > most {
			ground, most = v, n
		}
	}
	near := 0
	for v := max(0, ground-20); v <= min(255, ground+20); v++ {
		near += levels[v]
	}
	return float64(all-near) / float64(max(1, all)), nil
}

func checkJPEG(file string) error {
	_, err := shown(file)
	return err
}

// drawCard draws the card of a lesson without a picture: the bars of a sound
// wave on a calm ground. It carries no words, so it needs no font.
func drawCard(file string) error {
	const w, h = 640, 360
	ground, bar := color.RGBA{0xf2, 0xf5, 0xf7, 0xff}, color.RGBA{0x1f, 0x6f, 0x78, 0xff}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, ground)
		}
	}
	heights := []int{24, 52, 96, 70, 130, 170, 120, 190, 150, 88, 140, 64, 100, 46, 26}
	for i, tall := range heights {
		left := w/2 - len(heights)*14 + i*28 + 7
		for y := h/2 - tall/2; y < h/2+tall/2; y++ {
			for x := left; x < left+14; x++ {
				img.Set(x, y, bar)
			}
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	err = jpeg.Encode(f, img, &jpeg.Options{Quality: 85})
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
