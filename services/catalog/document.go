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
	return Document{
		Title: Fold(e.Title), Tags: tags, Subject: Fold(e.SubjectName + " " + e.Subject),
		Teacher: Fold(e.Teacher), School: Fold(e.School), Description: Fold(e.Description),
		Tones: strings.Join([]string{
			tonedWords(e.Title), tags, tonedWords(e.SubjectName), tonedWords(e.Teacher),
			tonedWords(e.School), tonedWords(e.Description)}, " "),
	}
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
