package meilitest

import (
	"fmt"
	"strings"
)

// probeDocuments are the seven documents that the probes searched; the record has
// the first ones only, the others follow from the answers.
func probeDocuments() []any {
	var out []any
	for i, d := range []struct{ title, school string }{{"ham so bac nhat", "s1"}, {"ham so bac hai", "s1"},
		{"phuong trinh bac hai", "s1"}, {"hinh tron", "s1"}, {"tam giac", `a\b`}, {"duong thang", `q"q`},
		{"bac hai phuong trinh ham so", "s1"}} {
		words := strings.Fields(d.title)
		var pairs []string
		for k := range len(words) - 1 {
			pairs = append(pairs, words[k]+" "+words[k+1])
		}
		out = append(out, map[string]any{"id": fmt.Sprintf("d%d", i+1), "lesson_id": fmt.Sprintf("l%d", i+1),
			"version": "v", "title": d.title, "tags": "lop9 9", "subject_text": "toan", "teacher": "ha",
			"school": "him lam", "description": "", "words": append(words, "lop9", "9", "toan"), "pairs": pairs,
			"tones": words, "subject": "toan", "grade": 9, "week": 0, "language": "vi", "school_id": d.school,
			"published": i + 1})
	}
	return out
}

func numbered(n, from int) []any {
	var out []any
	for i := range n {
		out = append(out, map[string]any{"id": fmt.Sprintf("d%d", from+i), "lesson_id": fmt.Sprintf("l%d", from+i),
			"published": from + i})
	}
	return out
}
