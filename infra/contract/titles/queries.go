package titles

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/catalog"
)

// Kinds are the ways in which students ask, each measured on its own.
var Kinds = []string{"exact", "folded", "typo", "telex", "prefix", "letter", "grade", "filters", "browse", "broad", "nothing"}

// Asked is a query and the topic that whoever typed it is after.
type Asked struct {
	catalog.Query
	Topic string
}

// Meets reports whether one of the first three hits is about the topic.
func (a Asked) Meets(r catalog.Result) bool {
	topic := catalog.Fold(a.Topic)
	return slices.ContainsFunc(r.Hits[:min(3, len(r.Hits))], func(h catalog.Hit) bool {
		return strings.Contains(catalog.Fold(h.Entry.Title), topic)
	})
}

// Queries makes n queries of a kind, out of the topics that Entries teaches.
func Queries(kind string, n int, seed uint64) []Asked {
	r := rand.New(rand.NewPCG(seed, uint64(len(kind))))
	out := make([]Asked, n)
	for i := range out {
		s := curriculum[r.IntN(len(curriculum))]
		topic := s.list[r.IntN(len(s.list))]
		folded := catalog.Fold(topic)
		out[i].Topic = topic
		switch q := &out[i].Query; kind {
		case "exact":
			q.Text = topic
		case "folded":
			q.Text = folded
		case "typo":
			q.Text = slip(r, folded)
		case "telex":
			q.Text = telexKeys(topic)
		case "prefix":
			q.Text = folded[:2+r.IntN(max(1, len(folded)-2))]
		case "letter":
			q.Text = folded[:1]
		case "grade":
			q.Text = folded + " lop " + strconv.Itoa(s.from+r.IntN(s.to-s.from+1))
		case "filters":
			q.Text, q.Subject, q.Grade = folded[:strings.IndexByte(folded+" ", ' ')], s.code, s.from
		case "browse":
			q.Subject, q.Grade, q.Week = s.code, s.from+r.IntN(s.to-s.from+1), r.IntN(36)
			for _, off := range []*int{&q.Grade, &q.Week} {
				if r.IntN(2) == 0 {
					*off = 0
				}
			}
			if r.IntN(3) == 0 {
				q.Subject = ""
			}
		case "broad":
			q.Text = []string{"toán", "bài", "truong", "hoc", "phuong trinh", "b"}[r.IntN(6)]
		case "nothing":
			q.Text = "xylophon quetzal " + slip(r, folded)
		}
	}
	return out
}

// TestSet asks for every topic of the curriculum twice, in the aimed kinds by
// turns: the same queries each time, each with the topic that its lessons teach.
func TestSet() []Asked {
	r := rand.New(rand.NewPCG(2018, 1))
	var out []Asked
	for _, s := range curriculum {
		for _, topic := range s.list {
			folded := catalog.Fold(topic)
			ways := []string{topic, folded, slip(r, folded), telexKeys(topic), folded + " lop " + strconv.Itoa(s.from+r.IntN(s.to-s.from+1))}
			for range 2 {
				out = append(out, Asked{Query: catalog.Query{Text: ways[len(out)%len(ways)]}, Topic: topic})
			}
		}
	}
	return out
}

// Rank is the place, from 1, of the first hit about the topic; 0: none of them is.
func (a Asked) Rank(r catalog.Result) int {
	topic := catalog.Fold(a.Topic)
	return 1 + slices.IndexFunc(r.Hits, func(h catalog.Hit) bool { return strings.Contains(catalog.Fold(h.Entry.Title), topic) })
}

// slip makes one slip of the finger in a word of at least four letters: a
// letter left out, doubled, swapped with the next or hit beside.
func slip(r *rand.Rand, folded string) string {
	words := strings.Fields(folded)
	var long []int
	for i, w := range words {
		if len(w) >= 4 {
			long = append(long, i)
		}
	}
	if len(long) == 0 {
		return folded
	}
	i := long[r.IntN(len(long))]
	w := []byte(words[i])
	at := 1 + r.IntN(len(w)-2)
	switch r.IntN(4) {
	case 0:
		w = slices.Delete(w, at, at+1)
	case 1:
		w = slices.Insert(w, at, w[at])
	case 2:
		w[at], w[at+1] = w[at+1], w[at]
	case 3:
		w[at] = 'a' + byte(r.IntN(26))
	}
	words[i] = string(w)
	return strings.Join(words, " ")
}

// telexKeys are the keys that type a text by Telex, as they stand when the
// keyboard's Vietnamese mode is off.
func telexKeys(text string) string {
	var out []string
	for _, w := range strings.Fields(text) {
		out = append(out, catalog.Tones(w))
	}
	return strings.Join(out, " ")
}
