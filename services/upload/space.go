package upload

import (
	"fmt"

	"lenlop/services/fault"
)

// most of what uploads leave of the disk to the database and to the work on
// recordings, in bytes; of a small disk they leave a twentieth.
const mostReserved = 1 << 30

// reserve is what uploads leave of a disk of the size.
func reserve(total int64) int64 { return min(mostReserved, total/20) }

// lacking is how many bytes a disk lacks for an upload of the size: its parts,
// and once more all of it while they are joined; 0: none.
func lacking(size, free, total int64) int64 { return max(0, 2*size+reserve(total)-free) }

// lackingToJoin is how many bytes a disk that has the parts lacks for joining
// them. Half the reserve may go for it: its end frees the parts.
func lackingToJoin(size, free, total int64) int64 { return max(0, size+reserve(total)/2-free) }

// spaceFor refuses a new upload that the disk has no space for: fault.Full
// "upload.no_space" (gb missing).
func (s *Service) spaceFor(size int64) error { return s.space(size, lacking, "upload.no_space") }

// spaceToJoin refuses to join parts that the disk has no space for: fault.Full
// "storage.full" (gb missing).
func (s *Service) spaceToJoin(size int64) error { return s.space(size, lackingToJoin, "storage.full") }

func (s *Service) space(size int64, lacks func(size, free, total int64) int64, code string) error {
	if s.Space == nil {
		return nil
	}
	free, total, err := s.Space()
	if err != nil {
		return fault.Wrap(fmt.Errorf("free space: %w", err), fault.Unavailable, "media.unavailable")
	}
	if n := lacks(size, free, total); n > 0 {
		return fault.New(fault.Full, code, "gb", gigabytes(n))
	}
	return nil
}
