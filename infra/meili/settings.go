package meili

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// locale of the texts: Vietnamese, by its ISO 639-3 code.
const locale = "vie"

// settingsVersion is part of every document's version: after a change of the
// text rules all documents differ, and the index is rebuilt. Changed settings
// alone are sent to the index that is there.
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

// defaults are the settings that must have Meilisearch's own value, because any
// other changes which lessons a search returns or how they are ranked. null
// resets a setting.
const defaults = `{"stopWords": [], "nonSeparatorTokens": [], "separatorTokens": [], "dictionary": [],
	"synonyms": {}, "distinctAttribute": null, "proximityPrecision": "byWord", "searchCutoffMs": null,
	"prefixSearch": "indexingTime"}`

// wantedSettings returns settings and defaults by name, as JSON values.
func wantedSettings() map[string]any {
	all := map[string]any{}
	raw, err := json.Marshal(settings())
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err == nil {
		err = json.Unmarshal([]byte(defaults), &all)
	}
	if err != nil {
		panic(err) // both are constant
	}
	return all
}

// differentSettings returns the wanted values of those settings that an index has
// otherwise. A setting that only other releases of Meilisearch know is ignored,
// as is one with its own value that this one does not know.
func differentSettings(has map[string]any) map[string]any {
	own := map[string]any{}
	if err := json.Unmarshal([]byte(defaults), &own); err != nil {
		panic(err) // constant
	}
	differ := map[string]any{}
	for name, want := range wantedSettings() {
		got, known := has[name]
		if _, isDefault := own[name]; isDefault && !known {
			continue
		}
		if !sameSetting(name, want, got) {
			differ[name] = want
		}
	}
	return differ
}

// ordered are the settings whose order counts; Meilisearch may list the others in
// any order.
var ordered = []string{"searchableAttributes", "rankingRules"}

func sameSetting(name string, want, got any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) == 0 {
			return ok && len(g) == 0
		}
		for key, v := range w { // newer releases may add keys
			if !sameSetting(key, v, g[key]) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) != len(g) {
			return false
		}
		if !slices.Contains(ordered, name) {
			w, g = sortedValues(w), sortedValues(g)
		}
		return slices.EqualFunc(w, g, func(a, b any) bool { return sameSetting(name, a, b) })
	}
	return reflect.DeepEqual(want, got)
}

func sortedValues(all []any) []any {
	text := func(v any) []byte {
		raw, _ := json.Marshal(v) // came from JSON
		return raw
	}
	return slices.SortedFunc(slices.Values(all), func(a, b any) int { return bytes.Compare(text(a), text(b)) })
}
