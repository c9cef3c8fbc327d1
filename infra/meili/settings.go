package meili

import (
	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// locale of the texts: Vietnamese, by its ISO 639-3 code.
const locale = "vie"

// settingsVersion is part of every document's version: with other settings or
// other rules of text all differ, and the index is made anew.
const settingsVersion = "meili/1 " + catalog.RulesVersion

// mostHits is how deep Meilisearch may be read: catalog's candidates.
const mostHits = 5000

// settings of an index. There are no synonyms: which words mean the same is
// services/catalog's, one truth for three engines, and stands in the documents
// (a subject's name and its code, "lop9" beside "9").
func settings() *meilisearch.Settings {
	return &meilisearch.Settings{
		// In order of weight.
		SearchableAttributes: []string{"title", "tags", "subject_text", "teacher", "school", "description"},
		FilterableAttributes: []string{"words", "pairs", "tones", "subject", "grade", "week", "language", "school_id"},
		SortableAttributes:   []string{"published"},
		DisplayedAttributes:  []string{"id", "lesson_id", "version", "subject", "grade", "week", "language", "school_id", "published"},
		RankingRules:         []string{"words", "typo", "attribute", "proximity", "sort", "exactness", "published:desc"},
		LocalizedAttributes:  []*meilisearch.LocalizedAttributes{{Locales: []string{locale}, AttributePatterns: []string{"*"}}},
		// Vietnamese words are short: a slip in four letters is as likely as in
		// eight of English. Numbers are grades and years.
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
			DisableOnWords: []string{}, DisableOnAttributes: []string{}, DisableOnNumbers: true},
		Pagination: &meilisearch.Pagination{MaxTotalHits: mostHits},
	}
}
