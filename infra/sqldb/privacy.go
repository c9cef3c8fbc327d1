package sqldb

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"lenlop/services/people"
)

// Privacy is everything that is stored about one person: a people.Records.
type Privacy struct{ db *DB }

// Privacy finds what is stored about one person.
func (d *DB) Privacy() *Privacy { return &Privacy{d} }

var _ people.Records = (*Privacy)(nil)

func (t trace) value(person string) string {
	if t.Viewer {
		return "p:" + person
	}
	return person
}

// Export gives rows by table.
func (s *Privacy) Export(ctx context.Context, person string) (map[string][]map[string]any, error) {
	out := map[string][]map[string]any{}
	for _, t := range slices.Concat(staying, traces) {
		if t.Secret {
			continue
		}
		var rows []map[string]any
		err := s.db.Reader(ctx).NewSelect().TableExpr("?", bun.Ident(t.table)).Where("? = ?", bun.Ident(t.Column),
			t.value(person)).Limit(10_000).Scan(ctx, &rows)
		if err != nil {
			return nil, wrap(err, "export of", person, t.table)
		}
		for _, r := range rows {
			for k, v := range r {
				if raw, ok := v.([]byte); ok {
					r[k] = string(raw)
				}
				if notGivenOut[k] {
					delete(r, k)
				}
			}
		}
		if len(rows) > 0 {
			out[t.table] = append(out[t.table], rows...)
		}
	}
	return out, nil
}
