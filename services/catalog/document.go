package catalog

import (
	"strconv"
	"strings"
)

// Tags are words that an entry is found by although no text of it says them:
// "lop9" and "9" for the grade, "tuan5" for the week.
const (
	gradeTag = "lop"
	weekTag  = "tuan"
)

// Document is an entry as the text that an index keeps: folded words, apart by
// how much they weigh, and all words once more in the form of Tones.
type Document struct {
	Title, Tags, Subject, Teacher, School, Description string
	Tones                                              string
}

// maxWord is the longest word that an index keeps, in bytes. Nobody types a
// longer one, and databases refuse to index words of thousands.
const maxWord = 100

// Weights of a document's parts when hits are put in order: what a lesson is
// called tells most, its grade and subject next, names and description least.
const (
	WeightTitle       = 10
	WeightTags        = 5
	WeightSubject     = 4
	WeightTeacher     = 2
	WeightSchool      = 1
	WeightDescription = 1
)

// Document makes the text that an index keeps of the entry.
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

// Words lists the document's different folded words, for the vocabulary.
func (d Document) Words() []string {
	seen := map[string]bool{}
	var out []string
	for _, part := range []string{d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description} {
		for _, w := range strings.Fields(part) {
			if !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}
