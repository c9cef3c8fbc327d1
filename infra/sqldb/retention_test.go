package sqldb_test

import (
	"context"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

// TestPromisesToFamilies: what the page for families says is forgotten is
// forgotten, and nothing sooner: students six months after the term in which
// they left, files of lists and sign-ins after 30 days.
func TestPromisesToFamilies(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx, zone := newTown(t, db), context.Background(), time.FixedZone("+07", 7*3600)
		office := &school.Office{Schools: db.Schools(), Classes: db.Classes(), Cards: db.Classes(),
			Rosters: db.Rosters(), Years: db.Schools(),
			People: w.Service, Keys: []byte("khoa"), Atomic: db, Audit: db.Audit(), Zone: zone, Now: w.Service.Now,
			NewID: w.NewID}
		no := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		joined := time.Date(2025, 9, 5, 0, 0, 0, 0, time.UTC)
		no(db.Schools().SaveSchool(ctx,
			school.School{ID: "s1", Code: "S1", Name: "Trường", Level: school.Primary, CreatedAt: joined}))
		for _, c := range []school.Class{{ID: "k1", Code: "5A", SchoolID: "s1", Year: "2025-2026", Grade: 5, Name: "5A",
			JoinCode: "ABCDEF"},
			{ID: "k2", Code: "1A", SchoolID: "s1", Year: "2026-2027", Grade: 1, Name: "1A", JoinCode: "GHJKLM"}} {
			no(db.Classes().SaveClass(ctx, c))
		}
		for id, e := range map[string]school.Enrolment{
			"left-early":  {ClassID: "k1", From: "2025-09-05", To: "2025-11-20"},
			"left-late":   {ClassID: "k1", From: "2025-09-05", To: "2026-05-31"},
			"stays":       {ClassID: "k2", From: "2025-09-05"},
			"teaches-now": {ClassID: "k1", From: "2025-09-05", To: "2025-11-20"},
		} {
			no(db.Classes().SaveStudent(ctx, school.Student{PersonID: id, Name: "Em " + id, Key: "key-" + id},
				"s1", joined))
			e.PersonID = id
			no(db.Classes().SaveEnrolment(ctx, e))
		}
		p, err := db.People().Person(ctx, "teaches-now")
		no(err)
		p.Grants = append(p.Grants, people.Grant{Role: people.Teacher, School: "s1"})
		no(db.People().SavePerson(ctx, p))
		there := func(id string) bool {
			_, err := db.People().Person(ctx, id)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				t.Fatal(err)
			}
			return err == nil
		}
		for _, step := range []struct {
			on   time.Time
			gone []string
		}{
			{time.Date(2026, 5, 30, 0, 0, 0, 0, zone), nil}, // the autumn term ended less than six months ago
			{time.Date(2026, 11, 21, 0, 0, 0, 0, zone), []string{"left-early"}},
			{time.Date(2027, 6, 30, 0, 0, 0, 0, zone), []string{"left-early", "left-late"}},
		} {
			w.now = step.on
			no(office.ForgetLeft(ctx, playback.KeptFrom(step.on)))
			gone := map[string]bool{}
			for _, id := range step.gone {
				gone[id] = true
			}
			for _, id := range []string{"left-early", "left-late", "stays", "teaches-now"} {
				if there(id) == gone[id] {
					t.Errorf("on %s: %s is there: %v", step.on.Format(time.DateOnly), id, there(id))
				}
			}
		}
		if left, err := db.Audit().BySubject(ctx, "person:left-early", 5); err != nil || len(left) != 1 ||
			left[0].Action != audit.ErasedAction {
			t.Errorf("the audit says %+v %v", left, err)
		}

		at := w.now.Add(-school.KeepRosterFiles)
		for id, when := range map[string]time.Time{"old": at.Add(-time.Hour), "new": at.Add(time.Hour)} {
			no(db.Rosters().SaveImport(ctx, school.Import{ID: id, Kind: school.ImportStudents, Filename: "ds.csv",
				Hash: id, Data: []byte("Em Mai"), By: "x", At: when}))
		}
		no(db.Rosters().ForgetFiles(ctx, at))
		for id, want := range map[string]int{"old": 0, "new": 6} {
			if i, err := db.Rosters().Import(ctx, id); err != nil || len(i.Data) != want {
				t.Errorf("file of the %s import: %d bytes %v", id, len(i.Data), err)
			}
		}
		w.add("co-lan", people.Reviewer)
		secret, _, _, err := w.SignIn(ctx, "co-lan", townPassword, people.Browser, "máy")
		no(err)
		for _, days := range []int{29, 31} {
			no(db.People().Forget(ctx, w.now.AddDate(0, 0, days)))
			if _, err := db.People().SessionByHash(ctx, people.HashSecret(secret)); (err == nil) != (days < 30) {
				t.Errorf("a sign-in after %d days: %v", days, err)
			}
		}
	})
}
