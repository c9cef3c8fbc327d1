package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goTest is what go test -json writes for a package with a test that passes, one that is skipped and one of the end.
func goTest(end string) string {
	return `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":2.5}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no browser here\n"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: got 1\n"}
{"Action":"` + end + `","Package":"p","Test":"TestC","Elapsed":0.1}
{"Action":"output","Package":"p","Output":"ok  \tp\t2.6s\n"}
`
}

// reportOn runs a command that writes text and ends with the status.
func reportOn(t *testing.T, o options, text, status string) (bool, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	ok, err := run(o, []string{"sh", "-c", "cat " + file + "; exit " + status}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return ok, out.String()
}

func TestReport(t *testing.T) {
	skips := filepath.Join(t.TempDir(), "skips")
	if err := os.WriteFile(skips, []byte("# allowed\np\\.TestB only where there is a browser\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tap := "ok 1 - plays\nok 2 - waits # SKIP no sound\n# pass 1\n# skipped 1\n"
	for name, c := range map[string]struct {
		options options
		text    string
		status  string
		ok      bool
		shows   []string
	}{
		"passes": {options{}, goTest("pass"), "0", true,
			[]string{"ok  \tp\t2.6s", "3 tests", "skipped: p.TestB: b_test.go:3: no browser"}},
		"skip fails": {options{noSkips: true}, goTest("pass"), "0", false, []string{"FAIL: skipped: p.TestB"}},
		"skip listed": {options{noSkips: true, skips: skips}, goTest("pass"), "0", true,
			[]string{"skipped, as listed: p.TestB"}},
		"failure in full": {options{}, goTest("fail"), "1", false, []string{"--- FAIL: p.TestC", "got 1"}},
		"slowest":         {options{slowest: 1}, goTest("pass"), "0", true, []string{"2.5s  p.TestA"}},
		"command fails":   {options{}, "", "1", false, nil},
		"other lines":     {options{}, "downloading\n", "0", true, []string{"downloading"}},
		"build failure": {options{}, `{"Action":"build-output","Output":"x.go:1: bad\n"}` + "\n", "1", false,
			[]string{"x.go:1: bad"}},
		"TAP":              {options{tap: true}, tap, "0", true, []string{"# pass 1", "skipped: waits: no sound"}},
		"TAP, skip fails":  {options{tap: true, noSkips: true}, tap, "0", false, []string{"FAIL: skipped: waits"}},
		"TAP, test failed": {options{tap: true}, tap, "1", false, nil},
	} {
		ok, out := reportOn(t, c.options, c.text, c.status)
		if ok != c.ok {
			t.Errorf("%s: ok %v, want %v\n%s", name, ok, c.ok, out)
		}
		for _, want := range c.shows {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, out)
			}
		}
	}
}

func TestSkipNeedsReason(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skips")
	if err := os.WriteFile(file, []byte("p\\.TestB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSkips(file); err == nil {
		t.Error("a skip without a reason is allowed")
	}
}
