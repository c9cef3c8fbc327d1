package lesson

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// teachersAtOnce is how many accounts are read at a time while searching, and
// mostFound how many are offered.
const (
	teachersAtOnce = 1000
	mostFound      = 20
)

// FindTeachers gives the teachers whose name has all of the words, diacritics
// or not, or whose username it is, at most 20 by name. Teachers find their
// colleagues; the station and administrators find everybody.
func (s *Service) FindTeachers(ctx context.Context, by people.Person, words string) ([]people.Person, error) {
	if !people.May(by, people.CreateLesson, people.Object{}) {
		return nil, denied()
	}
	want := strings.Fields(bare(words))
	if len(want) == 0 {
		return nil, nil
	}
	var found []people.Person
	for after := ""; ; {
		page, err := s.People.Persons(ctx, people.Teacher, after, teachersAtOnce)
		if err != nil {
			return nil, fmt.Errorf("teachers: %w", err)
		}
		for _, p := range page {
			name := strings.Fields(bare(p.Name))
			named := !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(name, w) })
			if (named || strings.EqualFold(p.Username, strings.TrimSpace(words))) && mayName(by, p) {
				found = append(found, p)
			}
			if len(found) == mostFound {
				return found, nil
			}
		}
		if len(page) < teachersAtOnce {
			return found, nil
		}
		after = page[len(page)-1].ID
	}
}

// mayName reports whether a lesson that the person makes may be the teacher's.
func mayName(by, teacher people.Person) bool {
	if !teacher.Active || !teacher.Is(people.Teacher) {
		return false
	}
	return teacher.ID == by.ID || by.ID == people.OperatorID || by.Is(people.Admin) || by.Is(people.Station) ||
		by.Is(people.Teacher) && by.At(people.Teacher, teacher.SchoolAs(people.Teacher))
}

// bare is text without diacritics or case.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r == 'đ':
			return 'd'
		case unicode.Is(unicode.Mn, r):
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// SetTeacher says whose lesson it is. The teacher until then stays able to care
// for it, as its uploader, unless another person is. Faults: "access.denied", "lesson.invalid" with "teacher".
func (s *Service) SetTeacher(ctx context.Context, by people.Person, id, username string) (Lesson, error) {
	teacher, err := s.People.ByUsername(ctx, strings.TrimSpace(username))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Lesson{}, err
	}
	return s.change(ctx, by, people.EditLesson, id, "teacher "+teacher.ID,
		func(_ context.Context, l Lesson) (Lesson, error) {
			if teacher.ID == "" || !mayName(by, teacher) {
				return l, fault.Form("lesson.invalid", fault.Wrong("teacher", "lesson.no_such_teacher"))
			}
			if teacher.ID == l.TeacherID {
				return l, nil
			}
			if l.UploaderID == "" || l.UploaderID == teacher.ID {
				l.UploaderID = l.TeacherID
			}
			l.TeacherID, l.SchoolID = teacher.ID, schoolOf(teacher)
			return l, nil
		})
}
