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

func TestNoteConsent(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		minors lesson.Minors
		note   string
		code   string
		fields []string
	}{
		"none":    {lan, lesson.MinorsNone, "", "", nil},
		"agreed":  {lan, lesson.MinorsAgreed, "  tủ 3  ", "", nil},
		"missing": {admin, lesson.MinorsMissing, strings.Repeat("ộ", 500), "", nil},
		"unknown": {lan, lesson.MinorsUnknown, "", "lesson.invalid", []string{"minors: field.required"}},
		"made up": {lan, "maybe", "", "lesson.invalid", []string{"minors: field.required"}},
		"note too long": {
			lan, lesson.MinorsNone, strings.Repeat("ộ", 501), "lesson.invalid", []string{"note: field.too_long"},
		},
		"illegible":   {lan, "", "\xff", "lesson.invalid", []string{"minors: field.required", "note: field.bad_text"}},
		"a colleague": {minh, lesson.MinorsNone, "", "access.denied", nil},
		"a reviewer":  {reviewer, lesson.MinorsNone, "", "access.denied", nil},
	} {
		m := newMemory()
		m.add("l", nil)
		l, err := m.s.NoteConsent(bg, c.by, "l", c.minors, c.note)
		kind := fault.Invalid
		if c.code == "access.denied" {
			kind = fault.Forbidden
		}
		wantFault(t, name, err, kind, c.code, c.fields...)
		want := lesson.Consent{Minors: c.minors, Note: strings.TrimSpace(c.note), By: c.by.ID, At: start}
		if c.code == "" && l.Consent != want {
			t.Errorf("%s: %+v", name, l.Consent)
		}
	}
}

// TestConsentKeepsWhoNotedItFirst: saving the form again is no new statement.
func TestConsentKeepsWhoNotedItFirst(t *testing.T) {
	m := newMemory()
	first := lesson.Consent{Minors: lesson.MinorsAgreed, Note: "tủ 3", By: "lan", At: start.Add(-time.Hour)}
	m.add("l", func(l *lesson.Lesson) { l.Consent = first })
	if l, err := m.s.NoteConsent(bg, admin, "l", lesson.MinorsAgreed, " tủ 3"); err != nil || l.Consent != first {
		t.Errorf("%+v %v", l.Consent, err)
	}
	if l, err := m.s.NoteConsent(bg, admin, "l", lesson.MinorsAgreed, "tủ 4"); err != nil || l.Consent.By != "quan" ||
		!l.Consent.At.Equal(start) {
		t.Errorf("%+v %v", l.Consent, err)
	}
}

func TestTakeDown(t *testing.T) {
	for _, before := range []lesson.Status{lesson.Draft, lesson.Submitted, lesson.Returned, lesson.Published,
		lesson.Withdrawn} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(before)(l)
			l.ApprovedBy, l.PublishAt, l.AfterAiring, l.WithdrawnBy = "so", start.Add(time.Hour), true, "x"
		})
		l, err := m.s.TakeDown(bg, head, "l", " vi phạm ")
		if err != nil {
			t.Errorf("%s: %v", before, err)
			continue
		}
		after, by := before, "x"
		if before == lesson.Published || before == lesson.Submitted {
			after, by = lesson.Withdrawn, "hieu"
		}
		if l.Status != after || l.WithdrawnBy != by || !l.TakenDownAt.Equal(start) || l.TakenDownBy != "hieu" ||
			l.Reason != "vi phạm" ||
			l.ApprovedBy != "" || !l.PublishAt.IsZero() || l.AfterAiring ||
			!slices.Equal(m.takenDown, []string{"l"}) {
			t.Errorf("%s: %+v, told %v", before, l, m.takenDown)
		}
		for _, p := range everyone {
			want := p.ID == "so" || p.ID == "quan"
			if people.May(p, people.WatchLesson, l.Object()) != want {
				t.Errorf("%s: %s may watch it: %v", before, p.ID, !want)
			}
		}
	}
}

func TestWhoTakesDownAndPutsBack(t *testing.T) {
	for _, p := range append([]people.Person{nobody}, everyone...) {
		m := newMemory()
		m.add("l", ready(lesson.Published))
		_, err := m.s.TakeDown(bg, p, "l", "x")
		if slices.Contains([]string{"lan", "hieu", "so", "quan"}, p.ID) {
			wantFault(t, p.ID+" takes down", err, 0, "")
		} else {
			wantFault(t, p.ID+" takes down", err, fault.Forbidden, "access.denied")
			if len(m.takenDown) != 0 {
				t.Errorf("%s was refused, and the take-down announced", p.ID)
			}
		}
		m.add("l", func(l *lesson.Lesson) { ready(lesson.Withdrawn)(l); l.TakenDownAt, l.TakenDownBy = start, "x" })
		l, err := m.s.PutBack(bg, p, "l")
		if p.ID != "so" && p.ID != "quan" {
			wantFault(t, p.ID+" puts back", err, fault.Forbidden, "access.denied")
			continue
		}
		if err != nil || !l.TakenDownAt.IsZero() || l.TakenDownBy != "" || l.Status != lesson.Withdrawn {
			t.Errorf("%s: %+v %v: it must be approved again first", p.ID, l, err)
		}
	}
}

func TestTakingDownNeedsAReasonAndHappensOnce(t *testing.T) {
	m := newMemory()
	m.add("l", ready(lesson.Published))
	_, err := m.s.TakeDown(bg, reviewer, "l", " ")
	wantFault(t, "no reason", err, fault.Invalid, "lesson.invalid", "reason: field.required")
	m.add("down", func(l *lesson.Lesson) { l.TakenDownAt, l.TakenDownBy, l.Reason = start.Add(-1), "so", "first" })
	l, err := m.s.TakeDown(bg, admin, "down", "second")
	if err != nil || l.Reason != "first" || l.TakenDownBy != "so" || !l.TakenDownAt.Equal(start.Add(-1)) {
		t.Errorf("%+v %v", l, err)
	}
}

func TestErase(t *testing.T) {
	for name, c := range map[string]struct {
		deleted time.Time
		state   lesson.MediaState
		want    bool
	}{
		"its time is over": {start.Add(-lesson.KeepBinned), lesson.Ready, true},
		"a moment before":  {start.Add(-lesson.KeepBinned + 1), lesson.Ready, false},
		"not in the bin":   {time.Time{}, lesson.Ready, false},
		"erased already":   {start.Add(-2 * lesson.KeepBinned), lesson.Erased, false},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) {
			ready(lesson.Published)(l)
			l.Media.State, l.DeletedAt = c.state, c.deleted
			l.Description, l.ReturnNote, l.Reason, l.Consent.Note = "a", "b", "c", "d"
			l.Renditions = []lesson.Rendition{{Name: "720p"}}
		})
		gone := start.Add(-time.Hour)
		_ = m.recordings.Save("r1", lesson.Recording{ID: "r1", LessonID: "l"})
		_ = m.recordings.Save("r0", lesson.Recording{ID: "r0", LessonID: "l", GoneAt: gone})
		_ = m.recordings.Save("rx", lesson.Recording{ID: "rx", LessonID: "other"})
		_ = m.steps.Save("s1", lesson.Step{ID: "s1", LessonID: "l", Note: "words"})
		done, err := m.s.Erase(bg, "l")
		if err != nil || done != c.want {
			t.Errorf("%s: %v %v", name, done, err)
		}
		l := m.lessons.Must("l")
		empty := l.Description+l.ReturnNote+l.Reason+l.Consent.Note == "" && l.Renditions == nil &&
			l.Media.PackageID == ""
		if empty != c.want || (len(m.story("l")) == 0) != c.want ||
			m.recordings.Must("r1").GoneAt.Equal(start) != c.want {
			t.Errorf("%s: %+v, history %v, recording %+v", name, l, m.story("l"), m.recordings.Must("r1"))
		}
		if c.want && l.Media.State != lesson.Erased {
			t.Errorf("%s: %s", name, l.Media.State)
		}
		if !m.recordings.Must("r0").GoneAt.Equal(gone) || !m.recordings.Must("rx").GoneAt.IsZero() {
			t.Errorf("%s: another recording was touched", name)
		}
	}
	if lesson.KeepBinned != 30*24*time.Hour {
		t.Errorf("lessons stay %v in the bin; the screens say 30 days", lesson.KeepBinned)
	}
}

func TestErasingStopsAtTheFirstFailure(t *testing.T) {
	m := newMemory()
	m.add("l", func(l *lesson.Lesson) { ready(lesson.Draft)(l); l.DeletedAt = start.Add(-lesson.KeepBinned) })
	_ = m.recordings.Save("r1", lesson.Recording{ID: "r1", LessonID: "l"})
	m.recordings.Err = errDisk
	if done, err := m.s.Erase(bg, "l"); done || err == nil || m.lessons.Must("l").Media.State != lesson.Ready {
		t.Errorf("erased %v: %v", done, err)
	}
}
