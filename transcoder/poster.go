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
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	// A tenth into the lesson, but within the first minute; when nothing can
	// be decoded there, the beginning.
	at := min(0.1*p.Duration, 60)
	for _, at := range []float64{at, 0} {
		args, err := ffmpeg.PosterArgs(path, p, at, posterWidth, filepath.Join(work, PosterName), t.threads())
		if err != nil {
			return "", err
		}
		err = t.runner().Run(ctx, ffmpeg.Command{
			Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work,
			Memory: encodeMemory(p), CPU: 2 * time.Minute, Wall: 3 * time.Minute, FileBytes: 16 << 20,
		}, nil)
		if err != nil {
			return "", fmt.Errorf("poster: %w", err)
		}
		if err := checkJPEG(filepath.Join(work, PosterName)); err == nil {
			return file, os.Rename(filepath.Join(work, PosterName), file)
		}
	}
	return "", fmt.Errorf("poster: no picture could be decoded")
}

func checkJPEG(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = jpeg.Decode(f)
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
