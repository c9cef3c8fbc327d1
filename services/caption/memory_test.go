package caption

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/test/memstore"
)

// memory keeps lessons, captions, chapters and the audit log. A transaction that fails is undone.
type memory struct {
	lesson.Store
	audit.Log
	s        *Service
	files    *memstore.Media
	lessons  map[string]lesson.Lesson
	captions map[[2]string]Caption
	chapters map[string][]Chapter
	log      []audit.Entry
	indexed  []string
	fail     map[string]error
	now      time.Time
	ids      int
}

var errDown = errors.New("database is away")

// newMemory has teacher "lan" with a published lesson "l" of a minute and a draft "d" without a recording.
func newMemory() *memory {
	m := &memory{files: &memstore.Media{}, now: time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC), fail: map[string]error{},
		lessons: map[string]lesson.Lesson{}, captions: map[[2]string]Caption{}, chapters: map[string][]Chapter{}}
	m.lessons["l"] = lesson.Lesson{ID: "l", TeacherID: "lan", SchoolID: "s1", Status: lesson.Published,
		Media: lesson.Media{Playable: true, Duration: 60, State: lesson.Ready}}
	m.lessons["d"] = lesson.Lesson{ID: "d", TeacherID: "lan", SchoolID: "s1", Status: lesson.Draft}
	m.s = &Service{Store: m, Lessons: m, Media: m.files, Atomic: m, Audit: m, Index: m,
		Now:   func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("v%d", m.ids) }}
	return m
}

func (m *memory) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l, ok := m.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}
func (m *memory) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	return m.Lesson(ctx, id)
}

func (m *memory) Captions(_ context.Context, lessons ...string) (list []Caption, _ error) {
	for _, c := range m.captions {
		if slices.Contains(lessons, c.LessonID) {
			c.Body = ""
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Caption) int {
		return strings.Compare(a.LessonID+a.Language,
			b.LessonID+b.Language)
	})
	return list, m.fail["Captions"]
}
func (m *memory) Caption(_ context.Context, lessonID, language string) (Caption, error) {
	c, ok := m.captions[[2]string{lessonID, language}]
	if !ok {
		return c, fault.New(fault.NotFound, "caption.not_found")
	}
	return c, m.fail["Caption"]
}
func (m *memory) SaveCaption(_ context.Context, c Caption) error {
	m.captions[[2]string{c.LessonID, c.Language}] = c
	return m.fail["SaveCaption"]
}
func (m *memory) DeleteCaption(_ context.Context, lessonID, language string) error {
	delete(m.captions, [2]string{lessonID, language})
	return m.fail["DeleteCaption"]
}
func (m *memory) Chapters(_ context.Context, lessonID string) ([]Chapter, error) {
	return m.chapters[lessonID], nil
}
func (m *memory) ChaptersByLesson(_ context.Context, lessons ...string) (map[string][]Chapter, error) {
	all := map[string][]Chapter{}
	for _, id := range lessons {
		all[id] = m.chapters[id]
	}
	return all, nil
}
func (m *memory) SaveChapters(_ context.Context, lessonID string, list []Chapter) error {
	m.chapters[lessonID] = list
	return m.fail["SaveChapters"]
}
func (m *memory) Forget(_ context.Context, lessonID string) error {
	maps.DeleteFunc(m.captions, func(k [2]string, _ Caption) bool { return k[0] == lessonID })
	delete(m.chapters, lessonID)
	return nil
}
func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.log = append(m.log, e)
	return m.fail["Append"]
}
func (m *memory) Changed(_ context.Context, lessonID string) error {
	m.indexed = append(m.indexed, lessonID)
	return m.fail["Changed"]
}
func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	captions, chapters, log, indexed := maps.Clone(m.captions), maps.Clone(m.chapters), m.log, m.indexed
	err := fn(job.WithTransaction(ctx, func(call string) { panic(call + " inside a transaction") }))
	if err != nil {
		m.captions, m.chapters, m.log, m.indexed = captions, chapters, log, indexed
	}
	return err
}

// put gives the lesson captions in a language.
func (m *memory) put(t *testing.T, lessonID, language, text string) Caption {
	t.Helper()
	c, err := m.s.Put(t.Context(), lan, lessonID, language, []byte("WEBVTT\n\n00:01.000 --> 00:02.000\n"+text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// offer puts captions of a recording before the lesson's teacher.
func (m *memory) offer(t *testing.T, lessonID, language, text string) {
	t.Helper()
	if err := m.s.Offer(t.Context(), lessonID, language, []Cue{{second, 2 * second, text}}); err != nil {
		t.Fatal(err)
	}
}

// change changes a lesson.
func (m *memory) change(id string, fn func(*lesson.Lesson)) {
	l := m.lessons[id]
	fn(&l)
	m.lessons[id] = l
}

func person(id string, role people.Role) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: role, School: "s1"}}}
}

var (
	lan     = person("lan", people.Teacher)
	other   = person("tu", people.Teacher)
	student = person("em", people.Student)
	anybody = people.Person{}
)

// wantCode checks the stable code of a fault; "" wants none.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: error %v, want %q", what, err, code)
	}
}
