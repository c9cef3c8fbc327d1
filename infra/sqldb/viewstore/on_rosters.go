package viewstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/school"
	"lenlop/services/viewership"
)

// idLookupLimit is how many persons are looked up by their ids; for more, the
// rosters are scanned.
const idLookupLimit = 2000

// OnRosters counts those of the persons who are on the rosters of a scope.
func (s *Views) OnRosters(ctx context.Context, o school.Scope, television,
	web map[string]bool) (viewership.Identified, error) {
	var found viewership.Identified
	seen := map[string]bool{}
	count := func(p string) {
		if seen[p] || !television[p] && !web[p] {
			return
		}
		seen[p] = true
		switch {
		case television[p] && web[p]:
			found.Both++
		case television[p]:
			found.TelevisionOnly++
		default:
			found.WebOnly++
		}
	}
	if len(web)+len(television) > idLookupLimit {
		return found, s.enrolled(ctx, o, nil, count)
	}
	ids := append(keys(web), keys(television)...)
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		if err := s.enrolled(ctx, o, part, count); err != nil {
			return found, err
		}
	}
	return found, nil
}

// enrolled calls fn with the persons on a scope's rosters, of the ids or all.
func (s *Views) enrolled(ctx context.Context, o school.Scope, ids []string, fn func(person string)) error {
	q := s.db.Reader(ctx).NewSelect().TableExpr("seen_enrolments AS e").ColumnExpr("e.person_id").Where(
		sqldb.EnrolledOnDay, o.Day, o.Day)
	if ids != nil {
		q = q.Where("e.person_id IN (?)", bun.List(ids))
	}
	if o.Grade != 0 || o.School != "" || o.Area != "" {
		q = q.Join("JOIN classes AS c ON c.id = e.class_id")
	}
	if o.Grade != 0 {
		q = q.Where("c.grade = ?", o.Grade)
	}
	if o.School != "" {
		q = q.Where("c.school_id = ?", o.School)
	}
	if o.Area != "" {
		q = q.Where("c.school_id IN ("+schoolsIn+")", o.Area)
	}
	rows, err := q.Rows(ctx)
	if err != nil {
		return sqldb.WrapError(err, "persons on rosters")
	}
	defer rows.Close()
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			return sqldb.WrapError(err, "persons on rosters")
		}
		fn(person)
	}
	return sqldb.WrapError(rows.Err(), "persons on rosters")
}
