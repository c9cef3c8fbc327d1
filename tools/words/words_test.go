package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"houseStore HTTPHouse my_house": {"house", "Store", "HTTP", "House", "my", "house"},
		"household, warehouse1 bells":   {"household", "warehouse", "bells"},
		"lớp học x2y":                   {"lớp", "học", "x", "y"},
	} {
		if got := split(line); !reflect.DeepEqual(got, want) {
			t.Errorf("split(%q) = %q, want %q", line, got, want)
		}
	}
}

func TestCheckRefusesPlantedWords(t *testing.T) {
	c := newChecker([]string{"door", "house-token", "tokens", "tokens.house"})
	for name, text := range map[string]string{
		"a.go":      "package a\n\ntype houseStore struct{}\n",
		"b.go":      "package a\n\n// opened anew\nvar x = 1\n",
		"c.go":      "package a\n\nvar x = \"a stranger\"\n",
		"d.go":      "package a\n\nfunc telling() {}\n",
		"e.ts":      "const theBell = 1\n",
		"f.css":     ".shelf-row { color: red }\n",
		"g.sql":     "-- rooms\nSELECT 1;\n",
		"h.templ":   "<p class=\"room\"></p>\n",
		"i.md":      "The store is ill.\n",
		"around.ts": "const x = 1\n",
		"j.go":      "package a\n\nvar doorkeeper, frontDoor = 1, 2\n", // frontDoor; the stored name is "door"
		"k.md":      "The door is open.\n",
	} {
		if got := c.check(name, text); len(got) != 1 {
			t.Errorf("%s %q: %v, want one finding", name, text, got)
		}
	}
	for name, text := range map[string]string{
		"a.go":    "package a\n\nvar classroom, houseNumber, household = 1, 2, 3\n",
		"b.go":    "package a\n\n// keep asking\nvar x = \"door\" + \"house-token\"\n",
		"c.templ": "@asset.Icon(\"house\")\n",
		"d.mjs":   "  'house',\n",
		"e.go":    "package a\n\nvar y = \"tokens.house\"\n", // although "tokens" is a stored name as well
	} {
		if got := c.check(name, text); len(got) != 0 {
			t.Errorf("%s %q: %v, want none", name, text, got)
		}
	}
}

// TestRun: a tree passes until a word is planted in it.
func TestRun(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("git", "init", "-q", root).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	write("a/a.go", "package a\n\nvar classroom = 1\n")
	if err := run(root); err != nil {
		t.Errorf("a clean tree: %v", err)
	}
	write("a/a.go", "package a\n\nvar house = 1\n")
	if run(root) == nil {
		t.Error("a planted word passes")
	}
}
