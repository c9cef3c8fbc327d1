package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/people"
)

var _ people.Finder = (*People)(nil)

// Find lists people by name as Vietnamese lists do. Nearly everybody is a
// student, so students, and the words of a search, are walked through in the
// order of names; all other roles, and schools, are few people, who are found
// first and put in order.
func (s *People) Find(ctx context.Context, f people.Search) ([]people.Person, error) {
	if f.Limit <= 0 {
		f.Limit = defaultPage
	}
	var rows []personRow
	// "+" keeps SQLite from walking all names for a few people.
	order := "p.name_key"
	q := s.db.Reader(ctx).NewSelect().Model(&rows).ColumnExpr("p.*").ColumnExpr(secondStep).Where(
		"NOT p.machine").Limit(int64(f.Limit))
	switch {
	case f.School != "":
		order = "p.name_key || ''"
		q = q.Where("p.id IN (SELECT g.person_id FROM grants AS g WHERE g.school_id = ? AND (g.role = ? OR ? = ''))",
			f.School, string(f.Role), string(f.Role))
	case f.Role == people.Student:
		q = q.Where("EXISTS (SELECT 1 FROM grants AS g WHERE g.person_id = p.id AND g.role = ?)", string(f.Role))
	case f.Role != "":
		order = "p.name_key || ''"
		q = q.Where("p.id IN (SELECT g.person_id FROM grants AS g WHERE g.role = ?)", string(f.Role))
	}
	q = havingWords(q, f.Q)
	if f.After != "" {
		q = q.Where("(p.name_key, p.id) > (SELECT a.name_key, a.id FROM persons AS a WHERE a.id = ?)", f.After)
	}
	// An import that is under way is seen whole or not at all.
	q = q.Where(
		"NOT EXISTS (SELECT 1 FROM students AS st JOIN roster_imports AS i ON i.id = st.batch WHERE st.person_id = p.id AND i.visible_at IS NULL)")
	if err := q.OrderExpr("? , p.id", bun.Safe(order)).Scan(ctx); err != nil {
		return nil, wrap(err, "persons")
	}
	return s.withGrants(ctx, rows)
}
