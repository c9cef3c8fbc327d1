package fts

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lenlop/services/catalog"
)

const columns = `lesson_id, package_id, title, description, subject, subject_name, grade, week, language,
	teacher_id, teacher, school_id, school, duration, bytes, published`

// Search finds entries.
func (x *Index) Search(ctx context.Context, q catalog.Query) (catalog.Result, error) {
	var r catalog.Result
	err := x.db.Snapshot(ctx, func(ctx context.Context) (err error) {
		r, err = catalog.Find(ctx, x, q)
		return err
	})
	return r, unavailable(err)
}

// Suggest completes what is being typed.
func (x *Index) Suggest(ctx context.Context, text string, grade, limit int) ([]catalog.Suggestion, error) {
	s, err := catalog.Propose(ctx, x, text, grade, limit)
	return s, unavailable(err)
}

// Vocabulary is read again when the index has changed.
func (x *Index) Vocabulary(ctx context.Context) (*catalog.Vocabulary, error) {
	state, err := x.state(ctx)
	if err != nil {
		return nil, err
	}
	return x.memory.Vocabulary(state, func() (map[string]int, error) {
		rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT word, entries FROM catalog_word`)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		words := map[string]int{}
		for rows.Next() {
			var w string
			var n int
			if err := rows.Scan(&w, &n); err != nil {
				return nil, err
			}
			words[w] = n
		}
		return words, rows.Err()
	})
}

// Candidates matches the folded words.
func (x *Index) Candidates(ctx context.Context, m catalog.Meaning, f catalog.Query, limit int) ([]catalog.Candidate, error) {
	where, args := filters(f)
	query := fmt.Sprintf(`SELECT e.key, -bm25(catalog_fts, %d, %d, %d, %d, %d, %d), e.subject, e.grade, e.week, e.language, e.school_id, e.published
		FROM catalog_fts JOIN catalog_entry AS e ON e.key = catalog_fts.rowid
		WHERE catalog_fts MATCH ?%s ORDER BY catalog_fts.rowid DESC LIMIT ?`,
		catalog.WeightTitle, catalog.WeightTags, catalog.WeightSubject, catalog.WeightTeacher, catalog.WeightSchool, catalog.WeightDescription, where)
	args = append(append([]any{match(m)}, args...), limit)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []catalog.Candidate
	for rows.Next() {
		var c catalog.Candidate
		if err := rows.Scan(&c.Key, &c.Score, &c.Subject, &c.Grade, &c.Week, &c.Language, &c.School, &c.Newest); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Exact matches the words with their tones.
func (x *Index) Exact(ctx context.Context, tones []string, f catalog.Query, limit int) ([]int64, error) {
	quoted := make([]string, len(tones))
	for i, t := range tones {
		quoted[i] = quote(t)
	}
	where, args := filters(f)
	query := `SELECT catalog_tones.rowid FROM catalog_tones`
	if where != "" {
		query += ` JOIN catalog_entry AS e ON e.key = catalog_tones.rowid`
	}
	query += ` WHERE catalog_tones MATCH ?` + where + ` ORDER BY catalog_tones.rowid DESC LIMIT ?`
	args = append(append([]any{strings.Join(quoted, " AND ")}, args...), limit)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var key int64
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, rows.Err()
}

// Page lists without a text.
func (x *Index) Page(ctx context.Context, f catalog.Query) ([]catalog.Entry, error) {
	where, args := filters(f)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT e.key, `+columns+` FROM catalog_entry AS e WHERE true`+where+`
		ORDER BY e.grade, e.subject, e.week, e.published DESC, e.key DESC LIMIT ? OFFSET ?`, append(args, f.Limit, f.Offset)...)
	if err != nil {
		return nil, err
	}
	es, _, err := scan(rows)
	return es, err
}

// Counts are read again when the index has changed.
func (x *Index) Counts(ctx context.Context, f catalog.Query) (catalog.Counts, error) {
	state, err := x.state(ctx)
	if err != nil {
		return catalog.Counts{}, err
	}
	return x.memory.Counts(state, f, func(f catalog.Query) (c catalog.Counts, err error) {
		// Those of all schools serve every list that asks for none.
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
		c.Schools, err = x.readSchools(ctx, f)
		return c, err
	})
}

func (x *Index) readFacts(ctx context.Context, school string) ([]catalog.Count, error) {
	where, args := filters(catalog.Query{School: school})
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT e.subject, e.grade, e.week, e.language, COUNT(*)
		FROM catalog_entry AS e WHERE true`+where+` GROUP BY 1, 2, 3, 4`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []catalog.Count
	for rows.Next() {
		var c catalog.Count
		if err := rows.Scan(&c.Subject, &c.Grade, &c.Week, &c.Language, &c.N); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func (x *Index) readSchools(ctx context.Context, f catalog.Query) (map[string]int, error) {
	where, args := filters(f)
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT e.school_id, COUNT(*)
		FROM catalog_entry AS e WHERE e.school_id <> ''`+where+` GROUP BY 1`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}

// Keyed gives entries in the order of the keys.
func (x *Index) Keyed(ctx context.Context, keys []int64) ([]catalog.Entry, error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	rows, err := x.db.Reader(ctx).QueryContext(ctx, `SELECT e.key, `+columns+`
		FROM json_each(?) AS wanted JOIN catalog_entry AS e ON e.key = wanted.value ORDER BY wanted.key`, string(list))
	if err != nil {
		return nil, err
	}
	es, _, err := scan(rows)
	return es, err
}

// match writes a meaning in FTS5's query language. Every word comes from
// folding, so it holds letters and digits only, and is quoted all the same.
func match(m catalog.Meaning) string {
	var choices []string
	for _, c := range m.Choices {
		var terms []string
		for _, t := range c {
			var ways []string
			for _, w := range t.Ways {
				way := quote(strings.Join(w.Words, " "))
				if w.Prefix {
					way += " *"
				}
				ways = append(ways, way)
			}
			terms = append(terms, "("+strings.Join(ways, " OR ")+")")
		}
		choices = append(choices, "("+strings.Join(terms, " AND ")+")")
	}
	return strings.Join(choices, " OR ")
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// filters writes the conditions of a query but its text, on e.
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

// scan reads rows of key and columns, and closes them.
func scan(rows *sql.Rows) (es []catalog.Entry, keys []int64, err error) {
	defer rows.Close()
	for rows.Next() {
		var e catalog.Entry
		var key, published int64
		err := rows.Scan(&key, &e.LessonID, &e.PackageID, &e.Title, &e.Description, &e.Subject, &e.SubjectName, &e.Grade, &e.Week, &e.Language,
			&e.TeacherID, &e.Teacher, &e.SchoolID, &e.School, &e.Duration, &e.Bytes, &published)
		if err != nil {
			return nil, nil, err
		}
		e.PublishedAt = time.UnixMilli(published).UTC()
		es, keys = append(es, e), append(keys, key)
	}
	return es, keys, rows.Err()
}

// jsonList passes a list as one argument.
func jsonList(list []string) string {
	b, err := json.Marshal(list)
	if err != nil || list == nil {
		return "[]" // strings always marshal
	}
	return string(b)
}
