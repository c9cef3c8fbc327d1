package meili

import (
	"slices"
	"strconv"
	"strings"

	"lenlop/services/catalog"
)

// Filters are built only in this file, from typed values: what people type
// becomes a quoted string.

// quote writes a value of a filter. Within double quotes only \ and " are special.
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

// queryFilter writes the filters of a query, without its text.
func queryFilter(f catalog.Query) string {
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

// matchFilter matches every term of at least one of the choices.
func matchFilter(m catalog.ParsedQuery) string {
	var choices []string
	for _, c := range m.Choices {
		var terms []string
		for _, t := range c {
			var alternatives []string
			for _, w := range t.Alternatives {
				alternatives = append(alternatives, alternativeFilter(w))
			}
			terms = append(terms, "("+strings.Join(alternatives, " OR ")+")")
		}
		if len(terms) > 0 {
			choices = append(choices, "("+strings.Join(terms, " AND ")+")")
		}
	}
	return strings.Join(choices, " OR ")
}

// alternativeFilter matches words next to each other, by the pairs that documents list.
func alternativeFilter(w catalog.Alternative) string {
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

// maxTexts bounds the searches that rank the matches of one query.
const maxTexts = 12

// rankingTexts are the texts by which Meilisearch ranks the matches. A document
// is ranked by a text when it has all its words, so there is one for each choice
// and each alternative of its terms: what a mistyped word may have been ranks as
// if it had been typed.
func rankingTexts(m catalog.ParsedQuery) []string {
	all := make([][]string, len(m.Choices))
	for i, choice := range m.Choices {
		all[i] = choiceTexts(choice)
	}
	var out []string
	for n := range maxTexts { // the likeliest text of each choice first
		for _, texts := range all {
			if n < len(texts) && len(out) < maxTexts && !slices.Contains(out, texts[n]) {
				out = append(out, texts[n])
			}
		}
	}
	return out
}

// choiceTexts returns at most maxTexts texts that have one alternative of each term.
func choiceTexts(terms []catalog.Term) []string {
	out := []string{""}
	for _, t := range terms {
		var longer []string
		for _, before := range out {
			for _, a := range t.Alternatives {
				text := strings.TrimSpace(before + " " + strings.Join(a.Words, " "))
				if len(longer) < maxTexts && !slices.Contains(longer, text) {
					longer = append(longer, text)
				}
			}
		}
		if len(longer) > 0 {
			out = longer
		}
	}
	return out
}
