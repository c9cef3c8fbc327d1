package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

var (
	began   = time.Date(2020, 4, 6, 8, 0, 0, 0, time.UTC)
	teacher = people.Person{ID: "cô Hà", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	other   = people.Person{ID: "thầy Sơn", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	admin   = people.Person{ID: "quản trị", Active: true, Grants: []people.Grant{{Role: people.Admin}}}
	errDied = errors.New("the process died here")
)

// world is the service with everything around it in memory. Whatever is named
// in die ends the call it happens in, before or after its effect, once.
type world struct {
	*Service
	now      time.Time
	uploads  map[string]Upload
	lessons  map[string]lesson.Lesson
	received []lesson.Recording
	calls    []string
	die      string
	on       map[string]func() // runs before the step of the name, once
	parts    map[string][]media.Part
	keys     map[string]string // storage id -> key
	started  map[string]time.Time
	objects  map[string]int64
	ids      int
}

func newWorld(t *testing.T) *world {
	w := &world{
		now: began, uploads: map[string]Upload{}, on: map[string]func(){},
		lessons: map[string]lesson.Lesson{
			"l1": {ID: "l1", TeacherID: teacher.ID, SchoolID: "s1", Status: lesson.Draft,
				Media: lesson.Media{State: lesson.None}},
			"l2":         {ID: "l2", TeacherID: other.ID, SchoolID: "s1", Status: lesson.Draft},
			"in the bin": {ID: "in the bin", TeacherID: teacher.ID, SchoolID: "s1", DeletedAt: began},
		},
		parts: map[string][]media.Part{}, keys: map[string]string{}, started: map[string]time.Time{},
		objects: map[string]int64{},
	}
	w.Service = &Service{
		Store: (*store)(w), Atomic: (*atomic)(w), Lessons: (*lessons)(w), Receiver: (*receiver)(w),
		Parts: (*storage)(w), Objects: (*storage)(w),
		Now:   func() time.Time { return w.now },
		NewID: func() string { w.ids++; return fmt.Sprintf("id%d", w.ids) },
	}
	return w
}

// at is a step: its call is noted, and it may end the caller there.
func (w *world) at(step string) error {
	w.calls = append(w.calls, step)
	if f := w.on[step]; f != nil {
		delete(w.on, step)
		f()
	}
	if w.die == step {
		w.die = ""
		return errDied
	}
	return nil
}

type (
	store    world
	atomic   world
	lessons  world
	receiver world
	storage  world
)

func (a *atomic) Atomically(ctx context.Context, fn func(context.Context) error) error {
	w := (*world)(a)
	uploads, ls, received := maps.Clone(w.uploads), maps.Clone(w.lessons), slices.Clone(w.received)
	err := fn(context.WithValue(ctx, a, true))
	if err == nil {
		err = w.at("commit")
	}
	if err != nil {
		w.uploads, w.lessons, w.received = uploads, ls, received
		return err
	}
	return w.at("committed")
}

func (s *store) Upload(_ context.Context, id string) (Upload, error) {
	u, ok := s.uploads[id]
	if !ok {
		return u, fault.New(fault.NotFound, "upload.not_found")
	}
	return u, nil
}

func (s *store) Lock(ctx context.Context, id string) (Upload, error) {
	if ctx.Value((*atomic)(s)) == nil {
		return Upload{}, errors.New("lock outside a transaction")
	}
	return s.Upload(ctx, id)
}

func (s *store) SaveUpload(_ context.Context, u Upload) error {
	s.uploads[u.ID] = u
	return (*world)(s).at("save upload")
}

func (s *store) OpenUploads(_ context.Context, lesson string) ([]Upload, error) {
	return s.list(func(u Upload) bool { return u.LessonID == lesson && u.Status == Open }), nil
}

func (s *store) Expired(_ context.Context, now time.Time, limit int) ([]Upload, error) {
	due := s.list(func(u Upload) bool { return u.Status == Open && !u.ExpiresAt.After(now) })
	return due[:min(len(due), limit)], nil
}

func (s *store) list(want func(Upload) bool) (out []Upload) {
	for _, u := range s.uploads {
		if want(u) {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(a, b Upload) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out
}

func (s *store) Reserved(_ context.Context, person string) (sum int64, _ error) {
	for _, u := range s.uploads {
		if u.PersonID == person && u.Status == Open {
			sum += u.Size
		}
	}
	for _, r := range s.received {
		sum += r.Size
	}
	return sum, nil
}

func (l *lessons) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	x, ok := l.lessons[id]
	if !ok {
		return x, fault.New(fault.NotFound, "lesson.not_found")
	}
	return x, nil
}

func (l *lessons) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	if ctx.Value((*atomic)(l)) == nil {
		return lesson.Lesson{}, errors.New("lock outside a transaction")
	}
	return l.Lesson(ctx, id)
}

func (r *receiver) state(id string, s lesson.MediaState) lesson.Lesson {
	l := r.lessons[id]
	l.Media.State = s
	r.lessons[id] = l
	return l
}

func (r *receiver) Receive(_ context.Context, _ people.Person, rec lesson.Recording) (lesson.Lesson, error) {
	r.received = append(r.received, rec)
	return r.state(rec.LessonID, lesson.Checking), (*world)(r).at("receive")
}

func (r *receiver) Receiving(_ context.Context, id string) error {
	r.state(id, lesson.Receiving)
	return (*world)(r).at("receiving")
}

func (r *receiver) NotReceiving(_ context.Context, id string) error {
	r.state(id, lesson.None)
	return (*world)(r).at("not receiving")
}

func noUpload() error { return fault.New(fault.NotFound, "media.no_upload") }

func (s *storage) Create(_ context.Context, key, _ string) (string, error) {
	if err := (*world)(s).at("create"); err != nil {
		return "", err
	}
	s.ids++
	id := fmt.Sprintf("s3-%d", s.ids)
	s.keys[id], s.parts[id], s.started[id] = key, nil, s.now
	return id, nil
}

func (s *storage) PresignPart(_ context.Context, base, key, id string, n int, ttl time.Duration) (media.Signed, error) {
	return media.Signed{Method: "PUT", URL: fmt.Sprintf("%s/%s?%s&%d", base, key, id, n),
		ExpiresAt: s.now.Add(ttl)}, nil
}

func (s *storage) PutPart(_ context.Context, _, id string, n int, _ io.ReadSeeker, size int64) (media.Part, error) {
	if _, ok := s.keys[id]; !ok {
		return media.Part{}, noUpload()
	}
	p := media.Part{Number: n, Size: size, ETag: fmt.Sprint("etag", n, size)}
	s.parts[id] = append(slices.DeleteFunc(s.parts[id], func(p media.Part) bool { return p.Number == n }), p)
	slices.SortFunc(s.parts[id], func(a, b media.Part) int { return a.Number - b.Number })
	return p, nil
}

func (s *storage) Parts(_ context.Context, _, id string) ([]media.Part, error) {
	if err := (*world)(s).at("parts"); err != nil {
		return nil, err
	}
	if _, ok := s.keys[id]; !ok {
		return nil, noUpload()
	}
	return slices.Clone(s.parts[id]), nil
}

func (s *storage) Complete(ctx context.Context, key, id string, parts []media.Part) (media.Object, error) {
	if err := (*world)(s).at("join"); err != nil {
		return media.Object{}, err
	}
	if err := ctx.Err(); err != nil {
		return media.Object{}, err
	}
	if _, ok := s.keys[id]; !ok {
		return media.Object{}, noUpload()
	}
	var size int64
	for _, p := range parts {
		if !slices.Contains(s.parts[id], p) {
			return media.Object{}, fault.New(fault.Conflict, "media.bad_part")
		}
		size += p.Size
	}
	s.forget(id)
	s.objects[key] = size
	return media.Object{Key: key, Size: size}, (*world)(s).at("joined")
}

func (s *storage) forget(id string) {
	delete(s.keys, id)
	delete(s.parts, id)
	delete(s.started, id)
}

func (s *storage) Abort(_ context.Context, _, id string) error {
	if err := (*world)(s).at("abort"); err != nil {
		return err
	}
	s.forget(id)
	return nil
}

func (s *storage) Pending(_ context.Context, _ string) (out []media.Pending, _ error) {
	for id, key := range s.keys {
		out = append(out, media.Pending{Key: key, UploadID: id, StartedAt: s.started[id]})
	}
	return out, nil
}

func (s *storage) Head(_ context.Context, key string) (media.Object, error) {
	if err := (*world)(s).at("head"); err != nil {
		return media.Object{}, err
	}
	size, ok := s.objects[key]
	if !ok {
		return media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return media.Object{Key: key, Size: size}, nil
}

func (s *storage) Delete(_ context.Context, keys ...string) error {
	for _, k := range keys {
		delete(s.objects, k)
	}
	return (*world)(s).at("delete")
}

// begin makes an upload of three parts, the last of 100 bytes.
func (w *world) begin(t *testing.T) Upload {
	t.Helper()
	u, err := w.Begin(t.Context(), teacher, "l1", "bài 1.mp4", 2*DefaultPartSize+100)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// send puts parts into storage, as the browser does.
func (w *world) send(t *testing.T, u Upload, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if _, err := w.Parts.PutPart(t.Context(), u.Key, u.StorageID, n, nil, u.PartLength(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantCode checks the stable code of a fault; "" wants none.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("error %v, want %q", err, code)
	}
}
