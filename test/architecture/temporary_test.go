package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// temporary are the files that may use the folder for temporary files, which
// nobody sweeps after kill -9, and why.
var temporary = map[string]string{
	"cmd/lenlop/backup.go":       "files without a name: nothing is left of them however the process ends",
	"cmd/lenlop/app/data.go":     "the same, where there is no folder of data",
	"infra/s3embedded/server.go": "a socket whose path would be too long; the next start removes its folder",
}

// TestWorkFoldersAreInScratch: product code makes its folders and files in the
// making below a folder that is swept at start, never where the system keeps
// temporary files.
func TestWorkFoldersAreInScratch(t *testing.T) {
	root := filepath.Join("..", "..")
	used := map[string]bool{}
	for _, top := range []string{"cmd", "services", "transcoder", "web", "infra"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			if unswept(file) {
				used[name] = true
				if temporary[name] == "" {
					t.Errorf("%s uses the folder for temporary files: use scratch (production.Scratch)", name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range temporary {
		if !used[name] {
			t.Errorf("%s no longer needs its exception", name)
		}
	}
}

// TestUnsweptIsFound plants what the test above refuses, and what it allows.
func TestUnsweptIsFound(t *testing.T) {
	for source, want := range map[string]bool{
		`os.MkdirTemp("", "x-")`: true, `os.CreateTemp("", "x")`: true, `os.TempDir()`: true,
		`os.MkdirTemp(os.TempDir(), "x-")`: true, `os.MkdirTemp(dir, "x-")`: false, `os.CreateTemp(dir, "x")`: false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() { "+source+" }\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if unswept(file) != want {
			t.Errorf("%s: found %v", source, !want)
		}
	}
}

// unswept reports that a file makes something in the folder for temporary files.
func unswept(file *ast.File) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if p, ok := f.X.(*ast.Ident); !ok || p.Name != "os" {
			return true
		}
		switch f.Sel.Name {
		case "TempDir":
			found = true
		case "MkdirTemp", "CreateTemp":
			if dir, ok := call.Args[0].(*ast.BasicLit); ok && dir.Value == `""` {
				found = true
			}
		}
		return true
	})
	return found
}
