package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
)

// How bytes that come one after another are kept. A line that breaks every
// minute brings less than a part in one go, so what has come is written down
// in pieces: on a slow line after keepEvery at the latest, so that a power cut
// costs seconds; on a fast one a part at a time.
const (
	keepEvery = 2 * time.Second
	keepLeast = 32 << 10 // bytes: no piece smaller than this while more is coming
	readAtOne = 64 << 10
	handOver  = 15 * time.Second // how long a new request waits for the one before it
)

// Tails keeps the pieces of a part that is not whole yet (media.Store).
type Tails interface {
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o media.PutOptions) (media.Object, error)
	Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error)
	List(ctx context.Context, prefix string, each func(media.Object) bool) error
	Delete(ctx context.Context, keys ...string) error
}

// Offset is how many bytes of the file are kept, counted from its start up to
// the first gap. A request that still appends to the upload is ended first. At
// the file's end the recording is received, as by Complete. Faults: those of
// Get and Complete, "upload.busy".
func (s *Service) Offset(ctx context.Context, by people.Person, id string) (Upload, int64, error) {
	return s.Append(ctx, by, id, -1, nil)
}

// Append keeps the bytes that body gives, which are the file's from offset on,
// and gives the offset up to which all is kept: also beside an error, because
// whatever arrived is kept. body is asked for once it is this request's turn,
// and must end when its context does. Faults: "upload.wrong_offset" (offset),
// "upload.busy", those of Get and Complete.
func (s *Service) Append(ctx context.Context, by people.Person, id string, offset int64, body func(context.Context) io.Reader) (Upload, int64, error) {
	if _, err := s.own(ctx, by, id, s.Store.Upload); err != nil {
		return Upload{}, 0, err
	}
	turn, end, err := s.takeTurn(ctx, id)
	if err != nil {
		return Upload{}, 0, err
	}
	defer end()
	u, parts, err := s.Get(ctx, by, id)
	if err != nil {
		return u, 0, err
	}
	if u.Status == Complete {
		return u, u.Size, wrongOffset(offset, u.Size)
	}
	if err := s.open(u); err != nil {
		return u, 0, err
	}
	// What has arrived is written down though the line is gone.
	keep := context.WithoutCancel(ctx)
	t := &tail{s: s, u: u, have: map[int]bool{}}
	if err := t.resume(keep, parts); err != nil {
		return u, 0, err
	}
	if err := wrongOffset(offset, t.offset); err != nil {
		return u, t.offset, err
	}
	if body != nil {
		if err := s.renew(keep, u); err != nil {
			return u, t.offset, err
		}
		if err := t.take(turn, keep, body(turn)); err != nil {
			return u, t.offset, err
		}
	}
	if t.offset == u.Size {
		if _, err := s.Complete(ctx, by, id, ""); err != nil {
			return u, t.offset, err
		}
	}
	return u, t.offset, nil
}

func wrongOffset(said, is int64) error {
	if said >= 0 && said != is {
		return fault.New(fault.Conflict, "upload.wrong_offset", "offset", is)
	}
	return nil
}

// takeTurn makes the caller the only one in this process that appends to an
// upload. Whoever did before is ended: a client that comes again has given its
// old line up, and the server may not have noticed. Two processes that append
// at once do no harm: pieces say where in the file they lie.
func (s *Service) takeTurn(ctx context.Context, id string) (context.Context, func(), error) {
	wait, cancel := context.WithTimeout(ctx, handOver)
	defer cancel()
	for {
		s.mu.Lock()
		before := s.turns[id]
		if before == nil {
			turn, stop := context.WithCancelCause(ctx)
			mine := &turns{stop: stop, done: make(chan struct{})}
			if s.turns == nil {
				s.turns = map[string]*turns{}
			}
			s.turns[id] = mine
			s.mu.Unlock()
			return turn, func() {
				stop(nil)
				s.mu.Lock()
				delete(s.turns, id)
				s.mu.Unlock()
				close(mine.done)
			}, nil
		}
		s.mu.Unlock()
		before.stop(ErrTakenOver)
		select {
		case <-before.done:
		case <-wait.Done():
			return nil, nil, fault.New(fault.Unavailable, "upload.busy")
		}
	}
}

// ErrTakenOver is the cause with which a turn's context ends when another
// request goes on with the upload.
var ErrTakenOver = errors.New("another request goes on with the upload")

type turns struct {
	stop context.CancelCauseFunc
	done chan struct{}
}

// tail is an upload's end as it grows.
type tail struct {
	s      *Service
	u      Upload
	have   map[int]bool // parts that are whole
	number int          // of the part that grows
	length int64        // bytes of it that are kept
	offset int64
	pieces []piece
}

// piece is one stored stretch of a part.
type piece struct {
	key      string
	from, to int64 // bytes within the part
}

// resume finds where the kept bytes end.
func (t *tail) resume(ctx context.Context, parts []media.Part) error {
	for _, p := range parts {
		if p.Number >= 1 && p.Number <= t.u.PartCount && p.Size == t.u.PartLength(p.Number) {
			t.have[p.Number] = true
		}
	}
	t.number = 1
	return t.next(ctx)
}

// next goes to the first part that is not whole and joins it if its pieces
// already are: a crash may have come in between.
func (t *tail) next(ctx context.Context) error {
	for {
		for t.have[t.number] {
			t.number++
		}
		t.length, t.pieces = 0, nil
		if t.number > t.u.PartCount {
			t.offset = t.u.Size
			return nil
		}
		if err := t.list(ctx); err != nil {
			return err
		}
		if t.offset = int64(t.number-1)*t.u.PartSize + t.length; t.length < t.u.PartLength(t.number) {
			return nil
		}
		if err := t.join(ctx); err != nil {
			return err
		}
	}
}

// list reads which pieces of the growing part are stored. Pieces may overlap,
// when an old line's last bytes came twice; they hold the same bytes.
func (t *tail) list(ctx context.Context) error {
	var all []piece
	prefix := tailPrefix(t.u.ID) + fmt.Sprintf("%05d/", t.number)
	err := t.s.Tails.List(ctx, prefix, func(o media.Object) bool {
		if from, err := strconv.ParseInt(path.Base(o.Key), 10, 64); err == nil {
			all = append(all, piece{o.Key, from, from + o.Size})
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("upload %s: %w", t.u.ID, err)
	}
	slices.SortFunc(all, func(a, b piece) int { return int(a.from - b.from) })
	for _, p := range all {
		if p.from <= t.length && p.to > t.length {
			t.pieces, t.length = append(t.pieces, p), p.to
		}
	}
	return nil
}

// take reads body to its end or the file's.
func (t *tail) take(turn, keep context.Context, body io.Reader) error {
	buf := make([]byte, 0, readAtOne)
	kept, at := t.s.Now(), t.offset
	for t.offset < t.u.Size {
		room := t.u.PartLength(t.number) - t.length - int64(len(buf))
		if cap(buf)-len(buf) < readAtOne {
			buf = slices.Grow(buf, min(int(room), max(readAtOne, cap(buf))))
		}
		n, err := body.Read(buf[len(buf) : len(buf)+int(min(room, readAtOne, int64(cap(buf)-len(buf))))])
		buf = buf[:len(buf)+n]
		full := int64(n) == room
		if late := t.s.Now().Sub(kept) >= keepEvery; full || err != nil || late && len(buf) >= keepLeast {
			if ferr := t.keep(keep, buf); ferr != nil {
				return ferr
			}
			at += int64(len(buf))
			buf, kept = buf[:0], t.s.Now()
			// Parts that were sent by another way are skipped.
			if skip := t.offset - at; skip > 0 && err == nil {
				_, err = io.CopyN(io.Discard, body, skip)
				at = t.offset
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && errors.Is(context.Cause(turn), ErrTakenOver):
			return fault.Wrap(err, fault.Conflict, "upload.taken_over")
		case err != nil:
			return fault.Wrap(err, fault.Malformed, "upload.line_broke")
		}
	}
	return nil
}

// keep writes bytes down behind those that are kept.
func (t *tail) keep(ctx context.Context, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	whole := t.u.PartLength(t.number)
	if t.length == 0 && int64(len(b)) == whole {
		return t.part(ctx, b)
	}
	p := piece{tailPrefix(t.u.ID) + fmt.Sprintf("%05d/%012d", t.number, t.length), t.length, t.length + int64(len(b))}
	if _, err := t.s.Tails.Put(ctx, p.key, bytes.NewReader(b), int64(len(b)), media.PutOptions{ContentType: "application/octet-stream"}); err != nil {
		return fmt.Errorf("upload %s: %w", t.u.ID, err)
	}
	t.pieces, t.length, t.offset = append(t.pieces, p), p.to, t.offset+int64(len(b))
	if t.length < whole {
		return nil
	}
	return t.join(ctx)
}

// join makes the growing part of its pieces and goes to the next.
func (t *tail) join(ctx context.Context) error {
	whole := t.u.PartLength(t.number)
	b := make([]byte, 0, whole)
	for _, p := range t.pieces {
		r, _, err := t.s.Tails.Get(ctx, p.key, media.Range{Offset: int64(len(b)) - p.from, Length: -1})
		if err != nil {
			return fmt.Errorf("upload %s: %w", t.u.ID, err)
		}
		more, err := io.ReadAll(io.LimitReader(r, whole-int64(len(b))))
		r.Close()
		if err != nil {
			return fmt.Errorf("upload %s part %d: %w", t.u.ID, t.number, err)
		}
		b = append(b, more...)
	}
	if int64(len(b)) != whole {
		return fmt.Errorf("upload %s part %d: %d of %d bytes in its pieces", t.u.ID, t.number, len(b), whole)
	}
	return t.part(ctx, b)
}

// part gives storage a whole part; only then its pieces may go.
func (t *tail) part(ctx context.Context, b []byte) error {
	if _, err := t.s.Parts.PutPart(ctx, t.u.Key, t.u.StorageID, t.number, bytes.NewReader(b), int64(len(b))); err != nil {
		return fmt.Errorf("upload %s part %d: %w", t.u.ID, t.number, err)
	}
	t.have[t.number] = true
	// Best effort: what is left goes when the upload ends.
	_ = t.s.clear(ctx, tailPrefix(t.u.ID)+fmt.Sprintf("%05d/", t.number))
	return t.next(ctx)
}

// tails is where pieces of unfinished parts lie, one folder for each upload.
const tails = "uploads/"

func tailPrefix(upload string) string { return tails + upload + "/" }

// clear removes pieces below a prefix.
func (s *Service) clear(ctx context.Context, prefix string) error {
	if s.Tails == nil {
		return nil
	}
	var keys []string
	if err := s.Tails.List(ctx, prefix, func(o media.Object) bool { keys = append(keys, o.Key); return true }); err != nil {
		return fmt.Errorf("pieces of uploads: %w", err)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := s.Tails.Delete(ctx, keys...); err != nil {
		return fmt.Errorf("pieces of uploads: %w", err)
	}
	return nil
}

// sweepTails removes the pieces of uploads that are over, or not known.
func (s *Service) sweepTails(ctx context.Context) error {
	if s.Tails == nil {
		return nil
	}
	open := map[string]bool{}
	var keys []string
	var failed error
	err := s.Tails.List(ctx, tails, func(o media.Object) bool {
		id := path.Base(path.Dir(path.Dir(o.Key)))
		is, known := open[id]
		if !known {
			u, err := s.Store.Upload(ctx, id)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				failed = err
				return false
			}
			is = err == nil && u.Status == Open
			open[id] = is
		}
		if !is {
			keys = append(keys, o.Key)
		}
		return true
	})
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("pieces of uploads: %w", err)
	}
	if len(keys) == 0 {
		return nil
	}
	return s.Tails.Delete(ctx, keys...)
}
