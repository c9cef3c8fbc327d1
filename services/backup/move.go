package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Sum reads an object and gives its SHA-256 in hex and its size.
func Sum(ctx context.Context, s media.Store, key string) (string, int64, error) {
	body, _, err := s.Get(ctx, key, media.All)
	if err != nil {
		return "", 0, err
	}
	defer body.Close()
	h := sha256.New()
	n, err := io.Copy(h, body)
	if err != nil {
		return "", n, fmt.Errorf("object %s: %w", key, err)
	}
	return hexOf(h), n, nil
}

// Move carries the data of a stopped server to an empty place: objects first,
// then the database with one commit, as Restore does; Target and Vault are not
// used. It may be repeated when it was killed. to is the new place.
func (c *Copier) Move(ctx context.Context, to *Copier) (res Result, err error) {
	if full, err := to.Database.Empty(ctx); err != nil {
		return res, err
	} else if full != "" {
		return res, fault.New(fault.Conflict, "backup.not_empty", "where", full)
	}
	there, err := to.there(ctx)
	if err != nil {
		return res, err
	}
	list, err := c.there(ctx)
	if err != nil {
		return res, err
	}
	for key := range there {
		if _, ours := list[key]; !ours {
			return res, fault.New(fault.Conflict, "backup.not_empty", "where", key)
		}
	}
	for key := range list {
		e, fresh, err := c.carry(ctx, to, key, there)
		if err != nil {
			return res, err
		}
		res.Objects++
		res.Bytes += e.Size
		if fresh {
			res.New++
			res.NewBytes += e.Size
		}
	}
	r, w := io.Pipe()
	sent := make(chan error, 1)
	var rows map[string]int64
	go func() {
		var err error
		rows, err = c.Database.Dump(ctx, w)
		w.CloseWithError(err)
		sent <- err
	}()
	res.Rows, err = to.Database.Load(ctx, r)
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	if serr := <-sent; err == nil && serr != nil {
		err = serr
	}
	if err == nil && !maps.Equal(rows, res.Rows) {
		err = damaged(errors.New("other rows than were sent"))
	}
	if err != nil {
		return res, fmt.Errorf("database: %w", err)
	}
	return res, nil
}

// carry brings one object over, unless the new place has the same bytes.
func (c *Copier) carry(ctx context.Context, to *Copier, key string, there map[string]int64) (e Entry,
	fresh bool, err error) {
	e.Key = key
	if e.SHA256, e.Size, err = Sum(ctx, c.Media, key); err != nil {
		return e, false, err
	}
	if size, ok := there[key]; ok && size == e.Size {
		if same, err := to.stored(ctx, e); same || err != nil {
			return e, false, err
		}
	}
	body, o, err := c.Media.Get(ctx, key, media.All)
	if err != nil {
		return e, false, err
	}
	defer body.Close()
	f, err := tempFile(c.Scratch)
	if err != nil {
		return e, false, err
	}
	defer f.Close()
	if _, err := io.Copy(f, body); err != nil {
		return e, false, fmt.Errorf("object %s: %w", key, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return e, false, err
	}
	return e, true, deliver(ctx, to.Media, to.Parts, e, o.ContentType, f)
}
