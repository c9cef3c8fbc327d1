//go:build long

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"lenlop/infra/s3"
	"lenlop/services/backup"
	"lenlop/test/system/harness"
)

// TestBackupOfMoreThanOneRequest: a file too large for one request goes into
// a bucket in parts, and comes back the same.
func TestBackupOfMoreThanOneRequest(t *testing.T) {
	store, err := s3.New(t.Context(), s3.Config{Endpoint: harness.S3Server(t), Bucket: "lenlop", PathStyle: true,
		AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "large"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 1<<30 + 100<<20 + 7
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("Lên Lớp"), size-20); err != nil {
		t.Fatal(err)
	}
	sum := func(r io.Reader) string {
		h := sha256.New()
		if n, err := io.Copy(h, r); err != nil || n != size {
			t.Fatal(n, err)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	want := sum(io.NewSectionReader(f, 0, size))
	to := backup.Bucket{Store: store, Parts: store, Prefix: "copies/"}
	if err := to.Put(t.Context(), "objects/aa/large.age", f, size); err != nil {
		t.Fatal(err)
	}
	r, err := to.Get(t.Context(), "objects/aa/large.age")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := sum(r); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}
