// Command changelog makes CHANGELOG.md from the files of docs/changelog, one file a change:
//
//	docs/changelog/KIND/0123-subject.md            not released yet
//	docs/changelog/0.1.0/KIND/0042-subject.md      released with that version
//
// KIND is added, changed, fixed or security. A file may begin with a heading. To release, move the folders of kinds
// into a folder named after the version. With -version it prints the newest version, with -check it fails when
// CHANGELOG.md is not up to date.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the root of the checkout")
	check := flag.Bool("check", false, "fail when CHANGELOG.md is not up to date, and write nothing")
	version := flag.Bool("version", false, "print the newest released version, with +dev when changes follow it")
	flag.Parse()
	if err := run(*root, *check, *version); err != nil {
		fmt.Fprintln(os.Stderr, "changelog:", err)
		os.Exit(1)
	}
}

func run(root string, check, version bool) error {
	dir := filepath.Join(root, "docs/changelog")
	if version {
		v, err := newest(dir)
		if err == nil {
			fmt.Println(v)
		}
		return err
	}
	releases, err := read(dir)
	if err != nil {
		return err
	}
	file := filepath.Join(root, "CHANGELOG.md")
	text := render(releases)
	if !check {
		return os.WriteFile(file, []byte(text), 0o644)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if string(old) != text {
		return errors.New("CHANGELOG.md is not up to date: run make changelog")
	}
	return nil
}

// kinds of changes, in the order of https://keepachangelog.com.
var kinds = []string{"added", "changed", "fixed", "security"}

// A release is a version's changes by kind; unreleased ones have no version.
type release struct {
	version string
	changes map[string][]string
}

var versionName = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)$`)

// read returns the unreleased changes, then the releases, newest first.
func read(dir string) ([]release, error) {
	unreleased, err := readRelease(dir, "")
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	releases := []release{}
	for _, e := range entries {
		switch {
		case versionName.MatchString(e.Name()):
			r, err := readRelease(filepath.Join(dir, e.Name()), e.Name())
			if err != nil {
				return nil, err
			}
			releases = append(releases, r)
		case !slices.Contains(kinds, e.Name()):
			return nil, fmt.Errorf("%s is neither a version nor one of %s: move it into one", e.Name(),
				strings.Join(kinds, ", "))
		}
	}
	slices.SortFunc(releases, func(a, b release) int { return compare(b.version, a.version) })
	return append([]release{unreleased}, releases...), nil
}

func readRelease(dir, version string) (release, error) {
	r := release{version: version, changes: map[string][]string{}}
	for _, kind := range kinds {
		files, err := filepath.Glob(filepath.Join(dir, kind, "*.md")) // sorted
		if err != nil {
			return r, err
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return r, err
			}
			entry, err := item(string(text))
			if err != nil {
				return r, fmt.Errorf("%s: %w", f, err)
			}
			r.changes[kind] = append(r.changes[kind], entry)
		}
	}
	return r, nil
}

func compare(a, b string) int {
	as, bs := versionName.FindStringSubmatch(a), versionName.FindStringSubmatch(b)
	for i := 1; i <= 3; i++ {
		x, _ := strconv.Atoi(as[i]) // digits
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x - y
		}
	}
	return 0
}

// item makes an item of a list of a change's text: its heading in bold, the rest indented.
func item(text string) (string, error) {
	text = strings.TrimSpace(text)
	if head, found := strings.CutPrefix(text, "# "); found {
		title, rest, _ := strings.Cut(head, "\n")
		text = strings.TrimSpace("**" + strings.TrimSuffix(strings.TrimSpace(title), ".") + ".**\n" +
			strings.TrimSpace(rest))
	}
	if text == "" {
		return "", errors.New("the change has no text")
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		if i > 0 && lines[i] != "" {
			lines[i] = "  " + lines[i]
		}
	}
	return "- " + strings.Join(lines, "\n"), nil
}

func render(releases []release) string {
	var b strings.Builder
	b.WriteString("# Changelog\n\nMade by `make changelog` from docs/changelog; do not edit.\n")
	for _, r := range releases {
		if len(r.changes) == 0 {
			continue
		}
		title := r.version
		if title == "" {
			title = "Unreleased"
		}
		fmt.Fprintf(&b, "\n## %s\n", title)
		for _, kind := range kinds {
			if len(r.changes[kind]) == 0 {
				continue
			}
			name := strings.ToUpper(kind[:1]) + kind[1:]
			fmt.Fprintf(&b, "\n### %s\n\n%s\n", name, strings.Join(r.changes[kind], "\n"))
		}
	}
	return b.String()
}

// newest is the version of the tree: the newest release, with +dev when changes follow it. It does not read the
// changes: one in a wrong place must not stop a build.
func newest(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	version, dev := "0.0.0", ""
	for _, e := range entries {
		switch {
		case !versionName.MatchString(e.Name()):
			dev = "+dev"
		case compare(e.Name(), version) > 0:
			version = e.Name()
		}
	}
	return version + dev, nil
}
