// Package backup copies database and objects, encrypted, to a place of their own, and restores
// them from such a copy.
//
// A target holds:
//
//	key.age                          with a passphrase only: the target's own key, locked with it
//	objects/AA/ID-SHA256.age         one object; ID says which version of which key, AA stands for the key
//	snapshots/TIME/database.age      every table at one moment (sqldb.Dump)
//	snapshots/TIME/manifest.age      a line of JSON for each object of that moment
//	snapshots/TIME/complete.json     written last: a snapshot without it is none
//
// Every .age file is the age format, version 1 (age-encryption.org), so that
// it can be opened with other programs too. Objects are never altered once
// stored, so each is copied once and shared by the snapshots that name it.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"lenlop/services/media"
)

// Database is what is copied beside the objects.
type Database interface {
	// Snapshot runs fn on one moment of the database.
	Snapshot(ctx context.Context, fn func(ctx context.Context) error) error
	// Dump writes every table and gives their rows.
	Dump(ctx context.Context, w io.Writer) (map[string]int64, error)
	// Load fills an empty database with a dump. Faults: "backup.not_empty",
	// "backup.damaged", "database.newer".
	Load(ctx context.Context, r io.Reader) (map[string]int64, error)
	// Empty names a table that already has rows; "" when none has.
	Empty(ctx context.Context) (string, error)
	// Objects calls each for every object that the database names.
	Objects(ctx context.Context, each func(Named) error) error
}

// Named is an object that the database names.
type Named struct {
	Key    string
	Size   int64  // bytes; -1 when the database does not say
	SHA256 string // hex; empty when it does not say
}

// Entry is one line of a manifest.
type Entry struct {
	Key    string `json:"key"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Name   string `json:"name"` // of the file in the target
}

// Complete says that a snapshot is whole.
type Complete struct {
	Format   string           `json:"format"` // format
	At       time.Time        `json:"at"`
	Rows     map[string]int64 `json:"rows"`
	Objects  int64            `json:"objects"`
	Bytes    int64            `json:"bytes"`
	Database string           `json:"database"` // SHA-256 of database.age
	Manifest string           `json:"manifest"` // SHA-256 of manifest.age
}

const format = "lenlop-backup/1"

// Names in a target.
const (
	keyFile      = "key.age"
	snapshots    = "snapshots/"
	databaseFile = "/database.age"
	manifestFile = "/manifest.age"
	completeFile = "/complete.json"
	snapshotTime = "20060102T150405Z"
)

// Target keeps files. Put is whole or not at all, and durable when it returns.
type Target interface {
	// Put stores a file; body may be read again from its start.
	Put(ctx context.Context, name string, body io.ReadSeeker, size int64) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List calls each for every file below prefix.
	List(ctx context.Context, prefix string, each func(name string)) error
	// Delete removes files; those that are not there are no error.
	Delete(ctx context.Context, names ...string) error
}

// Copier makes and restores backups.
type Copier struct {
	Database Database
	Media    media.Store
	Parts    media.Multipart // for objects too large for one request; restoring only
	Holds    Holds           // nil: nobody removes anything meanwhile
	Target   Target
	Vault    *Vault
	Scratch  string // folder for files in the making
	Log      *slog.Logger
	Now      func() time.Time
}

// objectID names a version of a key without telling the key.
func objectID(o media.Object) string {
	h := sha256.Sum256([]byte("lenlop-object/1\n" + o.Key + "\n" + strconv.FormatInt(o.Size, 10) + "\n" + o.ETag))
	return hex.EncodeToString(h[:16])
}

func objectName(key, id, sum string) string {
	return objectFolder(bucketOf(key)) + id + "-" + sum + ".age"
}

func objectFolder(bucket byte) string { return "objects/" + hex.EncodeToString([]byte{bucket}) + "/" }

// bucketOf is the one of 256 groups where a key's versions stand.
func bucketOf(key string) byte {
	h := sha256.Sum256([]byte("lenlop-shelf/1\n" + key))
	return h[0]
}

// objectOf splits an object's name in a target.
func objectOf(name string) (id, sum string, ok bool) {
	_, file, _ := strings.Cut(strings.TrimPrefix(name, "objects/"), "/")
	file, ok = strings.CutSuffix(file, ".age")
	id, sum, both := strings.Cut(file, "-")
	return id, sum, ok && both && len(id) == 32 && len(sum) == 64
}

// snapshotOf is the snapshot whose mark of being whole a file is.
func snapshotOf(name string) (string, bool) {
	s, ok := strings.CutSuffix(strings.TrimPrefix(name, snapshots), completeFile)
	return s, ok
}

// Snapshots lists the whole ones, oldest first.
func (c *Copier) Snapshots(ctx context.Context) ([]string, error) {
	var list []string
	err := c.Target.List(ctx, snapshots, func(name string) {
		if s, ok := snapshotOf(name); ok {
			list = append(list, s)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("snapshots: %w", err)
	}
	sortStrings(list)
	return list, nil
}

func (c *Copier) complete(ctx context.Context, snapshot string) (Complete, error) {
	var s Complete
	r, err := c.Target.Get(ctx, snapshots+snapshot+completeFile)
	if err != nil {
		return s, err
	}
	defer r.Close()
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return s, damaged(err)
	}
	if s.Format != format {
		return s, damaged(fmt.Errorf("format %q", s.Format))
	}
	return s, nil
}
