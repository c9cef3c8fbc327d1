package main

import (
	"bytes"
	"testing"
)

func TestVersionNamesTheCommit(t *testing.T) {
	oldVersion, oldCommit := version, commit
	t.Cleanup(func() { version, commit = oldVersion, oldCommit })
	for _, c := range [][3]string{
		{"1.2.3", "", "lenlop 1.2.3\n"},
		{"1.2.3+dev", "0123456789ab", "lenlop 1.2.3+dev (commit 0123456789ab)\n"},
	} {
		version, commit = c[0], c[1]
		var out, errs bytes.Buffer
		if code := run([]string{"version"}, &out, &errs); code != 0 || out.String() != c[2] {
			t.Errorf("exit %d, %q, want %q; %s", code, out.String(), c[2], errs.String())
		}
	}
}
