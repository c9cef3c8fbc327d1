package production

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/test/jobtest"
	"lenlop/transcoder"
)

// rows is a table in memory that takes part in jobtest's transactions.
type rows[T any] struct {
	mu sync.Mutex
	m  map[string]T
}

func (r *rows[T]) Snapshot() func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := maps.Clone(r.m)
	return func() { r.mu.Lock(); r.m = was; r.mu.Unlock() }
}

func (r *rows[T]) get(id, code string) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.m[id]
	if !ok {
		return v, fault.New(fault.NotFound, code)
	}
	return v, nil
}

func (r *rows[T]) put(id string, v T) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]T{}
	}
	r.m[id] = v
	return nil
}

func (r *rows[T]) list(where func(T) bool) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []T
	for _, k := range slices.Sorted(maps.Keys(r.m)) {
		if where(r.m[k]) {
			out = append(out, r.m[k])
		}
	}
	return out
}

type lessonStore struct {
	lessons rows[lesson.Lesson]
	recs    rows[lesson.Recording]
	saved   func(lesson.Lesson)

	progressed func(lesson.Lesson)
}

func (s *lessonStore) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	return s.lessons.get(id, "lesson.not_found")
}
func (s *lessonStore) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	return s.Lesson(ctx, id)
}
func (s *lessonStore) Save(_ context.Context, l lesson.Lesson) error {
	if s.saved != nil {
		s.saved(l)
	}
	return s.lessons.put(l.ID, l)
}
func (s *lessonStore) SetProgress(_ context.Context, id, recording, stage string, fraction float64) (bool, error) {
	l, err := s.lessons.get(id, "lesson.not_found")
	if err != nil || l.Media.RecordingID != recording || l.Media.State != lesson.Processing {
		return false, nil
	}
	l.Media.Stage, l.Media.Fraction = stage, max(l.Media.Fraction, fraction)
	if s.progressed != nil {
		s.progressed(l)
	}
	return true, s.lessons.put(id, l)
}
func (s *lessonStore) Lessons(_ context.Context, f lesson.Filter) ([]lesson.Lesson, string, error) {
	list := s.lessons.list(func(l lesson.Lesson) bool {
		return !l.DeletedAt.IsZero() == f.Deleted && (len(f.Media) == 0 || slices.Contains(f.Media, l.Media.State))
	})
	return list, "", nil
}
func (s *lessonStore) Recording(_ context.Context, id string) (lesson.Recording, error) {
	return s.recs.get(id, "recording.not_found")
}
func (s *lessonStore) SaveRecording(_ context.Context, r lesson.Recording) error {
	return s.recs.put(r.ID, r)
}
func (s *lessonStore) Recordings(_ context.Context, id string) ([]lesson.Recording, error) {
	return s.recs.list(func(r lesson.Recording) bool { return r.LessonID == id }), nil
}
func (s *lessonStore) RecordingsDue(_ context.Context, now time.Time, _ int) ([]lesson.Recording, error) {
	return s.recs.list(func(r lesson.Recording) bool {
		return !r.KeepUntil.IsZero() && r.KeepUntil.Before(now) && r.GoneAt.IsZero()
	}), nil
}

type packageStore struct {
	packages rows[Package]
	segs     rows[[]Segment] // by package/rung/piece
}

func (s *packageStore) Package(_ context.Context, id string) (Package, error) {
	return s.packages.get(id, "package.not_found")
}
func (s *packageStore) LockPackage(ctx context.Context, id string) (Package, error) {
	return s.Package(ctx, id)
}
func (s *packageStore) SavePackage(_ context.Context, p Package) error {
	return s.packages.put(p.ID, p)
}
func (s *packageStore) AddPiece(_ context.Context, id, rung string, piece int, segs []Segment) error {
	return s.segs.put(id+"/"+rung+"/"+strconv.Itoa(piece), segs)
}
func (s *packageStore) Packages(_ context.Context, id string) ([]Package, error) {
	return s.packages.list(func(p Package) bool { return p.LessonID == id }), nil
}
func (s *packageStore) Segments(_ context.Context, id string) ([]Segment, error) {
	var out []Segment
	for _, segs := range s.segs.list(func(x []Segment) bool { return len(x) > 0 && x[0].PackageID == id }) {
		out = append(out, segs...)
	}
	slices.SortFunc(out, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Rung, b.Rung), cmp.Compare(a.Piece, b.Piece), cmp.Compare(a.Index, b.Index))
	})
	return out, nil
}
func (s *packageStore) Retired(_ context.Context, before time.Time, _ int) ([]Package, error) {
	return s.packages.list(func(p Package) bool { return !p.RetiredAt.IsZero() && p.RetiredAt.Before(before) }), nil
}
func (s *packageStore) DeletePackage(_ context.Context, id string) error {
	s.packages.mu.Lock()
	delete(s.packages.m, id)
	s.packages.mu.Unlock()
	s.segs.mu.Lock()
	defer s.segs.mu.Unlock()
	maps.DeleteFunc(s.segs.m, func(k string, _ []Segment) bool { return strings.HasPrefix(k, id+"/") })
	return nil
}

// storage keeps objects in memory; away makes every call fail.
type storage struct {
	mu      sync.Mutex
	objects map[string][]byte
	at      map[string]time.Time
	away    bool
	gets    map[string]int
}

func (s *storage) locked() (unlock func(), err error) {
	s.mu.Lock()
	if s.away {
		s.mu.Unlock()
		return nil, fault.New(fault.Unavailable, "media.unavailable")
	}
	return s.mu.Unlock, nil
}

func (s *storage) Put(_ context.Context, key string, body io.ReadSeeker, size int64,
	o media.PutOptions) (media.Object, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return media.Object{}, err
	}
	sum := sha256.Sum256(data)
	if int64(len(data)) != size || o.SHA256 != "" && o.SHA256 != hex.EncodeToString(sum[:]) {
		return media.Object{}, errors.New("bad digest")
	}
	unlock, err := s.locked()
	if err != nil {
		return media.Object{}, err
	}
	defer unlock()
	s.objects[key], s.at[key] = data, time.Now()
	return media.Object{Key: key, Size: size}, nil
}
func (s *storage) Get(_ context.Context, key string, _ media.Range) (io.ReadCloser, media.Object, error) {
	unlock, err := s.locked()
	if err != nil {
		return nil, media.Object{}, err
	}
	defer unlock()
	s.gets[key]++
	data, ok := s.objects[key]
	if !ok {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return io.NopCloser(bytes.NewReader(data)), media.Object{Key: key, Size: int64(len(data))}, nil
}
func (s *storage) Head(_ context.Context, key string) (media.Object, error) {
	_, o, err := s.Get(context.Background(), key, media.All)
	return o, err
}
func (s *storage) Delete(_ context.Context, keys ...string) error {
	unlock, err := s.locked()
	if err != nil {
		return err
	}
	defer unlock()
	for _, k := range keys {
		delete(s.objects, k)
	}
	return nil
}
func (s *storage) List(_ context.Context, prefix string, each func(media.Object) bool) error {
	for _, k := range s.keys(prefix) {
		s.mu.Lock()
		o := media.Object{Key: k, Size: int64(len(s.objects[k])), ModifiedAt: s.at[k]}
		s.mu.Unlock()
		if !each(o) {
			return nil
		}
	}
	return nil
}
func (s *storage) keys(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, k := range slices.Sorted(maps.Keys(s.objects)) {
		if strings.HasPrefix(k, prefix) {
			out = append(out, k)
		}
	}
	return out
}

type nothing struct{}

func (nothing) Append(context.Context, audit.Entry) error                     { return nil }
func (nothing) BySubject(context.Context, string, int) ([]audit.Entry, error) { return nil, nil }
func (nothing) Changed(context.Context, string) error                         { return nil }
func (nothing) Subjects(context.Context) ([]school.Subject, error)            { return nil, nil }

// fixture is production with everything it needs, in memory.
type fixture struct {
	*Workers
	t       *testing.T
	jobs    *jobtest.Memory
	lessons *lessonStore
	pkgs    *packageStore
	store   *storage
	machine *machine
	runner  *job.Runner
	lists   *Playlists
	copies  *Copies
}

var teacher = people.Person{ID: "gv", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s"}}}

func newFixture(t *testing.T) *fixture {
	ls, ps, cs := &lessonStore{}, &packageStore{}, &copyStore{}
	mem := jobtest.New(&ls.lessons, &ls.recs, &ps.packages, &ps.segs, &cs.copies)
	log := slog.New(slog.DiscardHandler)
	r := job.NewRunner(mem, mem, log)
	r.Poll = 15 * time.Minute // weeks pass in these tests
	notifier := job.NewNotifier(mem, mem)
	notifier.Register(r)
	n := 0
	var mu sync.Mutex
	id := func() string { mu.Lock(); defer mu.Unlock(); n++; return "id" + strconv.Itoa(n) }
	scratch, err := OpenScratch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st := &storage{objects: map[string][]byte{}, at: map[string]time.Time{}, gets: map[string]int{}}
	h := &fixture{t: t, jobs: mem, lessons: ls, pkgs: ps, store: st, machine: &machine{seconds: 60}, runner: r,
		lists: &Playlists{Store: ps, Media: st}}
	h.Workers = &Workers{
		Lessons: &lesson.Service{
			Store: ls, Atomic: notifier, Jobs: notifier, Audit: nothing{}, Index: nothing{}, Subjects: nothing{},
			ReceivedJobs: ReceivedJobs, PublishJob: PublishJob, Now: time.Now, NewID: id,
			Work: BinnedWork{Recordings: ls, Packages: ps, Copies: cs, Jobs: notifier},
		},
		Packages: ps, Copies: cs, Media: st, Jobs: notifier, Queue: mem, Atomic: notifier, Transcoder: h.machine,
		Scratch: scratch,
		Log:     log, Now: time.Now, NewID: id, Slots: 2,
		Marks: func(_ context.Context, c Copy, length time.Duration) ([]CopyMark, error) {
			return []CopyMark{{[]byte("png of " + c.ID), length / 6}, {[]byte("second"), length / 2}}, nil
		},
	}
	h.copies = &Copies{Store: cs, Packages: ps, Lessons: ls, Schedule: channels{}, Jobs: notifier, Atomic: notifier,
		Audit: nothing{}, Now: time.Now, NewID: id}
	h.Register(r)
	return h
}

// start runs the Runner until the test ends.
func (h *fixture) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.runner.Run(ctx); err != nil {
			h.t.Error(err)
		}
	}()
	return func() {
		cancel()
		<-done
		if err := h.Scratch.Close(); err != nil {
			h.t.Error(err)
		}
	}
}

// receive gives lesson id a recording with the bytes; claimed may be "".
func (h *fixture) receive(id, rec, data, claimed string) {
	h.t.Helper()
	ctx := context.Background()
	if _, err := h.lessons.Lesson(ctx, id); err != nil {
		h.lessons.Save(ctx, lesson.Lesson{ID: id, TeacherID: teacher.ID, SchoolID: "s", Status: lesson.Draft,
			Media: lesson.Media{State: lesson.None}})
	}
	key := media.Recording(id, "x"+rec)
	if _, err := h.store.Put(ctx, key, strings.NewReader(data), int64(len(data)), media.PutOptions{}); err != nil {
		h.t.Fatal(err)
	}
	_, err := h.Lessons.Receive(ctx, teacher, lesson.Recording{ID: rec, LessonID: id, Key: key, Size: int64(len(data)),
		Claimed: claimed, ReceivedAt: time.Now()})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *fixture) lesson(id string) lesson.Lesson {
	h.t.Helper()
	l, err := h.lessons.Lesson(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// pass lets the time pass, and all that happens in it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (h *fixture) pkg(id string) Package {
	h.t.Helper()
	p, err := h.pkgs.Package(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *fixture) plan(id string) transcoder.Plan {
	h.t.Helper()
	var p transcoder.Plan
	if err := json.Unmarshal(h.pkg(id).Plan, &p); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *fixture) playlist(l, p, file string) string {
	h.t.Helper()
	list, err := h.lists.Playlist(context.Background(), l, p, file)
	if err != nil {
		h.t.Fatalf("%s: %v", file, err)
	}
	return list.Text
}
