package meili

import (
	"strconv"
	"strings"

	"lenlop/services/catalog"
)

// Filters are built here from typed values and nowhere else: what people type
// reaches them only as a quoted string.

// quote writes a value of a filter. Between double quotes only these two mean
// anything.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func equals(attribute, value string) string { return attribute + " = " + quote(value) }

// conjunction joins conditions that are not empty.
func conjunction(conditions ...string) string {
	var all []string
	for _, c := range conditions {
		if c != "" {
			all = append(all, "("+c+")")
		}
	}
	return strings.Join(all, " AND ")
}

// conditions are those of a query but its text.
func conditions(f catalog.Query) string {
	var all []string
	if f.Subject != "" {
		all = append(all, equals("subject", f.Subject))
	}
	if f.Grade != 0 {
		all = append(all, "grade = "+strconv.Itoa(f.Grade))
	}
	if f.Week != 0 {
		all = append(all, "week = "+strconv.Itoa(f.Week))
	}
	if f.Language != "" {
		all = append(all, equals("language", f.Language))
	}
	if f.School != "" {
		all = append(all, equals("school_id", f.School))
	}
	return strings.Join(all, " AND ")
}

// meaning asks for every term of at least one of the choices.
func meaning(m catalog.Meaning) string {
	var choices []string
	for _, c := range m.Choices {
		var terms []string
		for _, t := range c {
			var ways []string
			for _, w := range t.Ways {
				ways = append(ways, way(w))
			}
			terms = append(terms, "("+strings.Join(ways, " OR ")+")")
		}
		if len(terms) > 0 {
			choices = append(choices, "("+strings.Join(terms, " AND ")+")")
		}
	}
	return strings.Join(choices, " OR ")
}

// way asks for words next to each other, by the pairs that documents list.
func way(w catalog.Way) string {
	if len(w.Words) == 1 {
		if w.Prefix {
			return "words STARTS WITH " + quote(w.Words[0])
		}
		return equals("words", w.Words[0])
	}
	var all []string
	for i := range len(w.Words) - 1 {
		all = append(all, equals("pairs", w.Words[i]+" "+w.Words[i+1]))
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

// words is the text by which Meilisearch orders what matches: each term in the
// first of its ways.
func words(m catalog.Meaning) string {
	var all []string
	for _, t := range m.Terms {
		if len(t.Ways) > 0 {
			all = append(all, t.Ways[0].Words...)
		}
	}
	return strings.Join(all, " ")
}
