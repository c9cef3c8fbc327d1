package question

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/school"
)

// desk is a school with one published lesson of "lan", taught to class "c9a"
// together with "binh"; "em" and "ban" are in it, "la" is not.
type desk struct {
	lesson.Store
	school.Rosters
	s         *Service
	now       time.Time
	lessons   map[string]lesson.Lesson
	settings  map[string]Setting
	questions []Question
	notified  []notice.Notice
	recalled  []string
	log       []audit.Entry
	ids       int
}

func newDesk() *desk {
	d := &desk{now: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), settings: map[string]Setting{},
		lessons: map[string]lesson.Lesson{}}
	d.lessons["l"] = lesson.Lesson{ID: "l", Title: "Phân số", TeacherID: "lan", SchoolID: "s1",
		Status: lesson.Published, Media: lesson.Media{Playable: true, Duration: 600}}
	d.lessons["draft"] = lesson.Lesson{ID: "draft", TeacherID: "lan", SchoolID: "s1", Status: lesson.Draft}
	d.s = &Service{Store: d, Lessons: d, Classes: d, Years: d, Atomic: d,
		Audit: d, Notices: d,
		Words: func(a About, l lesson.Lesson) (string, string) { return string(a) + ": " + l.Title, "body" },
		Now:   func() time.Time { return d.now }, Zone: time.UTC,
		NewID: func() string { d.ids++; return fmt.Sprintf("id-%03d", d.ids) }}
	return d
}

func (d *desk) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l, ok := d.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}
func (d *desk) Lock(ctx context.Context, id string) (lesson.Lesson, error) { return d.Lesson(ctx, id) }

var class9A = school.Class{ID: "c9a", SchoolID: "s1", Year: "2026-2027",
	Teachers: []school.ClassTeacher{{PersonID: "lan", Subject: "toan"}, {PersonID: "binh"}}}

func (d *desk) ClassOfStudent(_ context.Context, person, _ string) (school.Class, error) {
	switch person {
	case "em", "ban":
		return class9A, nil
	case "la":
		return school.Class{ID: "c9b", SchoolID: "s1", Year: "2026-2027",
			Teachers: []school.ClassTeacher{{PersonID: "tu"}}}, nil
	}
	return school.Class{}, fault.New(fault.NotFound, "class.not_found")
}

func (d *desk) ClassesOfTeacher(_ context.Context, person string) ([]school.Class, error) {
	old := class9A
	old.Year = "2025-2026"
	switch person {
	case "lan", "binh":
		return []school.Class{class9A}, nil
	case "cu": // taught with lan last year
		old.Teachers = append(slices.Clone(old.Teachers), school.ClassTeacher{PersonID: "cu"})
		return []school.Class{old}, nil
	}
	return nil, nil
}

func (d *desk) Years(context.Context) ([]school.Year, error) {
	return []school.Year{{Code: "2026-2027", From: "2026-09-05", To: "2027-05-31"},
		{Code: "2025-2026", From: "2025-09-05", To: "2026-05-31"}}, nil
}

func (d *desk) Atomically(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }
func (d *desk) Append(_ context.Context, e audit.Entry) error {
	d.log = append(d.log, e)
	return nil
}
func (d *desk) BySubject(context.Context, string, int) ([]audit.Entry, error) { return d.log, nil }

func (d *desk) Tell(_ context.Context, n notice.Notice) (notice.Notice, error) {
	n.ID = d.s.NewID()
	d.notified = append(d.notified, n)
	return n, nil
}
func (d *desk) Recall(_ context.Context, id string) error {
	d.recalled = append(d.recalled, id)
	return nil
}
func (d *desk) ForgetPersonal(_ context.Context, before time.Time, _ int) (int, error) {
	d.notified = slices.DeleteFunc(d.notified, func(notice.Notice) bool { return d.now.After(before) })
	return 0, nil
}

func (d *desk) Setting(_ context.Context, id string) (Setting, error) {
	s := d.settings[id]
	s.LessonID = id
	return s, nil
}
func (d *desk) SaveSetting(_ context.Context, s Setting) error {
	d.settings[s.LessonID] = s
	return nil
}

func (d *desk) at(id string) int {
	return slices.IndexFunc(d.questions, func(q Question) bool { return q.ID == id })
}

func (d *desk) Question(_ context.Context, id string) (Question, error) {
	if i := d.at(id); i >= 0 {
		return d.questions[i], nil
	}
	return Question{}, fault.New(fault.NotFound, "question.not_found")
}

func (d *desk) SaveQuestion(_ context.Context, q Question) error {
	if i := d.at(q.ID); i >= 0 {
		d.questions[i] = q
		return nil
	}
	d.questions = append(d.questions, q)
	return nil
}

func (d *desk) DeleteQuestion(_ context.Context, id string) error {
	d.questions = slices.DeleteFunc(d.questions, func(q Question) bool { return q.ID == id })
	return nil
}

func (d *desk) Questions(_ context.Context, f Filter) (out []Question, _ error) {
	for _, q := range slices.Backward(d.questions) {
		if (f.Lesson == "" || f.Lesson == q.LessonID) && (f.Person == "" || f.Person == q.PersonID) &&
			(f.State == "" || f.State == q.State) &&
			(f.Since.IsZero() || q.CreatedAt.After(f.Since)) && (f.Limit == 0 || len(out) < f.Limit) {
			out = append(out, q)
		}
	}
	return out, nil
}

func (d *desk) ForgetQuestions(_ context.Context, before time.Time, limit int) (int, error) {
	n := len(d.questions)
	d.questions = slices.DeleteFunc(d.questions, func(q Question) bool {
		if limit > 0 && q.CreatedAt.Before(before) {
			limit--
			return true
		}
		return false
	})
	return n - len(d.questions), nil
}

func who(id string, r people.Role, school string) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: school}}}
}

var (
	nobody   = people.Person{}
	lan      = who("lan", people.Teacher, "s1")
	binh     = who("binh", people.Teacher, "s1")
	cu       = who("cu", people.Teacher, "s1")
	head     = who("hieu", people.Head, "s1")
	reviewer = who("so", people.Reviewer, "")
	admin    = who("quan", people.Admin, "")
	em       = who("em", people.Student, "s1")
	ban      = who("ban", people.Student, "s1")
	la       = who("la", people.Student, "s1")
)
