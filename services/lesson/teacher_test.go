package lesson_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestFindTeachers(t *testing.T) {
	named := func(id, name, at string) people.Person {
		p := person(id, at, people.Teacher)
		p.Name = name
		return p
	}
	left := named("t5", "Lò Thị Mai", "s1")
	left.Active = false
	staff := []people.Person{
		named("t1", "Lò Thị Mai", "s1"), named("t2", "Mai Văn Đức", "s1"), named("t3", "Lò Thị Mai", "s2"), left,
		named("t6", "Lô Thị Maika", "s1"), person("mai", "s1", people.Head),
	}
	for name, c := range map[string]struct {
		by    people.Person
		words string
		want  string // ids
	}{
		"all words, without marks":     {lan, "lo mai", "t1"},
		"with marks, in another order": {lan, " MAI  Lò ", "t1"},
		"one word":                     {lan, "mai", "t1 t2"},
		"đ is d":                       {lan, "duc", "t2"},
		"only whole words":             {lan, "ma", ""},
		"a username":                   {lan, " T2.NAME ", "t2"},
		"the station finds everybody":  {station, "lo mai", "t1 t3"},
		"so does an administrator":     {admin, "mai", "t1 t2 t3"},
		"and the command line":         {people.Operator(), "mai", "t1 t2 t3"},
		"nothing":                      {lan, "  ", ""},
	} {
		m := newMemory()
		m.staff = staff
		found, err := m.s.FindTeachers(bg, c.by, c.words)
		var ids []string
		for _, p := range found {
			ids = append(ids, p.ID)
		}
		if err != nil || strings.Join(ids, " ") != c.want {
			t.Errorf("%s: %v %v, want %s", name, ids, err, c.want)
		}
	}
	m := newMemory()
	for _, p := range []people.Person{head, reviewer, student, nobody} {
		_, err := m.s.FindTeachers(bg, p, "lan")
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
	m.readErr = errDisk
	if _, err := m.s.FindTeachers(bg, lan, "lan"); !errors.Is(err, errDisk) {
		t.Errorf("people unreadable: %v", err)
	}
}

// TestFindTeachersReadsOn until it has found 20 or read everybody.
func TestFindTeachersReadsOn(t *testing.T) {
	m := newMemory()
	m.staff = nil
	for i := range 1000 {
		m.staff = append(m.staff, person(fmt.Sprintf("x%04d", i), "s1", people.Teacher))
	}
	last := person("hoa", "s1", people.Teacher)
	last.Name = "Vi Thị Hoa"
	m.staff = append(m.staff, last)
	if found, err := m.s.FindTeachers(bg, lan, "hoa"); err != nil || len(found) != 1 || found[0].ID != "hoa" {
		t.Errorf("on the second page: %v %v", found, err)
	}
	if found, err := m.s.FindTeachers(bg, lan, "nguyen"); err != nil || len(found) != 20 {
		t.Errorf("%d found %v, want 20", len(found), err)
	}
}

func TestSetTeacher(t *testing.T) {
	for name, c := range map[string]struct {
		by                     people.Person
		username, was          string // was: its uploader
		owner, uploader, where string
		kind                   fault.Kind
		code                   string
	}{
		"to a colleague":              {lan, " minh.name ", "", "minh", "lan", "s1", 0, ""},
		"the station recorded it":     {lan, "minh.name", "dai", "minh", "dai", "s1", 0, ""},
		"the uploader takes it":       {minh, "minh.name", "minh", "minh", "lan", "s1", 0, ""},
		"given to its uploader":       {lan, "minh.name", "minh", "minh", "lan", "s1", 0, ""},
		"by an admin to its uploader": {admin, "minh.name", "minh", "minh", "lan", "s1", 0, ""},
		"by an administrator":         {admin, "tu.name", "", "tu", "lan", "s2", 0, ""},
		"to its own teacher":          {lan, "lan.name", "dai", "lan", "dai", "s1", 0, ""},
		"to another school":           {lan, "tu.name", "", "", "", "", fault.Invalid, "lesson.invalid"},
		"to a head":                   {lan, "hieu.name", "", "", "", "", fault.Invalid, "lesson.invalid"},
		"to nobody":                   {lan, "ai", "", "", "", "", fault.Invalid, "lesson.invalid"},
		"by a colleague":              {minh, "minh.name", "", "", "", "", fault.Forbidden, "access.denied"},
		"by a reviewer":               {reviewer, "minh.name", "", "", "", "", fault.Forbidden, "access.denied"},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) { l.UploaderID = c.was })
		l, err := m.s.SetTeacher(bg, c.by, "l", c.username)
		if c.code != "" {
			wantFault(t, name, err, c.kind, c.code)
			if m.lessons.Must("l").TeacherID != "lan" {
				t.Errorf("%s: it changed hands", name)
			}
			continue
		}
		if err != nil || l.TeacherID != c.owner || l.UploaderID != c.uploader || l.SchoolID != c.where {
			t.Errorf("%s: teacher %q, uploader %q, school %q %v", name, l.TeacherID, l.UploaderID, l.SchoolID, err)
		}
	}
	m := newMemory()
	m.add("l", nil)
	m.readErr = errDisk
	if _, err := m.s.SetTeacher(bg, lan, "l", "ai"); !errors.Is(err, errDisk) {
		t.Errorf("people unreadable: %v", err)
	}
}

func TestSounds(t *testing.T) {
	two := []lesson.Sound{{Rung: "a1", Language: "vi"}, {Rung: "a2", Language: "und"}}
	for name, c := range map[string]struct {
		by     people.Person
		have   []lesson.Sound
		given  []lesson.Sound
		want   []lesson.Sound
		kind   fault.Kind
		code   string
		fields []string
	}{
		"in any order": {
			lan, two, []lesson.Sound{{"a2", "hmn", "  Tiếng   Mông "}, {"a1", "VIE", ""}},
			[]lesson.Sound{{"a1", "vi", ""}, {"a2", "hmn", "Tiếng Mông"}}, 0, "", nil,
		},
		"left out: nobody has named it": {
			lan, two, []lesson.Sound{{"a1", "vi", ""}}, []lesson.Sound{{"a1", "vi", ""}, {"a2", "und", ""}}, 0, "", nil,
		},
		"unknown rung is ignored": {
			lan, two, []lesson.Sound{{"a1", "vi", ""}, {"a2", "en", ""}, {"a3", "fr", ""}},
			[]lesson.Sound{{"a1", "vi", ""}, {"a2", "en", ""}}, 0, "", nil,
		},
		"two of one language by name": {
			lan, two, []lesson.Sound{{"a1", "vi", ""}, {"a2", "vi", "Mô tả"}},
			[]lesson.Sound{{"a1", "vi", ""}, {"a2", "vi",
				"Mô tả"}},
			0, "", nil,
		},
		"twice the same": {
			lan, two, []lesson.Sound{{"a1", "vi", ""}, {"a2", "vie", ""}}, nil, fault.Invalid, "lesson.invalid",
			[]string{"language-a2: lesson.sound_twice"},
		},
		"twice undetermined": {lan, two, nil, []lesson.Sound{{"a1", "und", ""}, {"a2", "und", ""}}, 0, "", nil},
		"bad language": {
			lan, two, []lesson.Sound{{"a1", "1", ""}, {"a2", "vi", strings.Repeat("ộ", 61)}}, nil, fault.Invalid,
			"lesson.invalid",
			[]string{"language-a1: lesson.bad_language", "name-a2: field.too_long"},
		},
		"longest name": {
			lan, two, []lesson.Sound{{"a1", "vi", strings.Repeat("ộ", 60)}},
			[]lesson.Sound{{"a1", "vi", strings.Repeat("ộ", 60)}, {"a2", "und", ""}}, 0, "", nil,
		},
		"illegible name": {
			lan, two, []lesson.Sound{{"a1", "vi", "\u202e"}}, nil, fault.Invalid, "lesson.invalid",
			[]string{"name-a1: field.bad_text"},
		},
		"only one":    {lan, two[:1], two[:1], nil, fault.Conflict, "lesson.one_sound", nil},
		"a colleague": {minh, two, two, nil, fault.Forbidden, "access.denied", nil},
	} {
		m := newMemory()
		m.add("l", func(l *lesson.Lesson) { ready(lesson.Draft)(l) })
		wantFault(t, name, m.s.SetSounds(bg, "l", "p0", []lesson.Sound{{Rung: "old"}}), 0, "")
		wantFault(t, name, m.s.SetSounds(bg, "l", "p1", c.have), 0, "")
		if got := m.lessons.Must("l").Media.Sounds; !slices.Equal(got, c.have) {
			t.Errorf("%s: sounds of the package are %+v", name, got)
		}
		l, err := m.s.NameSounds(bg, c.by, "l", c.given)
		wantFault(t, name, err, c.kind, c.code, c.fields...)
		if c.code == "" && !slices.Equal(l.Media.Sounds, c.want) {
			t.Errorf("%s: %+v", name, l.Media.Sounds)
		}
	}
}
