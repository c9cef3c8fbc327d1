package upload

import (
	"context"
	"fmt"

	"lenlop/services/media"
	"lenlop/services/people"
)

// Begin makes the plan of a new upload before a byte is sent. Faults:
// "access.denied", "lesson.not_found", "lesson.in_bin", "upload.empty",
// "upload.too_large" (max, gb), "upload.over_quota" (quota, used, gb left),
// "upload.no_space" (gb missing).
func (s *Service) Begin(
	ctx context.Context, by people.Person, lessonID, filename string, size int64,
) (Upload, error) {
	p, err := s.Prepare(ctx, by, lessonID, filename, size, media.RandomNames())
	if err != nil {
		return Upload{}, err
	}
	u, err := p.Commit(ctx)
	if err != nil {
		// Best effort; Sweep gives back what this leaves.
		_ = p.Discard(context.WithoutCancel(ctx))
		return Upload{}, err
	}
	return u, nil
}

// Prepared is an upload that storage expects and the database does not know yet.
type Prepared struct {
	service *Service
	by      people.Person
	upload  Upload
}

// Prepare is the part of Begin outside the database: it opens the upload in
// storage. With the names of an earlier attempt it finds what that one opened.
func (s *Service) Prepare(
	ctx context.Context, by people.Person, lessonID, filename string, size int64, names media.Names,
) (*Prepared, error) {
	if err := s.editable(ctx, by, lessonID, s.Lessons.Lesson); err != nil {
		return nil, err
	}
	if err := s.fits(ctx, by, size); err != nil {
		return nil, err
	}
	if err := s.spaceFor(size); err != nil {
		return nil, err
	}
	now := s.Now()
	u := Upload{
		ID: names.ID("upload"), LessonID: lessonID, PersonID: by.ID, RecordingID: names.ID("recording"),
		Filename: cleanFilename(filename), Size: size, Status: Open, CreatedAt: now, ExpiresAt: now.Add(Life),
	}
	u.PartSize, u.PartCount = plan(size, orDefault(s.PartSize, DefaultPartSize))
	// Nobody can guess, or write again, where a recording lies.
	u.Key = media.Recording(lessonID, names.Secret("recording"))
	var err error
	if u.StorageID, err = s.expect(ctx, u.Key, names.Repeated()); err != nil {
		return nil, fmt.Errorf("upload for lesson %s: %w", lessonID, err)
	}
	return &Prepared{service: s, by: by, upload: u}, nil
}

// expect opens a multipart upload under a key, or finds the one that an
// earlier attempt opened.
func (s *Service) expect(ctx context.Context, key string, repeated bool) (string, error) {
	if repeated {
		pending, err := s.Parts.Pending(ctx, key)
		if err != nil {
			return "", err
		}
		for _, p := range pending {
			if p.Key == key {
				return p.UploadID, nil
			}
		}
	}
	return s.Parts.Create(ctx, key, "application/octet-stream")
}

// Commit makes the upload known to the database. It may be called in a transaction.
func (p *Prepared) Commit(ctx context.Context) (Upload, error) {
	s, u := p.service, p.upload
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.editable(ctx, p.by, u.LessonID, s.Lessons.Lock); err != nil {
			return err
		}
		if err := s.fits(ctx, p.by, u.Size); err != nil {
			return err
		}
		if err := s.Store.SaveUpload(ctx, u); err != nil {
			return err
		}
		return s.Receiver.Receiving(ctx, u.LessonID)
	})
	if err != nil {
		return Upload{}, err
	}
	return u, nil
}

// Discard gives back what storage expects, when Commit did not happen.
func (p *Prepared) Discard(ctx context.Context) error {
	if err := p.service.Parts.Abort(ctx, p.upload.Key, p.upload.StorageID); err != nil {
		return fmt.Errorf("upload for lesson %s: discard: %w", p.upload.LessonID, err)
	}
	return nil
}
