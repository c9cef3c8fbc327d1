// Command words refuses words that the project has retired, because a reader had to decode them, in identifiers,
// comments, strings and documentation.
//
// It splits every identifier at its camel-case and snake-case boundaries, so that houseStore and HouseStore are found,
// and household is not. Names that are stored, signed, sent or kept on a device keep their words: every name between
// backticks in docs/compatibility.md is passed over wherever it occurs whole.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the root of the checkout")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

// run prints what is retired in the files below root, and fails when that is not nothing.
func run(root string) error {
	names, err := files(root)
	if err != nil {
		return err
	}
	stored, err := storedNames(filepath.Join(root, "docs/compatibility.md"))
	if err != nil {
		return err
	}
	c := newChecker(stored)
	bad := 0
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		for _, f := range c.check(name, string(text)) {
			fmt.Println(f)
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d findings; tools/words/retired.go lists what to write instead", bad)
	}
	return nil
}

// files lists what the check reads: the files that git tracks or would track.
func files(root string) ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var names []string
	for _, name := range strings.Split(string(out), "\x00") {
		if reads(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no files in %s", root)
	}
	return names, nil
}

// reads reports whether the check reads the file. Texts for the screen (web/locale/*.json) are reviewed by
// speakers of the language; icons keep the names of their collection; this command has to name what it refuses.
func reads(name string) bool {
	for _, skip := range []string{"testdata/", "tools/words/", "web/asset/icons/", "web/locale/", "CHANGELOG.md"} {
		if strings.HasPrefix(name, skip) {
			return false
		}
	}
	if strings.Contains(name, "/testdata/") || strings.HasSuffix(name, "_templ.go") {
		return false
	}
	switch path.Ext(name) {
	case ".go", ".templ", ".ts", ".mjs", ".js", ".css", ".sql", ".md", ".yml", ".yaml", ".sh", ".conf":
		return true
	}
	return path.Base(name) == "Makefile" || strings.HasPrefix(name, "scripts/") || strings.HasPrefix(name, ".ci/")
}
