package lesson_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestReturn(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		status lesson.Status
		reason string
		at     float64
		wantAt float64
		kind   fault.Kind
		code   string
	}{
		"at a moment":    {reviewer, lesson.Submitted, " Tiếng nhỏ ", 12.5, 12.5, 0, ""},
		"at none":        {reviewer, lesson.Submitted, "x", -1, 0, 0, ""},
		"at the last":    {reviewer, lesson.Submitted, "x", 1e6, 1e6, 0, ""},
		"after the end":  {reviewer, lesson.Submitted, "x", 1e6 + 1, 0, 0, ""},
		"longest reason": {reviewer, lesson.Submitted, strings.Repeat("ộ", 2000), 0, 0, 0, ""},
		"reason too long": {reviewer, lesson.Submitted, strings.Repeat("ộ", 2001), 0, 0, fault.Invalid,
			"lesson.invalid"},
		"no reason":        {reviewer, lesson.Submitted, " \n", 0, 0, fault.Invalid, "lesson.invalid"},
		"illegible reason": {reviewer, lesson.Submitted, "a\x00", 0, 0, fault.Invalid, "lesson.invalid"},
		"published":        {reviewer, lesson.Published, "x", 0, 0, fault.Conflict, "lesson.wrong_status"},
		"a draft":          {reviewer, lesson.Draft, "x", 0, 0, fault.Conflict, "lesson.wrong_status"},
		"by its teacher":   {lan, lesson.Submitted, "x", 0, 0, fault.Forbidden, "access.denied"},
		"by a head":        {head, lesson.Submitted, "x", 0, 0, fault.Forbidden, "access.denied"},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(c.status)(l)
			l.ApprovedBy, l.PublishAt = "so",
				start.Add(time.Hour)
		})
		l, err := m.s.Return(bg, c.by, "l", c.reason, c.at)
		wantFault(t, name, err, c.kind, c.code)
		if c.code == "" &&
			(l.Status != lesson.Returned || l.ReturnNote != strings.TrimSpace(c.reason) || l.ReturnAt != c.wantAt ||
				l.ApprovedBy != "" || !l.PublishAt.IsZero()) {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestApprove(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		change func(*lesson.Lesson)
		at     time.Time
		status lesson.Status // afterwards
		kind   fault.Kind
		code   string
	}{
		"at once":     {reviewer, nil, time.Time{}, lesson.Published, 0, ""},
		"now":         {reviewer, nil, start, lesson.Published, 0, ""},
		"in a moment": {reviewer, nil, start.Add(1), lesson.Submitted, 0, ""},
		"families agreed": {
			reviewer, func(l *lesson.Lesson) { l.Consent.Minors = lesson.MinorsAgreed }, start, lesson.Published, 0, "",
		},
		"families have not": {
			reviewer, func(l *lesson.Lesson) { l.Consent.Minors = lesson.MinorsMissing }, start, "", fault.Conflict,
			"lesson.consent_missing",
		},
		"taken down": {
			reviewer, func(l *lesson.Lesson) { l.TakenDownAt = start }, start, "", fault.Conflict, "lesson.taken_down",
		},
		"still processed": {
			reviewer, func(l *lesson.Lesson) { l.Media.State = lesson.Processing }, start, "", fault.Conflict,
			"lesson.not_ready",
		},
		"a draft": {
			reviewer, func(l *lesson.Lesson) { l.Status = lesson.Draft }, start, "", fault.Conflict,
			"lesson.wrong_status",
		},
		"returned": {
			reviewer, func(l *lesson.Lesson) { l.Status = lesson.Returned }, start, "", fault.Conflict,
			"lesson.wrong_status",
		},
		"withdrawn": {
			reviewer, func(l *lesson.Lesson) { l.Status = lesson.Withdrawn }, start, "", fault.Conflict,
			"lesson.wrong_status",
		},
		"by its teacher": {lan, nil, start, "", fault.Forbidden, "access.denied"},
		"by a head":      {head, nil, start, "", fault.Forbidden, "access.denied"},
		"by an admin":    {admin, nil, start, "", fault.Forbidden, "access.denied"},
		"a reviewer's own": {
			reviewer, func(l *lesson.Lesson) { l.TeacherID = "so" }, start, "", fault.Forbidden, "access.denied",
		},
		"uploaded by them": {
			reviewer, func(l *lesson.Lesson) { l.UploaderID = "so" }, start, "", fault.Forbidden, "access.denied",
		},
		"after its airing": {
			reviewer, func(l *lesson.Lesson) { l.AfterAiring = true }, start.Add(time.Hour), lesson.Submitted, 0, "",
		},
		"after it was given": {
			reviewer, func(l *lesson.Lesson) { l.ReturnNote, l.ReturnAt = "x", 3 }, start, lesson.Published, 0, "",
		},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			if c.change != nil {
				c.change(l)
			}
		})
		l, err := m.s.Approve(bg, c.by, "l", c.at)
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			continue
		}
		if l.Status != c.status || l.ApprovedBy != "so" || l.AfterAiring || l.ReturnNote != "" || l.ReturnAt != 0 {
			t.Errorf("%s: %+v", name, l)
		}
		later := c.status == lesson.Submitted
		if l.PublishAt.IsZero() == later || l.PublishedAt.Equal(start) == later || (len(m.jobs.Added) == 1) != later {
			t.Errorf("%s: publish at %v, published %v, jobs %v", name, l.PublishAt, l.PublishedAt, m.jobs.Added)
		}
		if later && (m.jobs.Added[0].Key != "publish l" || !m.jobs.Added[0].RunAt.Equal(c.at)) {
			t.Errorf("%s: job %+v", name, m.jobs.Added[0])
		}
		if slices.Contains(m.indexed, "l") == later {
			t.Errorf("%s: indexed %v", name, m.indexed)
		}
	}
}

func TestApprovingAgainChangesNothing(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) { ready(lesson.Published)(l); l.ApprovedBy = "another" })
	if l, err := m.s.Approve(bg, reviewer, "l", start.Add(time.Hour)); err != nil || l.ApprovedBy != "another" ||
		!l.PublishAt.IsZero() {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := m.s.ApproveAfterAiring(bg, reviewer, "l"); err != nil || l.ApprovedBy != "another" || l.AfterAiring {
		t.Errorf("%+v %v", l, err)
	}
}

func TestPublishDue(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lesson.Lesson)
		want   bool
	}{
		"its time":         {func(*lesson.Lesson) {}, true},
		"before its time":  {func(l *lesson.Lesson) { l.PublishAt = start.Add(1) }, false},
		"no time":          {func(l *lesson.Lesson) { l.PublishAt = time.Time{} }, false},
		"approval lapsed":  {func(l *lesson.Lesson) { l.ApprovedBy = "" }, false},
		"returned":         {func(l *lesson.Lesson) { l.Status = lesson.Returned }, false},
		"withdrawn":        {func(l *lesson.Lesson) { l.Status = lesson.Withdrawn }, false},
		"another in work":  {func(l *lesson.Lesson) { l.Media.State = lesson.Processing }, false},
		"recording failed": {func(l *lesson.Lesson) { l.Media.State = lesson.Failed }, false},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Submitted)(l)
			l.ApprovedBy, l.PublishAt = "so", start
			c.change(l)
		})
		wantFault(t, name, m.s.PublishDue(bg, "l"), 0, "")
		l := m.lessons.Must("l")
		if (l.Status == lesson.Published) != c.want || c.want &&
			(!l.PublishedAt.Equal(start) || !l.PublishAt.IsZero()) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	wantFault(t, "gone", newMemory().s.PublishDue(bg, "l"), fault.NotFound, "lesson.not_found")
}

func TestWithdraw(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		status lesson.Status
		reason string
		kind   fault.Kind
		code   string
	}{
		"by its teacher":       {lan, lesson.Published, " nhầm bài ", 0, ""},
		"by the head":          {head, lesson.Published, "nhầm bài", 0, ""},
		"by a reviewer":        {reviewer, lesson.Published, "nhầm bài", 0, ""},
		"by a colleague":       {minh, lesson.Published, "x", fault.Forbidden, "access.denied"},
		"by the station":       {station, lesson.Published, "x", fault.Forbidden, "access.denied"},
		"without a reason":     {lan, lesson.Published, "", fault.Invalid, "lesson.invalid"},
		"what waits":           {lan, lesson.Submitted, "x", fault.Conflict, "lesson.wrong_status"},
		"a draft":              {lan, lesson.Draft, "x", fault.Conflict, "lesson.wrong_status"},
		"again, but no reason": {lan, lesson.Withdrawn, "", fault.Invalid, "lesson.invalid"},
	} {
		m := newMemory()
		m.add("l", ready(c.status))
		l, err := m.s.Withdraw(bg, c.by, "l", c.reason)
		wantFault(t, name, err, c.kind, c.code)
		if c.code == "" &&
			(l.Status != lesson.Withdrawn || l.Reason != "nhầm bài" || l.WithdrawnBy != c.by.ID ||
				len(m.indexed) != 1) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) { l.Status, l.Reason, l.WithdrawnBy = lesson.Withdrawn, "first", "so" })
	if l, err := m.s.Withdraw(bg, lan, "l", "second"); err != nil || l.Reason != "first" || l.WithdrawnBy != "so" {
		t.Errorf("withdrawn again: %+v %v", l, err)
	}
}
