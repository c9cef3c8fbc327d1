package transcoder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"

	"lenlop/transcoder/cmaf"
	"lenlop/transcoder/hls"
	"lenlop/transcoder/ladder"
)

// Segment is one stored file of a finished package, as the caller's own
// records have it. URI is how the playlist names it.
type Segment struct {
	Rung     string
	Piece    int
	Index    int // within the piece; -1: init section
	URI      string
	Duration float64
	Size     int64
	SHA256   string // hex
}

// Opener opens a stored segment for reading.
type Opener func(ctx context.Context, s Segment) (io.ReadCloser, error)

// RungReport is what was measured of one rung of a finished package.
type RungReport struct {
	Name      string  `json:"name"`
	Duration  float64 `json:"duration"`  // seconds, the sum of EXTINF
	Bytes     int64   `json:"bytes"`     // of all segments
	Bandwidth int     `json:"bandwidth"` // bits a second of the most expensive segment
	Average   int     `json:"average"`   // bits a second over all
	Codecs    string  `json:"codecs"`    // from the init section
	Playlist  string  `json:"playlist"`  // the VOD media playlist that was checked
	Decoded   int     `json:"decoded"`   // segments that were decoded
}

// Report is the outcome of checking a whole package.
type Report struct {
	Duration float64      `json:"duration"` // seconds
	Rungs    []RungReport `json:"rungs"`    // in the plan's order
}

// VerifyPackage looks at a whole package once all pieces are there: every
// segment is read back from storage and compared with its recorded size and
// SHA-256; every rung has one init section, every piece, times that follow one
// another to the tick, a key frame first in each segment; the VOD playlist
// written from them ends, and its EXTINF add up to the lesson's length; what
// is sampled decodes. Any finding is an error: such a package is broken.
func (t *Transcoder) VerifyPackage(ctx context.Context, p Plan, segments []Segment, open Opener) (Report, error) {
	report := Report{Duration: p.Rate.Seconds(p.Frames())}
	work, err := os.MkdirTemp(t.Scratch, "verify-")
	if err != nil {
		return report, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	byRung := map[string][]Segment{}
	for _, s := range segments {
		if _, ok := p.Rung(s.Rung); !ok {
			return report, fmt.Errorf("segment %s: rung %q is not in the plan", s.URI, s.Rung)
		}
		byRung[s.Rung] = append(byRung[s.Rung], s)
	}
	for _, r := range p.Rungs {
		rr, err := t.verifyRung(ctx, p, r, byRung[r.Name], open, work)
		if err != nil {
			return report, fmt.Errorf("rung %s: %w", r.Name, err)
		}
		report.Rungs = append(report.Rungs, rr)
	}
	return report, nil
}

// rungCheck is the state of checking one rung.
type rungCheck struct {
	plan  Plan
	rung  Rung
	init  []byte
	times map[uint32]int64 // where each track must go on, by track number
	next  int              // the cut that must follow
}

func (t *Transcoder) verifyRung(ctx context.Context, p Plan, r Rung, segs []Segment, open Opener,
	work string) (RungReport, error) {
	rr := RungReport{Name: r.Name}
	if err := complete(p, segs); err != nil {
		return rr, err
	}
	c := &rungCheck{plan: p, rung: r, times: map[uint32]int64{}}
	var seconds []float64
	for _, s := range segs {
		data, err := fetch(ctx, s, open)
		if err != nil {
			return rr, err
		}
		if s.Index < 0 {
			if err := c.checkInit(data); err != nil {
				return rr, fmt.Errorf("segment %s: %w", s.URI, err)
			}
			continue
		}
		if err := c.checkSegment(data, s); err != nil {
			return rr, fmt.Errorf("segment %s: %w", s.URI, err)
		}
		rr.Bytes += s.Size
		rr.Bandwidth = max(rr.Bandwidth, int(math.Ceil(float64(8*s.Size)/s.Duration)))
		seconds = append(seconds, s.Duration)
		// Every piece was decoded when it was made. Read back from storage
		// its bytes are the same, so decoding the ends and the middle again
		// proves that the whole stands together.
		if n := len(p.Cuts) - 1; c.next == 1 || c.next == n || c.next == n/2 {
			if err := t.decodeSegment(ctx, c, data, work); err != nil {
				return rr, fmt.Errorf("segment %s: %w", s.URI, err)
			}
			rr.Decoded++
		}
	}
	for _, s := range seconds {
		rr.Duration += s
	}
	if math.Abs(rr.Duration-p.Rate.Seconds(p.Frames())) > 0.05 {
		return rr, fmt.Errorf("EXTINF adds up to %.3f s, the lesson is %.3f s long", rr.Duration,
			p.Rate.Seconds(p.Frames()))
	}
	rr.Average = int(math.Ceil(float64(8*rr.Bytes) / rr.Duration))
	var err error
	if rr.Codecs, err = cmaf.InitCodecs(c.init); err != nil {
		return rr, err
	}
	return rr, playlist(p, &rr, segs)
}

// complete wants every piece's init section and segments, each once.
func complete(p Plan, segs []Segment) error {
	sort.SliceStable(segs, func(i, j int) bool {
		if segs[i].Piece != segs[j].Piece {
			return segs[i].Piece < segs[j].Piece
		}
		return segs[i].Index < segs[j].Index
	})
	at := 0
	for i, pc := range p.Pieces {
		for index := -1; index < pc.Last-pc.First; index++ {
			if at >= len(segs) || segs[at].Piece != i || segs[at].Index != index {
				return fmt.Errorf("piece %d: segment %d is missing", i, index)
			}
			at++
		}
	}
	if at != len(segs) {
		return fmt.Errorf("%d segments too many", len(segs)-at)
	}
	return nil
}

// fetch reads a segment back and compares it with its record.
func fetch(ctx context.Context, s Segment, open Opener) ([]byte, error) {
	body, err := open(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("segment %s: %w", s.URI, err)
	}
	defer func() { _ = body.Close() }()
	data, err := io.ReadAll(io.LimitReader(body, s.Size+1))
	if err != nil {
		return nil, fmt.Errorf("segment %s: %w", s.URI, err)
	}
	sum := sha256.Sum256(data)
	if int64(len(data)) != s.Size || hex.EncodeToString(sum[:]) != s.SHA256 {
		return nil, fmt.Errorf("segment %s: not the %d bytes that were recorded", s.URI, s.Size)
	}
	return data, nil
}

func (c *rungCheck) checkInit(data []byte) error {
	if c.init == nil {
		c.init = data
	} else if !bytes.Equal(c.init, data) {
		return fmt.Errorf("the init section differs from the first piece's")
	}
	return nil
}

// checkSegment reads a segment's structure.
func (c *rungCheck) checkSegment(data []byte, s Segment) error {
	runs, err := cmaf.ReadSegment(data)
	if err != nil {
		return err
	}
	if c.next >= len(c.plan.Cuts)-1 {
		return fmt.Errorf("one segment too many")
	}
	from, to := c.plan.Cuts[c.next], c.plan.Cuts[c.next+1]
	// Sound is cut at its own frames, halved pictures at every second one.
	slack := 0.001
	switch {
	case c.rung.Kind == ladder.Audio:
		slack = 1.01 * ladder.SamplesPerFrame / ladder.SampleRate
	case c.rung.Divide > 1:
		slack = 1.01 / c.plan.Rate.Float()
	}
	if want := c.plan.Rate.Seconds(to - from); math.Abs(s.Duration-want) > slack {
		return fmt.Errorf("lasts %.6f s, the plan says %.6f s", s.Duration, want)
	}
	tracks := 0
	if c.rung.Kind == ladder.Video {
		tracks++
	}
	if c.rung.Sound.Bitrate > 0 {
		tracks++
	}
	if len(runs) != tracks {
		return fmt.Errorf("%d tracks, expected %d", len(runs), tracks)
	}
	for _, run := range runs {
		if run.Start != c.times[run.Track] {
			return fmt.Errorf("track %d begins at %d, the one before ended at %d", run.Track, run.Start,
				c.times[run.Track])
		}
		if !run.KeyFirst {
			return fmt.Errorf("track %d does not begin with a key frame", run.Track)
		}
		c.times[run.Track] = run.Start + run.Length
	}
	c.next++
	return nil
}

// decodeSegment decodes one segment with the rung's init section.
func (t *Transcoder) decodeSegment(ctx context.Context, c *rungCheck, data []byte, work string) error {
	file := filepath.Join(work, "segment.mp4")
	if err := os.WriteFile(file, append(bytes.Clone(c.init), data...), 0o600); err != nil {
		return err
	}
	got, err := t.decodeCount(ctx, file)
	if err != nil {
		return err
	}
	if c.rung.Kind == ladder.Video && got.pictures == 0 || c.rung.Sound.Bitrate > 0 && got.sounds == 0 {
		return fmt.Errorf("decoded %+v", got)
	}
	return nil
}

// playlist writes the finished playlist, reads it back and checks it.
func playlist(p Plan, rr *RungReport, segs []Segment) error {
	list := make([]hls.Segment, len(segs))
	for i, s := range segs {
		list[i] = hls.Segment{URI: s.URI, Piece: s.Piece, Index: s.Index, Duration: s.Duration, Size: s.Size,
			SHA256: s.SHA256}
	}
	text, err := hls.Media(list, p.TargetDuration, false)
	if err != nil {
		return err
	}
	rr.Playlist = text
	back, err := hls.ParseMedia(text)
	if err != nil {
		return err
	}
	return back.Check(len(p.Cuts)-1, rr.Duration)
}
