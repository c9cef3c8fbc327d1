package worksheet

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
)

// TestCopiesForSeveralLessons: each lesson gets files and rows of its own, in the order of the first.
func TestCopiesForSeveralLessons(t *testing.T) {
	m := newMemory()
	a, b := m.add(t, "l", "a.pdf", paper), m.add(t, "l", "b.png", string(pngOf(t, 3, 2)))
	m.log, m.marked, m.fits = nil, nil, nil
	m.now = m.now.Add(time.Hour)
	names := media.NewNames("seed", m.now, false)
	stored, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1", "n2"}, names)
	if err != nil || len(m.rows) != 2 || len(m.files.Keys("")) != 6 {
		t.Fatalf("%v; %d rows, %d objects", err, len(m.rows), len(m.files.Keys("")))
	}
	if err := stored.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"n1", "n2"} {
		list, _ := m.Worksheets(t.Context(), id)
		if len(list) != 2 || list[0].ID >= list[1].ID {
			t.Fatalf("%s: %+v", id, list)
		}
		for i, from := range []Worksheet{a, b} {
			want := from
			want.ID, want.LessonID, want.Key, want.At = list[i].ID, id, Key(id, list[i].ID), m.now
			text, _ := m.files.Text(want.Key)
			was, _ := m.files.Text(from.Key)
			if list[i] != want || text != was {
				t.Errorf("%s: %+v, want %+v", id, list[i], want)
			}
		}
	}
	size := 2 * (a.Size + b.Size)
	if !slices.Equal(m.fits, []int64{size, size}) {
		t.Errorf("held against the quota: %v, want %d before storing and before committing", m.fits, size)
	}
	if len(m.marked) != 0 || len(m.log) != 2 || m.log[0].Subject != "lesson:n1" || m.log[1].Subject != "lesson:n2" ||
		m.log[0].Detail != "2 worksheets of lesson l added" {
		t.Errorf("marked %v, audit %+v", m.marked, m.log)
	}
}

// TestCopiesAreStoredInTheSamePlacesAgain when the write is repeated.
func TestCopiesAreStoredInTheSamePlacesAgain(t *testing.T) {
	m := newMemory()
	m.add(t, "l", "a.pdf", paper)
	for _, repeated := range []bool{false, true} {
		if _, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1"},
			media.NewNames("seed", m.now, repeated)); err != nil {
			t.Fatal(err)
		}
	}
	if keys := m.files.Keys("lessons/n1/"); len(keys) != 1 {
		t.Errorf("stored %v", keys)
	}
}

func TestCopiesThatCannotBeMade(t *testing.T) {
	names := media.NewNames("seed", time.Unix(0, 0), false)
	m := newMemory()
	w := m.add(t, "l", "a.pdf", paper)
	before := m.files.Keys("")
	for name, by := range map[string]people.Person{"anybody": {}, "another teacher": person("tu", people.Teacher)} {
		if _, err := m.s.StoreCopies(t.Context(), by, "l", []string{"n1"}, names); !fault.Is(err, "access.denied") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.s.StoreCopies(t.Context(), lan, "none", []string{"n1"}, names); !fault.Is(err, "lesson.not_found") {
		t.Errorf("of no lesson: %v", err)
	}
	m.quota = 3*w.Size - 1
	if _, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1", "n2"}, names); !fault.Is(err,
		"upload.over_quota") {
		t.Errorf("over the quota: %v", err)
	}
	if !slices.Equal(m.files.Keys(""), before) {
		t.Errorf("refused, and stored %v", m.files.Keys(""))
	}
	m.quota++ // just enough
	stored, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1", "n2"}, names)
	if err != nil {
		t.Fatal(err)
	}
	m.quota-- // another tab took it
	if err := stored.Commit(t.Context()); !fault.Is(err, "upload.over_quota") || len(m.rows) != 1 {
		t.Errorf("over the quota meanwhile: %v, %d rows", err, len(m.rows))
	}
	m.quota++
	for _, call := range []string{"SaveWorksheet", "Append"} {
		m.fail = map[string]error{call: errDown}
		if err := stored.Commit(t.Context()); !errors.Is(err, errDown) || len(m.rows) != 1 {
			t.Errorf("%s: %v, %d rows", call, err, len(m.rows))
		}
	}
	if err := stored.Discard(t.Context()); err != nil || !slices.Equal(m.files.Keys(""), before) {
		t.Errorf("left after discarding: %v, %v", m.files.Keys(""), err)
	}
	m.fail = map[string]error{"Worksheets": errDown}
	if _, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1"}, names); !errors.Is(err, errDown) {
		t.Errorf("list: %v", err)
	}
	m.fail = nil
	for _, call := range []string{"Get", "Put", "Delete"} {
		m.files.Fail = func(c, _ string) error {
			if c == call {
				return errDown
			}
			return nil
		}
		_, err := m.s.StoreCopies(t.Context(), lan, "l", []string{"n1"}, names)
		if call == "Delete" {
			err = stored.Discard(t.Context())
		}
		if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "worksheet") {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// TestLessonsWithoutWorksheets cost nothing of the quota.
func TestLessonsWithoutWorksheets(t *testing.T) {
	m := newMemory()
	m.quota = 0
	stored, err := m.s.StoreCopies(t.Context(), lan, "d", []string{"n1"}, media.RandomNames())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stored.Commit(t.Context()), stored.Discard(t.Context())); err != nil || len(m.fits) != 0 ||
		len(m.log) != 0 {
		t.Errorf("%v, quota %v, audit %v", err, m.fits, m.log)
	}
}
