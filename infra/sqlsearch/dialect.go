package sqlsearch

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// dialect is what differs between SQLite and PostgreSQL.
type dialect interface {
	layout() layout
	syntax() syntax
	// insertEntry adds an entry's row and its searchable words, and returns its
	// key. was is the key the lesson had before, or 0.
	insertEntry(ctx context.Context, tx bun.IDB, was int64, e catalog.Entry) (int64, error)
	// insertPassages adds what is said in the lesson of the entry.
	insertPassages(ctx context.Context, tx bun.IDB, key int64, e catalog.Entry) error
	// deleteEntry removes an entry's row, its words and its passages.
	deleteEntry(ctx context.Context, tx bun.IDB, key int64) error
	// candidates, exact and spoken are the queries of the methods of Index with
	// those names; where is " AND ..." on the alias e, with its arguments.
	candidates(match, where string, args []any, limit int) (string, []any)
	exact(match, where string, args []any, limit int) (string, []any)
	spoken(match, where string, args []any, limit int) (string, []any)
}

// layout is how the index is stored.
type layout struct {
	name    string   // in errors
	version string   // in catalog_meta, before the version of the text rules
	lock    string   // statement that makes concurrently starting processes wait; "": not needed
	tables  []string // all of them, in the order in which they are dropped
	create  []string
	// list is a FROM item with one column, value: the elements of a JSON array
	// that is given as one argument.
	list string
	// passagesOf is the condition on catalog_passage for the entry with the key ?0.
	passagesOf string
	// snapshot: a search reads several times and takes a snapshot for it. On
	// PostgreSQL a snapshot is a backup's, without any time limit.
	snapshot bool
}

// entryIndexes serve lists without a text, under each of the filters.
var entryIndexes = []string{
	`CREATE INDEX catalog_entry_shelf ON catalog_entry (grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_subject ON catalog_entry (subject, grade, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_week ON catalog_entry (week, grade, subject, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_language ON catalog_entry (language, grade, subject, week, published DESC, key DESC)`,
	`CREATE INDEX catalog_entry_school
		ON catalog_entry (school_id, grade, subject, week, published DESC, key DESC, language)`,
}

// syntax is the language of text queries. Words come from folding and hold
// letters and digits only; they are quoted all the same.
type syntax struct {
	and, or string
	prefix  string // after a phrase whose last word is a prefix
	quote   func(word string) string
	phrase  func(words []string) string // words next to each other
}

// match writes a parsed query as a text query.
func (s syntax) match(m catalog.ParsedQuery) string {
	choices := make([]string, len(m.Choices))
	for i, terms := range m.Choices {
		choices[i] = "(" + s.terms(terms, s.phrase) + ")"
	}
	return strings.Join(choices, s.or)
}

// matchSpoken writes the terms as a query for passages, which know the words
// that they hold and not where.
func (s syntax) matchSpoken(m catalog.ParsedQuery) string { return s.terms(m.Terms, s.all) }

func (s syntax) terms(terms []catalog.Term, write func(words []string) string) string {
	out := make([]string, len(terms))
	for i, t := range terms {
		alternatives := make([]string, len(t.Alternatives))
		for j, w := range t.Alternatives {
			alternatives[j] = write(w.Words)
			if w.Prefix {
				alternatives[j] += s.prefix
			}
			alternatives[j] = "(" + alternatives[j] + ")"
		}
		out[i] = "(" + strings.Join(alternatives, s.or) + ")"
	}
	return strings.Join(out, s.and)
}

// all asks for all the words, anywhere.
func (s syntax) all(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = s.quote(w)
	}
	return strings.Join(quoted, s.and)
}
