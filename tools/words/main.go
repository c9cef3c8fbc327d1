// Command words refuses words that the project has retired, because a reader had to decode them, in identifiers, comments,
// strings and documentation.
//
// It splits every identifier at its camel-case and snake-case boundaries, so that houseStore and HouseStore are found,
// and household is not. Names that are stored, signed, sent or kept on a device keep their words: every name between
// backticks in docs/compatibility.md is passed over wherever it occurs whole.
//
// Directories that are not clean yet stand in unclean.txt, one a line. A listed directory that is clean fails the check
// as well, so that the list only shrinks.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the root of the checkout")
	list := flag.String("unclean", "tools/words/unclean.txt", "the list of directories that are not clean yet")
	write := flag.Bool("write", false, "write the list of directories that are not clean, and succeed")
	all := flag.Bool("all", false, "show what is found in listed directories too")
	flag.Parse()
	if err := run(*root, *list, *write, *all); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

func run(root, list string, write, all bool) error {
	names, err := files(root)
	if err != nil {
		return err
	}
	allowed, err := storedNames(filepath.Join(root, "docs/compatibility.md"))
	if err != nil {
		return err
	}
	c := newChecker(allowed)
	found := map[string][]finding{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		found[dir] = append(found[dir], c.check(name, string(text))...)
	}
	if write {
		return writeList(filepath.Join(root, list), found)
	}
	unclean, err := readList(filepath.Join(root, list))
	if err != nil {
		return err
	}
	return report(found, unclean, all)
}

// report prints what is found outside the listed directories, and the listed ones that are clean.
func report(found map[string][]finding, unclean map[string]bool, all bool) error {
	bad := 0
	for _, dir := range sorted(found) {
		if unclean[dir] && !all {
			continue
		}
		for _, f := range found[dir] {
			fmt.Println(f)
			bad++
		}
	}
	for _, dir := range sorted(unclean) {
		if len(found[dir]) == 0 {
			fmt.Printf("tools/words/unclean.txt: %s is clean: take it off the list\n", dir)
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d findings; tools/words/retired.go lists what to write instead", bad)
	}
	return nil
}

func sorted[T any](m map[string]T) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
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

// reads reports whether the check reads the file of the name. Texts for the screen (web/locale/*.json) are reviewed by
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

func readList(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil // everything is clean
	}
	if err != nil {
		return nil, err
	}
	list := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list[line] = true
		}
	}
	return list, nil
}

func writeList(file string, found map[string][]finding) error {
	text := "# Directories with retired words, without those below them. Only ever take lines off.\n"
	for _, dir := range sorted(found) {
		if len(found[dir]) > 0 {
			text += dir + "\n"
		}
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
