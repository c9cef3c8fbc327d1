package meilitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// settings of an index: those that a search uses, and all of them as JSON.
type settings struct {
	RankingRules         []string `json:"rankingRules"`
	SearchableAttributes []string `json:"searchableAttributes"`
	FilterableAttributes []string `json:"filterableAttributes"`
	SortableAttributes   []string `json:"sortableAttributes"`
	DisplayedAttributes  []string `json:"displayedAttributes"`
	LocalizedAttributes  []struct {
		Locales           []string `json:"locales"`
		AttributePatterns []string `json:"attributePatterns"`
	} `json:"localizedAttributes"`
	TypoTolerance struct {
		Enabled             bool `json:"enabled"`
		MinWordSizeForTypos struct {
			OneTypo  int `json:"oneTypo"`
			TwoTypos int `json:"twoTypos"`
		} `json:"minWordSizeForTypos"`
		DisableOnNumbers bool `json:"disableOnNumbers"`
	} `json:"typoTolerance"`
	Pagination struct {
		MaxTotalHits int `json:"maxTotalHits"`
	} `json:"pagination"`

	all map[string]any
}

// defaultSettings are those of an index that was just created.
const defaultSettings = `{"displayedAttributes": ["*"], "searchableAttributes": ["*"], "filterableAttributes": [],
	"sortableAttributes": [],
	"rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
	"stopWords": [], "nonSeparatorTokens": [], "separatorTokens": [], "dictionary": [], "synonyms": {},
	"distinctAttribute": null, "proximityPrecision": "byWord",
	"typoTolerance": {"enabled": true, "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9}, "disableOnWords": [],
		"disableOnAttributes": [], "disableOnNumbers": false},
	"faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
	"pagination": {"maxTotalHits": 1000}, "embedders": {}, "searchCutoffMs": null, "localizedAttributes": null,
	"facetSearch": true, "prefixSearch": "indexingTime"}`

// settingNames in the order of the server's messages.
var settingNames = []string{"displayedAttributes", "searchableAttributes", "filterableAttributes",
	"sortableAttributes", "foreignKeys", "rankingRules", "stopWords", "nonSeparatorTokens", "separatorTokens",
	"dictionary", "synonyms", "distinctAttribute", "proximityPrecision", "typoTolerance", "faceting", "pagination",
	"embedders", "searchCutoffMs", "localizedAttributes", "facetSearch", "prefixSearch", "chat"}

func defaults() map[string]any {
	var all map[string]any
	if err := json.Unmarshal([]byte(defaultSettings), &all); err != nil {
		panic(err) // constant
	}
	return all
}

func newSettings() settings { return withSettings(defaults(), nil) }

// withSettings returns the settings after a change: null resets one, and objects
// are merged.
func withSettings(all, change map[string]any) settings {
	all = maps.Clone(all)
	for name, v := range change {
		all[name] = merged(all[name], v)
		if v == nil {
			all[name] = defaults()[name]
		}
	}
	out := settings{all: all}
	raw, err := json.Marshal(all)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		panic(fmt.Errorf("settings of the wrong type: %w", err))
	}
	return out
}

func merged(old, change any) any {
	o, ok := old.(map[string]any)
	c, also := change.(map[string]any)
	if !ok || !also {
		return change
	}
	o = maps.Clone(o)
	for name, v := range c {
		o[name] = merged(o[name], v)
	}
	return o
}

// ChangeSettings changes settings of an index as an administrator would by hand;
// null resets one.
func (s *Server) ChangeSettings(uid, change string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in map[string]any
	if err := json.Unmarshal([]byte(change), &in); err != nil {
		s.t.Fatal(err)
	}
	x := s.indexes[uid]
	x.settings = withSettings(x.settings.all, in)
}

// Settings of an index as the server reports them.
func (s *Server) Settings(uid string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.indexes[uid].settings.all)
}

func (s *Server) getSettings(uid string) (int, any, *apiError) {
	x, f := s.found(uid)
	if f != nil {
		return 0, nil, f
	}
	return 200, x.settings.all, nil
}

func (s *Server) patchSettings(r *http.Request, uid string) (int, any, *apiError) {
	in := map[string]any{}
	if f := read(r, &in, settingNames...); f != nil {
		return 0, nil, f
	}
	if f := validSettings(in); f != nil {
		return 0, nil, f
	}
	return s.enqueue(uid, "settingsUpdate", maps.Clone(in), nil, func(map[string]any) *apiError {
		x := s.indexes[uid]
		if x == nil {
			x = newIndex("")
			s.indexes[uid] = x
		}
		x.settings = withSettings(x.settings.all, in)
		return nil
	})
}

// quoted lists names as the server's messages do.
func quoted(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

var rankingRules = []string{"words", "typo", "sort", "proximity", "attribute", "attributeRank", "wordPosition",
	"exactness"}

func validSettings(in map[string]any) *apiError {
	rules, _ := in["rankingRules"].([]any)
	for i, v := range rules {
		rule, _ := v.(string)
		field, order, custom := strings.Cut(rule, ":")
		if custom && (order == "asc" || order == "desc") && field != "" {
			continue
		}
		if !slices.Contains(rankingRules, rule) {
			return newError(400, "invalid_settings_ranking_rules", "Invalid value at `.rankingRules[%d]`: `%s` "+
				"ranking rule is invalid. Valid ranking rules are words, typo, sort, proximity, attribute, "+
				"exactness and custom ranking rules.", i, rule)
		}
	}
	typo, _ := in["typoTolerance"].(map[string]any)
	sizes, _ := typo["minWordSizeForTypos"].(map[string]any)
	one, _ := sizes["oneTypo"].(float64)
	two, given := sizes["twoTypos"].(float64)
	if given && (one > two || two > 255) {
		return newError(400, "invalid_settings_typo_tolerance", "Invalid value at "+
			"`.typoTolerance.minWordSizeForTypos`: `minWordSizeForTypos` setting is invalid. `oneTypo` and `twoTypos` "+
			"fields should be between `0` and `255`, and `twoTypos` should be greater or equals to `oneTypo` but "+
			"found `oneTypo: %v` and twoTypos: %v`.", one, two)
	}
	localized, _ := in["localizedAttributes"].([]any)
	for i, v := range localized {
		rule, _ := v.(map[string]any)
		list, _ := rule["locales"].([]any)
		for k, l := range list {
			if !slices.Contains(locales, fmt.Sprint(l)) {
				return newError(400, "invalid_settings_localized_attributes", "Unknown value `%v` at "+
					"`.localizedAttributes[%d].locales[%d]`: expected one of %s", l, i, k, quoted(locales))
			}
		}
	}
	return nil
}
