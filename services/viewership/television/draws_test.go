package television

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"lenlop/services/people"
	"lenlop/services/school"
)

// drawable puts n classes of grade 9 with ten students each into the frame.
func drawable(m *memory, n int) {
	for i := range n {
		id := fmt.Sprintf("k%02d", i)
		m.frame = append(m.frame, FrameClass{ID: id, Students: 10})
		m.classes = append(m.classes, school.Class{ID: id, SchoolID: "s1", Grade: 9, Year: "2019-2020",
			Teachers: []school.ClassTeacher{{PersonID: "lan"}}})
	}
}

// TestDraw: at least ten of at least ten classes, once for an airing, so that
// anybody can draw them again.
func TestDraw(t *testing.T) {
	for _, x := range []struct {
		n, frame int
		want     string
	}{
		{10, 10, ""}, {9, 30, "classes draw.too_few"}, {10, 9, "classes draw.small_frame"}, {12, 30, ""}, {40, 30, ""},
	} {
		m, s := newService(t)
		drawable(m, x.frame)
		d, err := s.DrawFor(t.Context(), reviewer, "a8", x.n)
		if fields(err) != x.want || (len(m.draws) == 1) != (x.want == "") {
			t.Errorf("%d of %d: %v", x.n, x.frame, err)
		}
		if err != nil {
			continue
		}
		var ids []string
		for _, c := range m.frame {
			ids = append(ids, c.ID)
		}
		slices.Reverse(ids)
		if !slices.Equal(d.Classes, DrawClasses(d.Seed, ids, x.n)) || len(d.Classes) != min(x.n, x.frame) ||
			d.FrameHash != FrameHash(ids) || d.Frame != int64(x.frame) || d.Population != int64(10*x.frame) ||
			len(d.Seed) != 32 || d.By != "so" || d.At != m.now || d.AiringID != "a8" {
			t.Errorf("%d of %d: %+v", x.n, x.frame, d)
		}
		detail := fmt.Sprintf("class-draw/1: %d of %d classes, seed %s", len(d.Classes), x.frame, d.Seed)
		if len(m.audit) != 1 || m.audit[0].Detail != detail || m.audit[0].Subject != "airing:a8" {
			t.Errorf("%+v", m.audit)
		}
		if _, err := s.DrawFor(t.Context(), reviewer, "a8", x.n); code(err) != "draw.already_drawn" ||
			len(m.audit) != 1 {
			t.Errorf("drawn again: %v", err)
		}
		other, err := s.DrawFor(t.Context(), reviewer, "a9", x.n)
		if err != nil || other.Seed == d.Seed {
			t.Errorf("another airing: %+v, %v", other, err)
		}
	}
	for name, by := range map[string]people.Person{
		"anonymous": {}, "teacher": teacher, "head": person("hieu", people.Head), "station": station,
	} {
		_, s := newService(t)
		if _, err := s.DrawFor(t.Context(), by, "a8", 10); code(err) != "access.denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, s := newService(t)
	drawable(m, 10)
	if _, err := s.DrawFor(t.Context(), reviewer, "a12", 10); code(err) != "airing.not_found" {
		t.Errorf("%v", err)
	}
	for _, method := range []string{"Frame", "AddDraw", "Append"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.DrawFor(t.Context(), reviewer, "a8", 10); !errors.Is(err, errStore) || len(m.draws) != 0 {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	clear(m.lessons)
	if _, err := s.DrawFor(t.Context(), reviewer, "a8", 10); code(err) != "lesson.not_found" {
		t.Errorf("%v", err)
	}
}

// TestDrawClasses is class-draw/1 on known numbers: a draw of an old report must
// come out the same for ever.
func TestDrawClasses(t *testing.T) {
	frame := []string{"3A", "3B", "3C", "4A", "4B"}
	// With sha256sum: 2020:3A is 2cc797..., 4A 79d3a5..., 3B 9592ac..., 3C b64cf3..., 4B e2c05c....
	drawnByHand := []string{"3A", "4A", "3B"}
	const hashByHand = "f9cdc1f68ebbae476c3df74ccdafb3bf38e626d208dc8299c440e90baa66bce9"
	if got := DrawClasses("2020", frame, 3); !slices.Equal(got, drawnByHand) {
		t.Errorf("%v", got)
	}
	slices.Reverse(frame)
	if got := DrawClasses("2020", frame, 3); !slices.Equal(got, drawnByHand) {
		t.Errorf("the frame's order matters: %v", got)
	}
	if got := DrawClasses("2021", frame, 3); slices.Equal(got, drawnByHand) {
		t.Errorf("the seed does not matter: %v", got)
	}
	if got := DrawClasses("2020", frame, 9); len(got) != 5 {
		t.Errorf("%v", got)
	}
	if got := FrameHash(frame); got != hashByHand || frame[0] != "4B" {
		t.Errorf("%s of %v", got, frame)
	}
}

// TestSurveys: what classes reported together; the drawn ones are projected once
// ten have answered.
func TestSurveys(t *testing.T) {
	m, s := newService(t)
	drawable(m, 20)
	d, err := s.DrawFor(t.Context(), reviewer, "a8", 12)
	if err != nil {
		t.Fatal(err)
	}
	survey := func() ClassSurvey {
		t.Helper()
		list, err := s.AiringFigures(t.Context(), m.airings[:2])
		if err != nil || list[1].Survey.Classes != 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].Survey
	}
	take := func(class string, asked, watched int64) {
		t.Helper()
		r := RollCall{AiringID: "a8", ClassID: class, Asked: asked, Watched: watched}
		if _, err := s.TakeRollCall(t.Context(), teacher, r); err != nil {
			t.Fatal(err)
		}
	}
	take("c9", 4, 4) // not drawn
	for _, id := range d.Classes[:9] {
		take(id, 10, 5)
	}
	take(d.Classes[0], 10, 5) // once more
	v := survey()
	if v.Classes != 10 || v.Asked != 94 || v.Watched != 49 || v.Answered != 9 || v.Estimate != nil ||
		v.Draw.ID != d.ID {
		t.Errorf("nine have answered: %+v", v)
	}
	take(d.Classes[9], 10, 5)
	v = survey()
	if e := v.Estimate; v.Answered != 10 || e == nil || e.Share != 0.5 || e.Persons != 100 || e.Observed != 50 {
		t.Errorf("ten have answered: %+v, %+v", v, e)
	}
	for _, method := range []string{"RollCalls", "Draws", "Names"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.AiringFigures(t.Context(), m.airings); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}
