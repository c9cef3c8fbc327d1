package upload

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// PieceStore stores the pieces of parts that are not whole yet (media.Store).
type PieceStore interface {
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o media.PutOptions) (media.Object, error)
	Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error)
	List(ctx context.Context, prefix string, each func(media.Object) bool) error
	Delete(ctx context.Context, keys ...string) error
}

// piecesPrefix is where the pieces of all uploads are stored:
// uploads/{upload}/{part}/{from}-{to}.
const piecesPrefix = media.Uploads

func uploadPrefix(upload string) string { return piecesPrefix + upload + "/" }

func partPrefix(upload string, part int) string {
	return uploadPrefix(upload) + fmt.Sprintf("%05d/", part)
}

// piece is a stored range of a part. Its key names both ends, so nobody can
// replace it by a shorter one.
type piece struct {
	key      string
	from, to int64 // bytes within the part
}

func newPiece(upload string, part int, from, to int64) piece {
	return piece{key: partPrefix(upload, part) + fmt.Sprintf("%012d-%012d", from, to), from: from, to: to}
}

// parsePiece reads which bytes of which part an object holds. Earlier
// versions wrote keys with only the start; such pieces end where their size
// says.
func parsePiece(o media.Object) (part int, p piece, ok bool) {
	part, err := strconv.Atoi(path.Base(path.Dir(o.Key)))
	if err != nil {
		return 0, piece{}, false
	}
	first, last, ranged := strings.Cut(path.Base(o.Key), "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 || o.Size <= 0 {
		return 0, piece{}, false
	}
	to := from + o.Size
	if end, err := strconv.ParseInt(last, 10, 64); ranged && (err != nil || end != to) {
		return 0, piece{}, false
	}
	return part, piece{key: o.Key, from: from, to: to}, true
}

// listPieces returns the stored pieces of an upload by part, in any order.
func (s *Service) listPieces(ctx context.Context, upload string) (map[int][]piece, error) {
	pieces := map[int][]piece{}
	err := s.Pieces.List(ctx, uploadPrefix(upload), func(o media.Object) bool {
		if part, p, ok := parsePiece(o); ok {
			pieces[part] = append(pieces[part], p)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("upload %s: list pieces: %w", upload, err)
	}
	return pieces, nil
}

// contiguous returns the pieces that cover a part from its start up to the
// first gap, and how many bytes they cover. Pieces may overlap when the last
// bytes of an old connection came twice; they hold the same bytes.
func contiguous(all []piece) (covering []piece, length int64) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	for _, p := range all {
		if p.from <= length && p.to > length {
			covering, length = append(covering, p), p.to
		}
	}
	return covering, length
}

// partialPart is the first part of an upload that is not whole yet, while one
// request appends to it.
type partialPart struct {
	s      *Service
	u      Upload
	whole  map[int]bool    // parts that storage has
	listed map[int][]piece // pieces stored when the request began, by part
	number int             // of the part, from 1; PartCount+1 at the end of the file
	length int64           // bytes of the part that are stored
	offset int64           // bytes of the file that are stored
	pieces []piece         // that cover the part up to length
}

// newPartialPart starts before the first part; advance goes to the right one.
func newPartialPart(s *Service, u Upload, parts []media.Part, listed map[int][]piece) *partialPart {
	p := &partialPart{s: s, u: u, listed: listed, number: 1}
	p.setWhole(parts)
	return p
}

func (p *partialPart) setWhole(parts []media.Part) {
	p.whole = map[int]bool{}
	for _, part := range parts {
		if part.Number >= 1 && part.Number <= p.u.PartCount && part.Size == p.u.PartLength(part.Number) {
			p.whole[part.Number] = true
		}
	}
}

// advance goes to the first part that is not whole. It joins parts whose pieces
// are complete: a process may have ended between the last piece and the join.
func (p *partialPart) advance(ctx context.Context) error {
	for {
		for p.whole[p.number] {
			p.number++
		}
		p.length, p.pieces = 0, nil
		if p.number > p.u.PartCount {
			p.offset = p.u.Size
			return nil
		}
		p.pieces, p.length = contiguous(p.listed[p.number])
		p.offset = int64(p.number-1)*p.u.PartSize + p.length
		if p.length < p.u.PartLength(p.number) {
			return nil
		}
		if err := p.join(ctx); err != nil {
			return err
		}
	}
}

// store stores bytes that follow those already stored; they end with the part
// at the latest.
func (p *partialPart) store(ctx context.Context, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	size, whole := int64(len(b)), p.u.PartLength(p.number)
	if p.length == 0 && size == whole {
		if err := p.putPart(ctx, b); err != nil {
			return err
		}
		return p.advance(ctx)
	}
	next := newPiece(p.u.ID, p.number, p.length, p.length+size)
	options := media.PutOptions{ContentType: "application/octet-stream"}
	if _, err := p.s.Pieces.Put(ctx, next.key, bytes.NewReader(b), size, options); err != nil {
		return fmt.Errorf("upload %s part %d: store piece: %w", p.u.ID, p.number, err)
	}
	p.pieces, p.length, p.offset = append(p.pieces, next), next.to, p.offset+size
	if p.length < whole {
		return nil
	}
	if err := p.join(ctx); err != nil {
		return err
	}
	return p.advance(ctx)
}

// join makes the part of its pieces.
func (p *partialPart) join(ctx context.Context) error {
	b, err := p.read(ctx)
	if err == nil {
		return p.putPart(ctx, b)
	}
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	// Another process has joined the part and removed its pieces.
	parts, listErr := p.s.Parts.Parts(ctx, p.u.Key, p.u.StorageID)
	if listErr != nil {
		return fmt.Errorf("upload %s: list parts: %w", p.u.ID, listErr)
	}
	if p.setWhole(parts); !p.whole[p.number] {
		return err
	}
	return nil
}

// read reads the whole part from its pieces.
func (p *partialPart) read(ctx context.Context) ([]byte, error) {
	whole := p.u.PartLength(p.number)
	b := make([]byte, 0, whole)
	for _, piece := range p.pieces {
		at := int64(len(b))
		r, _, err := p.s.Pieces.Get(ctx, piece.key, media.Range{Offset: at - piece.from, Length: -1})
		if err != nil {
			return nil, fmt.Errorf("upload %s part %d: read piece: %w", p.u.ID, p.number, err)
		}
		more, err := io.ReadAll(io.LimitReader(r, min(whole, piece.to)-at))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("upload %s part %d: read piece: %w", p.u.ID, p.number, err)
		}
		b = append(b, more...)
	}
	if int64(len(b)) != whole {
		return nil, fmt.Errorf("upload %s part %d: pieces hold %d of %d bytes", p.u.ID, p.number, len(b), whole)
	}
	return b, nil
}

// putPart gives storage the whole part; only then its pieces are removed.
func (p *partialPart) putPart(ctx context.Context, b []byte) error {
	_, err := p.s.Parts.PutPart(ctx, p.u.Key, p.u.StorageID, p.number, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("upload %s part %d: %w", p.u.ID, p.number, err)
	}
	p.whole[p.number] = true
	// Best effort: what remains is removed when the upload ends.
	_ = p.s.removePieces(ctx, partPrefix(p.u.ID, p.number))
	return nil
}

// removePieces removes the pieces below a prefix.
func (s *Service) removePieces(ctx context.Context, prefix string) error {
	if s.Pieces == nil {
		return nil
	}
	var keys []string
	collect := func(o media.Object) bool { keys = append(keys, o.Key); return true }
	if err := s.Pieces.List(ctx, prefix, collect); err != nil {
		return fmt.Errorf("pieces of uploads: list: %w", err)
	}
	return s.deletePieces(ctx, keys)
}

func (s *Service) deletePieces(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := s.Pieces.Delete(ctx, keys...); err != nil {
		return fmt.Errorf("pieces of uploads: delete: %w", err)
	}
	return nil
}

// sweepPieces removes the pieces of uploads that have ended or do not exist.
func (s *Service) sweepPieces(ctx context.Context) error {
	if s.Pieces == nil {
		return nil
	}
	open := map[string]bool{}
	var keys []string
	var failed error
	err := s.Pieces.List(ctx, piecesPrefix, func(o media.Object) bool {
		id := path.Base(path.Dir(path.Dir(o.Key)))
		isOpen, known := open[id]
		if !known {
			u, err := s.Store.Upload(ctx, id)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				failed = err
				return false
			}
			isOpen = err == nil && u.Status == Open
			open[id] = isOpen
		}
		if !isOpen {
			keys = append(keys, o.Key)
		}
		return true
	})
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("pieces of uploads: list: %w", err)
	}
	return s.deletePieces(ctx, keys)
}
