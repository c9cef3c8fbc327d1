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

// TestWholeLife walks a lesson through its life and reads the story of it.
func TestWholeLife(t *testing.T) {
	m := newMemory()
	l, err := m.s.Draft(bg, lan, "", goodText)
	if err != nil {
		t.Fatal(err)
	}
	step := func(what string, err error) {
		t.Helper()
		m.now = m.now.Add(time.Hour)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	receive := func(recording, pkg string) {
		t.Helper()
		_, err := m.s.Receive(bg, lan, lesson.Recording{ID: recording, LessonID: l.ID})
		step("receive", err)
		step("process", m.s.Process(bg, l.ID, recording, pkg, ""))
		step("finish", m.s.Finish(bg, l.ID, recording, pkg, 600, nil))
	}
	edit := func(x lesson.Text) { t.Helper(); _, err := m.s.Edit(bg, lan, l.ID, x); step("edit", err) }
	edit(lesson.Text{Title: new("Trước khi nộp")}) // no step: nobody has seen it yet
	receive("r1", "p1")
	submit := func() { t.Helper(); _, err := m.s.Submit(bg, lan, l.ID); step("submit", err) }
	submit()
	_, err = m.s.Return(bg, reviewer, l.ID, "Tiếng nhỏ", 12.5)
	step("return", err)
	submit()
	_, err = m.s.Approve(bg, reviewer, l.ID, m.now.Add(240*time.Hour))
	step("approve for later", err)
	edit(lesson.Text{Grade: new(6)}) // the approval lapses
	_, err = m.s.Approve(bg, reviewer, l.ID, time.Time{})
	step("approve", err)
	receive("r2", "p2") // to be looked at again
	_, err = m.s.Confirm(bg, reviewer, l.ID)
	step("confirm", err)
	_, err = m.s.NoteConsent(bg, lan, l.ID, lesson.MinorsAgreed, "tủ 3")
	step("consent", err)
	_, err = m.s.Withdraw(bg, lan, l.ID, "nhầm")
	step("withdraw", err)
	_, err = m.s.TakeDown(bg, reviewer, l.ID, "vi phạm")
	step("take down", err)
	_, err = m.s.PutBack(bg, reviewer, l.ID)
	step("put back", err)
	_, err = m.s.SetTeacher(bg, admin, l.ID, "minh.name")
	step("teacher", err)
	_, err = m.s.Bin(bg, admin, l.ID)
	step("bin", err)
	_, err = m.s.Restore(bg, admin, l.ID)
	step("restore", err)

	steps, err := m.s.History(bg, lan, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(steps)
	want := []struct {
		kind     lesson.StepKind
		by, note string
	}{
		{lesson.StepCreated, "lan", ""}, {lesson.StepRecording, "lan", ""}, {lesson.StepSubmitted, "lan", ""},
		{lesson.StepReturned, "so", "Tiếng nhỏ"}, {lesson.StepSubmitted, "lan", ""}, {lesson.StepApproved, "so", ""},
		{lesson.StepEdited, "lan", "grade"}, {lesson.StepLapsed, "lan", ""}, {lesson.StepPublished, "so", ""},
		{lesson.StepRecording, "lan", ""}, {lesson.StepAgain, "", "recording"}, {lesson.StepConfirmed, "so", ""},
		{lesson.StepConsent, "lan", "agreed"}, {lesson.StepWithdrawn, "lan", "nhầm"},
		{lesson.StepTakenDown, "so", "vi phạm"},
		{lesson.StepPutBack, "so", ""}, {lesson.StepTeacher, "quan", ""}, {lesson.StepBinned, "quan", ""},
		{lesson.StepRestored, "quan", ""},
	}
	for i, s := range steps {
		if i >= len(want) || s.Kind != want[i].kind || s.By != want[i].by || s.Note != want[i].note ||
			s.LessonID != l.ID {
			t.Errorf("step %d: %+v", i, s)
		}
	}
	if len(steps) != len(want) {
		t.Errorf("%d steps, want %d", len(steps), len(want))
	}
	if steps[3].Moment != 12.5 || steps[5].Until.IsZero() {
		t.Errorf("returned at %v, approved until %v", steps[3].Moment, steps[5].Until)
	}
}

// TestEditsOfOneSittingAreOneStep: of one person, within ten minutes, with nothing between.
func TestEditsOfOneSittingAreOneStep(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Submitted))
	edit := func(by people.Person, after time.Duration, x lesson.Text) {
		t.Helper()
		m.now = m.now.Add(after)
		if _, err := m.s.Edit(bg, by, "l", x); err != nil {
			t.Fatal(err)
		}
	}
	edit(lan, 0, lesson.Text{Title: new("một")})
	edit(lan, 10*time.Minute-1, lesson.Text{Title: new("hai"), Week: new(3)})
	edit(lan, 0, lesson.Text{Title: new("hai")}) // nothing changed
	edit(lan, 10*time.Minute, lesson.Text{Description: new("ba")})
	edit(admin, 0, lesson.Text{Language: new("en")})
	edit(admin, 0, lesson.Text{Subject: new("hoa-hoc"), Grade: new(8)})
	var notes []string
	for _, s := range m.steps.All(nil) {
		notes = append(notes, s.By+": "+s.Note)
	}
	want := []string{"lan: title,week", "lan: description", "quan: language,subject,grade"}
	if !slices.Equal(notes, want) {
		t.Errorf("steps %q, want %q", notes, want)
	}
	if _, err := m.s.Submit(bg, lan, "l"); err != nil {
		t.Fatal(err)
	}
	m.readErr = errDisk
	if _, err := m.s.Edit(bg, lan, "l", lesson.Text{}); !errors.Is(err, errDisk) {
		t.Errorf("history unreadable: %v", err)
	}
}

// TestApprovalIsOfWhatWasSeen: it lapses with another recording, subject or grade, and with nothing else.
func TestApprovalIsOfWhatWasSeen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*memory) error
		lapses bool
	}{
		"title":       {editing(lesson.Text{Title: new("mới")}), false},
		"description": {editing(lesson.Text{Description: new("mới")}), false},
		"week":        {editing(lesson.Text{Week: new(7)}), false},
		"language":    {editing(lesson.Text{Language: new("en")}), false},
		"grade":       {editing(lesson.Text{Grade: new(6)}), true},
		"subject":     {editing(lesson.Text{Subject: new("hoa-hoc"), Grade: new(8)}), true},
		"recording": {func(m *memory) error {
			_, err := m.s.Receive(bg, lan, lesson.Recording{ID: "r2", LessonID: "l"})
			return err
		}, true},
		"consent": {func(m *memory) error {
			_, err := m.s.NoteConsent(bg, lan, "l", lesson.MinorsNone, "")
			return err
		}, false},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			l.ApprovedBy, l.AfterAiring, l.PublishAt = "so", true, start.Add(time.Hour)
			l.PreapprovedBy, l.PreapprovedAt = "hieu", start
		})
		if err := c.change(m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		l := m.lessons.Must("l")
		if (l.ApprovedBy == "") != c.lapses || l.AfterAiring == c.lapses || l.PublishAt.IsZero() != c.lapses ||
			(l.PreapprovedBy == "") != c.lapses || l.PreapprovedAt.IsZero() != c.lapses {
			t.Errorf("%s: %+v", name, l)
		}
		if slices.Contains(m.story("l"), lesson.StepLapsed) != c.lapses {
			t.Errorf("%s: history %v", name, m.story("l"))
		}
	}
}

func editing(x lesson.Text) func(*memory) error {
	return func(m *memory) error {
		_, err := m.s.Edit(bg, lan, "l", x)
		return err
	}
}

// TestPublishedLessonGoesBeforeAReviewerAgain when what it was judged by has changed, and stays published.
func TestPublishedLessonGoesBeforeAReviewerAgain(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Published))
	for _, c := range []struct {
		what   string
		change func(*memory) error
		want   string
	}{
		{"title", editing(lesson.Text{Title: new("mới")}), ""},
		{"grade", editing(lesson.Text{Grade: new(8)}), "grade"},
		{"subject", editing(lesson.Text{Subject: new("hoa-hoc")}), "grade,subject"},
		{"grade again", editing(lesson.Text{Grade: new(9)}), "grade,subject"},
		{"worksheets", func(m *memory) error {
			return m.s.Atomic.Atomically(bg, func(ctx context.Context) error {
				return m.s.MarkForRereview(ctx, lan, "l",
					lesson.PartWorksheets)
			})
		}, "grade,subject,worksheets"},
	} {
		m.now = m.now.Add(time.Hour)
		if err := c.change(m); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		l := m.lessons.Must("l")
		if l.RereviewReasons != c.want || l.RereviewSince.IsZero() != (c.want == "") || l.Status != lesson.Published {
			t.Errorf("%s: since %v because of %q", c.what, l.RereviewSince, l.RereviewReasons)
		}
	}
	if _, err := m.s.Withdraw(bg, lan, "l", "x"); err != nil {
		t.Fatal(err)
	}
	if l := m.lessons.Must("l"); l.RereviewReasons != "" || !l.RereviewSince.IsZero() {
		t.Errorf("withdrawn, and still to be looked at: %+v", l)
	}
}

func TestMarkForRereview(t *testing.T) {
	mark := func(m *memory, id string) error {
		return m.s.Atomic.Atomically(
			bg,
			func(ctx context.Context) error { return m.s.MarkForRereview(ctx, lan, id, lesson.PartWorksheets) },
		)
	}
	m := newMemory()
	m.add("draft", nil)
	m.add("erased", func(l *lesson.Lesson) { l.Media.State = lesson.Erased })
	wantFault(t, "draft", mark(m, "draft"), 0, "")
	if l := m.lessons.Must("draft"); l.RereviewReasons != "" || !l.RereviewSince.IsZero() {
		t.Errorf("a draft is to be reviewed again: %+v", l)
	}
	wantFault(t, "erased", mark(m, "erased"), fault.Gone, "lesson.erased")
	wantFault(t, "none", mark(m, "none"), fault.NotFound, "lesson.not_found")
}

func TestWhoReadsAHistory(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Published))
	for _, p := range everyone {
		_, err := m.s.History(bg, p, "l")
		if slices.Contains([]string{"lan", "hieu", "so", "quan"}, p.ID) {
			wantFault(t, p.ID, err, 0, "")
		} else {
			wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
		}
	}
	m.s.Histories = nil
	if steps, err := m.s.History(bg, lan, "l"); steps != nil || err != nil {
		t.Errorf("without histories: %v %v", steps, err)
	}
	if _, err := m.s.Edit(bg, lan, "l", lesson.Text{Title: new("mới")}); err != nil {
		t.Errorf("without histories: %v", err)
	}
}
