package media

import (
	"strings"
	"testing"
)

// TestKeys holds the form of every key: stored objects keep theirs (docs/compatibility.md).
func TestKeys(t *testing.T) {
	for want, got := range map[string]string{
		"lessons/l/":                            Prefix("l"),
		"lessons/l/recordings/r":                Recording("l", "r"),
		"lessons/l/packages/p/":                 PackagePrefix("l", "p"),
		"lessons/l/packages/p/poster.jpg":       Output("l", "p", "", "poster.jpg"),
		"lessons/l/packages/p/720p/3-17/1.m4s":  Output("l", "p", PieceDir("720p", 3, 17), "1.m4s"),
		"lessons/l/captions/vi.019f.vtt":        Caption("l", "vi", "019f"),
		"imports/i":                             Import("i"),
		"lessons/l/packages/p/files/0-9/x.webp": Output("l", "p", "files/0-9", "x.webp"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAttemptsNeverShareAFolder: a worker that was given up cannot overwrite what its successor wrote.
func TestAttemptsNeverShareAFolder(t *testing.T) {
	seen := map[string]bool{}
	for _, rung := range []string{"360p", "720p"} {
		for piece := range 12 {
			for token := range int64(12) {
				seen[PieceDir(rung, piece, token)] = true
			}
		}
	}
	if len(seen) != 2*12*12 {
		t.Errorf("%d folders of %d attempts", len(seen), 2*12*12)
	}
}

func TestLessonOfAKey(t *testing.T) {
	for key, want := range map[string]string{
		Recording("l1", "r"): "l1", Output("l1", "p", "", "poster.jpg"): "l1", Caption("l1", "vi", "1"): "l1",
		Prefix("l1"): "l1", "lessons/l1": "l1", "lessons/": "",
		Import("i"): "", "notices/n/a": "", "uploads/u/1/0-5": "", "xlessons/l1/a": "", "Lessons/l1/a": "", "": "",
	} {
		if got := LessonOf(key); got != want {
			t.Errorf("%q is of %q, want %q", key, got, want)
		}
	}
}

// TestNamesOfAList are in ascending order and repeat; each is of the purpose.
func TestNamesOfAList(t *testing.T) {
	n := NewNames("seed", testTime, true)
	ids := n.IDs("worksheet", 5)
	for i, id := range ids {
		if !uuidV7.MatchString(id) || i > 0 && id <= ids[i-1] {
			t.Errorf("%q after %v", id, ids[:i])
		}
	}
	if again := NewNames("seed", testTime, false).IDs("worksheet", 5); strings.Join(again,
		" ") != strings.Join(ids, " ") {
		t.Errorf("%v the first time, %v the second", ids, again)
	}
	if other := n.IDs("lesson", 1); other[0] == n.IDs("worksheet", 1)[0] {
		t.Error("two purposes share a name")
	}
	if len(n.IDs("worksheet", 0)) != 0 || !n.Repeated() || NewNames("seed", testTime, false).Repeated() {
		t.Error("none were wanted, or the attempt is not told")
	}
}

// TestSecretsOfKeys are 26 small letters and digits, different for every write.
func TestSecretsOfKeys(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		a := RandomNames()
		s := a.Secret("recording")
		if len(s) != 26 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") != "" || seen[s] || a.Repeated() {
			t.Fatalf("secret %q", s)
		}
		if s != a.Secret("recording") || s == a.Secret("worksheet") {
			t.Error("a secret does not repeat, or is that of another purpose")
		}
		seen[s] = true
	}
	if s := NewNames("seed", testTime, false).Secret("lesson"); s != NewNames("seed", testTime.Add(1),
		true).Secret("lesson") {
		t.Errorf("secret %q depends on the time", s)
	}
}
