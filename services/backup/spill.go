package backup

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// Tens of millions of objects are compared in parts, so that
// memory holds one part at a time: each part is this many of the 256 buckets.
const (
	parts         = 64
	bucketsInPart = 256 / parts
)

func partOf(key string) int { return int(bucketOf(key)) / bucketsInPart }

// spill keeps values on disk by their part, as lines of JSON.
type spill[T any] struct {
	files [parts]*os.File
	to    [parts]*bufio.Writer
}

func newSpill[T any](dir string) (*spill[T], error) {
	s := &spill[T]{}
	for i := range s.files {
		f, err := tempFile(dir)
		if err != nil {
			s.close()
			return nil, err
		}
		s.files[i], s.to[i] = f, bufio.NewWriter(f)
	}
	return s, nil
}

func (s *spill[T]) add(part int, v T) error { return json.NewEncoder(s.to[part]).Encode(v) }

// each calls use for what was put into a part, in that order.
func (s *spill[T]) each(part int, use func(T) error) error {
	if err := s.to[part].Flush(); err != nil {
		return err
	}
	if _, err := s.files[part].Seek(0, io.SeekStart); err != nil {
		return err
	}
	for lines := json.NewDecoder(bufio.NewReader(s.files[part])); ; {
		var v T
		if err := lines.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := use(v); err != nil {
			return err
		}
	}
}

func (s *spill[T]) close() {
	for _, f := range s.files {
		if f != nil {
			f.Close() // nameless: it is gone with this
		}
	}
}
