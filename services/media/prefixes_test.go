package media

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// built is one key of each builder of this package, by its prefix.
var built = map[string]string{
	Lessons + Recordings:  Recording("l", "r"),
	Lessons + Packages:    Output("l", "p", PieceDir("720p", 3, 17), "1.m4s"),
	Lessons + Attachments: Attachment("l", "a"),
	Lessons + Captions:    Caption("l", "vi", "1"),
	Lessons + Copies:      Copy("l", "c", 3, "broadcast.mp4"),
	Uploads:               Uploads + "u/00001/000000000000-000000000005",
	Notices:               NoticeFile("n", "a"),
	Imports:               Import("i"),
}

// TestPrefixesAreWhole: each row says what every user of the registry needs, and each key of a builder has a row.
func TestPrefixesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Prefixes() {
		name := p.Top + p.Folder
		if seen[name] {
			t.Errorf("%s is registered twice", name)
		}
		seen[name] = true
		if problem := incomplete(p); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		if got, ok := PrefixOf(built[name]); !ok || got != p {
			t.Errorf("key %q has row %+v, want that of %s", built[name], got, name)
		}
	}
	for name := range built {
		if !seen[name] {
			t.Errorf("%s is not registered", name)
		}
	}
	if got := BackedUp(); !slices.Equal(got, []string{Imports, Lessons, Notices}) {
		t.Errorf("backups hold %v", got)
	}
}

// incomplete says what a row lacks, or "".
func incomplete(p Registered) string {
	switch {
	case !strings.HasSuffix(p.Top, "/") || p.Folder != "" && !strings.HasSuffix(p.Folder, "/"):
		return "it is no folder"
	case p.Removes == "":
		return "nothing removes what no row names"
	case (p.NamedBy == "") == (p.Unnamed == ""):
		return "either a table names its objects or there is a reason why none does"
	case p.NamedBy != "" && (p.Writer == "" || p.Patience < day):
		return "nobody writes it, or its objects are removed before their rows are committed"
	case p.Folder != "" && p.NotBackedUp != "":
		return "backups take or leave a whole top folder"
	}
	return ""
}

func TestIncompletePrefixes(t *testing.T) {
	good := prefixes[0]
	for name, change := range map[string]func(*Registered){
		"no folder": func(p *Registered) { p.Top = "lessons" }, "no clean-up": func(p *Registered) { p.Removes = "" },
		"no owner": func(p *Registered) { p.NamedBy = "" }, "both": func(p *Registered) { p.Unnamed = "why" },
		"no writer": func(p *Registered) { p.Writer = "" }, "no patience": func(p *Registered) { p.Patience = 0 },
		"half backed up": func(p *Registered) { p.NotBackedUp = "why" },
	} {
		bad := good
		change(&bad)
		if incomplete(bad) == "" {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, key := range []string{"", "lessons/", "lessons/l", "lessons/l/recordings/", "lessons//recordings/r",
		"lessons/l/exercises/e", "exercises/e", "Uploads/u", "uploads/", "/notices/n/a"} {
		if p, ok := PrefixOf(key); ok {
			t.Errorf("key %q is below %s%s", key, p.Top, p.Folder)
		}
	}
}

// TestKeysAreMadeHere: no other package spells a prefix out, so that none is written that has no row.
func TestKeysAreMadeHere(t *testing.T) {
	files := 0
	for _, top := range []string{"../../cmd", "..", "../../web", "../../infra", "../../transcoder"} {
		err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && (d.Name() == "media" || d.Name() == "node_modules") {
				if d != nil && d.IsDir() && err == nil {
					return fs.SkipDir
				}
				return err
			}
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
				strings.HasSuffix(name, "_templ.go") {
				return nil
			}
			src, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			files++
			for _, found := range spelled(t, name, src) {
				t.Errorf("%s: build the key in services/media", found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 200 {
		t.Errorf("only %d files were read", files)
	}
	planted := "package p\n\nvar a, b = \"uploads/x\", q + \"recordings/\"\n"
	if found := spelled(t, "planted.go", []byte(planted)); len(found) != 2 {
		t.Errorf("two planted keys: found %v", found)
	}
}

// spelled finds the literals that begin with a registered folder.
func spelled(t *testing.T, name string, src []byte) (found []string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range prefixes {
			if strings.HasPrefix(text, p.Top) || p.Folder != "" && strings.HasPrefix(text, p.Folder) {
				found = append(found, set.Position(lit.Pos()).String()+" "+lit.Value)
				break
			}
		}
		return true
	})
	return found
}
