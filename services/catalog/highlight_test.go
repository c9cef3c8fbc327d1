package catalog

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func queryFor(words ...string) ParsedQuery {
	var m ParsedQuery
	for _, w := range words {
		prefix := strings.HasSuffix(w, "*")
		m.Terms = append(m.Terms, Term{Alternatives: []Alternative{{Words: strings.Fields(strings.TrimSuffix(w,
			"*")), Prefix: prefix}}})
	}
	return m
}

func TestMark(t *testing.T) {
	got := queryFor("ham so", "bac*").Mark("Hàm số bậc nhất <b>y</b>")
	want := []Span{{Text: "Hàm", Match: true}, {Text: " "}, {Text: "số", Match: true}, {Text: " "}, {Text: "bậc",
		Match: true}, {Text: " nhất <b>y</b>"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := queryFor("a").Mark(""); got != nil {
		t.Errorf("Mark of nothing = %v", got)
	}
	// A decomposed text is marked whole, with its marks.
	if got := queryFor("so").Mark("so\u0302\u0301 1"); len(got) != 2 || got[0] != (Span{"so\u0302\u0301", true}) {
		t.Errorf("decomposed: %v", got)
	}
}

func TestMarkKeepsTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		m := queryFor(strings.Fields(Fold(rapid.String().Draw(t, "query")))...)
		var b strings.Builder
		for _, s := range m.Mark(text) {
			b.WriteString(s.Text)
		}
		if b.String() != text {
			t.Fatalf("marked %q gives %q", text, b.String())
		}
	})
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("Nội dung mở đầu của bài. ",
		20) + "Ở đây nói về tích phân từng phần. " + strings.Repeat("Phần kết. ", 40)
	spans := queryFor("tich", "phan").Snippet(long)
	var text strings.Builder
	marked := 0
	for _, s := range spans {
		text.WriteString(s.Text)
		if s.Match {
			marked++
		}
	}
	s := text.String()
	if !strings.Contains(s, "nói về tích phân") || marked < 2 || !strings.HasPrefix(s,
		"…") || !strings.HasSuffix(s, "…") {
		t.Errorf("snippet %q with %d marks", s, marked)
	}
	if n := utf8.RuneCountInString(s); n > snippetLength+2 || !utf8.ValidString(s) {
		t.Errorf("snippet of %d characters", n)
	}
	if got := queryFor("gi").Snippet("ngắn thôi"); len(got) != 1 || got[0].Text != "ngắn thôi" {
		t.Errorf("short text: %v", got)
	}
	if got := queryFor("x").Snippet(strings.Repeat("ă",
		1000)); len(got) == 0 || utf8.RuneCountInString(got[0].Text) > snippetLength+2 {
		t.Errorf("one endless word: %v", got)
	}
}
