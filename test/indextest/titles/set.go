package titles

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/catalog"
)

// TestSet asks in every way for what a catalogue made by Entries holds: for
// every topic twice (exact, without marks, mistyped, in Telex or VNI left-overs,
// with its grade, by turns), and for lessons by what is no part of their title:
// their teacher, their school, their grade and subject, words said in them. The
// same catalogue gives the same queries.
func TestSet(es []catalog.Entry) []Asked {
	r := rand.New(rand.NewPCG(2018, 1))
	var out []Asked
	for _, s := range curriculum {
		for _, topic := range s.list {
			folded := catalog.Fold(topic)
			grade := " lop " + strconv.Itoa(s.from+r.IntN(s.to-s.from+1))
			ways := []Asked{{Kind: "exact", Query: text(topic)}, {Kind: "folded", Query: text(folded)},
				{Kind: "typo", Query: text(slip(r, folded))},
				{Kind: "telex", Query: text(telexKeys(topic))}, {Kind: "vni", Query: text(vniKeys(topic))},
				{Kind: "grade", Query: text(folded + grade)}}
			for range 2 {
				a := ways[len(out)%len(ways)]
				a.Topic = topic
				out = append(out, a)
			}
		}
	}
	const each = 30
	for _, kind := range []string{"teacher", "school", "subject", "spoken"} {
		for i := range each {
			out = append(out, beside(r, kind, es, i))
		}
	}
	return out
}

func text(s string) catalog.Query { return catalog.Query{Text: s} }

// beside asks for some lesson by what is no part of its title: as it is
// written, without marks, or mistyped, by turns.
func beside(r *rand.Rand, kind string, es []catalog.Entry, turn int) Asked {
	e := es[r.IntN(len(es))]
	a := Asked{Kind: kind}
	words := ""
	switch kind {
	case "teacher":
		words = e.Teacher
		a.Want = func(o catalog.Entry) bool { return o.Teacher == e.Teacher }
		if turn%2 == 0 {
			words += " " + e.SubjectName
			a.Want = func(o catalog.Entry) bool { return o.Teacher == e.Teacher && o.Subject == e.Subject }
		}
	case "school":
		words = strings.TrimPrefix(e.School, "Trường ")
		a.Want = func(o catalog.Entry) bool { return o.School == e.School }
		if turn%2 == 0 {
			words += " lớp " + strconv.Itoa(e.Grade)
			a.Want = func(o catalog.Entry) bool { return o.School == e.School && o.Grade == e.Grade }
		}
	case "subject":
		words = e.SubjectName + " lớp " + strconv.Itoa(e.Grade)
		a.Want = func(o catalog.Entry) bool { return o.Subject == e.Subject && o.Grade == e.Grade }
		if e.Week > 0 && turn%2 == 0 {
			words += " tuần " + strconv.Itoa(e.Week)
			a.Want = func(o catalog.Entry) bool {
				return o.Subject == e.Subject && o.Grade == e.Grade &&
					o.Week == e.Week
			}
		}
	case "spoken":
		spoken := ""
		for from := r.IntN(len(es)); spoken == ""; from++ {
			if e = es[from%len(es)]; len(e.Spoken) > 0 {
				spoken = e.Spoken[2].Lines[1].Text
			}
		}
		fields := strings.Fields(spoken)
		words = strings.Join(fields[len(fields)-6:], " ")
		have := map[string]bool{}
		for _, o := range es {
			if says(o, words) {
				have[o.LessonID] = true
			}
		}
		a.Want = func(o catalog.Entry) bool { return have[o.LessonID] }
	}
	switch turn % 3 {
	case 1:
		words = catalog.Fold(words)
	case 2:
		words = slip(r, catalog.Fold(words))
	}
	a.Query = text(words)
	return a
}

// says reports whether the words are said together in the lesson.
func says(e catalog.Entry, words string) bool {
	return slices.ContainsFunc(e.Spoken, func(p catalog.Passage) bool {
		return slices.ContainsFunc(p.Lines, func(l catalog.Line) bool { return strings.Contains(l.Text, words) })
	})
}

// vniKeys are the keys that type a text by VNI.
func vniKeys(s string) string {
	digit := map[byte]byte{'s': '1', 'f': '2', 'r': '3', 'x': '4', 'j': '5'}
	var out []string
	for w := range strings.FieldsSeq(s) {
		folded, keys := catalog.Fold(w), catalog.Tones(w)
		if folded == keys || len(folded) == 0 {
			out = append(out, keys)
			continue
		}
		var b strings.Builder
		at := 0 // of folded
		for i := range len(keys) {
			c := keys[i]
			switch {
			case at < len(folded) && c == folded[at]:
				b.WriteByte(c)
				at++
			case at == len(folded) && digit[c] != 0 && i == len(keys)-1:
				b.WriteByte(digit[c])
			case c == 'w':
				b.WriteByte(map[bool]byte{true: '8', false: '7'}[strings.HasSuffix(b.String(), "a")])
			case c == 'd':
				b.WriteByte('9')
			default:
				b.WriteByte('6')
			}
		}
		out = append(out, b.String())
	}
	return strings.Join(out, " ")
}
