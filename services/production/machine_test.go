package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"lenlop/transcoder"
	"lenlop/transcoder/delivery"
	"lenlop/transcoder/hls"
	"lenlop/transcoder/ladder"
	"lenlop/transcoder/probe"
)

// machine is a transcoder without ffmpeg: real plans, invented bytes.
type machine struct {
	seconds float64
	refuse  *transcoder.Refusal
	first   atomic.Pointer[encoding]
	took    time.Duration
	joins   atomic.Int32   // calls of SingleFile
	texts   map[int]string // text tracks by stream; all Vietnamese but the third, which nobody named
	copies  []string       // what Broadcast was asked for
	sheet   delivery.Sheet
	broken  error                 // what Broadcast fails with
	board   atomic.Pointer[error] // what Storyboard fails with
	groups  *probe.Groups         // what Inspect finds of the recording's own pictures
}

type encoding func(ctx context.Context, path string, t transcoder.Task) error

// before has f run before every encoding.
func (m *machine) before(f encoding) { m.first.Store(&f) }

func (m *machine) Inspect(_ context.Context, path string) (transcoder.Facts, error) {
	if _, err := os.Stat(path); err != nil {
		return transcoder.Facts{}, err
	}
	if m.refuse != nil {
		return transcoder.Facts{}, fmt.Errorf("probe: %w", m.refuse)
	}
	f := transcoder.Facts{Duration: m.seconds, HasVideo: true, HasAudio: true, Groups: m.groups}
	for i := range len(m.texts) {
		c := transcoder.Caption{Stream: 2 + i, Codec: "subrip", Language: "vie"}
		if i == 2 {
			c.Language = ""
		}
		f.Captions = append(f.Captions, c)
	}
	return f, nil
}
func (m *machine) Plan(_ context.Context, _ string, f transcoder.Facts) (transcoder.Plan, error) {
	r := ladder.Request{
		Source: ladder.Source{Video: 0, Audio: 1, Width: 1280, Height: 720}, Duration: m.seconds,
		Rate: ladder.Rate{Num: 25, Den: 1},
	}
	if f.Groups != nil {
		r.Copy = &ladder.Copy{Keys: f.Groups.Keys, Bytes: f.Groups.Bytes, Pictures: f.Groups.Pictures}
	}
	return ladder.Make(r), nil
}
func (m *machine) Encode(ctx context.Context, path string, p transcoder.Plan, t transcoder.Task, dir string,
	progress func(float64)) ([]transcoder.Output, error) {
	if f := m.first.Load(); f != nil && *f != nil {
		if err := (*f)(ctx, path, t); err != nil {
			return nil, err
		}
	}
	for i := range 4 {
		if m.took > 0 {
			select {
			case <-time.After(m.took / 4):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		progress(float64(i+1) / 4)
	}
	var outs []transcoder.Output
	pc := p.Pieces[t.Piece]
	for _, rung := range t.Rungs {
		for i := -1; i < pc.Last-pc.First; i++ {
			data, d := []byte("init of "+rung), 0.0
			if i >= 0 {
				data = fmt.Appendf(nil, "%s piece %d segment %d", rung, t.Piece, i)
				d = p.Rate.Seconds(p.Cuts[pc.First+i+1] - p.Cuts[pc.First+i])
			}
			file := filepath.Join(dir, rung+strconv.Itoa(i))
			if err := os.WriteFile(file, data, 0o600); err != nil {
				return nil, err
			}
			sum := sha256.Sum256(data)
			outs = append(outs, transcoder.Output{Rung: rung, Piece: t.Piece, Index: i, Path: file, Duration: d,
				Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
		}
	}
	return outs, nil
}
func (m *machine) VerifyPackage(ctx context.Context, p transcoder.Plan, segs []transcoder.Segment,
	open transcoder.Opener) (transcoder.Report, error) {
	rep := transcoder.Report{Duration: p.Duration}
	for _, r := range p.Rungs {
		rr := transcoder.RungReport{Name: r.Name, Codecs: r.Codecs, Bandwidth: 1000, Average: 900}
		var list []hls.Segment
		for _, s := range segs {
			if s.Rung != r.Name {
				continue
			}
			body, err := open(ctx, s)
			if err != nil {
				return rep, err
			}
			data, err := io.ReadAll(body)
			if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != s.SHA256 {
				return rep, fmt.Errorf("%s is not what was made", s.URI)
			}
			rr.Duration += s.Duration
			rr.Bytes += s.Size
			list = append(list, hls.Segment{URI: s.URI, Piece: s.Piece, Index: s.Index, Duration: s.Duration,
				SHA256: s.SHA256})
		}
		if diff := rr.Duration - p.Duration; diff > 0.01 || diff < -0.01 {
			return rep, fmt.Errorf("rung %s lasts %f", r.Name, rr.Duration)
		}
		var err error
		if rr.Playlist, err = hls.Media(list, p.TargetDuration, false); err != nil {
			return rep, err
		}
		rep.Rungs = append(rep.Rungs, rr)
	}
	return rep, nil
}
func (m *machine) Poster(_ context.Context, _ string, _ transcoder.Plan, dir string) (string, error) {
	file := filepath.Join(dir, "p.jpg")
	return file, os.WriteFile(file, []byte("jpeg"), 0o600)
}
func (m *machine) SingleFile(ctx context.Context, p transcoder.Plan, rung string, segs []transcoder.Segment,
	open transcoder.Opener, dir string) (transcoder.Output, error) {
	m.joins.Add(1)
	var all []byte
	for _, s := range segs {
		if s.Rung != rung {
			continue
		}
		body, err := open(ctx, s)
		if err != nil {
			return transcoder.Output{}, err
		}
		data, err := io.ReadAll(body)
		if err != nil {
			return transcoder.Output{}, err
		}
		all = append(all, data...)
	}
	o := transcoder.Output{Rung: rung, Path: filepath.Join(dir, rung+".whole"), Duration: p.Duration,
		Size: int64(len(all))}
	sum := sha256.Sum256(all)
	o.SHA256 = hex.EncodeToString(sum[:])
	return o, os.WriteFile(o.Path, all, 0o600)
}
func (m *machine) Storyboard(_ context.Context, _ string, _ transcoder.Plan, dir string) (picture,
	index string, err error) {
	if err := m.board.Load(); err != nil {
		return "", "", *err
	}
	picture, index = filepath.Join(dir, "b.jpg"), filepath.Join(dir, "b.vtt")
	if err := os.WriteFile(picture, []byte("jpeg"), 0o600); err != nil {
		return "", "", err
	}
	return picture, index, os.WriteFile(index, []byte("WEBVTT\n"), 0o600)
}
func (m *machine) Captions(_ context.Context, path string, stream int) ([]byte, error) {
	if text, ok := m.texts[stream]; ok {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("stream %d of %s: no text", stream, path)
}
func (m *machine) Broadcast(_ context.Context, _ string, _ transcoder.Plan, f delivery.Format, marks []delivery.Overlay,
	dir string, _ func(float64)) (string, delivery.Sheet, error) {
	asked := f.Name
	for _, o := range marks {
		png, err := os.ReadFile(o.PNG)
		if err != nil {
			return "", delivery.Sheet{}, err
		}
		asked += fmt.Sprintf(" %s at %v for %v", png, o.Moments, o.Length)
	}
	m.copies = append(m.copies, asked)
	if m.broken != nil {
		return "", delivery.Sheet{}, m.broken
	}
	file := filepath.Join(dir, "broadcast."+f.Extension)
	return file, m.sheet, os.WriteFile(file, []byte("film"), 0o600)
}
