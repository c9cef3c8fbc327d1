package meili

import (
	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// locale of the texts: Vietnamese, by its ISO 639-3 code.
const locale = "vie"

// settingsVersion is part of every document's version: after a change of the
// settings or of the text rules all documents differ, and the index is rebuilt.
const settingsVersion = "meili/1 " + catalog.RulesVersion

// maxHits is the most hits that Meilisearch returns, more than the candidates of
// services/catalog.
const maxHits = 5000

// settings of an index. It has no synonyms: services/catalog decides for all
// three engines which words mean the same and puts them into the documents (the
// name and the code of a subject, "lop9" beside "9").
func settings() *meilisearch.Settings {
	return &meilisearch.Settings{
		// In order of weight.
		SearchableAttributes: []string{"title", "tags", "subject_text", "teacher", "school", "description"},
		FilterableAttributes: []string{"words", "pairs", "tones", "subject", "grade", "week", "language", "school_id"},
		SortableAttributes:   []string{"published"},
		DisplayedAttributes: []string{"id", "lesson_id", "version", "subject", "grade", "week", "language",
			"school_id", "published"},
		RankingRules: []string{"words", "typo", "attribute", "proximity", "sort", "exactness", "published:desc"},
		LocalizedAttributes: []*meilisearch.LocalizedAttributes{{Locales: []string{locale},
			AttributePatterns: []string{"*"}}},
		// Vietnamese words are short: a typing error in four letters is as likely as
		// in eight letters of English. Numbers are grades and years.
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: true,
			MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
			DisableOnWords:      []string{}, DisableOnAttributes: []string{}, DisableOnNumbers: true},
		Pagination: &meilisearch.Pagination{MaxTotalHits: maxHits},
	}
}
