package worksheet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/test/memstore"
)

// memory keeps lessons, worksheets and the audit log. A transaction that fails is undone.
type memory struct {
	audit.Log
	s       *Service
	files   *memstore.Media
	lessons map[string]lesson.Lesson
	rows    []Worksheet
	log     []audit.Entry
	marked  []string // lessons to be reviewed again
	fits    []int64  // sizes that were held against the quota
	quota   int64
	gone    func() // called when a transaction fails
	fail    map[string]error
	now     time.Time
	ids     int
}

var errDown = errors.New("database is away")

// newMemory has one published lesson "l" and one draft "d" of teacher "lan".
func newMemory() *memory {
	m := &memory{files: &memstore.Media{}, now: time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC), quota: 1 << 30,
		fail: map[string]error{}, lessons: map[string]lesson.Lesson{}}
	m.lessons["l"] = lesson.Lesson{ID: "l", TeacherID: "lan", SchoolID: "s1", Status: lesson.Published,
		Media: lesson.Media{Playable: true}}
	m.lessons["d"] = lesson.Lesson{ID: "d", TeacherID: "lan", SchoolID: "s1", Status: lesson.Draft}
	m.s = New(Service{Store: m, Lessons: m, Media: m.files, Atomic: m, Audit: m, Now: func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id-%d", m.ids) },
		MarkForRereview: func(_ context.Context, by people.Person, lessonID, part string) error {
			m.marked = append(m.marked, by.ID+" "+lessonID+" "+part)
			return m.fail["MarkForRereview"]
		},
		Fits: func(_ context.Context, _ people.Person, size int64) error {
			m.fits = append(m.fits, size)
			for _, w := range m.rows {
				size += w.Size
			}
			if size > m.quota {
				return fault.New(fault.TooLarge, "upload.over_quota")
			}
			return nil
		}})
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
	if err := m.fail["Lock"]; err != nil {
		return lesson.Lesson{}, err
	}
	return m.Lesson(ctx, id)
}

func (m *memory) at(lessonID, id string) int {
	return slices.IndexFunc(m.rows, func(w Worksheet) bool { return w.LessonID == lessonID && w.ID == id })
}
func (m *memory) Worksheet(_ context.Context, lessonID, id string) (Worksheet, error) {
	if i := m.at(lessonID, id); i >= 0 {
		return m.rows[i], nil
	}
	return Worksheet{}, fault.New(fault.NotFound, "worksheet.not_found")
}
func (m *memory) Worksheets(_ context.Context, lessonID string) (list []Worksheet, _ error) {
	for _, w := range m.rows {
		if w.LessonID == lessonID {
			list = append(list, w)
		}
	}
	return list, m.fail["Worksheets"]
}
func (m *memory) SaveWorksheet(_ context.Context, w Worksheet) error {
	m.rows = append(slices.Clone(m.rows), w)
	return m.fail["SaveWorksheet"]
}
func (m *memory) DeleteWorksheet(_ context.Context, lessonID, id string) error {
	if i := m.at(lessonID, id); i >= 0 {
		m.rows = slices.Delete(slices.Clone(m.rows), i, i+1)
	}
	return m.fail["DeleteWorksheet"]
}
func (m *memory) ForgetWorksheets(_ context.Context, lessonID string) error {
	m.rows = slices.DeleteFunc(slices.Clone(m.rows), func(w Worksheet) bool { return w.LessonID == lessonID })
	return nil
}
func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.log = append(m.log, e)
	return m.fail["Append"]
}
func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	rows, log, marked := m.rows, m.log, m.marked
	err := fn(job.WithTransaction(ctx, func(call string) { panic(call + " inside a transaction") }))
	if err != nil {
		m.rows, m.log, m.marked = rows, log, marked
		if m.gone != nil {
			m.gone()
		}
	}
	return err
}

// add gives the lesson a worksheet.
func (m *memory) add(t *testing.T, lessonID, name, data string) Worksheet {
	t.Helper()
	w, err := m.s.Add(t.Context(), lan, lessonID, name, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func person(id string, role people.Role) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: role, School: "s1"}}}
}

var lan = person("lan", people.Teacher)
