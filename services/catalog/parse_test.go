package catalog

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func testVocabulary() *Vocabulary {
	words := map[string]int{}
	for w := range strings.FieldsSeq(
		`toan ham so bac nhat hai phuong trinh tam giac duong tron on thi vao lop 9 10 lop9 lop10 tuan tuan5 5
		hoa hoc ngu van bai mon environment nguyen thi ha chuong`) {
		words[w]++
	}
	return NewVocabulary(words)
}

// format writes a parsed query: terms separated by spaces, alternatives by |;
// + joins adjacent words, * is a prefix, ~ corrected, ? unknown.
func format(m ParsedQuery) string {
	var terms []string
	for _, t := range m.Terms {
		var alternatives []string
		for _, w := range t.Alternatives {
			s := strings.Join(w.Words, "+")
			if w.Prefix {
				s += "*"
			}
			alternatives = append(alternatives, s)
		}
		s := strings.Join(alternatives, "|")
		if t.Corrected {
			s = "~" + s
		}
		if t.Unknown {
			s = "?" + s
		}
		terms = append(terms, s)
	}
	return strings.Join(terms, " ")
}

func TestParseQuery(t *testing.T) {
	v := testVocabulary()
	for _, c := range []struct{ typed, want string }{
		{"", ""},
		{"  ?! ", ""},
		{"Toán", "toan"},
		{"hàm số bậc nhất", "ham so bac nhat"},
		{"toans 9 hamf soos", "~toan 9 ~ham ~so"},
		{"ham ham HÀM", "ham"},
		{"toán lớp 9", "toan lop9|lop+9"},
		{"lop9 toan9", "lop9 toan 9"},
		{"lowps 9", "lop9|lop+9"},
		{"ôn thi vào lớp 10", "on thi vao lop10|lop+10"},
		{"tuần 5 lớp 13", "tuan5|tuan+5 lop ?13"},
		{"môn toán", "toan"},
		{"bài giảng hoá học", "hoa hoc"},
		{"môn", "mon"},
		{"bài giảng", "bai ?giang"},
		{"phuonng trinh", "~phuong trinh"},
		{"hamso", "~ham+so"},
		{"enviroment", "~environment"},
		{"qwxyz", "?qwxyz"},
		{"nguyen thi ha", "nguyen thi ha"},
	} {
		if got := format(ParseQuery(c.typed, v, false)); got != c.want {
			t.Errorf("ParseQuery(%q) = %s, want %s", c.typed, got, c.want)
		}
	}
	for _, c := range []struct{ typed, want string }{
		{"phu", "phuong*"}, {"phuong", "phuong|phuong*"}, {"toán h", "toan h*"}, {"tam giá",
			"tam gia*"}, {"toan phwo", "toan ~phuo*"},
	} {
		want := strings.ReplaceAll(c.want, "phuong*", "phu*")
		if c.typed == "phuong" {
			want = c.want
		}
		if got := format(ParseQuery(c.typed, v, true)); got != want {
			t.Errorf("typing %q = %s, want %s", c.typed, got, want)
		}
	}
}

func TestParseQueryTones(t *testing.T) {
	v := testVocabulary()
	for typed, want := range map[string]bool{"toan 9": false, "toán 9": true, "toans 9": true, "ham so": false,
		"hàm so": true} {
		if got := ParseQuery(typed, v, false).Toned; got != want {
			t.Errorf("ParseQuery(%q).Toned = %v", typed, got)
		}
	}
	m := ParseQuery("toans hàm phuonng", v, false)
	if a, b, c := m.Terms[0].Tones, m.Terms[1].Tones, m.Terms[2].Tones; a != "toans" || b != "hamf" || c != "" {
		t.Errorf("tones %q %q %q", a, b, c)
	}
}

func TestCorrect(t *testing.T) {
	v := testVocabulary()
	// Every choice mends one word and leaves the others as they are.
	m, ok := ParseQuery("phuong trinh bac hai", v, false).correct(v)
	if !ok {
		t.Fatal("nothing to mend, though chuong is near phuong")
	}
	for _, c := range m.Choices {
		corrected := 0
		for _, term := range c {
			if term.Corrected {
				corrected++
			}
		}
		if corrected != 1 || len(c) != 4 {
			t.Errorf("choice %s mends %d words", format(ParsedQuery{Terms: c}), corrected)
		}
	}
	if _, ok := ParseQuery("lop 9", v, false).correct(v); ok {
		t.Error("a grade was corrected")
	}
}

func TestRelax(t *testing.T) {
	v := testVocabulary()
	for _, c := range []struct {
		typed   string
		drop    int
		choices int // 0: refused
	}{
		{"toan qwxyz", 0, 1},
		{"toan qwxyz qwxyy", 0, 0},                  // fewer than half known
		{"toan ham so", 1, 3},                       // any two of three
		{"toan ham so", 2, 0},                       // one of three is too few
		{"toan ham", 1, 2},                          // one of two
		{"toan", 1, 0},                              // nothing of one
		{"on thi vao toan hoc", 2, 10},              // three of five
		{"toan ham so bac nhat hai tam giac", 2, 0}, // too many choices
		{"toan ham so bac nhat hai tam giac", 1, 8},
	} {
		m, ok := ParseQuery(c.typed, v, false).relax(c.drop)
		if ok != (c.choices > 0) || len(m.Choices) != c.choices {
			t.Errorf("relax(%q, %d): %d choices, want %d", c.typed, c.drop, len(m.Choices), c.choices)
		}
	}
}

// Whatever is typed is understood without a panic, within bounds, as words of
// letters and digits.
func TestParseAnything(t *testing.T) {
	v := testVocabulary()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zàáâđ0-9"*():^+\- ]{0,80}`)).Draw(t, "text")
		m := ParseQuery(text, v, rapid.Bool().Draw(t, "typing"))
		if len(m.Terms) > maxTerms {
			t.Fatalf("%d terms", len(m.Terms))
		}
		other, _ := m.correct(v)
		for _, terms := range append(m.Choices, other.Choices...) {
			for _, term := range terms {
				if len(term.Alternatives) == 0 {
					t.Fatalf("no alternative for %q", term.Typed)
				}
				for _, w := range term.Alternatives {
					for _, word := range w.Words {
						if word == "" || word != Fold(word) || strings.Contains(word, " ") {
							t.Fatalf("word %q", word)
						}
					}
				}
			}
		}
	})
}

func TestBounded(t *testing.T) {
	q := Query{Text: "a\x00b\xff" + strings.Repeat("ế", 5000), Subject: strings.Repeat("x", 1000), Limit: -5,
		Offset: -1, Grade: 99}.Bounded()
	if n := len([]rune(q.Text)); n > MaxText || strings.Contains(q.Text, "\x00") || !utf8.ValidString(q.Text) {
		t.Errorf("text of %d characters %q", n, q.Text)
	}
	if q.Limit != DefaultLimit || q.Offset != 0 || len(q.Subject) > 100 || q.Grade != 99 {
		t.Errorf("%+v", q)
	}
	if q := (Query{Limit: 1e9, Offset: 1e9}).Bounded(); q.Limit != MaxLimit || q.Offset != MaxOffset {
		t.Errorf("%+v", q)
	}
}

func TestFacetsIgnoreTheirOwnFilter(t *testing.T) {
	all := []Candidate{
		{Subject: "toan", Grade: 9, Week: 1, Language: "vi"}, {Subject: "toan", Grade: 8, Week: 1, Language: "vi"},
		{Subject: "van", Grade: 9, Week: 0, Language: "vi"}, {Subject: "toan", Grade: 9, Week: 2, Language: "en",
			School: "s"},
	}
	f := facetsOf(all, Query{Subject: "toan", Grade: 9})
	if f.Subject["toan"] != 2 || f.Subject["van"] != 1 {
		t.Errorf("subjects %v: of grade 9", f.Subject)
	}
	if f.Grade[9] != 2 || f.Grade[8] != 1 {
		t.Errorf("grades %v: of toan", f.Grade)
	}
	if f.Week[1] != 1 || f.Week[2] != 1 || len(f.Week) != 2 {
		t.Errorf("weeks %v: of toan in grade 9", f.Week)
	}
	if f.Language["vi"] != 1 || f.Language["en"] != 1 {
		t.Errorf("languages %v", f.Language)
	}
	if f := facetsOf(all, Query{School: "s"}); f.Subject["toan"] != 1 || len(f.Subject) != 1 {
		t.Errorf("of a school: %v", f.Subject)
	}
}
