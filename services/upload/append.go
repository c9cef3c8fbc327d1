package upload

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// How bytes that arrive in order are stored. A connection that breaks every
// minute brings less than a part at a time, so what has arrived is stored in
// pieces: on a slow connection after flushInterval at the latest, so that a
// power cut costs seconds; on a fast one a whole part at a time.
const (
	flushInterval  = 2 * time.Second
	minPiece       = 32 << 10 // bytes: no piece is smaller while more is arriving
	readSize       = 64 << 10
	acquireTimeout = 15 * time.Second // how long a request waits for the one before it
)

// ErrTakenOver is the cause with which an appender's context ends when another
// request continues the upload.
var ErrTakenOver = errors.New("another request continues the upload")

// Offset returns how many bytes of the file are stored, counted from its start
// up to the first gap. It never decreases, whichever process answers. A request
// of this process that still appends to the upload is ended first. At the end
// of the file the recording is received, as by Complete. Faults: those of Get
// and Complete, "upload.busy".
func (s *Service) Offset(ctx context.Context, by people.Person, id string) (Upload, int64, error) {
	return s.Append(ctx, by, id, -1, nil)
}

// Append stores the bytes of body, which are the file's from offset on, and
// returns the offset up to which everything is stored; also beside an error,
// because whatever arrived is stored. body is called when earlier requests have
// ended, and its reader must end when its context does. Faults:
// "upload.wrong_offset" (offset), "upload.taken_over", "upload.line_broke",
// "upload.busy", those of Get and Complete.
func (s *Service) Append(ctx context.Context, by people.Person, id string, offset int64,
	body func(context.Context) io.Reader,
) (Upload, int64, error) {
	if _, err := s.own(ctx, by, id, s.Store.Upload); err != nil {
		return Upload{}, 0, err
	}
	turn, release, err := s.acquire(ctx, id)
	if err != nil {
		return Upload{}, 0, err
	}
	defer release()
	// Pieces are listed before parts: another process removes the pieces of a
	// part only once the part is stored, so whatever is missing from the first
	// list is in the second, and the offset cannot go backwards.
	pieces, err := s.listPieces(ctx, id)
	if err != nil {
		return Upload{}, 0, err
	}
	u, parts, err := s.Get(ctx, by, id)
	if err != nil {
		return u, 0, err
	}
	if u.Status == Complete {
		return u, u.Size, checkOffset(offset, u.Size)
	}
	if err := s.open(u); err != nil {
		return u, 0, err
	}
	// What has arrived is stored although the client may be gone.
	storing := context.WithoutCancel(ctx)
	p := newPartialPart(s, u, parts, pieces)
	err = p.advance(storing)
	if err == nil {
		err = checkOffset(offset, p.offset)
	}
	if err == nil && body != nil {
		if err = s.renew(storing, u); err == nil {
			err = p.receive(turn, storing, body(turn))
		}
	}
	if err != nil {
		return s.afterFailure(storing, u, p.offset, err)
	}
	if p.offset == u.Size {
		if _, err := s.Complete(ctx, by, id, ""); err != nil {
			return u, p.offset, err
		}
	}
	return u, p.offset, nil
}

// afterFailure turns the failure of an append into its answer. When storage no
// longer knows the multipart upload, another process has completed it, or is
// doing so now.
func (s *Service) afterFailure(ctx context.Context, u Upload, offset int64, err error) (Upload, int64, error) {
	if fault.KindOf(err) != fault.NotFound {
		return u, offset, err
	}
	cur, readErr := s.Store.Upload(ctx, u.ID)
	switch {
	case readErr != nil:
		return u, offset, readErr
	case cur.Status == Complete:
		return cur, cur.Size, nil
	case cur.Status == Aborted:
		return cur, offset, closed(cur)
	}
	return u, offset, fault.Wrap(err, fault.Unavailable, "upload.busy")
}

// checkOffset refuses a request that does not start where the stored bytes end.
// A negative offset asks for nothing.
func checkOffset(requested, stored int64) error {
	if requested >= 0 && requested != stored {
		return fault.New(fault.Conflict, "upload.wrong_offset", "offset", stored)
	}
	return nil
}

// appender is a request that appends to an upload.
type appender struct {
	stop context.CancelCauseFunc
	done chan struct{}
}

// acquire makes the caller the only appender to an upload in this process. The
// previous one is ended: a client that returns has given up its old connection,
// and the server may not have noticed. Appenders in two processes do no harm:
// stored pieces never change, and their keys say which bytes they hold.
func (s *Service) acquire(ctx context.Context, id string) (turn context.Context, release func(), err error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	for {
		s.mu.Lock()
		previous := s.appenders[id]
		if previous == nil {
			turn, stop := context.WithCancelCause(ctx)
			own := &appender{stop: stop, done: make(chan struct{})}
			if s.appenders == nil {
				s.appenders = map[string]*appender{}
			}
			s.appenders[id] = own
			s.mu.Unlock()
			return turn, func() {
				stop(nil)
				s.mu.Lock()
				delete(s.appenders, id)
				s.mu.Unlock()
				close(own.done)
			}, nil
		}
		s.mu.Unlock()
		previous.stop(ErrTakenOver)
		select {
		case <-previous.done:
		case <-wait.Done():
			return nil, nil, fault.New(fault.Unavailable, "upload.busy")
		}
	}
}

// receive reads body to its end, or to the end of the file.
func (p *partialPart) receive(turn, storing context.Context, body io.Reader) error {
	buf := make([]byte, 0, readSize)
	flushed, at := p.s.Now(), p.offset
	for p.offset < p.u.Size {
		free := p.u.PartLength(p.number) - p.length - int64(len(buf))
		if cap(buf)-len(buf) < readSize {
			buf = slices.Grow(buf, min(int(free), max(readSize, cap(buf))))
		}
		n, err := body.Read(buf[len(buf) : len(buf)+int(min(free, readSize, int64(cap(buf)-len(buf))))])
		buf = buf[:len(buf)+n]
		full := int64(n) == free
		late := p.s.Now().Sub(flushed) >= flushInterval && len(buf) >= minPiece
		if full || late || err != nil {
			if storeErr := p.store(storing, buf); storeErr != nil {
				return storeErr
			}
			at += int64(len(buf))
			buf, flushed = buf[:0], p.s.Now()
			// The body repeats what another request has stored meanwhile.
			if skip := p.offset - at; skip > 0 && err == nil {
				_, err = io.CopyN(io.Discard, body, skip)
				at = p.offset
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
