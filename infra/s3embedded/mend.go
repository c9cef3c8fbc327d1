package s3embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// Names that versitygw's posix backend uses below a bucket.
const (
	uploadsDir = posix.MetaTmpMultipartDir // one folder per key, one per upload in it, one file per part
	inProgress = ".inprogress"             // an upload whose Complete is running: ID.ETAG.inprogress
	nameAttr   = "objname"                 // on a key's folder: the key
	joinedAttr = "mp-metadata"             // on an object: the upload it came from
)

// keyDir is the folder of a key's uploads.
func keyDir(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// mend repairs what a killed process left in a bucket. It must run before
// anything is served. An upload that died inside Complete is given back, so
// that Complete can be repeated, or removed when its object was made; folders
// without a key and files without a name are removed.
func mend(bucket string) error {
	tmp := filepath.Join(bucket, posix.MetaTmpDir)
	// Where the file system has no unnamed files, bodies on their way lie here.
	if err := removeFiles(tmp); err != nil {
		return err
	}
	uploads := filepath.Join(bucket, uploadsDir)
	keys, err := readDir(uploads)
	if err != nil {
		return err
	}
	for _, k := range keys {
		dir := filepath.Join(uploads, k.Name())
		if !k.IsDir() {
			continue
		}
		key, err := meta.XattrMeta{}.RetrieveAttribute(nil, "", dir, nameAttr)
		if err != nil {
			// Killed before the folder knew its key: it was never acknowledged,
			// and no listing would ever show it.
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			continue
		}
		if err := mendKey(bucket, string(key), dir); err != nil {
			return fmt.Errorf("uploads of %s: %w", key, err)
		}
	}
	return nil
}

func mendKey(bucket, key, dir string) error {
	if err := removeFiles(dir); err != nil {
		return err
	}
	ids, err := readDir(dir)
	if err != nil {
		return err
	}
	left := 0
	for _, e := range ids {
		name := filepath.Join(dir, e.Name())
		id, _, cut := strings.Cut(e.Name(), ".")
		switch {
		case !cut || !strings.HasSuffix(e.Name(), inProgress):
			left++
		case joined(bucket, key) == id:
			if err := os.RemoveAll(name); err != nil {
				return err
			}
		default:
			if err := os.Rename(name, filepath.Join(dir, id)); err != nil {
				return err
			}
			left++
		}
	}
	if left == 0 {
		return os.Remove(dir)
	}
	return syncFile((*os.File).Sync, dir)
}

// joined is the id of the upload that the object under key came from, or "".
func joined(bucket, key string) string {
	b, err := meta.XattrMeta{}.RetrieveAttribute(nil, bucket, key, joinedAttr)
	if err != nil {
		return ""
	}
	m, err := backend.UnmarshalMpUploadMetadata(b, false)
	if err != nil {
		return ""
	}
	return m.UploadID
}

func removeFiles(dir string) error {
	es, err := readDir(dir)
	if err != nil {
		return err
	}
	for _, e := range es {
		if e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDir is empty for a folder that is not there.
func readDir(dir string) ([]fs.DirEntry, error) {
	es, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return es, err
}
