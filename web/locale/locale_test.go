package locale

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func book(t *testing.T) *Book {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBook(zone)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var place = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// TestLanguagesAgree: every sentence exists in both languages, with the same
// places to fill in.
func TestLanguagesAgree(t *testing.T) {
	b := book(t)
	for _, k := range b.Keys(Vi) {
		if _, ok := b.say[En][k]; !ok {
			t.Errorf("%s has no English", k)
			continue
		}
		vi, en := place.FindAllString(b.say[Vi][k], -1), place.FindAllString(b.say[En][k], -1)
		slices.Sort(vi)
		slices.Sort(en)
		if !slices.Equal(slices.Compact(vi), slices.Compact(en)) {
			t.Errorf("%s: places %v in Vietnamese, %v in English", k, vi, en)
		}
	}
	for _, k := range b.Keys(En) {
		if _, ok := b.say[Vi][k]; !ok {
			t.Errorf("%s has no Vietnamese", k)
		}
	}
}

var (
	faultCode = regexp.MustCompile(
		`fault\.(?:New|Wrap|Wrong|Form)\((?:[^"\n]*, ?)?"([a-z0-9_]+(?:\.[a-z0-9_]+)*)"(?:, "([a-z0-9_]+\.[a-z0-9_]+)")?`)
	refusal = regexp.MustCompile(`"(recording\.[a-z_]+)"`)
	textKey = regexp.MustCompile(`(?:locale\.T\(ctx, |\.T\()"([a-z0-9_.]+[a-z0-9_])"[,)]`)
	// a key that ends in _ is a stem, completed by a value.
)

// TestEverySentenceExists reads our own source for the codes of faults and
// the keys of pages: a person must never be shown a key.
func TestEverySentenceExists(t *testing.T) {
	b := book(t)
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "node_modules" || name == ".git" || name == ".tools" || name == "bin" || name == "artifacts" ||
				name == "test" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".templ") ||
			strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		need := map[string]bool{}
		for _, m := range faultCode.FindAllStringSubmatch(string(raw), -1) {
			for i, code := range m[1:] {
				// Wrong("field", "code"): the first string is the field's name.
				if code == "" || i == 0 && m[2] != "" || !strings.Contains(code, ".") {
					continue
				}
				need["fault."+code] = true
			}
		}
		for _, m := range refusal.FindAllStringSubmatch(string(raw), -1) {
			if !strings.Contains(path, "policy.go") {
				need["fault."+m[1]] = true
			}
		}
		for _, m := range textKey.FindAllStringSubmatch(string(raw), -1) {
			if !strings.HasSuffix(m[1], "_") {
				need[m[1]] = true
			}
		}
		for k := range need {
			seen++
			if _, ok := b.say[Vi][k]; !ok {
				t.Errorf("%s: no sentence for %s", path, k)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("only %d sentences looked for: the patterns no longer find them", seen)
	}
}

func TestNumbersAndTimes(t *testing.T) {
	b := book(t)
	vi, en := b.Printer(Vi), b.Printer(En)
	at := time.Date(2026, 11, 20, 18, 30, 0, 0, time.UTC) // 01:30 on the 21st in Hà Nội
	for _, c := range []struct{ got, want string }{
		{vi.Number(1234567), "1.234.567"}, {en.Number(1234567), "1,234,567"}, {vi.Number(-999), "-999"},
		{vi.Number(0), "0"},
		{vi.Decimal(1234.5, 1), "1.234,5"}, {en.Decimal(0.25, 2), "0.25"}, {vi.Decimal(-0.5, 1), "-0,5"},
		{vi.Decimal(2, 1), "2"},
		{vi.Bytes(0), "1 kB"}, {vi.Bytes(1), "1 kB"}, {vi.Bytes(12_300_000), "12 MB"}, {vi.Bytes(1_500_000), "1,5 MB"},
		{en.Bytes(2_500_000_000), "2.5 GB"},
		{vi.Clock(65), "1:05"}, {vi.Clock(3605), "1:00:05"}, {vi.Clock(59.6), "1:00"},
		{vi.Date(at), "21/11/2026"}, {vi.DateTime(at), "01:30 21/11/2026"}, {en.Date(at), "21 Nov 2026"},
		{vi.Time(at), "01:30"},
		{vi.Minutes(59), "59 giây"}, {vi.Minutes(90), "2 phút"}, {vi.Minutes(3720), "1 giờ 2 phút"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		wish, accept string
		want         Lang
	}{
		{"", "", Vi}, {"en", "vi", En}, {"xx", "en-GB,en;q=0.9", En}, {"", "fr-FR, en;q=0.5", En}, {"", "fr", Vi},
		{"<script>", "vi-VN", Vi},
	} {
		if got := Choose(c.wish, c.accept); got != c.want {
			t.Errorf("Choose(%q, %q) = %s, want %s", c.wish, c.accept, got, c.want)
		}
	}
}
