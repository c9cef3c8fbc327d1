package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// mortalRecords fails after a number of pieces, as if the process were killed.
type mortalRecords struct {
	*sqldb.Privacy
	left *int
}

func (r mortalRecords) EraseSome(ctx context.Context, person string) (bool, error) {
	if *r.left--; *r.left < 0 {
		return false, errors.New("killed")
	}
	return r.Privacy.EraseSome(ctx, person)
}

// numbers gives the numbers from ?0 to ?1 as n(i).
const numbers = "WITH RECURSIVE n(i) AS (SELECT ?0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "

// TestEraseInPieces: a person with 10,000 rows is erased within the budget of
// write transactions, which fails the test by itself, and an erasure that was
// interrupted is finished by repeating it.
func TestEraseInPieces(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		for _, id := range []string{"p", "other"} {
			good(t, db.People().SavePerson(ctx, people.Person{ID: id, Username: id, Name: id, Active: true}))
		}
		good(t, db.Lessons().Save(ctx, lesson.Lesson{ID: "l"}))
		for _, who := range []string{"p", "other"} {
			for from := 0; from < 6000; from += 3000 {
				_, err := db.Writer(ctx).NewRaw(numbers+
					`INSERT INTO thumbs (lesson_id, chapter_ms, viewer, understood, said_at)
					SELECT 'l', i, ?2, TRUE, ?3 FROM n`, from, from+2999, "p:"+who, time.Now().UTC()).Exec(ctx)
				good(t, err)
				_, err = db.Writer(ctx).NewRaw(numbers+
					`INSERT INTO lesson_steps (id, lesson_id, at, by_person, kind, note, moment)
					SELECT ?2 || i, 'l', ?3, ?2, 'x', '', 0 FROM n`, from, from+2999, who, time.Now().UTC()).Exec(ctx)
				good(t, err)
			}
		}
		left := 5
		n := 0
		s := &people.Service{Store: db.People(), Records: mortalRecords{db.Privacy(), &left}, Atomic: db,
			Audit: db.Audit(),
			Now:   time.Now, NewID: func() string { n++; return fmt.Sprint("id", n) }}
		if err := s.Erase(ctx, people.Operator(), "p"); err == nil {
			t.Fatal("the erasure was not interrupted")
		}
		if _, err := db.People().Person(ctx, "p"); err != nil {
			t.Fatalf("the person of an interrupted erasure: %v", err)
		}
		left = 1000
		good(t, s.Erase(ctx, people.Operator(), "p"))
		if left > 960 {
			t.Errorf("only %d pieces", 1000-left)
		}
		if _, err := db.People().Person(ctx, "p"); err == nil {
			t.Error("the person is still there")
		}
		var mine, others int
		count := `(SELECT COUNT(*) FROM thumbs WHERE viewer = 'p:%[1]s') + (SELECT COUNT(*) FROM lesson_steps WHERE by_person = '%[1]s')`
		good(t, db.Reader(ctx).NewRaw("SELECT "+fmt.Sprintf(count, "p")+", "+fmt.Sprintf(count, "other")).Scan(ctx,
			&mine, &others))
		if mine != 0 || others != 12000 {
			t.Errorf("%d rows of the person, %d of another", mine, others)
		}
	})
}
