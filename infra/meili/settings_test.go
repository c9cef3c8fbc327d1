package meili

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// asReported are the settings as a real Meilisearch 1.50.0 reports them after it
// was sent settings().
const asReported = `{"displayedAttributes": ["id", "lesson_id", "version", "subject", "grade", "week", "language",
	"school_id", "published"],
	"searchableAttributes": ["title", "tags", "subject_text", "teacher", "school", "description"],
	"filterableAttributes": ["words", "pairs", "tones", "subject", "grade", "week", "language", "school_id"],
	"sortableAttributes": ["published"],
	"rankingRules": ["words", "typo", "attribute", "proximity", "sort", "exactness", "published:desc"],
	"stopWords": [], "nonSeparatorTokens": [], "separatorTokens": [], "dictionary": [], "synonyms": {},
	"distinctAttribute": null, "proximityPrecision": "byWord",
	"typoTolerance": {"enabled": true, "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8}, "disableOnWords": [],
		"disableOnAttributes": [], "disableOnNumbers": true},
	"faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
	"pagination": {"maxTotalHits": 5000}, "embedders": {}, "searchCutoffMs": null,
	"localizedAttributes": [{"attributePatterns": ["*"], "locales": ["vie"]}],
	"facetSearch": true, "prefixSearch": "indexingTime"}`

func TestDifferentSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change string // of asReported
		want   []string
	}{
		"as sent": {`{}`, nil},
		"lists in another order": {`{"filterableAttributes": ["grade", "words", "pairs", "tones", "subject", "week",
			"language", "school_id"]}`, nil},
		"a newer key within": {`{"typoTolerance": {"enabled": true, "minWordSizeForTypos": {"oneTypo": 4,
			"twoTypos": 8, "three": 12}, "disableOnWords": [], "disableOnAttributes": [],
			"disableOnNumbers": true, "new": 1}}`, nil},
		"a setting not used": {`{"faceting": {"maxValuesPerFacet": 7}, "facetSearch": false, "new": [1]}`, nil},
		"no filters":         {`{"filterableAttributes": []}`, []string{"filterableAttributes"}},
		"filters as objects": {`{"filterableAttributes": [{"attributePatterns": ["*"]}]}`,
			[]string{"filterableAttributes"}},
		"one filter more": {`{"filterableAttributes": ["words", "pairs", "tones", "subject", "grade", "week",
			"language", "school_id", "title"]}`, []string{"filterableAttributes"}},
		"no sorting": {`{"sortableAttributes": []}`, []string{"sortableAttributes"}},
		"weights in another order": {`{"searchableAttributes": ["tags", "title", "subject_text", "teacher", "school",
			"description"]}`, []string{"searchableAttributes"}},
		"ranking rules": {`{"rankingRules": ["words", "typo", "proximity", "attributeRank", "sort",
			"wordPosition", "exactness"]}`, []string{"rankingRules"}},
		"fields that hits lack": {`{"displayedAttributes": ["title"]}`, []string{"displayedAttributes"}},
		"typing errors": {`{"typoTolerance": {"enabled": false, "minWordSizeForTypos": {"oneTypo": 5,
			"twoTypos": 9}}}`, []string{"typoTolerance"}},
		"fewer hits":  {`{"pagination": {"maxTotalHits": 1000}}`, []string{"pagination"}},
		"no language": {`{"localizedAttributes": null}`, []string{"localizedAttributes"}},
		"stop words, synonyms, cut-off": {`{"stopWords": ["ham"], "synonyms": {"toan": ["van"]}, "searchCutoffMs": 1}`,
			[]string{"searchCutoffMs", "stopWords", "synonyms"}},
		"one hit a school": {`{"distinctAttribute": "school_id", "prefixSearch": "disabled"}`,
			[]string{"distinctAttribute", "prefixSearch"}},
	} {
		has := map[string]any{}
		for _, raw := range []string{asReported, c.change} {
			if err := json.Unmarshal([]byte(raw), &has); err != nil {
				t.Fatal(err)
			}
		}
		if got := slices.Sorted(maps.Keys(differentSettings(has))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q differ, want %q", name, got, c.want)
		}
	}
	// A setting that a release does not know and that has its own value there.
	has := map[string]any{}
	if err := json.Unmarshal([]byte(asReported), &has); err != nil {
		t.Fatal(err)
	}
	delete(has, "prefixSearch")
	delete(has, "pagination")
	if got := slices.Sorted(maps.Keys(differentSettings(has))); !slices.Equal(got, []string{"pagination"}) {
		t.Errorf("of a release without two settings %q differ", got)
	}
}

func TestOlder(t *testing.T) {
	for version, want := range map[string]bool{"1.17.9": true, "1.18.0": false, "1.18": false, "1.50.0": false,
		"1.9.0": true, "2.0.0": false, "0.30.1": true, "v1.12.8": true, "1.18.0-rc.1": false, "1": false, "": false,
		"unknown": false} {
		if got := older(version, MinimumVersion); got != want {
			t.Errorf("%q is older: %v, want %v", version, got, want)
		}
	}
}
