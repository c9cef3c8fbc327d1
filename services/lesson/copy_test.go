package lesson_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// sheets is a lesson.WorksheetCopier that notes what became of its copies.
type sheets struct {
	err                  error // of storing
	commitErr            error
	to                   []string
	committed, discarded int
	cancel               func() // called by Commit: whoever waited has gone
}

func (s *sheets) StoreCopies(
	_ context.Context, _ people.Person, _ string, to []string, _ media.Names,
) (lesson.StoredCopies, error) {
	s.to = to
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

func (s *sheets) Commit(context.Context) error {
	s.committed++
	if s.cancel != nil {
		s.cancel()
	}
	return s.commitErr
}

// Discard removes nothing for a request that is over.
func (s *sheets) Discard(ctx context.Context) error {
	if ctx.Err() == nil {
		s.discarded++
	}
	return ctx.Err()
}

func TestCopyForWeeks(t *testing.T) {
	for name, c := range map[string]struct {
		week  int // of the original
		weeks []int
		want  []int // nil: refused
	}{
		"none":                   {7, nil, []int{7}},
		"none of none":           {0, nil, []int{0}},
		"in order, once":         {7, []int{9, 3, 9}, []int{3, 9}},
		"first and last":         {7, []int{35, 1}, []int{1, 35}},
		"its own, which is none": {0, []int{0, 5}, []int{0, 5}},
		"none of one with a week": {
			7, []int{0}, nil,
		},
		"beyond the year": {7, []int{1, 36}, nil},
		"below":           {7, []int{-1}, nil},
	} {
		m := newMemory()
		from := m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Published)(l)
			l.Week, l.Description, l.UploaderID, l.ApprovedBy, l.Reason = c.week, "mô tả", "dai", "so", "x"
		})
		given := slices.Clone(c.weeks)
		made, err := m.s.Copy(bg, lan, "l", c.weeks)
		if c.want == nil {
			wantFault(t, name, err, fault.Invalid, "lesson.invalid", "weeks: field.out_of_range")
			if len(m.lessons.All(nil)) != 1 {
				t.Errorf("%s: some copies were made", name)
			}
			continue
		}
		if err != nil || !slices.Equal(c.weeks, given) {
			t.Errorf("%s: %v, weeks given became %v", name, err, c.weeks)
		}
		var weeks []int
		for _, l := range made {
			weeks = append(weeks, l.Week)
			if l.ID == "l" || l.Title != from.Title || l.Description != from.Description || l.TeacherID != "lan" ||
				l.UploaderID != "dai" ||
				l.SchoolID != "s1" || l.Status != lesson.Draft || l.Media.State != lesson.None ||
				l.Media.RecordingID != "" ||
				l.ApprovedBy != "" || l.Reason != "" ||
				!l.CreatedAt.Equal(start) {
				t.Errorf("%s: %+v", name, l)
			}
			if m.lessons.Must(l.ID).Title != l.Title ||
				!slices.Equal(m.story(l.ID), []lesson.StepKind{lesson.StepCreated}) {
				t.Errorf("%s: copy %s is not stored", name, l.ID)
			}
		}
		if !slices.Equal(weeks, c.want) {
			t.Errorf("%s: copies for weeks %v, want %v", name, weeks, c.want)
		}
		if want := "lan lesson.create lesson:" + made[len(made)-1].ID + " copy of l"; m.log.Last() != want {
			t.Errorf("%s: logged %q", name, m.log.Last())
		}
	}
}

func TestWhoMayCopyWhat(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Published))
	m.add("e", func(l *lesson.Lesson) { l.Media.State = lesson.Erased })
	for _, p := range []people.Person{minh, head, reviewer, student, nobody} {
		_, err := m.s.Copy(bg, p, "l", nil)
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
	_, err := m.s.Copy(bg, lan, "e", nil)
	wantFault(t, "erased", err, fault.Gone, "lesson.erased")
}

func TestCopiedWorksheets(t *testing.T) {
	full := fault.New(fault.TooLarge, "upload.over_quota")
	for name, c := range map[string]struct {
		sheets               sheets
		logErr               error
		want                 error
		committed, discarded int
	}{
		"stored":               {sheets{}, nil, nil, 1, 0},
		"over the quota":       {sheets{err: full}, nil, full, 0, 0},
		"not committed":        {sheets{commitErr: errDisk}, nil, errDisk, 1, 1},
		"lessons not recorded": {sheets{}, errDisk, errDisk, 0, 1},
	} {
		m := newMemory()
		m.add("l", nil)
		m.s.Worksheets, m.log.Err = &c.sheets, c.logErr
		ctx, cancel := context.WithCancel(bg)
		c.sheets.cancel = cancel
		made, err := m.s.Copy(ctx, lan, "l", []int{1, 2})
		cancel()
		if !errors.Is(err, c.want) || c.sheets.committed != c.committed || c.sheets.discarded != c.discarded {
			t.Errorf("%s: %v, %+v", name, err, c.sheets)
		}
		if n := len(m.lessons.All(nil)); (n == 3) != (c.want == nil) || (len(made) == 2) != (c.want == nil) {
			t.Errorf("%s: %d lessons after the attempt, %d given back", name, n, len(made))
		}
		if len(c.sheets.to) != 2 || c.sheets.to[0] == c.sheets.to[1] {
			t.Errorf("%s: stored for %v", name, c.sheets.to)
		}
	}
}

func TestPreparedCopiesCanBeGivenUp(t *testing.T) {
	m := newMemory()
	m.add("l", nil)
	p, err := m.s.PrepareCopies(bg, lan, "l", nil, media.RandomNames())
	if err != nil || p.Discard(bg) != nil {
		t.Errorf("without worksheets: %v", err)
	}
	s := &sheets{}
	m.s.Worksheets = s
	if p, err = m.s.PrepareCopies(bg, lan, "l", nil, media.RandomNames()); err != nil || p.Discard(bg) != nil ||
		s.discarded != 1 {
		t.Errorf("%v, %+v", err, s)
	}
	if len(m.lessons.All(nil)) != 1 {
		t.Error("preparing stored a lesson")
	}
}

func TestBulkIsChecked(t *testing.T) {
	ids := func(n int) (list []string) {
		for i := range n {
			list = append(list, "x"+strconv.Itoa(i))
		}
		return list
	}
	title := lesson.Text{Title: new("tất cả"), Description: new("như nhau")}
	for name, c := range map[string]struct {
		ids   []string
		do    lesson.Doing
		t     lesson.Text
		field string // "": accepted
	}{
		"none chosen":          {nil, lesson.DoBin, lesson.Text{}, "lesson: lesson.none_chosen"},
		"most":                 {ids(200), lesson.DoBin, lesson.Text{}, ""},
		"too many":             {ids(201), lesson.DoBin, lesson.Text{}, "lesson: lesson.too_many_chosen"},
		"nothing to change":    {ids(1), lesson.DoEdit, lesson.Text{}, "do: lesson.nothing_to_change"},
		"titles do not change": {ids(1), lesson.DoEdit, title, "do: lesson.nothing_to_change"},
		"a grade":              {ids(1), lesson.DoEdit, lesson.Text{Grade: new(5)}, ""},
		"nothing to do":        {ids(1), "", lesson.Text{}, "do: field.required"},
		"made up":              {ids(1), "publish", lesson.Text{}, "do: field.required"},
	} {
		out, err := newMemory().s.Bulk(bg, lan, c.ids, c.do, c.t)
		if c.field == "" {
			wantFault(t, name, err, 0, "")
			if len(out) != len(c.ids) {
				t.Errorf("%s: %d outcomes", name, len(out))
			}
			continue
		}
		wantFault(t, name, err, fault.Invalid, "lesson.invalid", c.field)
	}
}

// TestBulkDoesEachByItself: one that fails does not keep the others.
func TestBulkDoesEachByItself(t *testing.T) {
	for do, c := range map[lesson.Doing]struct {
		code string // of the lesson that is not ready for it
		done func(lesson.Lesson) bool
	}{
		lesson.DoEdit:   {"lesson.invalid", func(l lesson.Lesson) bool { return l.Grade == 8 && l.Title == "Phân số" }},
		lesson.DoSubmit: {"lesson.no_recording", func(l lesson.Lesson) bool { return l.Status == lesson.Submitted }},
		lesson.DoBin:    {"", func(l lesson.Lesson) bool { return !l.DeletedAt.IsZero() }},
	} {
		m := newMemory()
		m.add("good", ready(lesson.Draft))
		m.add("bad", func(l *lesson.Lesson) { l.Subject = "gone" })
		m.add("theirs", func(l *lesson.Lesson) { ready(lesson.Published)(l); l.TeacherID = "minh" })
		m.add("hidden", func(l *lesson.Lesson) { ready(lesson.Draft)(l); l.TeacherID = "minh" })
		m.add("last", ready(lesson.Draft))
		out, err := m.s.Bulk(bg, lan, []string{"good", "bad", "theirs", "hidden", "none", "good", "last"}, do,
			lesson.Text{Title: new("mới"), Grade: new(8)})
		if err != nil {
			t.Errorf("%s: %v", do, err)
			continue
		}
		want := []struct{ id, title, code string }{
			{"good", "Phân số", ""}, {"bad", "Phân số", c.code}, {"theirs", "Phân số", "access.denied"},
			{"hidden", "", "access.denied"}, {"none", "", "lesson.not_found"}, {"last", "Phân số", ""},
		}
		for i, o := range out {
			if i >= len(want) || o.ID != want[i].id || o.Title != want[i].title ||
				(o.Err == nil) != (want[i].code == "") ||
				o.Err != nil && !fault.Is(o.Err, want[i].code) {
				t.Errorf("%s: outcome %d %+v", do, i, o)
			}
		}
		if len(out) != len(want) || !c.done(m.lessons.Must("good")) || !c.done(m.lessons.Must("last")) ||
			c.done(m.lessons.Must("theirs")) {
			t.Errorf("%s: %d outcomes, %+v", do, len(out), m.lessons.All(nil))
		}
	}
}

func TestBulkEndsWhenNothingCanBeStored(t *testing.T) {
	m := newMemory()
	m.add("a", nil)
	m.add("b", nil)
	m.lessons.Err = errDisk
	if out, err := m.s.Bulk(bg, lan, []string{"none", "a", "b"}, lesson.DoBin,
		lesson.Text{}); !errors.Is(err, errDisk) ||
		len(out) != 1 {
		t.Errorf("%+v %v", out, err)
	}
}
