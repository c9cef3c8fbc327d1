package sqldb_test

import (
	"reflect"
	"testing"
	"time"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

// TestReadAtOnce: what is read for many in one query is what single reads give.
func TestReadAtOnce(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			db := open(t)
			at := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
			p := people.Person{ID: "p", Username: "p", Name: "Lan", Active: true, CreatedAt: at, Grants: []people.Grant{
				{Role: people.Teacher, School: "s1"}, {Role: people.Head, School: "s2"}}}
			must := func(errs ...error) {
				t.Helper()
				for _, err := range errs {
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			must(db.Schools().SaveSchool(ctx, school.School{ID: "s1", Code: "S1", Name: "Trường", CreatedAt: at}),
				db.People().SavePerson(ctx, p),
				db.People().SavePerson(ctx, people.Person{ID: "q", Username: "q", CreatedAt: at}),
				db.People().SaveSession(ctx, people.Session{ID: "a", Hash: "ha", PersonID: "p", Kind: people.Browser,
					CreatedAt: at,
					SeenAt:    at, ExpiresAt: at.Add(time.Hour)}),
				db.People().SaveSession(ctx, people.Session{ID: "b", Hash: "hb", PersonID: "q",
					CreatedAt: at, SeenAt: at}))
			for hash, id := range map[string]string{"ha": "p", "hb": "q"} {
				s, who, err := db.People().SessionPerson(ctx, hash)
				must(err)
				alone, err := db.People().SessionByHash(ctx, hash)
				must(err)
				person, err := db.People().Person(ctx, id)
				must(err)
				if !reflect.DeepEqual(s, alone) || !reflect.DeepEqual(who, person) {
					t.Errorf("%s: %+v %+v, want %+v %+v", hash, s, who, alone, person)
				}
			}
			if _, _, err := db.People().SessionPerson(ctx, "none"); err == nil {
				t.Error("a session without a row")
			}
			must(db.Lessons().Save(ctx, lesson.Lesson{ID: "l", Title: "L", Subject: "toan", TeacherID: "p",
				SchoolID: "s1", CreatedAt: at}),
				db.Lessons().Save(ctx, lesson.Lesson{ID: "m", Title: "M", Subject: "x", TeacherID: "gone",
					SchoolID: "gone", CreatedAt: at}),
				db.Captions().SaveChapters(ctx, "l",
					[]caption.Chapter{{At: 0, Title: "A"}, {At: time.Minute, Title: "B"}}))
			names, err := db.Lessons().Names(ctx, "l", "m", "none")
			must(err)
			if n := names["l"]; len(names) != 2 || n.Teacher != "Lan" || n.School != "Trường" || n.Subject == "" ||
				n.SubjectEn == "" ||
				names["m"] != (lesson.Names{}) {
				t.Errorf("names %+v", names)
			}
			chapters, err := db.Captions().ChaptersByLesson(ctx, "l", "m")
			must(err)
			if len(chapters) != 1 || len(chapters["l"]) != 2 || chapters["l"][1].Title != "B" {
				t.Errorf("chapters %+v", chapters)
			}
			persons, err := db.People().PersonNames(ctx, []string{"p", "none"})
			must(err)
			schools, err := db.Schools().SchoolsByID(ctx, []string{"s1", "none"})
			must(err)
			if len(persons) != 1 || persons["p"] != "Lan" || len(schools) != 1 || schools[0].Name != "Trường" {
				t.Errorf("persons %v, schools %v", persons, schools)
			}
		})
	}
}
