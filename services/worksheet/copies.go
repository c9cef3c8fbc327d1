package worksheet

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"lenlop/services/audit"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// copies are worksheets whose files are stored: a lesson.StoredCopies.
type copies struct {
	service *Service
	by      people.Person
	from    string
	rows    []Worksheet
}

// StoreCopies stores a copy of each worksheet's file for each of the lessons to;
// see lesson.WorksheetCopier.
func (s *Service) StoreCopies(
	ctx context.Context, by people.Person, from string, to []string, names media.Names,
) (lesson.StoredCopies, error) {
	if _, err := s.read(ctx, by, people.EditLesson, from); err != nil {
		return nil, err
	}
	list, err := s.Store.Worksheets(ctx, from)
	if err != nil {
		return nil, err
	}
	c := &copies{service: s, by: by, from: from}
	var size int64
	for _, w := range list {
		size += w.Size * int64(len(to))
	}
	if err := c.fits(ctx, size); err != nil {
		return nil, err // before a byte is stored
	}
	ids := make([][]string, len(to))
	for i, id := range to {
		ids[i] = names.IDs("worksheet of "+id, len(list))
	}
	for n, w := range list {
		data, err := s.content(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("worksheet %s: %w", w.ID, err)
		}
		for i, lessonID := range to {
			w.ID, w.LessonID, w.By, w.At = ids[i][n], lessonID, by.ID, s.Now()
			if err := s.store(ctx, &w, data); err != nil {
				return nil, err
			}
			c.rows = append(c.rows, w)
		}
	}
	return c, nil
}

func (s *Service) content(ctx context.Context, w Worksheet) ([]byte, error) {
	body, _, err := s.Media.Get(ctx, w.Key, media.All)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, MaxBytes+1))
}

// store puts a worksheet's file where its row says.
func (s *Service) store(ctx context.Context, w *Worksheet, data []byte) error {
	w.Key = Key(w.LessonID, w.ID)
	o := media.PutOptions{ContentType: w.Type, SHA256: w.SHA256}
	if _, err := s.Media.Put(ctx, w.Key, bytes.NewReader(data), w.Size, o); err != nil {
		return fmt.Errorf("worksheet %s: %w", w.ID, err)
	}
	return nil
}

func (c *copies) fits(ctx context.Context, size int64) error {
	if c.service.Fits == nil || size == 0 {
		return nil
	}
	return c.service.Fits(ctx, c.by, size)
}

// Commit saves the rows. The lessons are new, so no limit of their number and
// no review is touched.
func (c *copies) Commit(ctx context.Context) error {
	s := c.service
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var size int64
		added := map[string]int{}
		for _, w := range c.rows {
			size += w.Size
		}
		if err := c.fits(ctx, size); err != nil {
			return err
		}
		for _, w := range c.rows {
			if err := s.Store.SaveWorksheet(ctx, w); err != nil {
				return err
			}
			added[w.LessonID]++
		}
		for _, w := range c.rows {
			n := added[w.LessonID]
			if n == 0 {
				continue
			}
			added[w.LessonID] = 0
			e := audit.Entry{ID: s.NewID(), At: s.Now(), Actor: c.by.ID, Action: string(people.EditLesson),
				Subject: "lesson:" + w.LessonID, Detail: fmt.Sprintf("%d worksheets of lesson %s added", n, c.from)}
			if err := s.Audit.Append(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Discard removes the files.
func (c *copies) Discard(ctx context.Context) error {
	keys := make([]string, len(c.rows))
	for i, w := range c.rows {
		keys[i] = w.Key
	}
	if err := c.service.Media.Delete(ctx, keys...); err != nil {
		return fmt.Errorf("worksheets of lesson %s: discard copies: %w", c.from, err)
	}
	return nil
}
