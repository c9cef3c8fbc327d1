package s3embedded

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3response"
)

const partLen = 5 << 20 // bytes; S3's least for a part but the last

// disk is what a power cut would leave: of a file the bytes at its last sync,
// of a folder the names at its last sync. Nothing else is promised by POSIX.
type disk struct {
	mu      sync.Mutex
	files   map[uint64][md5.Size]byte    // inode -> content
	folders map[uint64]map[string]uint64 // inode -> name -> inode
	before  func(*os.File)
}

func newDisk() *disk {
	return &disk{files: map[uint64][md5.Size]byte{}, folders: map[uint64]map[string]uint64{}}
}

func inode(info fs.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Ino }

// sync stands in for fsync.
func (d *disk) sync(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.before != nil {
		d.before(f)
	}
	if info.IsDir() {
		es, err := os.ReadDir(f.Name())
		if err != nil {
			return err
		}
		names := map[string]uint64{}
		for _, e := range es {
			if i, err := e.Info(); err == nil {
				names[e.Name()] = inode(i)
			}
		}
		d.folders[inode(info)] = names
		return nil
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		return err
	}
	d.files[inode(info)] = md5.Sum(b)
	return nil
}

// holds reports whether the file of the path below root would be whole after
// a power cut.
func (d *disk) holds(t *testing.T, root, path string, want []byte) bool {
	t.Helper()
	info, err := os.Stat(root)
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at := inode(info)
	for name := range strings.SplitSeq(path, "/") {
		next, ok := d.folders[at][name]
		if !ok {
			return false
		}
		at = next
	}
	return d.files[at] == md5.Sum(want)
}

// TestPowerCut: what was acknowledged is whole with what was synced alone.
func TestPowerCut(t *testing.T) {
	d := newDisk()
	s, c := start(t, Config{Dir: filepath.Join(t.TempDir(), "objects"), sync: d.sync})
	root := filepath.Join(s.root, bucket)

	body := bytes.Repeat([]byte("tiết học "), 1000)
	put(t, c, "lessons/1/packages/2/360p/1.m4s", body)
	if !d.holds(t, root, "lessons/1/packages/2/360p/1.m4s", body) {
		t.Error("an acknowledged object would be lost")
	}
	put(t, c, "lessons/1/packages/2/360p/1.m4s", body[1:])
	if !d.holds(t, root, "lessons/1/packages/2/360p/1.m4s", body[1:]) {
		t.Error("an acknowledged replacement would be lost")
	}

	key := "lessons/1/recordings/3"
	id := begin(t, c, key)
	dir := filepath.Join(uploadsDir, keyDir(key), id)
	one, two := bytes.Repeat([]byte{1}, partLen), []byte("end")
	for n, b := range map[int32][]byte{1: one, 2: two} {
		if err := sendPart(t.Context(), c, key, id, n, b); err != nil {
			t.Fatal(err)
		}
	}
	if !d.holds(t, root, dir+"/1", one) || !d.holds(t, root, dir+"/2", two) {
		t.Error("an acknowledged part would be lost")
	}
	// While the joined file is not on disk, the parts must still be there.
	whole, kept := append(bytes.Clone(one), two...), false
	d.before = func(f *os.File) {
		if info, err := f.Stat(); err == nil && !info.IsDir() && info.Size() == int64(len(whole)) {
			left, _ := filepath.Glob(filepath.Join(root, uploadsDir, keyDir(key), id+"*", "[12]"))
			kept = kept || len(left) == 2
		}
	}
	parts, err := listParts(t.Context(), c, key, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := complete(t.Context(), c, key, id, parts); err != nil {
		t.Fatal(err)
	}
	if !d.holds(t, root, key, whole) {
		t.Error("an acknowledged upload would be lost")
	}
	if !kept {
		t.Error("the parts were removed before what they became was on disk")
	}
}

// TestPowerCutControl: without the wrapper the same disk holds nothing, so
// the test above can fail.
func TestPowerCutControl(t *testing.T) {
	raw, _, root := backends(t, nil)
	body := []byte("x")
	if err := putRaw(raw, "a", bytes.NewReader(body), 1); err != nil {
		t.Fatal(err)
	}
	if newDisk().holds(t, filepath.Join(root, bucket), "a", body) {
		t.Error("versitygw syncs now: the wrapper's sync may go")
	}
}

// works is the step of a write that does not fail.
func works(string) error { return nil }

// backends gives versitygw's backend by itself and inside the wrapper.
func backends(t *testing.T, sync func(*os.File) error) (raw, wrapped backend.Backend, root string) {
	t.Helper()
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, bucket), 0o750); err != nil {
		t.Fatal(err)
	}
	if sync == nil {
		sync = (*os.File).Sync
	}
	j := newJoins(sync, works)
	p, err := posix.New(root, attributes{joins: j}, posixOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Shutdown()
		if err := os.Chdir(before); err != nil {
			t.Error(err)
		}
	})
	return p, newSafe(p, root, j), root
}

func putRaw(b backend.Backend, key string, body io.Reader, length int64) error {
	_, err := b.PutObject(context.Background(), s3response.PutObjectInput{
		Bucket: aws.String(bucket), Key: &key, Body: body, ContentLength: &length})
	return err
}

// early ends a body as fasthttp does when a client has vanished.
type early struct {
	r   io.Reader
	end error
}

func (e early) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = e.end
	}
	return n, err
}

// TestVanishedClient: a body shorter than its length is refused by the
// wrapper, and (the control) taken by versitygw alone.
func TestVanishedClient(t *testing.T) {
	raw, wrapped, root := backends(t, nil)
	for _, c := range []struct {
		name  string
		b     backend.Backend
		taken bool
	}{{"versitygw alone", raw, true}, {"wrapped", wrapped, false}} {
		key := strings.ReplaceAll(c.name, " ", "-")
		err := putRaw(c.b, key, early{strings.NewReader("half"), io.EOF}, 8)
		_, statErr := os.Stat(filepath.Join(root, bucket, key))
		if (err == nil) != c.taken || (statErr == nil) != c.taken {
			t.Errorf("%s: object: error %v, on disk %v", c.name, err, statErr == nil)
		}
		up, err := c.b.CreateMultipartUpload(t.Context(),
			s3response.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.b.UploadPart(t.Context(),
			&s3.UploadPartInput{Bucket: aws.String(bucket), Key: &key, UploadId: &up.UploadId,
				PartNumber: aws.Int32(1), ContentLength: aws.Int64(8), Body: early{strings.NewReader("half"), io.EOF}})
		if (err == nil) != c.taken {
			t.Errorf("%s: part: error %v", c.name, err)
		}
		list, err := c.b.ListParts(t.Context(),
			&s3.ListPartsInput{Bucket: aws.String(bucket), Key: &key, UploadId: &up.UploadId, MaxParts: aws.Int32(10)})
		if err != nil || (len(list.Parts) == 1) != c.taken {
			t.Errorf("%s: %d parts listed: %v", c.name, len(list.Parts), err)
		}
		if c.taken && len(list.Parts) == 1 && list.Parts[0].Size != 8 {
			t.Logf("%s lists the short part at %d bytes", c.name, list.Parts[0].Size)
		}
	}
	if err := putRaw(wrapped, "cut", early{strings.NewReader("half"), io.ErrUnexpectedEOF}, 8); err == nil ||
		errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error is not our own: %v", err)
	}
	if err := putRaw(wrapped, "whole", strings.NewReader("whole"), 5); err != nil {
		t.Errorf("a whole body is refused: %v", err)
	}
}

// TestSyncFails: a disk that cannot write is never acknowledged.
func TestSyncFails(t *testing.T) {
	broken := errors.New("input/output error")
	_, wrapped, root := backends(t, func(*os.File) error { return broken })
	if err := putRaw(wrapped, "a", strings.NewReader("x"), 1); !errors.Is(err, broken) {
		t.Errorf("put: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, bucket, "a")); err == nil {
		t.Error("it has its name all the same")
	}
	if _, err := wrapped.CreateMultipartUpload(t.Context(),
		s3response.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String("b")}); !errors.Is(
		err, broken) {
		t.Errorf("create: %v", err)
	}
}

// TestManyParts: the attributes of an upload of 10,000 parts fit the file
// system, and mend still finds the upload's id in them.
func TestManyParts(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parts := make([]int64, 10_000)
	for i := range parts {
		parts[i] = int64(i+1) * 8 << 20
	}
	value, err := backend.MarshalMpUploadMetadata(backend.MpUploadMetadata{UploadID: "the-upload", Parts: parts}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(parts[len(parts)-1]); err != nil { // it takes no space
		t.Fatal(err)
	}
	a := attributes{joins: newJoins((*os.File).Sync, works)}
	if err := a.StoreAttribute(f, dir, "a", joinedAttr, value); err != nil {
		t.Errorf("%d bytes: %v", len(value), err)
	}
	if id := joined(dir, "a"); id != "the-upload" {
		t.Errorf("joined from %q", id)
	}
}

// TestCompleteOneAtATime: a second Complete waits for the first.
func TestCompleteOneAtATime(t *testing.T) {
	b := newSafe(nil, "", newJoins(nil, works))
	free, err := b.hold(t.Context(), "u")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := b.hold(t.Context(), "v"); err != nil {
		t.Fatal(err)
	} else {
		other()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.hold(ctx, "u"); !errors.Is(err, context.Canceled) {
		t.Errorf("did not wait: %v", err)
	}
	free()
	again, err := b.hold(t.Context(), "u")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if left := maps.Collect(maps.All(b.joining)); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
