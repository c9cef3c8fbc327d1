package sqlsearch

import (
	"context"
	"database/sql"

	"lenlop/services/catalog"
)

// inOrder is the order of lists without a text.
const inOrder = "e.grade, e.subject, e.week, e.published DESC, e.key DESC"

// FirstOfSubjects lists the first entries of each subject of a grade, at most
// each of a subject, in the order of lists, and how many each subject has. It
// is one query, however many subjects there are.
func (x *Index) FirstOfSubjects(ctx context.Context, grade, each int) ([]catalog.Entry, map[string]int, error) {
	totals := map[string]int{}
	found, err := query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (k keyed, err error) {
		var n int
		k, err = scanEntry(rows, &n)
		totals[k.Subject] = n
		return k, err
	}, `SELECT e.key, `+columns+`, p.n FROM (SELECT e.key, COUNT(*) OVER (PARTITION BY e.subject) AS n,
			ROW_NUMBER() OVER (PARTITION BY e.subject ORDER BY `+inOrder+`) AS place
			FROM catalog_entry AS e WHERE e.grade = ?) AS p
		JOIN catalog_entry AS e ON e.key = p.key WHERE p.place <= ? ORDER BY `+inOrder, grade, each)
	return entries(found), totals, unavailable(err)
}

// First lists the first entries of all in the order of lists, and how many there are.
func (x *Index) First(ctx context.Context, limit int) (es []catalog.Entry, total int, err error) {
	found, err := query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (keyed, error) { return scanEntry(rows, &total) },
		`SELECT e.key, `+columns+`, (SELECT COUNT(*) FROM catalog_entry) FROM catalog_entry AS e
		ORDER BY `+inOrder+` LIMIT ?`, limit)
	return entries(found), total, unavailable(err)
}

// Around lists entries of a subject and grade in the order of lists: the first
// of all, and of every week from one to another the first each.
func (x *Index) Around(ctx context.Context, subject string, grade, first, fromWeek, toWeek, each int) (
	[]catalog.Entry, error,
) {
	found, err := query(ctx, x.db.Reader(ctx), scanKeyed,
		`SELECT e.key, `+columns+` FROM (SELECT e.key, ROW_NUMBER() OVER (ORDER BY `+inOrder+`) AS place,
			ROW_NUMBER() OVER (PARTITION BY e.week ORDER BY `+inOrder+`) AS of_week
			FROM catalog_entry AS e WHERE e.subject = ? AND e.grade = ?) AS p
		JOIN catalog_entry AS e ON e.key = p.key
		WHERE p.place <= ? OR e.week BETWEEN ? AND ? AND p.of_week <= ? ORDER BY `+inOrder,
		subject, grade, first, fromWeek, toWeek, each)
	return entries(found), unavailable(err)
}
