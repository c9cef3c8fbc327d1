package upload

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// disk is storage that keeps the bytes it is given.
type disk struct {
	*storage
	parts  map[int][]byte
	pieces map[string][]byte
	fail   int    // calls of Put until one fails; 0: none
	before func() // runs before each call of storage; nil: nothing
}

func (d *disk) call() {
	if d.before != nil {
		d.before()
	}
}

func (d *disk) Parts(ctx context.Context, key, id string) ([]media.Part, error) {
	d.call()
	return d.storage.Parts(ctx, key, id)
}

func (d *disk) Complete(ctx context.Context, key, id string, parts []media.Part) (media.Object, error) {
	d.call()
	return d.storage.Complete(ctx, key, id, parts)
}

func (d *disk) Head(ctx context.Context, key string) (media.Object, error) {
	d.call()
	return d.storage.Head(ctx, key)
}

func (d *disk) PutPart(ctx context.Context, key, id string, n int, body io.ReadSeeker, size int64) (media.Part, error) {
	d.call()
	b, err := io.ReadAll(body)
	if err != nil {
		return media.Part{}, err
	}
	d.parts[n] = b
	return d.storage.PutPart(ctx, key, id, n, nil, size)
}

func (d *disk) Put(_ context.Context, key string, body io.ReadSeeker, _ int64,
	_ media.PutOptions) (media.Object, error) {
	d.call()
	if d.fail--; d.fail == 0 {
		return media.Object{}, fault.New(fault.Unavailable, "media.unavailable")
	}
	b, err := io.ReadAll(body)
	d.pieces[key] = b
	return media.Object{Key: key, Size: int64(len(b))}, err
}

func (d *disk) Get(_ context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	d.call()
	b, ok := d.pieces[key]
	if !ok {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return io.NopCloser(bytes.NewReader(b[r.Offset:])), media.Object{}, nil
}

func (d *disk) List(_ context.Context, prefix string, each func(media.Object) bool) error {
	d.call()
	for key, b := range d.pieces {
		if strings.HasPrefix(key, prefix) && !each(media.Object{Key: key, Size: int64(len(b))}) {
			break
		}
	}
	return nil
}

func (d *disk) Delete(ctx context.Context, keys ...string) error {
	d.call()
	for _, k := range keys {
		delete(d.pieces, k)
	}
	return d.storage.Delete(ctx, keys...)
}

func withDisk(w *world) *disk {
	d := &disk{storage: (*storage)(w), parts: map[int][]byte{}, pieces: map[string][]byte{}}
	w.Parts, w.Pieces, w.Objects = d, d, d
	return d
}

// broken returns its bytes and then fails as a broken connection does.
type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// slow takes 1.5 s for each read.
type slow struct {
	io.Reader
	w *world
}

func (s slow) Read(p []byte) (int, error) {
	s.w.now = s.w.now.Add(1500 * time.Millisecond)
	return s.Reader.Read(p)
}

func from(r io.Reader) func(context.Context) io.Reader {
	return func(context.Context) io.Reader { return r }
}

// TestAppendKeepsWhatArrived: however the connection breaks, storage fails or
// the process ends, the file arrives whole and nothing that was stored is
// requested again.
func TestAppendKeepsWhatArrived(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		d := withDisk(w)
		file := make([]byte, rapid.IntRange(1, 3*largePart).Draw(rt, "size"))
		rand.New(rand.NewSource(int64(len(file)))).Read(file)
		u := w.beginWith(t, largePart, len(file))
		if u.PartCount > 1 && rapid.Bool().Draw(rt, "mixed") {
			// The last part was sent straight to storage before the connection became bad.
			last := file[int64(u.PartCount-1)*u.PartSize:]
			if _, err := d.PutPart(t.Context(), u.Key, u.StorageID, u.PartCount, bytes.NewReader(last),
				int64(len(last))); err != nil {
				rt.Fatal(err)
			}
		}
		kept := int64(0)
		for range 400 {
			_, offset, err := w.Offset(t.Context(), teacher, u.ID)
			if err != nil {
				rt.Fatal(err)
			}
			if offset < kept {
				rt.Fatalf("%d bytes were stored, now %d", kept, offset)
			}
			if kept = offset; kept == u.Size {
				break
			}
			n := min(u.Size-kept, rapid.Int64Range(0, largePart).Draw(rt, "bytes"))
			var body io.Reader = bytes.NewReader(file[kept : kept+n])
			if rapid.Bool().Draw(rt, "breaks") {
				body = broken{body}
			}
			if rapid.Bool().Draw(rt, "slow") {
				body = slow{body, w}
			}
			d.fail = rapid.IntRange(0, 3).Draw(rt, "fail")
			_, after, err := w.Append(t.Context(), teacher, u.ID, kept, from(body))
			if d.fail = 0; err == nil && after < kept+n || after < kept {
				rt.Fatalf("%d + %d bytes: offset %d: %v", kept, n, after, err)
			}
			w.appenders = nil // as in a new process
		}
		if kept != u.Size || w.uploads[u.ID].Status != Complete || len(w.received) != 1 {
			rt.Fatalf("%d of %d bytes, %+v", kept, u.Size, w.uploads[u.ID])
		}
		var got []byte
		for n := range u.PartCount {
			got = append(got, d.parts[n+1]...)
		}
		if !bytes.Equal(got, file) {
			rt.Fatal("the stored file differs from the one that was sent")
		}
		if len(d.pieces) > 0 {
			rt.Fatalf("%d pieces remain", len(d.pieces))
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	w := newWorld(t)
	withDisk(w)
	u := w.begin(t)
	_, _, err := w.Append(t.Context(), teacher, u.ID, 5, from(strings.NewReader("x")))
	wantCode(t, err, "upload.wrong_offset")
	_, _, err = w.Append(t.Context(), other, u.ID, 0, from(strings.NewReader("x")))
	wantCode(t, err, "access.denied")
	_, offset, err := w.Append(t.Context(), teacher, u.ID, 0, from(broken{strings.NewReader("abc")}))
	wantCode(t, err, "upload.line_broke")
	if offset != 3 {
		t.Errorf("%d bytes stored, want 3", offset)
	}
	w.now = w.now.Add(Life)
	_, _, err = w.Append(t.Context(), teacher, u.ID, 3, from(strings.NewReader("x")))
	wantCode(t, err, "upload.expired")
}

// TestPiecesAreRemoved when their upload is aborted, or does not exist.
func TestPiecesAreRemoved(t *testing.T) {
	w := newWorld(t)
	d := withDisk(w)
	u := w.begin(t)
	if _, _, err := w.Append(t.Context(), teacher, u.ID, 0, from(strings.NewReader("abc"))); err != nil {
		t.Fatal(err)
	}
	d.pieces["uploads/nobody/00001/000000000000"] = []byte("x")
	if err := w.Sweep(t.Context()); err != nil || len(d.pieces) != 1 {
		t.Fatalf("%v, %d pieces", err, len(d.pieces))
	}
	if err := w.Abort(t.Context(), teacher, u.ID); err != nil || len(d.pieces) != 0 {
		t.Fatalf("%v, %d pieces", err, len(d.pieces))
	}
}

// TestNewRequestEndsTheOldOne: the server has not noticed that a connection is
// gone; the client returns on another, and what the old one brought is stored.
func TestNewRequestEndsTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		withDisk(w)
		u := w.begin(t)
		old := make(chan error)
		go func() {
			body := func(turn context.Context) io.Reader { return &hanging{turn, []byte("abc")} }
			_, _, err := w.Append(t.Context(), teacher, u.ID, 0, body)
			old <- err
		}()
		synctest.Wait()
		began := time.Now()
		done := make(chan int64)
		go func() {
			_, offset, err := w.Offset(t.Context(), teacher, u.ID)
			if err != nil {
				t.Error(err)
			}
			done <- offset
		}()
		wantCode(t, <-old, "upload.taken_over")
		if offset := <-done; offset != 3 || time.Since(began) > 0 {
			t.Errorf("%d bytes after %v", offset, time.Since(began))
		}
	})
}

// hanging returns its bytes and then blocks until its context ends.
type hanging struct {
	ctx context.Context
	b   []byte
}

func (h *hanging) Read(p []byte) (int, error) {
	if len(h.b) > 0 {
		n := copy(p, h.b)
		h.b = slices.Delete(h.b, 0, n)
		return n, nil
	}
	<-h.ctx.Done()
	return 0, errors.New("connection closed")
}
