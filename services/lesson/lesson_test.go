package lesson_test

import (
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

var subjects = map[string]school.Subject{
	"toan": {Code: "toan", FromGrade: 1, ToGrade: 12}, "hoa-hoc": {Code: "hoa-hoc", FromGrade: 8, ToGrade: 9},
}

func TestTextIsChecked(t *testing.T) {
	good := lesson.Lesson{Title: "Phân số", Subject: "toan", Grade: 5, Language: "vi"}
	for name, c := range map[string]struct {
		t      lesson.Text
		fields []string // none: it is accepted
	}{
		"nothing":             {lesson.Text{}, nil},
		"longest title":       {lesson.Text{Title: new(strings.Repeat("ộ", 200))}, nil},
		"title too long":      {lesson.Text{Title: new(strings.Repeat("ộ", 201))}, []string{"title: field.too_long"}},
		"blank title":         {lesson.Text{Title: new(" \t\n")}, []string{"title: field.required"}},
		"title turned around": {lesson.Text{Title: new("a\u202egpm.exe")}, []string{"title: field.bad_text"}},
		"longest description": {lesson.Text{Description: new(strings.Repeat("ộ", 4000))}, nil},
		"description too long": {
			lesson.Text{Description: new(strings.Repeat("ộ", 4001))}, []string{"description: field.too_long"},
		},
		"description illegible": {lesson.Text{Description: new("\xff")}, []string{"description: field.bad_text"}},
		"no subject":            {lesson.Text{Subject: new("")}, []string{"subject: field.required"}},
		"unknown subject":       {lesson.Text{Subject: new("ve")}, []string{"subject: lesson.unknown_subject"}},
		"subject below its time": {
			lesson.Text{Subject: new("hoa-hoc"), Grade: new(7)}, []string{"subject: lesson.subject_not_in_grade"},
		},
		"subject from": {lesson.Text{Subject: new("hoa-hoc"), Grade: new(8)}, nil},
		"subject to":   {lesson.Text{Subject: new("hoa-hoc"), Grade: new(9)}, nil},
		"subject after its time": {
			lesson.Text{Subject: new("hoa-hoc"), Grade: new(10)}, []string{"subject: lesson.subject_not_in_grade"},
		},
		"no grade":               {lesson.Text{Grade: new(0)}, []string{"grade: field.required"}},
		"grade 1":                {lesson.Text{Grade: new(1)}, nil},
		"grade 12":               {lesson.Text{Grade: new(12)}, nil},
		"grade 13":               {lesson.Text{Grade: new(13)}, []string{"grade: field.out_of_range"}},
		"grade -1":               {lesson.Text{Grade: new(-1)}, []string{"grade: field.out_of_range"}},
		"no week":                {lesson.Text{Week: new(0)}, nil},
		"week 35":                {lesson.Text{Week: new(35)}, nil},
		"week 36":                {lesson.Text{Week: new(36)}, []string{"week: field.out_of_range"}},
		"week -1":                {lesson.Text{Week: new(-1)}, []string{"week: field.out_of_range"}},
		"language of a region":   {lesson.Text{Language: new("zh-Hant-TW")}, nil},
		"language of one letter": {lesson.Text{Language: new("v")}, []string{"language: lesson.bad_language"}},
		"language of words":      {lesson.Text{Language: new("tiếng Việt")}, []string{"language: lesson.bad_language"}},
		"everything at once": {
			lesson.Text{Title: new(""), Subject: new("ve"), Grade: new(13), Week: new(36), Language: new("1")},
			[]string{"title: field.required", "subject: lesson.unknown_subject", "grade: field.out_of_range",
				"week: field.out_of_range",
				"language: lesson.bad_language"},
		},
	} {
		_, err := good.Apply(c.t, subjects)
		if c.fields == nil {
			wantFault(t, name, err, 0, "")
			continue
		}
		wantFault(t, name, err, fault.Invalid, "lesson.invalid", c.fields...)
	}
}

func TestTextIsTidied(t *testing.T) {
	l, err := lesson.Lesson{Week: 3}.Apply(lesson.Text{
		Title: new("  Phân \n số  "), Description: new("\n một\n hai \n"), Subject: new("toan"), Grade: new(5),
	}, subjects)
	if err != nil || l.Title != "Phân số" || l.Description != "một\n hai" || l.Week != 3 || l.Language != "vi" {
		t.Errorf("%+v %v", l, err)
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{
		"": "und", "  ": "und", "vi": "vi", " VI ": "vi", "vie": "vi", "eng": "en",
		"zh-hant-tw": "zh-Hant-TW", "hmn": "hmn",
		"xqz": "xqz",
		"v":   "-", "1a": "-", "vi_VN": "-", "vi-": "-", "tiếng": "-", "abcdefghi": "-", "vi-abcdefghi": "-",
		"en-" + strings.Repeat("abcdefgh-", 4): "-", "vi;drop": "-",
	} {
		got, ok := lesson.Language(tag)
		if ok != (want != "-") || ok && got != want {
			t.Errorf("%q: %q %v, want %q", tag, got, ok, want)
		}
	}
}

func TestObjectOfALesson(t *testing.T) {
	full := lesson.Lesson{
		TeacherID:  "lan",
		UploaderID: "dai",
		SchoolID:   "s1",
		Status:     lesson.Published,
		Media:      lesson.Media{Playable: true},
	}
	o := full.Object()
	if o.Owner != "lan" || o.Uploader != "dai" || o.School != "s1" || !o.Published || o.Deleted || o.TakenDown {
		t.Errorf("object %+v", o)
	}
	for name, change := range map[string]func(*lesson.Lesson){
		"nothing to play": func(l *lesson.Lesson) { l.Media.Playable = false },
		"submitted":       func(l *lesson.Lesson) { l.Status = lesson.Submitted },
		"taken down":      func(l *lesson.Lesson) { l.TakenDownAt = start },
	} {
		l := full
		change(&l)
		if l.Object().Published {
			t.Errorf("%s: open to everybody", name)
		}
	}
	full.DeletedAt = start
	if people.May(nobody, people.WatchLesson, full.Object()) {
		t.Error("a published lesson in the bin can be watched")
	}
}

func TestFileByName(t *testing.T) {
	l := lesson.Lesson{Renditions: []lesson.Rendition{{Name: "720p"}, {Name: "saver", File: "files/saver.mp4"}}}
	for name, want := range map[string]string{"saver": "files/saver.mp4", "720p": "", "sound": ""} {
		if got := l.File(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
