package sqlsearch

import (
	"context"
	"database/sql"

	"lenlop/services/catalog"
)

// Search finds entries. A search reads several times: where the database allows
// it, all reads see one state, so that a lesson changing meanwhile is not
// counted twice.
func (x *Index) Search(ctx context.Context, q catalog.Query) (r catalog.Result, err error) {
	find := func(ctx context.Context) error {
		r, err = catalog.Find(context.WithValue(ctx, stateKey{}, new(string)), x, q)
		return err
	}
	if x.sql.layout().snapshot {
		err = x.db.Snapshot(ctx, find)
	} else {
		err = find(ctx)
	}
	return r, unavailable(err)
}

// Suggest completes what is being typed.
func (x *Index) Suggest(ctx context.Context, text string, grade, limit int) ([]catalog.Suggestion, error) {
	s, err := catalog.Complete(ctx, x, text, grade, limit)
	return s, unavailable(err)
}

// Vocabulary is cached for as long as the index does not change.
func (x *Index) Vocabulary(ctx context.Context) (*catalog.Vocabulary, error) {
	state, err := x.state(ctx)
	if err != nil {
		return nil, err
	}
	return x.cache.Vocabulary(state, func() (map[string]int, error) {
		return x.countBy(ctx, `SELECT word, entries FROM catalog_word`)
	})
}

// countBy reads rows of a name and a number.
func (x *Index) countBy(ctx context.Context, q string, args ...any) (map[string]int, error) {
	out := map[string]int{}
	_, err := query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (name string, err error) {
		var n int
		err = rows.Scan(&name, &n)
		out[name] = n
		return name, err
	}, q, args...)
	return out, err
}

// Candidates matches the folded words, the newest entries first.
func (x *Index) Candidates(
	ctx context.Context, m catalog.ParsedQuery, f catalog.Query, limit int,
) ([]catalog.Candidate, error) {
	where, args := filters(f)
	q, args := x.sql.candidates(x.sql.syntax().match(m), where, args, limit)
	return query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (c catalog.Candidate, err error) {
		err = scanCandidate(rows, &c)
		return c, err
	}, q, args...)
}

// Exact matches the words with their tones.
func (x *Index) Exact(ctx context.Context, tones []string, f catalog.Query, limit int) ([]int64, error) {
	where, args := filters(f)
	q, args := x.sql.exact(x.sql.syntax().all(tones), where, args, limit)
	return query(ctx, x.db.Reader(ctx), scanValue[int64], q, args...)
}

// Page lists without a text.
func (x *Index) Page(ctx context.Context, f catalog.Query) ([]catalog.Entry, error) {
	where, args := filters(f)
	found, err := query(ctx, x.db.Reader(ctx), scanKeyed, `SELECT key, `+columns+` FROM catalog_entry AS e
		WHERE true`+where+` ORDER BY `+inOrder+` LIMIT ? OFFSET ?`, append(args, f.Limit, f.Offset)...)
	return entries(found), err
}

// Keyed returns entries in the order of the keys; missing ones are left out.
func (x *Index) Keyed(ctx context.Context, keys []int64) ([]catalog.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := query(ctx, x.db.Reader(ctx), scanKeyed, `SELECT key, `+columns+` FROM catalog_entry
		WHERE key IN (SELECT CAST(value AS BIGINT) FROM `+x.sql.layout().list+`)`, jsonList(keys))
	if err != nil {
		return nil, err
	}
	byKey := make(map[int64]catalog.Entry, len(found))
	for _, k := range found {
		byKey[k.key] = k.Entry
	}
	var es []catalog.Entry
	for _, key := range keys {
		if e, ok := byKey[key]; ok {
			es = append(es, e)
		}
	}
	return es, nil
}

// Counts are cached for as long as the index does not change.
func (x *Index) Counts(ctx context.Context, f catalog.Query) (catalog.Counts, error) {
	state, err := x.state(ctx)
	if err != nil {
		return catalog.Counts{}, err
	}
	return x.cache.Counts(state, f, func(f catalog.Query) (c catalog.Counts, err error) {
		// The facts depend on the school only, so lists under other filters share them.
		if f != (catalog.Query{School: f.School}) {
			facts, err := x.Counts(ctx, catalog.Query{School: f.School})
			if err != nil {
				return c, err
			}
			c.Facts = facts.Facts
		} else if c.Facts, err = x.readFacts(ctx, f.School); err != nil {
			return c, err
		}
		f.School = ""
		where, args := filters(f)
		c.Schools, err = x.countBy(ctx, `SELECT e.school_id, COUNT(*) FROM catalog_entry AS e
			WHERE e.school_id <> ''`+where+` GROUP BY 1`, args...)
		return c, err
	})
}

func (x *Index) readFacts(ctx context.Context, school string) ([]catalog.Count, error) {
	where, args := filters(catalog.Query{School: school})
	return query(ctx, x.db.Reader(ctx), func(rows *sql.Rows) (c catalog.Count, err error) {
		err = rows.Scan(&c.Subject, &c.Grade, &c.Week, &c.Language, &c.N)
		return c, err
	}, `SELECT e.subject, e.grade, e.week, e.language, COUNT(*)
		FROM catalog_entry AS e WHERE true`+where+` GROUP BY 1, 2, 3, 4`, args...)
}
