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
	"lenlop/services/school"
)

func TestApproveAfterAiring(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		change func(*lesson.Lesson)
		aired  bool
		known  bool // the station reports airings
		status lesson.Status
		kind   fault.Kind
		code   string
	}{
		"not aired yet":    {reviewer, nil, false, true, lesson.Submitted, 0, ""},
		"aired already":    {reviewer, nil, true, true, lesson.Published, 0, ""},
		"nothing reported": {reviewer, nil, false, false, lesson.Submitted, 0, ""},
		"no consent": {
			reviewer, func(l *lesson.Lesson) { l.Consent.Minors = lesson.MinorsMissing }, true, true, "",
			fault.Conflict,
			"lesson.consent_missing",
		},
		"a draft": {
			reviewer, func(l *lesson.Lesson) { l.Status = lesson.Draft }, true, true, "", fault.Conflict,
			"lesson.wrong_status",
		},
		"by its teacher": {lan, nil, true, true, "", fault.Forbidden, "access.denied"},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			l.ReturnNote, l.ReturnAt, l.PublishAt = "x", 3, start.Add(time.Hour)
			if c.change != nil {
				c.change(l)
			}
		})
		if c.known {
			m.s.WasAired = func(_ context.Context, id string) (bool, error) { return c.aired && id == "l", nil }
		}
		l, err := m.s.ApproveAfterAiring(bg, c.by, "l")
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			continue
		}
		// One that is published waits for no airing any more.
		if l.Status != c.status || l.ApprovedBy != "so" || l.AfterAiring != (c.status == lesson.Submitted) ||
			!l.PublishAt.IsZero() ||
			l.ReturnNote != "" || l.ReturnAt != 0 ||
			l.PublishedAt.IsZero() != (c.status == lesson.Submitted) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	m := newMemory()
	m.add("l", ready(lesson.Submitted))
	m.s.WasAired = func(context.Context, string) (bool, error) { return false, errDisk }
	if _, err := m.s.ApproveAfterAiring(bg, reviewer, "l"); !errors.Is(err, errDisk) ||
		m.lessons.Must("l").ApprovedBy != "" {
		t.Errorf("airings unreadable: %v", err)
	}
}

func TestAired(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lesson.Lesson)
		want   bool // it is published
	}{
		"approved to follow": {func(*lesson.Lesson) {}, true},
		"approved for a day": {func(l *lesson.Lesson) { l.AfterAiring = false }, false},
		"not approved":       {func(l *lesson.Lesson) { l.ApprovedBy = "" }, false},
		"returned":           {func(l *lesson.Lesson) { l.Status = lesson.Returned }, false},
		"in processing":      {func(l *lesson.Lesson) { l.Media.State = lesson.Processing }, false},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			l.ApprovedBy, l.AfterAiring = "so", true
			c.change(l)
		})
		wantFault(t, name, m.s.Aired(bg, "l"), 0, "")
		l := m.lessons.Must("l")
		if (l.Status == lesson.Published) != c.want || l.PublishedAt.Equal(start) != c.want {
			t.Errorf("%s: %+v", name, l)
		}
	}
	m := newMemory()
	wantFault(t, "a lesson that is gone", m.s.Aired(bg, "l"), 0, "")
	m.add("l", func(l *lesson.Lesson) { ready(lesson.Submitted)(l); l.ApprovedBy, l.AfterAiring = "so", true })
	m.lessons.Err = errDisk
	if err := m.s.Aired(bg, "l"); !errors.Is(err, errDisk) {
		t.Errorf("disk full: %v", err)
	}
}

func TestPreapproveLevels(t *testing.T) {
	m := newMemory()
	if got, err := m.s.PreapproveLevels(bg); err != nil || got != nil {
		t.Errorf("never set: %v %v", got, err)
	}
	chosen := []school.Level{school.UpperSecondary, "kindergarten", school.Primary, school.Primary}
	for _, p := range []people.Person{lan, head, station, student, nobody} {
		wantFault(t, p.ID, m.s.SetPreapproveLevels(bg, p, chosen), fault.Forbidden, "access.denied")
	}
	for _, p := range []people.Person{reviewer, admin} {
		wantFault(t, p.ID, m.s.SetPreapproveLevels(bg, p, chosen), 0, "")
	}
	want := []school.Level{school.Primary, school.UpperSecondary} // in order, once, without what does not exist
	if got, err := m.s.PreapproveLevels(bg); err != nil || !slices.Equal(got, want) {
		t.Errorf("levels %v %v", got, err)
	}
	if first := m.log.List[0]; first.Detail != "from  to primary,upper_secondary" ||
		first.Subject != "setting:review.preapprove" ||
		first.Action != "review.rules" ||
		first.Actor != "so" {
		t.Errorf("logged %+v", first)
	}
	wantFault(t, "none", m.s.SetPreapproveLevels(bg, reviewer, nil), 0, "")
	if got, err := m.s.PreapproveLevels(bg); err != nil || got != nil {
		t.Errorf("none: %v %v", got, err)
	}
	m.log.Err = errDisk
	if err := m.s.SetPreapproveLevels(bg, reviewer, chosen); !errors.Is(err, errDisk) ||
		m.settings.Must("review.preapprove") != "" {
		t.Errorf("set without being logged: %v", err)
	}
	m.s.Settings = nil
	if got, err := m.s.PreapproveLevels(bg); err != nil || got != nil {
		t.Errorf("without settings: %v %v", got, err)
	}
}

func TestPreapprove(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		levels []school.Level
		change func(*lesson.Lesson)
		kind   fault.Kind
		code   string
	}{
		"where heads may": {head, []school.Level{school.Primary}, nil, 0, ""},
		"where they may not": {head, []school.Level{school.UpperSecondary}, nil, fault.Conflict,
			"lesson.no_preapproval"},
		"where nobody may": {head, nil, nil, fault.Conflict, "lesson.no_preapproval"},
		"another school's head": {
			person("h2", "s2", people.Head), []school.Level{school.Primary}, nil, fault.Forbidden, "access.denied",
		},
		"a teacher":  {lan, []school.Level{school.Primary}, nil, fault.Forbidden, "access.denied"},
		"a reviewer": {reviewer, []school.Level{school.Primary}, nil, fault.Forbidden, "access.denied"},
		"their own": {
			head, []school.Level{school.Primary}, func(l *lesson.Lesson) { l.UploaderID = "hieu" }, fault.Forbidden,
			"access.denied",
		},
		"a draft": {
			head, []school.Level{school.Primary}, func(l *lesson.Lesson) { l.Status = lesson.Draft }, fault.Conflict,
			"lesson.wrong_status",
		},
		"at a school that is gone": {
			person("h3", "s3", people.Head), []school.Level{school.Primary},
			func(l *lesson.Lesson) { l.SchoolID = "s3" },
			fault.Conflict, "lesson.no_preapproval",
		},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			if c.change != nil {
				c.change(l)
			}
		})
		if err := m.s.SetPreapproveLevels(bg, reviewer, c.levels); err != nil {
			t.Fatal(err)
		}
		l, err := m.s.Preapprove(bg, c.by, "l")
		wantFault(t, name, err, c.kind, c.code)
		if c.code == "" && (l.PreapprovedBy != c.by.ID || !l.PreapprovedAt.Equal(start) ||
			l.Status != lesson.Submitted) {
			t.Errorf("%s: %+v", name, l)
		}
		if may, err := m.s.MayPreapprove(bg, c.by, m.lessons.Must("l")); err != nil ||
			may != (c.code == "" || c.code == "lesson.wrong_status") {
			t.Errorf("%s: may %v %v", name, may, err)
		}
	}
}

func TestPreapprovingAgainChangesNothing(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) {
		ready(lesson.Submitted)(l)
		l.PreapprovedBy, l.PreapprovedAt = "x", start.Add(-1)
	})
	if err := m.s.SetPreapproveLevels(bg, reviewer, []school.Level{school.Primary}); err != nil {
		t.Fatal(err)
	}
	if l, err := m.s.Preapprove(bg, head, "l"); err != nil || l.PreapprovedBy != "x" ||
		!l.PreapprovedAt.Equal(start.Add(-1)) {
		t.Errorf("%+v %v", l, err)
	}
	m.readErr = errDisk
	if _, err := m.s.Preapprove(bg, head, "l"); !errors.Is(err, errDisk) {
		t.Errorf("settings unreadable: %v", err)
	}
	m.s.Schools = nil
	if may, err := m.s.MayPreapprove(bg, head, m.lessons.Must("l")); may || err != nil {
		t.Errorf("without schools: %v %v", may, err)
	}
}

func TestConfirm(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) {
		ready(lesson.Published)(l)
		l.RereviewSince, l.RereviewReasons = start.Add(-time.Hour), "recording,grade"
	})
	_, err := m.s.Confirm(bg, lan, "l")
	wantFault(t, "its teacher", err, fault.Forbidden, "access.denied")
	l, err := m.s.Confirm(bg, reviewer, "l")
	if err != nil || !l.RereviewSince.IsZero() || l.RereviewReasons != "" || l.Status != lesson.Published {
		t.Errorf("%+v %v", l, err)
	}
	if story := m.story("l"); !slices.Equal(story, []lesson.StepKind{lesson.StepConfirmed}) {
		t.Errorf("history %v", story)
	}
	m.add("s", ready(lesson.Submitted))
	_, err = m.s.Confirm(bg, reviewer, "s")
	wantFault(t, "not published", err, fault.Conflict, "lesson.wrong_status")
}

func TestQueueIsForReviewers(t *testing.T) {
	m := newMemory()
	for _, p := range []people.Person{lan, head, station, admin, student, nobody} {
		_, err := m.s.Queue(bg, p)
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
	if q, err := m.s.Queue(bg, reviewer); err != nil || len(q) != 1 || q[0].Subject != "toan " {
		t.Errorf("queue %+v %v: the department sees every school", q, err)
	}
	m.s.Histories = nil
	if q, err := m.s.Queue(bg, reviewer); err != nil || q != nil {
		t.Errorf("without histories: %+v %v", q, err)
	}
}
