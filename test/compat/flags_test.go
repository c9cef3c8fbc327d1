package compat

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFlags compares the commands and flags of docs/compatibility.md with the
// binary's own help: they stand in people's scripts, units and configuration.
func TestFlags(t *testing.T) {
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(root + "/docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(raw), "Commands: ")
	if !ok {
		t.Fatal("docs/compatibility.md lists no commands")
	}
	text, _, _ = strings.Cut(text, "\n\n")
	flag := regexp.MustCompile(`(?m)^ {2,6}(?:-\w, +)?--(?:\[no-\])?([a-z0-9-]+)`)
	var got []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		help, err := exec.Command(bin, append(strings.Fields(m[1]), "--help")...).CombinedOutput()
		if err != nil {
			t.Errorf("lenlop %s is gone: %v: %s", m[1], err, help)
			continue
		}
		for _, f := range flag.FindAllStringSubmatch(string(help), -1) {
			if name := "--" + f[1]; name != "--help" && !slices.Contains(got, name) {
				got = append(got, name)
			}
		}
	}
	want := listed(t)["Commands, flags and environment"]
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s is not in docs/compatibility.md", name)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s is gone: scripts and configuration that give it would fail", name)
		}
	}
}
