package lesson_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

var goodText = lesson.Text{Title: new("Phân số"), Subject: new("toan"), Grade: new(5)}

func TestWhoMayDraftForWhom(t *testing.T) {
	for name, c := range map[string]struct {
		by              people.Person
		teacher         string // username
		owner, uploader string // of the draft
		kind            fault.Kind
		code            string
	}{
		"a teacher":                    {by: lan, owner: "lan"},
		"a teacher naming herself":     {by: lan, teacher: "lan.name", owner: "lan"},
		"for a colleague":              {by: lan, teacher: "minh.name", owner: "minh", uploader: "lan"},
		"for another school's teacher": {by: lan, teacher: "tu.name", kind: fault.Forbidden, code: "access.denied"},
		"for a head":                   {by: lan, teacher: "hieu.name", kind: fault.Forbidden, code: "access.denied"},
		"the station for a teacher":    {by: station, teacher: "lan.name", owner: "lan", uploader: "dai"},
		"the station for nobody":       {by: station, kind: fault.Invalid, code: "lesson.invalid"},
		"an administrator for nobody":  {by: admin, owner: "quan"},
		"an administrator for a head":  {by: admin, teacher: "hieu.name", owner: "hieu", uploader: "quan"},
		"for one who does not exist":   {by: admin, teacher: "ai", kind: fault.NotFound, code: "people.not_found"},
		"a head":                       {by: head, kind: fault.Forbidden, code: "access.denied"},
		"a reviewer": {by: reviewer, teacher: "lan.name", kind: fault.Forbidden,
			code: "access.denied"},
		"a student": {by: student, kind: fault.Forbidden, code: "access.denied"},
		"nobody":    {by: nobody, kind: fault.Forbidden, code: "access.denied"},
	} {
		m := newMemory()
		l, err := m.s.Draft(bg, c.by, c.teacher, goodText)
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			if len(m.lessons.All(nil)) != 0 || len(m.log.List) != 0 {
				t.Errorf("%s: something was stored", name)
			}
			continue
		}
		if l.TeacherID != c.owner || l.UploaderID != c.uploader || l.Status != lesson.Draft ||
			l.Media.State != lesson.None ||
			!l.CreatedAt.Equal(start) || !l.UpdatedAt.Equal(start) {
			t.Errorf("%s: %+v", name, l)
		}
		if want := c.by.ID + " lesson.create lesson:" + l.ID + " "; m.log.Last() != want {
			t.Errorf("%s: logged %q, want %q", name, m.log.Last(), want)
		}
		if story := m.story(l.ID); !slices.Equal(story, []lesson.StepKind{lesson.StepCreated}) {
			t.Errorf("%s: history %v", name, story)
		}
	}
}

// TestDraftBelongsToTheSchoolWhereItsTeacherTeaches, not to the one that she leads or learns at besides.
func TestDraftBelongsToTheSchoolWhereItsTeacherTeaches(t *testing.T) {
	m := newMemory()
	both := lan
	both.Grants = []people.Grant{{Role: people.Head, School: "s9"}, {Role: people.Teacher, School: "s1"}}
	l, err := m.s.Draft(bg, both, "", goodText)
	if err != nil || l.SchoolID != "s1" {
		t.Errorf("school %q %v", l.SchoolID, err)
	}
	if l, err = m.s.Draft(bg, admin, "hieu.name", goodText); err != nil || l.SchoolID != "s1" {
		t.Errorf("a head's lesson: school %q %v", l.SchoolID, err)
	}
}

func TestDraftChecksItsText(t *testing.T) {
	m := newMemory()
	_, err := m.s.Draft(bg, lan, "", lesson.Text{Title: new(""), Subject: new("toan"), Grade: new(5)})
	wantFault(t, "no title", err, fault.Invalid, "lesson.invalid", "title: field.required")
	m.readErr = errDisk
	if _, err = m.s.Draft(bg, lan, "", goodText); !errors.Is(err, errDisk) {
		t.Errorf("subjects unreadable: %v", err)
	}
}

func TestWhoMayRead(t *testing.T) {
	m := newMemory()
	m.add("draft", nil)
	m.add("open", ready(lesson.Published))
	for _, c := range []struct {
		by   people.Person
		id   string
		kind fault.Kind
		code string
	}{
		{lan, "draft", 0, ""}, {head, "draft", 0, ""}, {reviewer, "draft", 0, ""}, {station, "draft", 0, ""}, {admin,
			"draft", 0, ""},
		{minh, "draft", fault.Forbidden, "access.denied"}, {student, "draft", fault.Forbidden, "access.denied"},
		{nobody, "draft", fault.NotFound, "lesson.not_found"}, // who is not signed in learns nothing
		{nobody, "open", 0, ""}, {student, "open", 0, ""},
		{lan, "none", fault.NotFound, "lesson.not_found"},
	} {
		l, err := m.s.Read(bg, c.by, c.id)
		wantFault(t, c.by.ID+" reads "+c.id, err, c.kind, c.code)
		if (l.ID == c.id) != (c.code == "") {
			t.Errorf("%s reads %s: %+v", c.by.ID, c.id, l)
		}
	}
}

// TestListIsNarrowedToWhatOneMaySee: whatever filter is given.
func TestListIsNarrowedToWhatOneMaySee(t *testing.T) {
	published := []lesson.Status{lesson.Published}
	leads := person("ca", "s1", people.Head, people.Teacher)
	for name, c := range map[string]struct {
		by      people.Person
		f, want lesson.Filter
		denied  bool
	}{
		"a reviewer": {by: reviewer, f: lesson.Filter{Teacher: "x"},
			want: lesson.Filter{Teacher: "x"}},
		"the station": {by: station, f: lesson.Filter{Deleted: true},
			want: lesson.Filter{Deleted: true}},
		"an administrator": {by: admin},
		"a teacher": {by: lan, f: lesson.Filter{Teacher: "minh"},
			want: lesson.Filter{Teacher: "lan"}},
		"a teacher of those cared for": {by: lan, f: lesson.Filter{CaredBy: "lan"},
			want: lesson.Filter{CaredBy: "lan"}},
		"a teacher of others' cared for": {
			by: lan, f: lesson.Filter{CaredBy: "minh"}, want: lesson.Filter{CaredBy: "minh", Teacher: "lan"},
		},
		"a head":                  {by: head, f: lesson.Filter{School: "s2"}, want: lesson.Filter{School: "s1"}},
		"a head who teaches, own": {by: leads, f: lesson.Filter{Teacher: "ca"}, want: lesson.Filter{Teacher: "ca"}},
		"a head who teaches": {
			by: leads, f: lesson.Filter{Teacher: "minh"}, want: lesson.Filter{Teacher: "minh", School: "s1"},
		},
		"a student": {
			by: student, f: lesson.Filter{Status: []lesson.Status{lesson.Draft}},
			want: lesson.Filter{Status: published},
		},
		"nobody":        {by: nobody, want: lesson.Filter{Status: published}},
		"nobody's bin":  {by: nobody, f: lesson.Filter{Deleted: true}, denied: true},
		"student's bin": {by: student, f: lesson.Filter{Deleted: true}, denied: true},
	} {
		m := newMemory()
		_, _, err := m.s.List(bg, c.by, c.f)
		if c.denied {
			wantFault(t, name, err, fault.Forbidden, "access.denied")
			continue
		}
		wantFault(t, name, err, 0, "")
		if got := m.filter; got.Teacher != c.want.Teacher || got.School != c.want.School ||
			got.CaredBy != c.want.CaredBy ||
			got.Deleted != c.want.Deleted || !slices.Equal(got.Status, c.want.Status) {
			t.Errorf("%s: listed %+v, want %+v", name, got, c.want)
		}
	}
}

func TestEdit(t *testing.T) {
	m := newMemory()
	m.add("l", nil)
	l, err := m.s.Edit(bg, lan, "l", lesson.Text{Title: new("Số thập phân")})
	if err != nil || l.Title != "Số thập phân" || m.lessons.Must("l").Title != l.Title || !l.UpdatedAt.Equal(start) {
		t.Errorf("%+v %v", l, err)
	}
	if m.log.Last() != "lan lesson.edit lesson:l " {
		t.Errorf("logged %q", m.log.Last())
	}
	_, err = m.s.Edit(bg, lan, "l", lesson.Text{Grade: new(13)})
	wantFault(t, "bad grade", err, fault.Invalid, "lesson.invalid", "grade: field.out_of_range")
	for _, p := range []people.Person{minh, head, reviewer, station, student, nobody} {
		_, err = m.s.Edit(bg, p, "l", lesson.Text{Title: new("x")})
		wantFault(t, p.ID+" edits", err, fault.Forbidden, "access.denied")
	}
	m.readErr = errDisk
	if _, err = m.s.Edit(bg, lan, "l", lesson.Text{}); !errors.Is(err, errDisk) {
		t.Errorf("subjects unreadable: %v", err)
	}
}

func TestSubmit(t *testing.T) {
	for _, status := range []lesson.Status{lesson.Draft, lesson.Submitted, lesson.Returned, lesson.Published,
		lesson.Withdrawn} {
		for _, state := range []lesson.MediaState{
			lesson.None, lesson.Receiving, lesson.Checking, lesson.Processing, lesson.Ready, lesson.Failed,
			lesson.Erased,
		} {
			m := newMemory()
			m.add("l", func(l *lesson.Lesson) {
				l.Status, l.Media.State, l.ApprovedBy, l.PreapprovedBy = status, state, "so", "hieu"
				l.PreapprovedAt = start
			})
			l, err := m.s.Submit(bg, lan, "l")
			arrived := state == lesson.Checking || state == lesson.Processing || state == lesson.Ready
			what := string(status) + " " + string(state)
			switch {
			case status == lesson.Submitted: // again
				wantFault(t, what, err, 0, "")
				if l.ApprovedBy != "so" || l.PreapprovedBy != "hieu" {
					t.Errorf("%s: submitting again took the approval", what)
				}
			case status == lesson.Published:
				wantFault(t, what, err, fault.Conflict, "lesson.wrong_status")
			case !arrived:
				wantFault(t, what, err, fault.Conflict, "lesson.no_recording")
			default:
				wantFault(t, what, err, 0, "")
				if l.Status != lesson.Submitted || !l.SubmittedAt.Equal(start) || l.ApprovedBy != "" ||
					l.PreapprovedBy != "" ||
					!l.PreapprovedAt.IsZero() {
					t.Errorf("%s: %+v", what, l)
				}
			}
		}
	}
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) { ready(lesson.Withdrawn)(l); l.TakenDownAt = start })
	_, err := m.s.Submit(bg, lan, "l")
	wantFault(t, "taken down", err, fault.Conflict, "lesson.taken_down")
}

func TestBinAndRestore(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Published))
	l, err := m.s.Bin(bg, lan, "l")
	if err != nil || !l.DeletedAt.Equal(start) || len(m.indexed) != 1 {
		t.Errorf("binned %+v %v, indexed %v", l, err, m.indexed)
	}
	m.now = start.Add(time.Hour)
	if l, err = m.s.Bin(bg, lan, "l"); err != nil || !l.DeletedAt.Equal(start) {
		t.Errorf("its time in the bin began again: %v %v", l.DeletedAt, err)
	}
	if l, err = m.s.Restore(bg, lan, "l"); err != nil || !l.DeletedAt.IsZero() || l.Status != lesson.Published {
		t.Errorf("restored %+v %v", l, err)
	}
	for _, p := range []people.Person{minh, head, reviewer} {
		_, err = m.s.Bin(bg, p, "l")
		wantFault(t, p.ID+" bins", err, fault.Forbidden, "access.denied")
		_, err = m.s.Restore(bg, p, "l")
		wantFault(t, p.ID+" restores", err, fault.Forbidden, "access.denied")
	}
	m.add("e", func(l *lesson.Lesson) { l.DeletedAt, l.Media.State = start, lesson.Erased })
	_, err = m.s.Restore(bg, lan, "e")
	wantFault(t, "erased", err, fault.Gone, "lesson.erased")
}

// TestChangeCommitsAsAWhole: whatever fails last, nothing of the change stays.
func TestChangeCommitsAsAWhole(t *testing.T) {
	for name, breaks := range map[string]func(*memory){
		"row":     func(m *memory) { m.lessons.Err = errDisk },
		"audit":   func(m *memory) { m.log.Err = errDisk },
		"history": func(m *memory) { m.steps.Err = errDisk },
		"index":   func(m *memory) { m.indexErr = errDisk },
		"jobs":    func(m *memory) { m.jobs.Err = errDisk },
		"listener": func(m *memory) {
			m.s.OnChange = func(context.Context, lesson.Lesson, lesson.Lesson) error { return errDisk }
		},
	} {
		m := newMemory()
		m.add("l", ready(lesson.Published))
		m.add("s", ready(lesson.Submitted))
		breaks(m)
		var err error
		if name == "jobs" {
			_, err = m.s.Approve(bg, reviewer, "s", start.Add(time.Hour))
		} else {
			_, err = m.s.Withdraw(bg, lan, "l", "x")
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
		if m.lessons.Must("l").Status != lesson.Published || m.lessons.Must("s").ApprovedBy != "" ||
			len(m.log.List) != 0 ||
			len(m.story("l")) != 0 || len(m.jobs.Added) != 0 {
			t.Errorf("%s: half a change stayed", name)
		}
	}
}

// TestOnlyWhatIsOpenIsIndexed: a draft is no concern of the catalogue's.
func TestOnlyWhatIsOpenIsIndexed(t *testing.T) {
	m := newMemory()
	m.add("draft", nil)
	m.add("open", ready(lesson.Published))
	for _, id := range []string{"draft", "open"} {
		if _, err := m.s.Edit(bg, lan, id, lesson.Text{Title: new("mới")}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(m.indexed, []string{"open"}) || m.changes != 2 {
		t.Errorf("indexed %v after %d changes", m.indexed, m.changes)
	}
}

func TestRetry(t *testing.T) {
	failed := func(l *lesson.Lesson) {
		l.Media = lesson.Media{State: lesson.Failed, RecordingID: "r1", FailureCode: "x"}
	}
	for name, c := range map[string]struct {
		by     people.Person
		change func(*lesson.Lesson)
		gone   bool
		kind   fault.Kind
		code   string
	}{
		"failed":         {lan, failed, false, 0, ""},
		"by a colleague": {minh, failed, false, fault.Forbidden, "access.denied"},
		"ready":          {lan, ready(lesson.Draft), false, fault.Conflict, "lesson.nothing_to_retry"},
		"no recording": {
			lan, func(l *lesson.Lesson) { l.Media.State = lesson.Failed }, false, fault.Conflict,
			"lesson.nothing_to_retry",
		},
		"file gone": {lan, failed, true, fault.Gone, "recording.gone"},
		"row gone": {lan, func(l *lesson.Lesson) { failed(l); l.Media.RecordingID = "r9" }, false, fault.NotFound,
			"recording.not_found"},
	} {
		m := newMemory()
		m.add("l", c.change)
		r := lesson.Recording{
			ID:          "r1",
			LessonID:    "l",
			State:       lesson.Failed,
			FailureCode: "x",
			FailureArgs: fault.Args{"a": 1},
			KeepUntil:   start,
		}
		if c.gone {
			r.GoneAt = start
		}
		if err := m.recordings.Save("r1", r); err != nil {
			t.Fatal(err)
		}
		l, err := m.s.Retry(bg, c.by, "l")
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			continue
		}
		if r = m.recordings.Must("r1"); r.State != lesson.Checking || r.FailureCode != "" || r.FailureArgs != nil ||
			!r.KeepUntil.IsZero() {
			t.Errorf("recording %+v", r)
		}
		if l.Media.State != lesson.Checking || l.Media.FailureCode != "" || len(m.jobs.Added) != 1 {
			t.Errorf("lesson %+v, jobs %v", l.Media, m.jobs.Added)
		}
	}
}
