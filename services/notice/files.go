package notice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/worksheet"
)

// Files is where attachments lie (media.Store).
type Files interface {
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o media.PutOptions) (media.Object, error)
	Delete(ctx context.Context, keys ...string) error
}

// MaxFiles is how many files one notice may carry.
const MaxFiles = 5

// Attach adds a PDF or picture to a notice, checked as worksheets are. Faults:
// "access.denied", "notice.too_many_files", those of worksheet.Check.
func (s *Service) Attach(ctx context.Context, by people.Person, id, name string, data []byte) (Attachment, error) {
	n, err := s.Store.Notice(ctx, id)
	if err != nil {
		return Attachment{}, err
	}
	if !s.writes(by, n) {
		return Attachment{}, fault.New(fault.Forbidden, "access.denied")
	}
	content, err := worksheet.Check(data)
	if err != nil {
		return Attachment{}, err
	}
	data = worksheet.Strip(data, content.Type)
	a := Attachment{ID: s.NewID(), NoticeID: id, Name: worksheet.CleanName(name, content.Type), Type: content.Type,
		Size: int64(len(data)), CreatedAt: s.Now()}
	a.Key = media.NoticeFile(id, a.ID)
	if _, err := s.Files.Put(ctx, a.Key, bytes.NewReader(data), a.Size,
		media.PutOptions{ContentType: a.Type}); err != nil {
		return Attachment{}, fmt.Errorf("notice %s: %w", id, err)
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		have, err := s.Store.Attachments(ctx, id)
		if err != nil {
			return err
		}
		if len(have) >= MaxFiles {
			return fault.New(fault.Conflict, "notice.too_many_files", "max", MaxFiles)
		}
		if err := s.Store.SaveAttachment(ctx, a); err != nil {
			return err
		}
		return s.log(ctx, by, id, "file "+a.ID+" added")
	})
	if err != nil {
		return Attachment{}, errors.Join(err, s.Files.Delete(context.WithoutCancel(ctx), a.Key))
	}
	return a, nil
}

// File finds an attachment for a reader who may see the notice.
func (s *Service) File(ctx context.Context, r Reader, noticeID, id string) (Attachment, error) {
	if _, err := s.Get(ctx, r, noticeID); err != nil {
		return Attachment{}, err
	}
	all, err := s.Store.Attachments(ctx, noticeID)
	if err != nil {
		return Attachment{}, err
	}
	for _, a := range all {
		if a.ID == id {
			return a, nil
		}
	}
	return Attachment{}, fault.New(fault.NotFound, "notice.not_found")
}
