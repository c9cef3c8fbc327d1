package compat

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// listed reads the first column of each section's table in docs/compatibility.md.
func listed(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(root + "/docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile("^\\| `([^`]+)` \\|")
	all, section := map[string][]string{}, ""
	for line := range strings.Lines(string(raw)) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(heading)
		} else if m := first.FindStringSubmatch(line); m != nil {
			all[section] = append(all[section], strings.ReplaceAll(m[1], `\n`, "\n"))
		}
	}
	return all
}

// source is what the program's own code says, tests and generated code aside.
type source struct {
	literals map[string]bool // of Go, in whole and each key of a struct tag
	kinds    []string        // of jobs
	actions  []string
	scripts  string // all TypeScript
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{literals: map[string]bool{}}
	for _, top := range []string{"cmd", "services", "transcoder", "web", "infra"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "dist" || d.Name() == "contract" || strings.HasSuffix(d.Name(), "test")):
				return fs.SkipDir
			case strings.HasSuffix(path, ".ts") && !strings.HasSuffix(path, ".test.ts"):
				raw, err := os.ReadFile(path)
				s.scripts += string(raw)
				return err
			case strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, "_templ.go"):
				return nil
			case strings.HasSuffix(path, ".go"):
				return s.file(path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(s.kinds)
	slices.Sort(s.actions)
	return s
}

func (s *source) file(path string) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tag := regexp.MustCompile(`json:"([^",]+)`)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				s.literals[text] = true
				if m := tag.FindStringSubmatch(text); m != nil {
					s.literals[m[1]] = true
				}
			}
		case *ast.FuncDecl:
			s.kind(path, n)
		case *ast.ValueSpec:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Action" && f.Name.Name == "people" {
				for _, v := range n.Values {
					s.actions = append(s.actions, text(v))
				}
			}
		}
		return true
	})
	return nil
}

// kind notes what a method Kind() string of a job's arguments returns.
func (s *source) kind(path string, f *ast.FuncDecl) {
	if f.Recv == nil || f.Name.Name != "Kind" || f.Type.Params.NumFields() != 0 || f.Body == nil ||
		len(f.Body.List) != 1 {
		return
	}
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return
	}
	switch x := ret.Results[0].(type) {
	case *ast.BasicLit:
		s.kinds = append(s.kinds, text(x))
	case *ast.Ident:
		s.kinds = append(s.kinds, constant(filepath.Dir(path), x.Name))
	}
}

// constant finds the text of a package's constant; its name when there is none.
func constant(dir, name string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					if i := slices.IndexFunc(v.Names, func(id *ast.Ident) bool { return id.Name == name }); i >= 0 {
						return text(v.Values[i])
					}
				}
			}
		}
	}
	return name
}

func text(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
	}
	return "?"
}

func sorted(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// TestNames compares docs/compatibility.md with the code.
func TestNames(t *testing.T) {
	doc, code := listed(t), readSource(t)

	same := func(section string, got []string) {
		t.Helper()
		want := sorted(doc[section])
		if len(want) == 0 {
			t.Fatalf("docs/compatibility.md has no table under %q", section)
		}
		for _, name := range sorted(got) {
			if !slices.Contains(want, name) {
				t.Errorf("%s: %q is not in docs/compatibility.md: add it, or keep the name that was stored",
					section, name)
			}
		}
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%s: %q is no longer in the code: what was stored under it would be lost", section, name)
			}
		}
	}
	same("Job kinds", code.kinds)
	same("Actions", code.actions)
	same("Metrics", metrics(code))
	same("On the device", device(code.scripts))

	for _, section := range []string{"Hash chain, signatures and derived keys", "Settings and secrets",
		"Signed reports",
		"Backups", "Cookies", "Webhooks", "Import columns"} {
		if len(doc[section]) == 0 {
			t.Errorf("docs/compatibility.md has no table under %q", section)
		}
		for _, name := range doc[section] {
			if !code.says(name) {
				t.Errorf("%s: no text of the code is or contains %q: what was stored under it would be lost",
					section, name)
			}
		}
	}
	for _, name := range doc["Objects"] {
		part := func(l string) bool { return strings.Contains("/"+l+"/", "/"+name) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(code.literals)), part) {
			t.Errorf("Objects: no text of the code contains %q", name)
		}
	}
}

// says reports whether a literal is the name, or begins or ends with it where
// the name is a part of a text ("watch " and an id).
func (s source) says(name string) bool {
	if s.literals[name] {
		return true
	}
	for l := range s.literals {
		switch {
		case strings.HasPrefix(l, name) && strings.TrimSpace(name) != name:
			return true
		case strings.HasSuffix(l, name) && strings.HasPrefix(name, "-"):
			return true
		}
	}
	return false
}

func metrics(s source) []string {
	var list []string
	one := regexp.MustCompile(`^lenlop_[a-z_]+$`)
	for l := range s.literals {
		if one.MatchString(l) {
			list = append(list, l)
		}
	}
	return list
}

// device finds the keys that scripts store under.
func device(scripts string) []string {
	var list []string
	for _, pattern := range []string{
		`\b(?:recall|keep|list(?:<\w+>)?|save)\(\s*'([\w-]+)'`,
		"\\b(?:recall|keep)\\(\\s*`([\\w-]+)\\$\\{",
		"Storage\\.(?:get|set|remove)Item\\(\\s*`(upload-)\\$\\{",
		"(typed:)\\$\\{",
		`caches\.open\(\s*'([\w-]+)'`,
		`(?:const|let) (?:cacheName|kept|shell|page|stored|engines) = '([^']+)'(?: *\/\/|\n)`,
		"const place = `(at-)",
		"\\.folder\\}(index\\.json)`",
		`register\('(/sw\.js)'`,
		`look\(root, '(\w+)'\)`,
	} {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(scripts, -1) {
			list = append(list, m[1])
		}
	}
	return list
}
