package sqldb

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/catalog"
)

// foldedWords are the words that somebody is found by, without marks and
// capitals, each behind a space. It is never empty.
func foldedWords(name, username string) string {
	if strings.HasPrefix(username, studentName("")) {
		username = "" // nobody knows it
	}
	return " " + catalog.Fold(name+" "+username)
}

// foldOld gives words to people from before they were kept.
func (s *People) foldOld(ctx context.Context) error {
	const piece = 500 // keeps each write short
	for {
		var rows []personRow
		err := s.db.write.NewSelect().Model(&rows).Column("id", "name",
			"username").Where("folded = ''").Limit(piece).Scan(ctx)
		if err != nil {
			return wrap(err, "persons: words")
		}
		if len(rows) == 0 {
			return nil
		}
		for i := range rows {
			rows[i].Folded = foldedWords(rows[i].Name, rows[i].Username)
		}
		if _, err := s.db.write.NewUpdate().With("new",
			s.db.write.NewValues(&rows).Column("id", "folded")).Model((*personRow)(nil)).TableExpr("new").
			Set("folded = new.folded").Where("p.id = new.id").Exec(ctx); err != nil {
			return wrap(err, "persons: words")
		}
	}
}

// havingWords narrows to people who have each of the words, or its beginning.
func havingWords(q *bun.SelectQuery, words string) *bun.SelectQuery {
	for w := range strings.FieldsSeq(catalog.Fold(words)) {
		q = q.Where("p.folded LIKE ?", "% "+w+"%") // a folded word is letters and digits
	}
	return q
}
