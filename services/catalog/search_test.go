package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/caption"
)

// memoryEngine is an Engine that looks at every entry. A match in the title
// counts more than one elsewhere.
type memoryEngine struct {
	entries []Entry // their keys are 1, 2, 3...; later ones are newer
	cache   StateCache
	reads   int // of the vocabulary and of counts
	err     error
}

func (e *memoryEngine) Vocabulary(context.Context) (*Vocabulary, error) {
	return e.cache.Vocabulary("state", func() (map[string]int, error) {
		e.reads++
		words := map[string]int{}
		for _, x := range e.entries {
			for _, w := range x.AllWords() {
				words[w]++
			}
		}
		return words, e.err
	})
}

func (e *memoryEngine) candidate(i int) Candidate {
	x := e.entries[i]
	return Candidate{Key: int64(i + 1), Subject: x.Subject, Grade: x.Grade, Week: x.Week, Language: x.Language,
		School: x.SchoolID, Newest: int64(i), LessonID: x.LessonID}
}

// contains reports whether the text contains the words next to each other.
func contains(text string, a Alternative) bool {
	end := " "
	if a.Prefix {
		end = ""
	}
	return strings.Contains(" "+text+" ", " "+strings.Join(a.Words, " ")+end)
}

func matchesAll(text string, terms []Term) bool {
	return !slices.ContainsFunc(terms, func(t Term) bool {
		return !slices.ContainsFunc(t.Alternatives, func(a Alternative) bool { return contains(text, a) })
	})
}

func (e *memoryEngine) Candidates(_ context.Context, m ParsedQuery, f Query, limit int) ([]Candidate, error) {
	var out []Candidate
	for i, v := range slices.Backward(e.entries) {
		d, c := v.Document(), e.candidate(i)
		all := strings.Join([]string{d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description}, " | ")
		found := slices.ContainsFunc(m.Choices, func(terms []Term) bool { return matchesAll(all, terms) })
		if !found || !f.matches(c) || len(out) == limit {
			continue
		}
		if slices.ContainsFunc(m.Choices, func(terms []Term) bool { return matchesAll(d.Title, terms) }) {
			c.Score = WeightTitle
		}
		c.LessonID = ""
		out = append(out, c)
	}
	return out, e.err
}

func (e *memoryEngine) Exact(_ context.Context, tones []string, f Query, limit int) ([]int64, error) {
	var keys []int64
	for i := len(e.entries) - 1; i >= 0 && len(keys) < limit; i-- {
		words := strings.Fields(e.entries[i].Document().Tones)
		lacking := slices.ContainsFunc(tones, func(w string) bool { return !slices.Contains(words, w) })
		if !lacking && f.matches(e.candidate(i)) {
			keys = append(keys, int64(i+1))
		}
	}
	return keys, e.err
}

func (e *memoryEngine) Page(_ context.Context, f Query) ([]Entry, error) {
	var out []Entry
	for i, x := range e.entries {
		if f.matches(e.candidate(i)) {
			out = append(out, x)
		}
	}
	from := min(f.Offset, len(out))
	return out[from:min(from+f.Limit, len(out))], e.err
}

func (e *memoryEngine) Counts(_ context.Context, f Query) (Counts, error) {
	return e.cache.Counts("state", f, func(f Query) (Counts, error) {
		e.reads++
		c := Counts{Schools: map[string]int{}}
		anySchool := f
		anySchool.School = ""
		for i, x := range e.entries {
			if f.School == "" || f.School == x.SchoolID {
				c.Facts = append(c.Facts, Count{x.Subject, x.Grade, x.Week, x.Language, 1})
			}
			if anySchool.matches(e.candidate(i)) && x.SchoolID != "" {
				c.Schools[x.SchoolID]++
			}
		}
		return c, e.err
	})
}

func (e *memoryEngine) Keyed(_ context.Context, keys []int64) ([]Entry, error) {
	var out []Entry
	for _, k := range keys {
		out = append(out, e.entries[k-1])
	}
	return out, e.err
}

// Spoken numbers the passages of entry i from 1000*(i+1).
func (e *memoryEngine) Spoken(_ context.Context, m ParsedQuery, f Query, _ int) ([]Candidate, error) {
	var out []Candidate
	for i, x := range e.entries {
		c := e.candidate(i)
		for n, words := range x.PassageWords() {
			if !f.matches(c) || !matchesAll(strings.Join(words, " | "), m.Terms) {
				continue
			}
			if c.Passage == 0 {
				c.Passage = int64(1000*(i+1) + n)
			}
			c.Score++
		}
		if c.Passage != 0 {
			out = append(out, c)
		}
	}
	return out, e.err
}

func (e *memoryEngine) Passages(_ context.Context, numbers []int64) (map[int64]Passage, error) {
	out := map[int64]Passage{}
	for _, n := range numbers {
		out[n] = e.entries[n/1000-1].Spoken[n%1000]
	}
	return out, e.err
}

func newEngine() *memoryEngine {
	entry := func(id, title, about string, grade, week int, teacher string) Entry {
		return Entry{LessonID: id, Title: title, Description: about, Subject: "toan", SubjectName: "Toán", Grade: grade,
			Week: week, Language: "vi", Teacher: teacher, SchoolID: "s1", School: "THCS Him Lam"}
	}
	e := &memoryEngine{entries: []Entry{
		entry("ham-so", "Hàm số y = ax²", "Đồ thị.", 9, 20, "Nguyễn Thị Hà"),
		entry("bac-hai", "Phương trình bậc hai một ẩn", "Công thức nghiệm của hàm số.", 9, 21, "Nguyễn Thị Hà"),
		entry("ma-1", "Má", "", 5, 1, "Lò Văn Páo"),
		entry("ma-2", "Mà", "", 5, 2, "Lò Văn Páo"),
		entry("ma-3", "Má", "", 5, 3, "Trần Thu Mai"),
	}}
	e.entries[4].SchoolID = "s2"
	e.entries[0].Spoken = Passages([]caption.Cue{
		{From: 0, Text: "Chào các em"},
		{From: 30 * time.Second, Text: "Đây là đường <b>parabol</b>"},
		{From: 33 * time.Second, Text: "quay xuống dưới"},
	})
	return e
}

func hits(r Result) string {
	var ids []string
	for _, h := range r.Hits {
		ids = append(ids, h.Entry.LessonID)
	}
	return strings.Join(ids, " ")
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		q         Query
		want      string
		corrected string
	}{
		{Query{Text: "hàm số"}, "ham-so bac-hai", ""}, // the title first
		{Query{Text: "hamf soos"}, "ham-so bac-hai", "ham so"},
		{Query{Text: "phuonng trinh"}, "bac-hai", "phuong trinh"},
		{Query{Text: "phuong trinh bac hat"}, "bac-hai", "phuong trinh bac hai"},
		{Query{Text: "hamso"}, "ham-so bac-hai", "ham so"},
		{Query{Text: "toán lớp 9 tuần 20"}, "ham-so", ""},
		{Query{Text: "má"}, "ma-3 ma-1 ma-2", ""}, // the typed tones first, newer before older
		{Query{Text: "má", Limit: 1, Offset: 1}, "ma-1", ""},
		{Query{Text: "má", School: "s2"}, "ma-3", ""},
		{Query{Text: "xylophon phuong trinh"}, "bac-hai", "phuong trinh"},
		{Query{Text: "parabol quay xuống"}, "ham-so", ""},
		{Query{Text: "parabol", Grade: 5}, "", ""},
		{Query{Text: "xylophon"}, "", ""},
		{Query{}, "ham-so bac-hai ma-1 ma-2 ma-3", ""},
		{Query{Grade: 5, School: "s1"}, "ma-1 ma-2", ""},
		{Query{Text: "?!", Limit: 2, Offset: 3}, "ma-2 ma-3", ""},
	} {
		r, err := Find(t.Context(), newEngine(), c.q)
		if got := hits(r); err != nil || got != c.want || r.Corrected != c.corrected {
			t.Errorf("%+v: found %q, corrected to %q, %v; want %q, %q", c.q, got, r.Corrected, err, c.want, c.corrected)
		}
	}
}

func TestFindFacetsAndMoment(t *testing.T) {
	e := newEngine()
	r, err := Find(t.Context(), e, Query{Text: "parabol"})
	if err != nil || len(r.Hits) != 1 || r.Hits[0].Moment == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	m := r.Hits[0].Moment
	var text string
	for _, s := range m.Text {
		text += s.Text
	}
	if m.From != 30*time.Second || text != "Đây là đường parabol quay xuống dưới" || r.Hits[0].Entry.Spoken != nil {
		t.Errorf("moment %v %q", m.From, text)
	}
	r, err = Find(t.Context(), e, Query{Grade: 5, School: "s1"})
	if err != nil || r.EstimatedTotal != 2 || r.Facets.Grade[9] != 2 || r.Facets.School["s2"] != 1 ||
		r.Facets.Week[3] != 0 {
		t.Errorf("list: %+v, %v", r, err)
	}
	if r, err = Find(t.Context(), e, Query{Text: "lo van pao",
		Grade: 9}); err != nil || len(r.Hits) > 0 || r.Facets.Grade[5] != 2 {
		t.Errorf("under a filter: %+v, %v", r, err)
	}
	// The vocabulary and the counts are cached.
	before := e.reads
	for range 3 {
		if _, err := Find(t.Context(), e, Query{Grade: 5, School: "s1"}); err != nil {
			t.Fatal(err)
		}
	}
	if e.reads != before {
		t.Errorf("%d reads, want none", e.reads-before)
	}
}

func TestFindNearby(t *testing.T) {
	e := newEngine()
	r, err := Find(t.Context(), e, Query{Text: "phxxng trinh zzz"})
	if err != nil || len(r.Hits) > 0 || len(r.Nearby) == 0 || len(r.Nearby) > maxNearby {
		t.Fatalf("%q, nearby %q, %v", hits(r), r.Nearby, err)
	}
	for _, text := range r.Nearby {
		if other, err := Find(t.Context(), e, Query{Text: text}); err != nil || len(other.Hits) == 0 {
			t.Errorf("%q is proposed and finds nothing: %v", text, err)
		}
	}
}

// Of more matches than are ranked, old ones are found by a filter and by their tones.
func TestFindBroad(t *testing.T) {
	e := &memoryEngine{}
	for range maxCandidates + 20 {
		e.entries = append(e.entries, Entry{Title: "Can thiệp", Subject: "toan", Grade: 3, Language: "vi"})
	}
	e.entries[1].LessonID, e.entries[1].Title = "toned", "Cân bằng"
	e.entries[2].LessonID, e.entries[2].Grade = "filtered", 7
	r, err := Find(t.Context(), e, Query{Text: "cân", Limit: 1})
	if err != nil || hits(r) != "toned" {
		t.Errorf("by tones: %q, %v", hits(r), err)
	}
	r, err = Find(t.Context(), e, Query{Text: "can", Grade: 7})
	if err != nil || hits(r) != "filtered" {
		t.Errorf("by a filter: %q, %v", hits(r), err)
	}
}

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		text         string
		grade, limit int
		want         string
	}{
		{"phuong tr", 0, 5, "Phương trình bậc hai một ẩn"},
		{"m", 5, 5, "Má|Mà"}, // one of each title
		{"m", 5, 1, "Má"},
		{"parabol", 0, 5, ""}, // captions give no titles
		{"", 0, 5, ""}, {"ham", 0, 0, ""},
	} {
		list, err := Complete(t.Context(), newEngine(), c.text, c.grade, c.limit)
		var titles []string
		for _, s := range list {
			titles = append(titles, s.Text)
		}
		slices.Sort(titles)
		want := strings.Split(c.want, "|")
		slices.Sort(want)
		if got := strings.Join(titles, "|"); err != nil || got != strings.Join(want, "|") {
			t.Errorf("Complete(%q, %d, %d) = %q, %v; want %q", c.text, c.grade, c.limit, got, err, c.want)
		}
	}
}

func TestEngineErrorsComeBack(t *testing.T) {
	failure := errors.New("disk failure")
	fresh := newEngine()
	fresh.err = failure
	if _, err := Find(t.Context(), fresh, Query{Text: "ham"}); !errors.Is(err, failure) {
		t.Errorf("vocabulary: %v", err)
	}
	if _, err := Complete(t.Context(), fresh, "ham", 0, 3); !errors.Is(err, failure) {
		t.Errorf("vocabulary: %v", err)
	}
	e := newEngine()
	if _, err := e.Vocabulary(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.err = failure
	for _, q := range []Query{{Text: "hàm"}, {Text: "phuong trinh bac hat"}, {Text: "xylophon"}, {}} {
		if _, err := Find(t.Context(), e, q); !errors.Is(err, failure) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := Complete(t.Context(), e, "ham", 0, 3); !errors.Is(err, failure) {
		t.Errorf("Complete: %v", err)
	}
}

func TestPassagesAreStoredAsText(t *testing.T) {
	p := Passage{Lines: []Line{{From: 1500 * time.Millisecond, Text: "một hai"}, {From: 4 * time.Second, Text: "ba"}}}
	if got := DecodePassage(p.Encode()); len(got.Lines) != 2 || got.Lines[0] != p.Lines[0] ||
		got.Lines[1] != p.Lines[1] {
		t.Errorf("%+v", got)
	}
	if got := DecodePassage("no line\n12 x\n"); len(got.Lines) != 1 || got.Lines[0].Text != "x" {
		t.Errorf("malformed: %+v", got)
	}
	// Long captions are divided by time and by length, and never exceed the bound.
	var cues []caption.Cue
	for i := range 2000 {
		cues = append(cues, caption.Cue{From: time.Duration(i) * 15 * time.Second, Text: strings.Repeat("chữ ", 100)})
	}
	if list := Passages(cues); len(list) != maxPassages {
		t.Errorf("%d passages", len(list))
	}
}
