package feedback

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/people"
)

// box is a Store in memory of what the service asks here.
type box struct {
	Store
	rows  []Problem
	asked Filter
}

func (b *box) Report(_ context.Context, p Problem) error {
	i := slices.IndexFunc(b.rows, func(r Problem) bool {
		return r.State == Open && r.LessonID == p.LessonID && r.Kind == p.Kind && r.Reporter == p.Reporter
	})
	if i < 0 {
		b.rows = append(b.rows, p)
		return nil
	}
	b.rows[i].Times++
	return nil
}

func (b *box) OpenOf(context.Context, string) (int, error) { return len(b.rows), nil }

func (b *box) Answer(_ context.Context, _ string, k Kind, by, answer string, at time.Time) (n int, _ error) {
	for i := range b.rows {
		if b.rows[i].Kind == k && b.rows[i].State == Open {
			b.rows[i].State, b.rows[i].Answer, b.rows[i].AnsweredBy, b.rows[i].AnsweredAt = Answered, answer, by, at
			n++
		}
	}
	return n, nil
}

func (b *box) Groups(_ context.Context, f Filter) ([]Group, error) {
	b.asked = f
	return nil, nil
}

type library struct{}

func (library) Read(_ context.Context, by people.Person, id string) (lesson.Lesson, error) {
	l := lesson.Lesson{ID: id, Status: lesson.Published, TeacherID: "co-lan", SchoolID: "s1"}
	l.Media.Playable = true
	if id == "nhap" {
		l.Status = lesson.Draft
	}
	if !people.May(by, people.ReadLesson, l.Object()) {
		return lesson.Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

type atOnce struct{}

func (atOnce) Atomically(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

type book struct {
	audit.Log
	entries []audit.Entry
}

func (b *book) Append(_ context.Context, e audit.Entry) error {
	b.entries = append(b.entries, e)
	return nil
}

type office struct {
	*Service
	t    *testing.T
	box  *box
	book *book
	now  time.Time
}

func open(t *testing.T) *office {
	o := &office{t: t, box: &box{}, book: &book{}, now: time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC)}
	n := 0
	o.Service = &Service{Store: o.box, Lessons: library{}, Atomic: atOnce{}, Audit: o.book, Secret: []byte("khoa"),
		Now: func() time.Time { return o.now }, NewID: func() string { n++; return fmt.Sprint("id", n) }}
	o.Limits = &limit.Counter{Clock: o.Now}
	return o
}

func with(id string, r people.Role, school string) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: school}}}
}

func (o *office) report(by people.Person, r Report, code string) {
	o.t.Helper()
	r.LessonID = "bai"
	err := o.Report(context.Background(), by, r)
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		o.t.Errorf("%+v: %v, want %q", r, err, code)
	}
}

func TestSameViewerIsOneReport(t *testing.T) {
	o := open(t)
	anybody := people.Person{}
	o.report(anybody, Report{Kind: Sound, Viewer: "may-1", Network: "10.0.0.1"}, "")
	o.report(anybody, Report{Kind: Sound, Viewer: "may-1", Network: "10.0.0.2"}, "")
	o.report(anybody, Report{Kind: Sound, Viewer: "may-2", Network: "10.0.0.1"}, "")
	o.report(anybody, Report{Kind: Sound, Network: "10.0.0.1", Agent: "a"}, "")
	o.report(anybody, Report{Kind: Sound, Network: "10.0.0.1", Agent: "a"}, "")
	o.report(with("em", people.Student, "s1"), Report{Kind: Sound, Viewer: "may-1"}, "")
	o.report(with("em", people.Student, "s1"), Report{Kind: Sound, Viewer: "may-9"}, "")
	o.report(with("em", people.Student, "s1"), Report{Kind: Picture, Viewer: "may-9"}, "")
	var times []int
	for _, p := range o.box.rows {
		times = append(times, p.Times)
		if strings.Contains(p.Reporter, "may") || strings.Contains(p.Reporter, "10.0") || len(p.Reporter) != 32 {
			t.Errorf("the reporter's mark says something: %q", p.Reporter)
		}
	}
	if !slices.Equal(times, []int{2, 1, 2, 2, 1}) {
		t.Errorf("reports were counted %v", times)
	}
}

func TestReportsAreChecked(t *testing.T) {
	o := open(t)
	anybody := people.Person{}
	o.report(anybody, Report{Kind: "x"}, "problem.invalid")
	o.report(anybody, Report{Kind: Other}, "problem.invalid")
	o.report(anybody, Report{Kind: Other, Text: " \u200b\x00\n "}, "problem.invalid")
	o.report(anybody, Report{Kind: Sound, Text: strings.Repeat("ă", MaxText+1)}, "problem.invalid")
	o.report(anybody, Report{Kind: Sound, Text: "Mất\x1b[31m tiếng\r\nphút 2\u202e\xff"}, "")
	if got := o.box.rows[0].Text; got != "Mất[31m tiếng\nphút 2" {
		t.Errorf("kept %q", got)
	}
	if err := o.Report(context.Background(), anybody, Report{LessonID: "nhap", Kind: Sound}); !fault.Is(err,
		"lesson.not_found") {
		t.Errorf("a draft: %v", err)
	}
}

func TestReportsAreLimited(t *testing.T) {
	o := open(t)
	anybody := people.Person{}
	for range perReporter {
		o.report(anybody, Report{Kind: Sound, Viewer: "may-1", Network: "n1"}, "")
	}
	o.report(anybody, Report{Kind: Sound, Viewer: "may-1", Network: "n1"}, "problem.too_many")
	for i := range perNetwork - perReporter {
		o.report(anybody, Report{Kind: Sound, Viewer: fmt.Sprint("k", i), Network: "n1"}, "")
	}
	o.report(anybody, Report{Kind: Sound, Viewer: "new", Network: "n1"}, "problem.too_many")
	o.report(anybody, Report{Kind: Sound, Viewer: "new", Network: "n2"}, "")
	o.now = o.now.Add(window)
	o.report(anybody, Report{Kind: Sound, Viewer: "may-1", Network: "n1"}, "")
	for i := len(o.box.rows); i < maxOpen; i++ {
		o.box.rows = append(o.box.rows, Problem{})
	}
	o.report(anybody, Report{Kind: Picture, Viewer: "may-3", Network: "n3"}, "problem.enough")
}

func TestWhoAnswers(t *testing.T) {
	o := open(t)
	ctx := context.Background()
	o.report(people.Person{}, Report{Kind: Sound, Viewer: "may"}, "")
	for _, c := range []struct {
		by   people.Person
		want Filter
		no   bool
	}{
		{by: people.Person{}, no: true},
		{by: with("em", people.Student, "s1"), no: true},
		{by: with("co-lan", people.Teacher, "s1"), want: Filter{Owner: "co-lan", State: Open, Limit: 5}},
		{by: with("co-mai", people.Teacher, "s1"), want: Filter{Owner: "co-mai", State: Open, Limit: 5}, no: true},
		{by: with("truong", people.Head, "s1"), want: Filter{Schools: []string{"s1"}, State: Open, Limit: 5}},
		{by: with("so", people.Reviewer, ""), want: Filter{All: true, State: Open, Limit: 5}},
		{by: with("quan-tri", people.Admin, ""), want: Filter{All: true, State: Open, Limit: 5}},
	} {
		o.box.asked = Filter{}
		_, err := o.List(ctx, c.by, Open, 5, 0)
		if got := o.box.asked; fmt.Sprint(got) != fmt.Sprint(c.want) || (err != nil) != fault.Is(err, "access.denied") {
			t.Errorf("%s lists %+v, %v; want %+v", c.by.ID, got, err, c.want)
		}
		o.box.rows[0].State = Open
		if err := o.Answer(ctx, c.by, "bai", Sound, "Đã sửa"); (err != nil) != c.no {
			t.Errorf("%s answers: %v", c.by.ID, err)
		}
	}
	if n := len(o.book.entries); n != 4 {
		t.Errorf("%d entries in the audit", n)
	}
	if err := o.Answer(ctx, with("so", people.Reviewer, ""), "bai", Sound,
		strings.Repeat("a", MaxText+1)); !fault.Is(err, "problem.invalid") {
		t.Error(err)
	}
}
