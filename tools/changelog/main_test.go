package main

import (
	"os"
	"path/filepath"
	"testing"
)

// tree writes files of docs/changelog below a new root.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, "docs/changelog", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestChangelog(t *testing.T) {
	root := tree(t, map[string]string{
		"fixed/0003-c.md":       "Third.\n",
		"0.2.0/added/0001-a.md": "# First\n\nIts text,\non two lines.\n",
		"0.10.0/added/0002.md":  "Second.\n",
	})
	if err := run(root, true, false); err == nil {
		t.Error("a missing CHANGELOG.md passes the check")
	}
	if err := run(root, false, false); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true, false); err != nil {
		t.Errorf("a new CHANGELOG.md fails the check: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := `# Changelog

Made by ` + "`make changelog`" + ` from docs/changelog; do not edit.

## Unreleased

### Fixed

- Third.

## 0.10.0

### Added

- Second.

## 0.2.0

### Added

- **First.**
  Its text,
  on two lines.
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for dir, want := range map[string]string{"": "0.10.0+dev", "0.2.0": "0.0.0+dev"} {
		if v, err := newest(filepath.Join(root, "docs/changelog", dir)); err != nil || v != want {
			t.Errorf("version %q, %v, want %q", v, err, want)
		}
	}
}

func TestChangelogRefuses(t *testing.T) {
	for _, name := range []string{"0004-flat.md", "removed/0001.md"} {
		if err := run(tree(t, map[string]string{name: "Text.\n"}), false, false); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := run(tree(t, map[string]string{"added/0001.md": "\n"}), false, false); err == nil {
		t.Error("a change without text is accepted")
	}
}
