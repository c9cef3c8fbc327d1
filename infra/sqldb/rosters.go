package sqldb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/people"
	"lenlop/services/school"
)

// Rosters keeps the files of the organisation and what they bring in: a
// school.RosterStore.
type Rosters struct{ db *DB }

// Rosters is the store of imports of the organisation.
func (d *DB) Rosters() *Rosters { return &Rosters{d} }

var _ school.RosterStore = (*Rosters)(nil)

// several is how many values one question names.
const several = 1000

type rosterImportRow struct {
	bun.BaseModel `bun:"table:roster_imports,alias:i"`

	ID        string `bun:",pk"`
	Kind      string
	Filename  string
	Hash      string
	Data      []byte
	ByPerson  string
	At        stamp
	VisibleAt stamp
	SettledAt stamp
	Counts    string
}

func (r *rosterImportRow) imported() (school.Import, error) {
	i := school.Import{ID: r.ID, Kind: school.ImportKind(r.Kind), Filename: r.Filename, Hash: r.Hash, Data: r.Data,
		By: r.ByPerson,
		At: r.At.Time(), Visible: r.VisibleAt.Time(), Settled: r.SettledAt.Time()}
	if err := json.Unmarshal([]byte(r.Counts), &i.Counts); err != nil {
		return i, fmt.Errorf("import %s: counts: %w", r.ID, err)
	}
	return i, nil
}

// SaveImport adds or replaces an import.
func (s *Rosters) SaveImport(ctx context.Context, i school.Import) error {
	counts, err := json.Marshal(i.Counts)
	if err != nil {
		return fmt.Errorf("import %s: %w", i.ID, err)
	}
	if i.Data == nil {
		i.Data = []byte{}
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&rosterImportRow{ID: i.ID, Kind: string(i.Kind), Filename: i.Filename,
		Hash: i.Hash, Data: i.Data,
		ByPerson: i.By, At: stamp(i.At), VisibleAt: stamp(i.Visible), SettledAt: stamp(i.Settled),
		Counts: string(counts)}).
		On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "import", i.ID)
}

// Import reads an import with its data.
func (s *Rosters) Import(ctx context.Context, id string) (school.Import, error) {
	var r rosterImportRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return school.Import{}, missing(err, "import.not_found", "import", id)
	}
	return r.imported()
}

// Imports lists the latest without their data.
func (s *Rosters) Imports(ctx context.Context, limit int) ([]school.Import, error) {
	var rows []rosterImportRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Order("id DESC").Limit(int64(limit)).Scan(
		ctx); err != nil {
		return nil, wrap(err, "imports")
	}
	var list []school.Import
	for _, r := range rows {
		i, err := r.imported()
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// StudentsByKey gives the known students among the keys.
func (s *Rosters) StudentsByKey(ctx context.Context, keys []string) (map[string]school.Student, error) {
	out := make(map[string]school.Student, len(keys))
	for part := range slices.Chunk(keys, several) {
		var list []school.Student
		err := s.db.Reader(ctx).NewRaw(
			"SELECT st.person_id, p.name, st.code_key AS key FROM students AS st JOIN persons AS p ON p.id = st.person_id "+
				"WHERE st.code_key IN (?)", bun.List(part)).Scan(ctx, &list)
		if err != nil {
			return nil, wrap(err, "students by key")
		}
		for _, x := range list {
			out[x.Key] = x
		}
	}
	return out, nil
}

// EnrolmentsOf gives the enrolments of the persons, oldest first.
func (s *Rosters) EnrolmentsOf(ctx context.Context, persons []string) (map[string][]school.Enrolment, error) {
	out := make(map[string][]school.Enrolment, len(persons))
	for part := range slices.Chunk(persons, several) {
		var rows []enrolmentRow
		err := s.db.Reader(ctx).NewRaw(
			"SELECT person_id, class_id, from_day, to_day FROM seen_enrolments WHERE person_id IN (?) "+
				"ORDER BY person_id, from_day, class_id", bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, wrap(err, "enrolments")
		}
		for _, r := range rows {
			out[r.PersonID] = append(out[r.PersonID],
				school.Enrolment{ClassID: r.ClassID, PersonID: r.PersonID, From: r.FromDay, To: r.ToDay})
		}
	}
	return out, nil
}

// Members lists all enrolments of a class.
func (s *Rosters) Members(ctx context.Context, class string) ([]school.Member, error) {
	var rows []struct{ PersonID, Name, Key, FromDay, ToDay string }
	err := s.db.Reader(ctx).NewRaw(
		"SELECT p.id AS person_id, p.name, st.code_key AS key, e.from_day, e.to_day FROM seen_enrolments AS e "+
			"JOIN persons AS p ON p.id = e.person_id JOIN students AS st ON st.person_id = p.id WHERE e.class_id = ? "+
			"ORDER BY p.name_key, st.code_key, e.from_day", class).Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(err, "members of class", class)
	}
	list := make([]school.Member, len(rows))
	for i, r := range rows {
		list[i] = school.Member{Student: school.Student{PersonID: r.PersonID, Name: r.Name, Key: r.Key},
			From: r.FromDay, To: r.ToDay}
	}
	return list, nil
}

// ByUsernames gives the persons among the usernames that there are.
func (s *Rosters) ByUsernames(ctx context.Context, usernames []string) (map[string]people.Person, error) {
	out := make(map[string]people.Person, len(usernames))
	store := s.db.People()
	for part := range slices.Chunk(usernames, several) {
		var rows []personRow
		if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("username IN (?)",
			bun.List(part)).Scan(ctx); err != nil {
			return nil, wrap(err, "persons by username")
		}
		list, err := store.withGrants(ctx, rows)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			out[p.Username] = p
		}
	}
	return out, nil
}

// Stage writes one piece of an import, which is seen with the import.
func (s *Rosters) Stage(ctx context.Context, batch string, p school.Piece) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.born(ctx, batch, p); err != nil {
			return err
		}
		w := s.db.Writer(ctx)
		for _, x := range p.Named {
			_, err := w.NewRaw("UPDATE persons SET name = ?, name_key = ?, folded = ? WHERE id = ?", x.Name,
				nameKey(x.Name), foldedWords(x.Name, ""), x.PersonID).Exec(ctx)
			if err != nil {
				return wrap(err, "student", x.PersonID)
			}
		}
		for _, e := range p.Gone {
			_,
				err := w.NewRaw(
				"UPDATE enrolments SET gone_batch = ? WHERE person_id = ? AND class_id = ? AND from_day = ? AND batch = ''",
				batch, e.PersonID, e.ClassID, e.From).Exec(ctx)
			if err != nil {
				return wrap(err, "enrolment of", e.PersonID)
			}
		}
		if len(p.Added) == 0 {
			return nil
		}
		rows := make([]enrolmentRow, len(p.Added))
		for i, e := range p.Added {
			rows[i] = enrolmentRow{PersonID: e.PersonID, ClassID: e.ClassID, FromDay: e.From, ToDay: e.To, Batch: batch}
		}
		_, err := w.NewInsert().Model(&rows).On("CONFLICT (person_id, class_id, from_day, batch) DO UPDATE").Set(
			"to_day = EXCLUDED.to_day").Exec(ctx)
		return wrap(err, "enrolments of import", batch)
	})
}

// born adds the students that were not known, with their role, and the role of
// those who join another school.
func (s *Rosters) born(ctx context.Context, batch string, p school.Piece) error {
	var persons []personRow
	var students []studentRow
	var roles []grantRow
	names := newNamer()
	for _, x := range p.Born {
		persons = append(persons, personRow{ID: x.PersonID, Username: studentName(x.PersonID), Name: x.Name,
			NameKey: names.key(x.Name), Folded: foldedWords(x.Name, ""),
			Active: true, CreatedAt: stamp(p.At)})
		students = append(students, studentRow{PersonID: x.PersonID, CodeKey: x.Key, Batch: batch})
	}
	for _, x := range slices.Concat(p.Born, p.Joined) {
		roles = append(roles, grantRow{PersonID: x.PersonID, Role: string(people.Student), SchoolID: x.School})
	}
	w := s.db.Writer(ctx)
	if len(persons) > 0 {
		if _, err := w.NewInsert().Model(&persons).Exec(ctx); err != nil {
			return wrap(err, "students of import", batch)
		}
		if _, err := w.NewInsert().Model(&students).Exec(ctx); err != nil {
			return wrap(err, "students of import", batch)
		}
	}
	if len(roles) > 0 {
		_, err := w.NewInsert().Model(&roles).On("CONFLICT DO NOTHING").Exec(ctx)
		return wrap(err, "roles of import", batch)
	}
	return nil
}

// someOf narrows a change to so many of an import's enrolments.
const someOf = "(person_id, class_id, from_day, batch) IN (SELECT e.person_id, e.class_id, e.from_day, e.batch FROM enrolments AS e WHERE e.%s = ? AND e.%[1]s <> '' LIMIT ?)"

// run makes one change of at most limit rows and says whether it found none.
func (s *Rosters) run(ctx context.Context, batch, query string, args ...any) (none bool, err error) {
	res, err := s.db.Writer(ctx).NewRaw(query, args...).Exec(ctx)
	if err != nil {
		return false, wrap(err, "import", batch)
	}
	n, err := res.RowsAffected()
	return n == 0, wrap(err, "import", batch)
}

// Unstage takes at most limit staged rows back.
func (s *Rosters) Unstage(ctx context.Context, batch string, limit int) (done bool, err error) {
	for _, q := range []string{
		"DELETE FROM enrolments WHERE " + fmt.Sprintf(someOf, "batch"),
		"UPDATE enrolments SET gone_batch = '' WHERE " + fmt.Sprintf(someOf, "gone_batch"),
		"DELETE FROM persons WHERE id IN (SELECT st.person_id FROM students AS st WHERE st.batch = ? AND st.batch <> '' LIMIT ?)",
	} {
		if none, err := s.run(ctx, batch, q, batch, limit); err != nil || !none {
			return false, err
		}
	}
	return true, nil
}

// Settle makes at most limit rows of a visible import plain rows.
func (s *Rosters) Settle(ctx context.Context, batch string, limit int) (done bool, err error) {
	for _, q := range []string{
		"DELETE FROM enrolments WHERE " + fmt.Sprintf(someOf, "gone_batch"),
		"UPDATE enrolments SET batch = '' WHERE " + fmt.Sprintf(someOf, "batch"),
		"UPDATE students SET batch = '' WHERE person_id IN (SELECT st.person_id FROM students AS st WHERE st.batch = ? AND st.batch <> '' LIMIT ?)",
	} {
		if none, err := s.run(ctx, batch, q, batch, limit); err != nil || !none {
			return false, err
		}
	}
	return true, nil
}

// ForgetFiles empties the files of imports from before a moment, but for those
// that are under way: what they said is in the tables.
func (s *Rosters) ForgetFiles(ctx context.Context, before time.Time) error {
	_, err := s.db.Writer(ctx).NewRaw(
		"UPDATE roster_imports SET data = '' WHERE at < ? AND (settled_at IS NOT NULL OR visible_at IS NULL) AND data <> ''",
		stamp(before)).Exec(ctx)
	return wrap(err, "files of imports")
}
