package sqlsearch

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// columns of catalog_entry that make an entry, in the order of values; facts
// are those that filters and facets need, in the order of scanFacts.
const (
	columns = `lesson_id, package_id, title, description, subject, subject_name, grade, week, language,
	teacher_id, teacher, school_id, school, duration, bytes, published`
	facts = `e.subject, e.grade, e.week, e.language, e.school_id, e.published`
)

// values writes an entry for the columns.
func values(e catalog.Entry) any {
	return bun.List([]any{
		e.LessonID, e.PackageID, e.Title, e.Description, e.Subject, e.SubjectName, e.Grade, e.Week, e.Language,
		e.TeacherID, e.Teacher, e.SchoolID, e.School, e.Duration, e.Bytes, e.PublishedAt.UnixMilli(),
	})
}

// keyed is an entry with its key.
type keyed struct {
	key int64
	catalog.Entry
}

func entries(found []keyed) []catalog.Entry {
	var es []catalog.Entry
	for _, k := range found {
		es = append(es, k.Entry)
	}
	return es
}

// scanEntry reads a row of the key and the columns, and what follows them into more.
func scanEntry(rows *sql.Rows, more ...any) (k keyed, err error) {
	e := &k.Entry
	var published int64
	err = rows.Scan(append([]any{&k.key, &e.LessonID, &e.PackageID, &e.Title, &e.Description, &e.Subject,
		&e.SubjectName,
		&e.Grade, &e.Week, &e.Language, &e.TeacherID, &e.Teacher, &e.SchoolID, &e.School, &e.Duration, &e.Bytes,
		&published}, more...)...)
	e.PublishedAt = time.UnixMilli(published).UTC()
	return k, err
}

// scanKeyed reads a row of the key and the columns.
func scanKeyed(rows *sql.Rows) (keyed, error) { return scanEntry(rows) }

// scanCandidate reads a row of the key, the score and the facts, and what
// follows them into more.
func scanCandidate(rows *sql.Rows, c *catalog.Candidate, more ...any) error {
	return rows.Scan(append([]any{
		&c.Key, &c.Score, &c.Subject, &c.Grade, &c.Week, &c.Language, &c.School, &c.Newest,
	}, more...)...)
}

// scanValue reads a row of one column.
func scanValue[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

// query reads all rows of a query.
func query[T any](
	ctx context.Context, db bun.IDB, scan func(*sql.Rows) (T, error), q string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// filters writes the conditions of a query except its text, on the alias e.
func filters(f catalog.Query) (where string, args []any) {
	and := func(cond string, arg any) {
		where += " AND " + cond
		args = append(args, arg)
	}
	if f.Subject != "" {
		and("e.subject = ?", f.Subject)
	}
	if f.Grade != 0 {
		and("e.grade = ?", f.Grade)
	}
	if f.Week != 0 {
		and("e.week = ?", f.Week)
	}
	if f.Language != "" {
		and("e.language = ?", f.Language)
	}
	if f.School != "" {
		and("e.school_id = ?", f.School)
	}
	return where, args
}

// jsonList writes a list as one argument; strings and numbers always marshal.
func jsonList[T string | int64](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "[]"
	}
	return string(b)
}
