package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"lenlop/services/fault"
	"lenlop/services/media"
)

func readerOf(b []byte) io.ReadSeeker { return bytes.NewReader(b) }

// newest is the snapshot that is meant by "".
func (c *Copier) newest(ctx context.Context, snapshot string) (string, Complete, error) {
	list, err := c.Snapshots(ctx)
	if err != nil {
		return "", Complete{}, err
	}
	if snapshot == "" && len(list) > 0 {
		snapshot = list[len(list)-1]
	}
	for _, s := range list {
		if s == snapshot {
			whole, err := c.complete(ctx, s)
			return s, whole, err
		}
	}
	return "", Complete{}, fault.New(fault.NotFound, "backup.none")
}

// manifest calls each for every object of a snapshot, and makes sure that
// none is left out.
func (c *Copier) manifest(ctx context.Context, snapshot string, whole Complete, each func(Entry) error) error {
	name := snapshots + snapshot + manifestFile
	if err := c.same(ctx, name, whole.Manifest); err != nil {
		return err
	}
	r, err := c.Target.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	plain, err := c.Vault.open(r)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	var n int64
	for lines := json.NewDecoder(bufio.NewReader(plain)); ; n++ {
		var e Entry
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("manifest: %w", damaged(err))
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if n != whole.Objects {
		return fmt.Errorf("manifest: %w", damaged(fmt.Errorf("%d objects of %d", n, whole.Objects)))
	}
	return nil
}

// Verify reads a whole snapshot back ("": the newest): every file is there,
// opens, and has the bytes that were copied.
func (c *Copier) Verify(ctx context.Context, snapshot string) (string, Complete, error) {
	snapshot, whole, err := c.newest(ctx, snapshot)
	if err != nil {
		return snapshot, whole, err
	}
	if err := c.database(ctx, snapshot, whole,
		func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err != nil {
		return snapshot, whole, err
	}
	return snapshot, whole, c.manifest(ctx, snapshot, whole, func(e Entry) error { return c.check(ctx, e) })
}

func (c *Copier) database(ctx context.Context, snapshot string, whole Complete, use func(io.Reader) error) error {
	name := snapshots + snapshot + databaseFile
	if err := c.same(ctx, name, whole.Database); err != nil {
		return err
	}
	r, err := c.Target.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	plain, err := c.Vault.open(r)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return use(plain)
}

// Restore restores a snapshot ("": the newest) in an empty place.
// Objects go first and the database last, with one commit: until then the
// place is empty, and a restore that was killed is simply done again, which
// leaves out the objects that are there already. Faults: "backup.none",
// "backup.not_empty" (where), "backup.damaged", "backup.wrong_key".
func (c *Copier) Restore(ctx context.Context, snapshot string) (Result, error) {
	snapshot, whole, err := c.newest(ctx, snapshot)
	res := Result{Snapshot: snapshot, Complete: whole}
	if err != nil {
		return res, err
	}
	if full, err := c.Database.Empty(ctx); err != nil {
		return res, err
	} else if full != "" {
		return res, fault.New(fault.Conflict, "backup.not_empty", "where", full)
	}
	there, err := c.there(ctx)
	if err != nil {
		return res, err
	}
	left := maps.Clone(there)
	err = c.manifest(ctx, snapshot, whole, func(e Entry) error { delete(left, e.Key); return nil })
	if err != nil {
		return res, err
	}
	for key := range left {
		return res, fault.New(fault.Conflict, "backup.not_empty", "where", key)
	}
	err = c.manifest(ctx, snapshot, whole, func(e Entry) error {
		if size, ok := there[e.Key]; ok && size == e.Size {
			if same, err := c.stored(ctx, e); same || err != nil {
				return err
			}
		}
		res.New++
		res.NewBytes += e.Size
		return c.bring(ctx, e)
	})
	if err != nil {
		return res, err
	}
	err = c.database(ctx, snapshot, whole, func(r io.Reader) error {
		rows, err := c.Database.Load(ctx, r)
		if err == nil && !maps.Equal(rows, whole.Rows) {
			err = damaged(errors.New("other rows than were copied"))
		}
		return err
	})
	if err != nil {
		return res, fmt.Errorf("database: %w", err)
	}
	return res, nil
}

// there lists what storage holds already.
func (c *Copier) there(ctx context.Context) (map[string]int64, error) {
	there := map[string]int64{}
	err := c.Media.List(ctx, "", func(o media.Object) bool { there[o.Key] = o.Size; return true })
	return there, err
}

// stored reports whether storage has just these bytes.
func (c *Copier) stored(ctx context.Context, e Entry) (bool, error) {
	sum, _, err := Sum(ctx, c.Media, e.Key)
	return sum == e.SHA256, err
}

// bring puts one object into storage and reads it back.
func (c *Copier) bring(ctx context.Context, e Entry) error {
	f, err := tempFile(c.Scratch)
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := c.readHead(ctx, e, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return deliver(ctx, c.Media, c.Parts, e, head.Type, f)
}

// deliver stores a file under its key and makes sure that storage gives the
// same bytes back.
func deliver(ctx context.Context, s media.Store, parts media.Multipart, e Entry, kind string, f io.ReadSeeker) error {
	if err := putWhole(ctx, s, parts, e.Key, f, e.Size,
		media.PutOptions{ContentType: kind, SHA256: e.SHA256}); err != nil {
		return fmt.Errorf("object %s: %w", e.Key, err)
	}
	sum, _, err := Sum(ctx, s, e.Key)
	if err == nil && sum != e.SHA256 {
		err = damaged(fmt.Errorf("SHA-256 %s, want %s", sum, e.SHA256))
	}
	if err != nil {
		return fmt.Errorf("object %s: %w", e.Key, err)
	}
	return nil
}
