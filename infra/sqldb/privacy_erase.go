package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/people"
)

// longGone is a moment beyond every bin's time.
var longGone = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// erasedAtOnce is how many rows of one table a piece of an erasure changes.
const erasedAtOnce = 250

// Conditions under which an audit entry still says something about a person.
const (
	auditTells  = "subject = ? AND (detail <> '' OR state_before <> '' OR state_after <> '' OR salt <> '')"
	auditPlaces = "(subject = ? OR actor = ?) AND NOT erased"
)

// EraseSome changes or removes up to a few hundred of a person's rows, and
// reports whether there are more. It may be repeated at any time; the person
// stays until Erase.
func (s *Privacy) EraseSome(ctx context.Context, person string) (more bool, err error) {
	err = s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.addErased(ctx); err != nil {
			return err
		}
		for _, q := range s.pieces(ctx, person) {
			res, err := q.Exec(ctx)
			if err != nil {
				return wrap(err, "erase", person)
			}
			if n, err := res.RowsAffected(); err != nil || n == erasedAtOnce {
				more = err == nil
				return wrap(err, "erase", person)
			}
		}
		return nil
	})
	return more, err
}

// pieces are the statements that take up to erasedAtOnce rows of each table.
func (s *Privacy) pieces(ctx context.Context, person string) []*bun.RawQuery {
	w, subject := s.db.Writer(ctx), "person:"+person
	row := bun.Safe("rowid")
	if s.db.Postgres() {
		row = "ctid"
	}
	list := []*bun.RawQuery{
		w.NewRaw("UPDATE audit_entries SET detail = '', state_before = '', state_after = '', salt = '' WHERE id IN "+
			"(SELECT id FROM audit_entries WHERE "+auditTells+" LIMIT ?)", subject, erasedAtOnce),
		w.NewRaw("UPDATE audit_entries SET place = '', place_salt = '', erased = TRUE WHERE id IN "+
			"(SELECT id FROM audit_entries WHERE "+auditPlaces+" LIMIT ?)", subject, person, erasedAtOnce),
	}
	for _, t := range traces {
		if t.table == "lessons" { // a few; Erase changes them by their teacher
			continue
		}
		column, table := bun.Ident(t.Column), bun.Ident(t.table)
		some := "?1 IN (SELECT ?1 FROM ?0 WHERE ?2 = ?3 LIMIT ?4)"
		if t.Own {
			list = append(list, w.NewRaw("DELETE FROM ?0 WHERE "+some, table, row, column, t.value(person),
				erasedAtOnce))
			continue
		}
		list = append(list, w.NewRaw("UPDATE ?0 SET ?2 = ?5 WHERE "+some, table, row, column,
			t.value(person), erasedAtOnce,
			people.ErasedID))
	}
	return list
}

// addErased adds the person that stands for all who were erased.
func (s *Privacy) addErased(ctx context.Context) error {
	gone := &personRow{ID: people.ErasedID, Username: people.ErasedID, Name: "Người đã được xoá",
		NameKey: nameKey("Người đã được xoá"), Folded: " ", Machine: true, CreatedAt: stamp(s.db.now())}
	_, err := s.db.Writer(ctx).NewInsert().Model(gone).On("CONFLICT DO NOTHING").Exec(ctx)
	return wrap(err, "person", people.ErasedID)
}

// Erase removes a person with the rows that EraseSome left.
func (s *Privacy) Erase(ctx context.Context, person string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.addErased(ctx); err != nil {
			return err
		}
		w, subject := s.db.Writer(ctx), "person:"+person
		steps := []*bun.RawQuery{
			w.NewRaw("UPDATE lessons SET title = '', description = '', deleted_at = ? "+
				"WHERE teacher_id = ? AND published_at IS NULL", stamp(longGone), person),
			// What was imported is in the tables; the file itself may name the person.
			w.NewRaw("UPDATE roster_imports SET data = '' WHERE settled_at IS NOT NULL AND data <> ''"),
			w.NewRaw("UPDATE audit_entries SET detail = '', state_before = '', state_after = '', salt = '' WHERE "+
				auditTells, subject),
			w.NewRaw("UPDATE audit_entries SET place = '', place_salt = '', erased = TRUE WHERE "+auditPlaces,
				subject, person),
		}
		for _, t := range traces {
			column, table := bun.Ident(t.Column), bun.Ident(t.table)
			if t.Own {
				steps = append(steps, w.NewRaw("DELETE FROM ? WHERE ? = ?", table, column, t.value(person)))
			} else {
				steps = append(steps, w.NewRaw("UPDATE ? SET ? = ? WHERE ? = ?", table, column, people.ErasedID, column,
					t.value(person)))
			}
		}
		steps = append(steps, w.NewRaw("DELETE FROM persons WHERE id = ?", person))
		for _, q := range steps {
			if _, err := q.Exec(ctx); err != nil {
				return wrap(err, "erase", person)
			}
		}
		return nil
	})
}
