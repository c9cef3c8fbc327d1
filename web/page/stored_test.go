package page

import (
	"net/url"
	"strings"
	"testing"

	"lenlop/services/fault"
)

// TestMerged: what was not changed here takes what is stored, what was changed
// here alone is kept, and what both changed is named.
func TestMerged(t *testing.T) {
	long := strings.Repeat("Dài. ", 40)
	for name, c := range map[string]struct {
		shown, typed, stored string
		want, code           string
	}{
		"nobody":               {"a", "a", "a", "a", ""},
		"here":                 {"a", "b", "a", "b", ""},
		"elsewhere":            {"a", "a", "b", "b", ""},
		"both":                 {"a", "b", "c", "b", "form.changed_to"},
		"both the same":        {"a", "b", "b", "b", ""},
		"emptied elsewhere":    {"a", "b", "", "b", "form.emptied"},
		"emptied here":         {"a", "", "a", "", ""},
		"emptied by both":      {"a", "", "", "", ""},
		"filled by both":       {"", "b", "c", "b", "form.changed_to"},
		"line ends of browser": {"a\nb", "a\r\nb\r\n", "c", "c", ""},
		"spaces around":        {"a", " a ", "c", "c", ""},
		"long, here":           {long, long + "!", long, long + "!", ""},
		"long, elsewhere":      {long, long, long + "!", long + "!", ""},
		"long, both":           {long, long + "?", long + "!", long + "?", "form.changed_to"},
		"a sign of queries":    {"a&b=c;d", "a&b=c;d", "x", "x", ""},
	} {
		f := Form{Values: map[string]string{"x": c.typed, "y": "untouched"},
			shown: ShownIn([]Stored{Now("x", c.shown)})}
		got, err := f.Merged(Now("x", c.stored), Now("y", "not shown"))
		code := ""
		if e := fault.As(err); e != nil {
			if code = e.Fields[0].Code; e.Code != "form.changed" || e.Kind != fault.Conflict || len(e.Fields) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got.Values["x"] != c.want || code != c.code || got.Values["y"] != "untouched" || f.Values["x"] != c.typed {
			t.Errorf("%s: %q %q, want %q %q", name, got.Values["x"], code, c.want, c.code)
		}
	}
	f := Form{Values: map[string]string{"x": "b"}}
	if got, err := f.Merged(Now("x", "c")); err != nil || got.Values["x"] != "b" {
		t.Errorf("a form that says nothing of what it showed: %v %v", got.Values, err)
	}
	f.shown = "%zz"
	if _, err := f.Merged(Now("x", "c")); fault.KindOf(err) != fault.Malformed {
		t.Errorf("a broken input: %v", err)
	}
}

// TestShownIsShort: autosave.ts makes the same marks of long values.
func TestShownIsShort(t *testing.T) {
	q, err := url.ParseQuery(ShownIn(
		[]Stored{Now("body", strings.Repeat("a", 65)), Now("title", strings.Repeat("ă", 64))}))
	if err != nil || len(q.Get("body")) != 17 || q.Get("title") != strings.Repeat("ă", 64) {
		t.Errorf("%v %v", q, err)
	}
}
