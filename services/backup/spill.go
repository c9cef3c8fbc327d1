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

// spill keeps values on disk by their part, as lines of JSON. A part's file is
// made with its first value: a small installation has few.
type spill[T any] struct {
	dir   string
	files [parts]*os.File
	to    [parts]*bufio.Writer
}

func newSpill[T any](dir string) *spill[T] { return &spill[T]{dir: dir} }

func (s *spill[T]) add(part int, v T) error {
	if s.files[part] == nil {
		f, err := tempFile(s.dir)
		if err != nil {
			return err
		}
		s.files[part], s.to[part] = f, bufio.NewWriter(f)
	}
	return json.NewEncoder(s.to[part]).Encode(v)
}

// each calls use for what was put into a part, in that order.
func (s *spill[T]) each(part int, use func(T) error) error {
	if s.files[part] == nil {
		return nil
	}
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
