package catalog

import (
	"strconv"
	"strings"
)

// Tags are words that find an entry although none of its texts contains them:
// "lop9" and "9" for the grade, "tuan5" for the week.
const (
	gradeTag = "lop"
	weekTag  = "tuan"
)

// Document is the searchable text of an entry: folded words in fields of
// different weight, and all words once more in the form of Tones.
type Document struct {
	Title, Tags, Subject, Teacher, School, Description string
	Tones                                              string
}

// maxWord is the longest indexed word in bytes. Nobody types longer ones, and
// databases refuse to index words of thousands of bytes.
const maxWord = 100

// Weights of a document's fields when hits are ranked: the title counts most,
// then grade and subject; names and description count least.
const (
	WeightTitle       = 10
	WeightTags        = 5
	WeightSubject     = 4
	WeightTeacher     = 2
	WeightSchool      = 1
	WeightDescription = 1
)

// Document returns the searchable text of the entry.
func (e Entry) Document() Document {
	grade := strconv.Itoa(e.Grade)
	tags := gradeTag + grade + " " + grade
	if e.Week > 0 {
		tags += " " + weekTag + strconv.Itoa(e.Week)
	}
	var d Document
	var tones []string
	part := func(text string) string {
		var folded []string
		for _, w := range split(text) {
			if len(w.folded) <= maxWord && len(w.tones) <= maxWord {
				folded, tones = append(folded, w.folded), append(tones, w.tones)
			}
		}
		return strings.Join(folded, " ")
	}
	d.Title, d.Tags, d.Subject = part(e.Title), part(tags), part(e.SubjectName+" "+e.Subject)
	d.Teacher, d.School, d.Description = part(e.Teacher), part(e.School), part(e.Description)
	d.Tones = strings.Join(tones, " ")
	return d
}

// Words lists the document's distinct folded words, for the vocabulary.
func (d Document) Words() []string {
	seen := map[string]bool{}
	var out []string
	for _, part := range []string{d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description} {
		for w := range strings.FieldsSeq(part) {
			if !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}
