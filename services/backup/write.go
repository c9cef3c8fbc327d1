package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Result is what a backup did.
type Result struct {
	Snapshot string
	Complete
	New, NewBytes int64    // objects copied this time
	Missing       []string // keys that the database names and storage has not
	Damaged       []string // keys whose bytes are not those the database wrote down
}

// object's head, before its bytes: what storage is told when it is restored.
type objectHead struct {
	Key  string `json:"key"`
	Type string `json:"type"`
}

// Write makes a snapshot while the server runs. What was written is read back:
// opened and hashed when the vault holds its key, else compared as it is.
func (c *Copier) Write(ctx context.Context) (res Result, err error) {
	at := c.Now().UTC()
	if res.Snapshot, err = c.freeName(ctx, at); err != nil {
		return res, err
	}
	h := &holding{c: c, id: copying + res.Snapshot}
	if err := h.renew(ctx); err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, h.release(ctx)) }()
	if err := h.alone(ctx, pruning); err != nil {
		return res, err
	}
	res.Complete = Complete{Format: format, At: at}
	named := newSpill[Named](c.Scratch)
	defer named.close()
	err = c.Database.Snapshot(ctx, func(ctx context.Context) error {
		var err error
		res.Database, err = c.put(ctx, snapshots+res.Snapshot+databaseFile, func(w io.Writer) error {
			var err error
			res.Rows, err = c.Database.Dump(ctx, w)
			return err
		})
		if err != nil {
			return err
		}
		return c.Database.Objects(ctx, func(n Named) error { return named.add(partOf(n.Key), n) })
	})
	if err != nil {
		return res, fmt.Errorf("database: %w", err)
	}
	if err := c.writeObjects(ctx, h, named, &res); err != nil {
		return res, fmt.Errorf("objects: %w", err)
	}
	sortStrings(res.Missing)
	whole, err := json.MarshalIndent(res.Complete, "", "  ")
	if err != nil {
		return res, err
	}
	return res, c.Target.Put(ctx, snapshots+res.Snapshot+completeFile, readerOf(whole), int64(len(whole)))
}

// freeName is the name of a snapshot begun at a time: that second, or the first
// one after it that names no snapshot yet, so that two backups of one second
// never write into each other.
func (c *Copier) freeName(ctx context.Context, at time.Time) (string, error) {
	taken := map[string]bool{}
	err := c.Target.List(ctx, snapshots, func(name string) {
		snapshot, _, _ := strings.Cut(strings.TrimPrefix(name, snapshots), "/")
		taken[snapshot] = true
	})
	if err != nil {
		return "", fmt.Errorf("snapshots: %w", err)
	}
	for taken[at.Format(snapshotTime)] {
		at = at.Add(time.Second)
	}
	return at.Format(snapshotTime), nil
}

// writeObjects copies what the target has not yet and writes the manifest,
// part by part. What the database names and storage has not is Missing.
func (c *Copier) writeObjects(ctx context.Context, h *holding, named *spill[Named], res *Result) error {
	listed, err := c.listed(ctx)
	if err != nil {
		return err
	}
	defer listed.close()
	res.Manifest, err = c.put(ctx, snapshots+res.Snapshot+manifestFile, func(w io.Writer) error {
		out := json.NewEncoder(w)
		for part := range parts {
			if err := c.writePart(ctx, h, part, listed, named, out, res); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (c *Copier) writePart(ctx context.Context, h *holding, part int, listed *spill[media.Object], names *spill[Named],
	out *json.Encoder, res *Result) error {
	named := map[string]Named{}
	if err := names.each(part, func(n Named) error { named[n.Key] = n; return nil }); err != nil {
		return err
	}
	have := map[string]string{} // id -> SHA-256
	err := c.listPart(ctx, part, func(name string) {
		if id, sum, ok := objectOf(name); ok {
			have[id] = sum
		}
	})
	if err != nil {
		return err
	}
	err = listed.each(part, func(o media.Object) error {
		if err := h.renew(ctx); err != nil {
			return err
		}
		n, wanted := named[o.Key]
		e, fresh, err := c.writeObject(ctx, o, have)
		if fault.Is(err, "media.not_found") && !wanted {
			return nil // removed since it was listed, and nobody names it
		}
		if err != nil {
			return err
		}
		if wanted && (n.SHA256 != "" && n.SHA256 != e.SHA256 || n.Size >= 0 && n.Size != e.Size) {
			res.Damaged = append(res.Damaged, o.Key)
		}
		delete(named, o.Key)
		res.Objects++
		res.Bytes += e.Size
		if fresh {
			res.New++
			res.NewBytes += e.Size
		}
		return out.Encode(e)
	})
	for key := range named {
		res.Missing = append(res.Missing, key)
	}
	return err
}

// listPart lists the target's objects of one part.
func (c *Copier) listPart(ctx context.Context, part int, each func(name string)) error {
	for i := range bucketsInPart {
		if err := c.Target.List(ctx, objectFolder(byte(part*bucketsInPart+i)), each); err != nil {
			return err
		}
	}
	return nil
}

// listed writes storage's list to files: a country's objects do not fit memory.
func (c *Copier) listed(ctx context.Context) (*spill[media.Object], error) {
	s := newSpill[media.Object](c.Scratch)
	for _, prefix := range media.BackedUp() {
		var err error
		lerr := c.Media.List(ctx, prefix, func(o media.Object) bool {
			err = s.add(partOf(o.Key), o)
			return err == nil
		})
		if err = errors.Join(lerr, err); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// writeObject copies one object unless the target has it.
func (c *Copier) writeObject(ctx context.Context, o media.Object, have map[string]string) (e Entry,
	fresh bool, err error) {
	id := objectID(o)
	e = Entry{Key: o.Key, Size: o.Size}
	if sum, ok := have[id]; ok {
		e.SHA256, e.Name = sum, objectName(o.Key, id, sum)
		return e, false, nil
	}
	body, now, err := c.Media.Get(ctx, o.Key, media.All)
	if err != nil {
		return e, false, err
	}
	defer body.Close()
	sum := sha256.New()
	f, size, err := c.Vault.seal(c.Scratch, func(w io.Writer) error {
		if err := json.NewEncoder(w).Encode(objectHead{o.Key, now.ContentType}); err != nil {
			return err
		}
		n, err := io.Copy(io.MultiWriter(w, sum), body)
		if err == nil && n != now.Size {
			err = io.ErrUnexpectedEOF
		}
		e.Size = n
		return err
	})
	if err != nil {
		return e, false, fmt.Errorf("object %s: %w", o.Key, err)
	}
	defer f.Close()
	if now.ETag != "" && now.ETag != o.ETag { // written again since it was listed
		id = objectID(now)
	}
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	e.Name = objectName(o.Key, id, e.SHA256)
	if err := c.store(ctx, e.Name, f, size); err != nil {
		return e, false, err
	}
	return e, true, c.check(ctx, e)
}

// check reads an object back.
func (c *Copier) check(ctx context.Context, e Entry) error {
	if !c.Vault.Reads() {
		return nil // store has compared it as it is
	}
	return c.read(ctx, e, io.Discard)
}

// read decrypts an object into w and compares size and SHA-256.
func (c *Copier) read(ctx context.Context, e Entry, w io.Writer) error {
	_, err := c.readHead(ctx, e, w)
	return err
}

func (c *Copier) readHead(ctx context.Context, e Entry, w io.Writer) (head objectHead, err error) {
	r, err := c.Target.Get(ctx, e.Name)
	if err != nil {
		return head, err
	}
	defer r.Close()
	plain, err := c.Vault.open(r)
	if err != nil {
		return head, fmt.Errorf("object %s: %w", e.Key, err)
	}
	b := bufio.NewReader(plain)
	line, err := b.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err != nil {
		return head, fmt.Errorf("object %s: %w", e.Key, damaged(err))
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), b)
	if err == nil && (n != e.Size || hex.EncodeToString(sum.Sum(nil)) != e.SHA256 || head.Key != e.Key) {
		err = errors.New("its bytes are not those that were copied")
	}
	if err != nil {
		return head, fmt.Errorf("object %s: %w", e.Key, damaged(err))
	}
	return head, nil
}

// put encrypts what write gives and stores it; it gives the file's SHA-256.
func (c *Copier) put(ctx context.Context, name string, write func(io.Writer) error) (string, error) {
	f, size, err := c.Vault.seal(c.Scratch, write)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, err := hashOf(f)
	if err != nil {
		return "", err
	}
	return sum, c.store(ctx, name, f, size)
}

// store puts a file and reads it back: a disk that says it wrote is not yet a
// backup.
func (c *Copier) store(ctx context.Context, name string, f *os.File, size int64) error {
	want, err := hashOf(f)
	if err != nil {
		return err
	}
	if err := c.Target.Put(ctx, name, f, size); err != nil {
		return err
	}
	return c.same(ctx, name, want)
}

// same compares a file of the target with the SHA-256 that it should have.
func (c *Copier) same(ctx context.Context, name, want string) error {
	r, err := c.Target.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := hexOf(h); got != want {
		return fmt.Errorf("%s: %w", name, damaged(fmt.Errorf("SHA-256 %s, want %s", got, want)))
	}
	return nil
}

// hashOf hashes a file and goes back to its start.
func hashOf(f *os.File) (string, error) {
	h := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	_, err := f.Seek(0, io.SeekStart)
	return hexOf(h), err
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
