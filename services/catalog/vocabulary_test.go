package catalog

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNear(t *testing.T) {
	v := NewVocabulary(map[string]int{
		"toan": 50, "toang": 1, "hoan": 9, "phuong": 30, "phong": 12, "chuong": 4, "khao": 3, "sat": 8,
		"environment": 6, "so": 40, "12": 30, "13": 20, "gone": 0,
	})
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"tona", []string{"toan"}},               // swapped
		{"tan", []string{"toan"}},                // left out (sat is 2 away)
		{"toann", []string{"toan", "toang"}},     // doubled; commoner first
		{"phuonng", []string{"phuong"}},          // phong is 2 away
		{"xhuong", []string{"phuong", "chuong"}}, // the first letter may be wrong too
		{"phuong", []string{"phong", "chuong"}},  // itself left out; same first letter first
		{"environmetn", []string{"environment"}}, // swapped in a long word
		{"enviromnent", []string{"environment"}}, // two slips from eight letters on
		{"kohasat", nil},
		{"sp", nil}, {"", nil}, {"14", nil}, {"gon", nil},
	} {
		if got := v.Near(c.typed, 6); !slices.Equal(got, c.want) {
			t.Errorf("Near(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
	if got := v.Near("toann", 1); !slices.Equal(got, []string{"toan"}) {
		t.Errorf("Near with limit 1 = %q", got)
	}
	if v.Has("gone") || v.HasPrefix("gon") || !v.HasPrefix("phuo") || v.HasPrefix("zz") {
		t.Error("Has or HasPrefix is wrong about words that stand nowhere")
	}
	if a, b := v.splitInTwo("toanso"); a != "toan" || b != "so" {
		t.Errorf("pair(toanso) = %q, %q", a, b)
	}
	if a, b := v.splitInTwo("toan"); a != "" || b != "" {
		t.Errorf("pair(toan) = %q, %q", a, b)
	}
}

func TestSoundingLike(t *testing.T) {
	v := NewVocabulary(map[string]int{"truyen": 1, "phuong": 1, "giao": 1, "dao": 1, "nghi": 1, "ghe": 1, "ca": 1})
	for typed, want := range map[string]string{
		"chuyen": "truyen", "fuong": "phuong", "rao": "giao", "zao": "dao giao", "ngi": "nghi", "ge": "ghe", "ka": "ca",
		"toan": "", "": "", "x": "",
	} {
		if got := strings.Join(v.soundingLike(typed), " "); got != want {
			t.Errorf("soundingLike(%q) = %q, want %q", typed, got, want)
		}
	}
}

// distance agrees with the textbook's recursion, up to maxEdits.
func TestDistance(t *testing.T) {
	word := rapid.SliceOfN(rapid.SampledFrom([]rune("abc")), 0, 7)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		maxEdits := rapid.IntRange(1, 2).Draw(t, "maxEdits")
		want := min(naiveDistance(a, b), maxEdits+1)
		if got := distance(a, b, maxEdits); got != want {
			t.Fatalf("distance(%q, %q, %d) = %d, want %d", string(a), string(b), maxEdits, got, want)
		}
	})
}

func naiveDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	i, j := len(a)-1, len(b)-1
	cost := 1
	if a[i] == b[j] {
		cost = 0
	}
	d := min(naiveDistance(a[:i], b)+1, naiveDistance(a, b[:j])+1, naiveDistance(a[:i], b[:j])+cost)
	if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
		d = min(d, naiveDistance(a[:i-1], b[:j-1])+1)
	}
	return d
}
