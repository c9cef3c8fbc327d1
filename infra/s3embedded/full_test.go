package s3embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lenlop/test/longtest"
)

// broken is a disk of which every write from the nth on fails until it is mended.
type broken struct {
	mu    sync.Mutex
	err   error
	after int // writes that still succeed
	once  bool
	hit   string // the first step that failed
	reads int    // of bodies: every sixteenth counts as a write of its own
}

func (b *broken) step(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		return nil
	}
	if name == "write" {
		if b.reads++; b.reads%16 != 1 {
			return nil
		}
	}
	if b.after--; b.after >= 0 || b.once && b.after < -1 {
		return nil
	}
	if b.hit == "" {
		b.hit = name
	}
	return b.err
}

func (b *broken) from(n int, err error, once bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err, b.after, b.once, b.hit, b.reads = err, n-1, once, "", 0
}

// mend gives the step that failed, "" when none did.
func (b *broken) mend() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = nil
	return b.hit
}

func answered(err error) int {
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return r.HTTPStatusCode()
	}
	return 0
}

// TestEveryFailingWrite: whichever write of an upload fails, with a full disk, a
// used-up quota or an error of the disk, what was acknowledged before is kept,
// and repeating the refused call once the disk is mended ends with the same
// bytes. A full disk and a quota are named.
func TestEveryFailingWrite(t *testing.T) {
	d := &broken{}
	_, c := start(t, Config{Dir: t.TempDir(), fail: d.step, sync: func(*os.File) error { return d.step("sync") }})
	errnos := []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO}
	steps := map[string]bool{}
	for n := 1; ; n++ {
		all := false
		for i, errno := range errnos {
			for _, once := range []bool{false, true} {
				if !longtest.Enabled && (i != n%len(errnos) || once != (n%2 == 0)) {
					continue // every write fails in one way
				}
				hit := failingUpload(t, c, d, n, errno, once)
				steps[hit], all = true, all || hit == ""
			}
		}
		if t.Failed() || all {
			break
		}
	}
	for _, s := range []string{"create", "write", "sync", "attribute", "join", "folder"} {
		if !steps[s] {
			t.Errorf("no %s ever failed: %v", s, steps)
		}
	}
}

// failingUpload gives the step that failed.
func failingUpload(t *testing.T, c *aws3.Client, d *broken, n int, errno error, once bool) string {
	t.Helper()
	ctx, name := t.Context(), fmt.Sprintf("%d/%v/%v", n, errno, once)
	first, second := bytes.Repeat([]byte{byte(n), 7}, partLen/2), []byte("the last part")
	key, object := "up/"+name, "put/"+name
	d.from(n, errno, once)
	// try repeats a call that the broken disk refused, once it is mended.
	try := func(what string, call func() error) bool {
		err := call()
		if err == nil {
			return true
		}
		if full := answered(err) == http.StatusInsufficientStorage; full == errors.Is(errno, syscall.EIO) {
			t.Errorf("%s: %s answered %v", name, what, err)
		}
		d.mend()
		if err := call(); err != nil {
			t.Errorf("%s: %s again: %v", name, what, err)
			return false
		}
		return true
	}
	var id string
	var parts []types.Part
	ok := try("create", func() error {
		out, err := c.CreateMultipartUpload(ctx, &aws3.CreateMultipartUploadInput{Bucket: &bucketName, Key: &key})
		if err == nil {
			id = *out.UploadId
		}
		return err
	}) && try("part 1", func() error { return sendPart(ctx, c, key, id, 1, first) }) &&
		try("part 2", func() error { return sendPart(ctx, c, key, id, 2, second) }) &&
		try("list", func() (err error) { parts, err = listParts(ctx, c, key, id); return err }) &&
		try("complete", func() error { return completeOnce(ctx, c, key, id, parts) }) &&
		try("put", func() error {
			_, err := c.PutObject(ctx, &aws3.PutObjectInput{Bucket: &bucketName, Key: &object,
				Body: bytes.NewReader(second)})
			return err
		})
	hit := d.mend()
	if !ok {
		return hit
	}
	if got := get(t, c, key); !bytes.Equal(got, append(first, second...)) {
		t.Errorf("%s: %s failed: %d bytes joined of %d", name, hit, len(got), len(first)+len(second))
	}
	if got := get(t, c, object); !bytes.Equal(got, second) {
		t.Errorf("%s: %s failed: object of %d bytes", name, hit, len(got))
	}
	return hit
}

var bucketName = bucket

// completeOnce is Complete as upload.Service repeats it: an object that is there
// was joined by the call before, and must be whole.
func completeOnce(ctx context.Context, c *aws3.Client, key, id string, parts []types.Part) error {
	_, err := c.HeadObject(ctx, &aws3.HeadObjectInput{Bucket: &bucketName, Key: &key})
	if err == nil {
		return nil
	}
	if answered(err) != http.StatusNotFound {
		return err
	}
	listed, err := listParts(ctx, c, key, id)
	if err != nil {
		return err
	}
	if len(listed) != len(parts) {
		return fmt.Errorf("%d of %d acknowledged parts are there", len(listed), len(parts))
	}
	return complete(ctx, c, key, id, parts)
}

// TestShortFileIsNoPart: a file that does not hold what was received is refused.
func TestShortFileIsNoPart(t *testing.T) {
	for name, spoil := range map[string]func(f *os.File) error{
		"shorter": func(f *os.File) error { return f.Truncate(3) },
		"longer":  func(f *os.File) error { return f.Truncate(30) },
		"changed": func(f *os.File) error { _, err := f.WriteAt([]byte("X"), 4); return err },
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := &received{body: bytes.NewReader([]byte("recording")), step: works}
		if _, err := f.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		check := r.written(func(*os.File) error { return nil })
		if err := check(f); err != nil {
			t.Errorf("whole: %v", err)
		}
		if err := spoil(f); err != nil {
			t.Fatal(err)
		}
		if err := check(f); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
