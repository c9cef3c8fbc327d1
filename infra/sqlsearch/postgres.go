package sqlsearch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// postgres is the dialect of PostgreSQL. It needs no extension: mistyped words
// are corrected from the vocabulary. pg_trgm at its usual threshold found the
// right word for 51 % of single slips in words of four to seven letters; one
// edit away in the vocabulary it was among the six nearest for 99.5 %.
//
// Texts are ordered by bytes (COLLATE "C"), as on SQLite. The word indexes are
// written at once (fastupdate off): searches are many and changes few, and
// every search would read a list of pending changes through.
type postgres struct{}

func (postgres) layout() layout {
	return layout{
		name:    "pgsearch",
		version: "pgsearch/3",
		lock:    `SELECT pg_advisory_xact_lock(465709068144)`, // the number is only this index's name: "lnlop"
		tables:  []string{"catalog_entry", "catalog_word", "catalog_passage"},
		create: slices.Concat([]string{`CREATE TABLE catalog_entry (
			key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lesson_id TEXT NOT NULL UNIQUE,
			package_id TEXT NOT NULL,
			title TEXT NOT NULL, description TEXT NOT NULL,
			subject TEXT COLLATE "C" NOT NULL, subject_name TEXT NOT NULL,
			grade INTEGER NOT NULL, week INTEGER NOT NULL, language TEXT NOT NULL,
			teacher_id TEXT NOT NULL, teacher TEXT NOT NULL, school_id TEXT NOT NULL, school TEXT NOT NULL,
			duration DOUBLE PRECISION NOT NULL, bytes BIGINT NOT NULL, published BIGINT NOT NULL,
			words TSVECTOR NOT NULL, tones TSVECTOR NOT NULL)`,
		}, entryIndexes, []string{
			`CREATE INDEX catalog_entry_words ON catalog_entry USING gin (words) WITH (fastupdate = off)`,
			`CREATE INDEX catalog_entry_tones ON catalog_entry USING gin (tones) WITH (fastupdate = off)`,
			`CREATE TABLE catalog_word (word TEXT PRIMARY KEY, entries INTEGER NOT NULL)`,
			`CREATE TABLE catalog_passage (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
				key BIGINT NOT NULL, said TEXT NOT NULL, words TSVECTOR NOT NULL)`,
			`CREATE INDEX catalog_passage_entry ON catalog_passage (key, number)`,
			`CREATE INDEX catalog_passage_words ON catalog_passage USING gin (words) WITH (fastupdate = off)`,
		}),
		list:       "json_array_elements_text(?::json) AS value",
		passagesOf: "key = ?0",
	}
}

func (postgres) syntax() syntax {
	return syntax{
		and: " & ", or: " | ", prefix: ":*", quote: lexeme,
		phrase: func(words []string) string {
			quoted := make([]string, len(words))
			for i, w := range words {
				quoted[i] = lexeme(w)
			}
			return strings.Join(quoted, " <-> ")
		},
	}
}

// lexeme quotes a word for a tsvector or tsquery.
func lexeme(w string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(w) + "'"
}

func (postgres) insertEntry(ctx context.Context, tx bun.IDB, _ int64, e catalog.Entry) (int64, error) {
	d := e.Document()
	var key int64
	err := tx.QueryRowContext(ctx, `INSERT INTO catalog_entry (`+columns+`, words, tones)
		VALUES (?, ?::tsvector, ?::tsvector) RETURNING key`, values(e), wordsVector(d), tonesVector(d)).Scan(&key)
	return key, err
}

func (postgres) insertPassages(ctx context.Context, tx bun.IDB, key int64, e catalog.Entry) error {
	var texts, vectors []string
	for i, words := range e.PassageWords() {
		for j, w := range words {
			words[j] = lexeme(w)
		}
		texts, vectors = append(texts, e.Spoken[i].Encode()), append(vectors, strings.Join(words, " "))
	}
	if len(texts) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO catalog_passage (key, said, words)
		SELECT ?::bigint, s.value, v.value::tsvector
		FROM json_array_elements_text(?::json) WITH ORDINALITY AS s (value, place)
		JOIN json_array_elements_text(?::json) WITH ORDINALITY AS v (value, place) ON v.place = s.place
		ORDER BY s.place`, key, jsonList(texts), jsonList(vectors))
	return err
}

func (postgres) deleteEntry(ctx context.Context, tx bun.IDB, key int64) error {
	for _, t := range []string{"catalog_entry", "catalog_passage"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+t+` WHERE key = ?`, key); err != nil {
			return err
		}
	}
	return nil
}

// rankWeights are those of D, C, B and A, in the proportions of services/catalog.
var rankWeights = fmt.Sprintf("{%g, %g, %g, 1}", float64(catalog.WeightDescription)/catalog.WeightTitle,
	float64(catalog.WeightTeacher)/catalog.WeightTitle, float64(catalog.WeightTags)/catalog.WeightTitle)

// candidates divides the rank by the logarithm of the document's length (1), so
// that a short title wins over a long one.
func (postgres) candidates(match, where string, args []any, limit int) (string, []any) {
	query := `SELECT e.key, ts_rank(?::real[], e.words, ?::tsquery, 1), ` + facts + `
		FROM catalog_entry AS e WHERE e.words @@ ?::tsquery` + where + ` ORDER BY e.key DESC LIMIT ?`
	return query, slices.Concat([]any{rankWeights, match, match}, args, []any{limit})
}

func (postgres) exact(match, where string, args []any, limit int) (string, []any) {
	query := `SELECT e.key FROM catalog_entry AS e WHERE e.tones @@ ?::tsquery` + where + ` ORDER BY e.key DESC LIMIT ?`
	return query, slices.Concat([]any{match}, args, []any{limit})
}

func (postgres) spoken(match, where string, args []any, limit int) (string, []any) {
	query := `WITH passages AS (
			SELECT key, number FROM catalog_passage WHERE words @@ ?::tsquery ORDER BY number DESC LIMIT ?),
		spoken AS (SELECT key, COUNT(*) AS times, MIN(number) AS first FROM passages GROUP BY key)
		SELECT e.key, spoken.times, ` + facts + `, e.lesson_id, spoken.first
		FROM spoken JOIN catalog_entry AS e ON e.key = spoken.key
		WHERE true` + where + ` ORDER BY e.key DESC`
	return query, slices.Concat([]any{match, limit}, args)
}

// maxPosition is the longest position that a tsvector holds.
const maxPosition = 16383

// wordsVector writes a document as PostgreSQL writes a tsvector: each word with
// its positions and their weight (A title, B grade and subject, C teacher, D
// the rest). PostgreSQL's own parsers would cut words in another way.
func wordsVector(d catalog.Document) string {
	positions := map[string][]string{}
	var order []string
	at := 0
	for _, part := range []struct{ text, weight string }{
		{d.Title, "A"}, {d.Tags, "B"}, {d.Subject, "B"}, {d.Teacher, "C"}, {d.School, "D"}, {d.Description, "D"},
	} {
		at++ // a gap, so that words of two parts never stand next to each other
		for w := range strings.FieldsSeq(part.text) {
			at = min(at+1, maxPosition)
			if positions[w] == nil {
				order = append(order, w)
			}
			positions[w] = append(positions[w], strconv.Itoa(at)+part.weight)
		}
	}
	var b strings.Builder
	for _, w := range order {
		b.WriteString(lexeme(w) + ":" + strings.Join(positions[w], ",") + " ")
	}
	return b.String()
}

func tonesVector(d catalog.Document) string {
	var b strings.Builder
	for w := range strings.FieldsSeq(d.Tones) {
		b.WriteString(lexeme(w) + " ")
	}
	return b.String()
}
