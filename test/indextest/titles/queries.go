package titles

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/catalog"
)

// Kinds are the ways in which students ask, each measured on its own.
var Kinds = []string{"exact", "folded", "typo", "telex", "prefix", "letter", "grade", "vni", "teacher", "school",
	"subject", "spoken", "filters", "browse", "broad", "nothing"}

// Asked is a query and what whoever typed it is after: lessons with the topic
// in their title, or those that Want takes.
type Asked struct {
	catalog.Query
	Kind  string
	Topic string
	Want  func(e catalog.Entry) bool // nil: by topic
}

// Meets reports whether one of the first three hits is what was asked for.
func (a Asked) Meets(r catalog.Result) bool {
	at := a.Rank(r)
	return at > 0 && at <= 3
}

// Queries makes n queries of a kind, out of what Entries gave.
func Queries(kind string, n int, seed uint64, es []catalog.Entry) []Asked {
	r := rand.New(rand.NewPCG(seed, uint64(len(kind))))
	out := make([]Asked, n)
	for i := range out {
		if slices.Contains([]string{"teacher", "school", "subject", "spoken"}, kind) {
			out[i] = beside(r, kind, es, i)
			continue
		}
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
		case "vni":
			q.Text = vniKeys(topic)
		case "prefix":
			q.Text = folded[:2+r.IntN(max(1, len(folded)-2))]
		case "letter":
			q.Text = folded[:1]
		case "grade":
			q.Text = folded + " lop " + strconv.Itoa(s.from+r.IntN(s.to-s.from+1))
		case "filters":
			q.Text, q.Subject, q.Grade = folded[:strings.IndexByte(folded+" ", ' ')], s.code, s.from
		case "browse":
			if i%4 == 0 {
				q.School = es[r.IntN(len(es))].SchoolID
			}
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

// Rank is the place, from 1, of the first hit that was asked for; 0: none was.
func (a Asked) Rank(r catalog.Result) int {
	topic := catalog.Fold(a.Topic)
	return 1 + slices.IndexFunc(r.Hits, func(h catalog.Hit) bool {
		if a.Want != nil {
			return a.Want(h.Entry)
		}
		return strings.Contains(catalog.Fold(h.Entry.Title), topic)
	})
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
	for w := range strings.FieldsSeq(text) {
		out = append(out, catalog.Tones(w))
	}
	return strings.Join(out, " ")
}
