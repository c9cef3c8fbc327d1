package inspection_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/inspection"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

var (
	bg      = context.Background()
	now     = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	errDisk = errors.New("disk failed")
)

// memory is a database, storage and an index in memory.
type memory struct {
	media.Store
	lessons  map[string]inspection.Lesson
	notices  []inspection.Object
	objects  map[string]string // by key
	modified map[string]time.Time
	stuck    []inspection.Stuck
	counts   []playback.Miscount
	differs  catalog.Difference
	uploads  map[string]bool
	pending  []media.Pending
	aborted  []string
	rebuilt  int
	batches  []int // sizes of the deletes
	broken   map[string]error
}

func (m *memory) Snapshot(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (m *memory) LessonIDs(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(m.lessons)), m.broken["ids"]
}

func (m *memory) LessonObjects(_ context.Context, id string) (inspection.Lesson, error) {
	l, ok := m.lessons[id]
	if !ok {
		l = inspection.Lesson{ID: id, Gone: true}
	}
	return l, m.broken["lesson"]
}

func (m *memory) NoticeObjects(context.Context) ([]inspection.Object, error) {
	return m.notices, m.broken["notices"]
}

func (m *memory) Stuck(context.Context, time.Time) ([]inspection.Stuck, error) {
	return m.stuck, m.broken["stuck"]
}

func (m *memory) OpenUploads(context.Context) (map[string]bool, error) {
	return m.uploads, m.broken["uploads"]
}

func (m *memory) Check(context.Context) (catalog.Difference, error) {
	return m.differs, m.broken["index"]
}

func (m *memory) Rebuild(context.Context) (catalog.Difference, error) {
	m.rebuilt++
	return m.differs, m.broken["rebuild"]
}

func (m *memory) Recount(_ context.Context, each func(playback.Miscount)) error {
	for _, c := range m.counts {
		each(c)
	}
	return m.broken["counts"]
}

func (m *memory) Pending(_ context.Context, prefix string) ([]media.Pending, error) {
	if prefix != "lessons/" {
		return nil, errors.New("another prefix")
	}
	return m.pending, m.broken["pending"]
}

func (m *memory) Abort(_ context.Context, _, id string) error {
	m.aborted = append(m.aborted, id)
	return m.broken["abort"]
}

func (m *memory) List(_ context.Context, prefix string, each func(media.Object) bool) error {
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		at, ok := m.modified[key]
		if !ok {
			at = now
		}
		if strings.HasPrefix(key, prefix) &&
			!each(media.Object{Key: key, Size: int64(len(m.objects[key])), ModifiedAt: at}) {
			break
		}
	}
	return m.broken["list"]
}

func (m *memory) Get(_ context.Context, key string, _ media.Range) (io.ReadCloser, media.Object, error) {
	body, ok := m.objects[key]
	if !ok {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return io.NopCloser(bytes.NewBufferString(body)), media.Object{Key: key, Size: int64(len(body))}, m.broken["get"]
}

func (m *memory) Delete(_ context.Context, keys ...string) error {
	m.batches = append(m.batches, len(keys))
	for _, k := range keys {
		delete(m.objects, k)
	}
	return m.broken["delete"]
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

const (
	root   = "lessons/l/packages/p/"
	source = "lessons/l/recordings/r"
)

// newMemory is a consistent installation: one published lesson with a finished package of two segments, a worksheet,
// and a notice with a file.
func newMemory() *memory {
	m := &memory{modified: map[string]time.Time{}, uploads: map[string]bool{"u1": true}, broken: map[string]error{}}
	m.objects = map[string]string{
		source: "recording", "lessons/l/attachments/a": "worksheet", "notices/n/a": "notice file",
		"imports/1":          "figures",
		root + "master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n",
		root + "720p/index.m3u8": "#EXTM3U\n#EXT-X-MAP:URI=\"720p/0-1/init.mp4\"\n#EXTINF:4,\n" +
			"720p/0-1/1.m4s\n#EXT-X-ENDLIST\n",
		root + "720p/0-1/init.mp4": "init", root + "720p/0-1/1.m4s": "segment", root + "files/saver.mp4": "saver",
	}
	segment := func(name, body string) production.Segment {
		return production.Segment{Key: root + name, Size: int64(len(body)), SHA256: hash(body)}
	}
	m.lessons = map[string]inspection.Lesson{"l": {
		ID: "l", State: lesson.Ready, Playable: true, PackageID: "p",
		Recordings: []lesson.Recording{{ID: "r", LessonID: "l", Key: source, Size: 9, SHA256: hash("recording")}},
		Packages: []inspection.Package{{
			Package: production.Package{
				ID: "p", LessonID: "l", State: production.Verified, FinishedAt: now,
				Files: []production.File{{Key: root + "files/saver.mp4", Size: 5}},
			},
			Segments: []production.Segment{segment("720p/0-1/init.mp4", "init"), segment("720p/0-1/1.m4s", "segment")},
		}},
		Others: []inspection.Object{{What: "worksheet", Key: "lessons/l/attachments/a", Size: 9,
			SHA256: hash("worksheet")}},
	}}
	m.notices = []inspection.Object{{What: "notice file", Key: "notices/n/a", Size: -1}}
	return m
}

// pkg changes the package of lesson l.
func (m *memory) pkg(change func(*inspection.Package)) {
	l := m.lessons["l"]
	l.Packages = slices.Clone(l.Packages)
	change(&l.Packages[0])
	m.lessons["l"] = l
}

// change changes lesson l.
func (m *memory) change(change func(*inspection.Lesson)) {
	l := m.lessons["l"]
	change(&l)
	m.lessons["l"] = l
}

func (m *memory) inspection() *inspection.Inspection {
	return &inspection.Inspection{Book: m, Media: m, Index: m, Counts: m, Parts: m,
		Now: func() time.Time { return now }}
}

// run inspects and gives the findings as lines.
func run(t *testing.T, i *inspection.Inspection) (lines []string, seen inspection.Seen) {
	t.Helper()
	found, seen, err := i.Run(bg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		lines = append(lines, f.String())
	}
	return lines, seen
}
