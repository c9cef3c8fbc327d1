// Command testreport runs a test command and reports it: a line for each package, failures in full, the slowest tests,
// and every skipped test with its reason. With -no-skips a skipped test fails the run, unless the list of skips allows
// it: a test that did not run must not look like one that passed.
//
//	testreport [-no-skips] [-skips FILE] [-slowest N] go test -json ...
//	testreport [-no-skips] -tap node --test --test-reporter=tap ...
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strings"
	"time"
)

func main() {
	var o options
	flag.BoolVar(&o.noSkips, "no-skips", false, "fail when a test is skipped that the list does not allow")
	flag.StringVar(&o.skips, "skips", "", "file of skips that are allowed: a pattern of package.Test, then the reason")
	flag.IntVar(&o.slowest, "slowest", 15, "how many of the slowest tests to list")
	flag.BoolVar(&o.tap, "tap", false, "the command writes TAP instead of go test's JSON")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := run(o, flag.Args(), os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

type options struct {
	noSkips bool
	skips   string
	slowest int
	tap     bool
}

// run runs the command and reports whether it succeeded.
func run(o options, command []string, out io.Writer) (ok bool, err error) {
	allowed, err := readSkips(o.skips)
	if err != nil {
		return false, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	r := &report{out: out, output: map[string][]string{}}
	if o.tap {
		err = r.readTAP(pipe)
	} else {
		err = r.readJSON(pipe)
	}
	if waitErr := cmd.Wait(); waitErr != nil {
		r.failed = true
	}
	if err != nil {
		return false, err
	}
	r.summarize(o, allowed)
	return !r.failed, nil
}

// An event is a line of go test -json (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

type outcome struct {
	name    string // package.Test
	seconds float64
	reason  string
}

type report struct {
	out     io.Writer
	output  map[string][]string // by package.Test, until its end is known
	ran     int
	slow    []outcome
	skipped []outcome
	failed  bool
}

func (r *report) readJSON(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.takeLine(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) takeLine(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line)
		return
	}
	name := e.Package + "." + e.Test
	switch {
	case e.Action == "build-output", e.Action == "output" && e.Test == "":
		if e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "testing: warning:") {
			fmt.Fprint(r.out, e.Output) // "ok  pkg 1.2s", "FAIL pkg", a panic
		}
	case e.Action == "output":
		r.output[name] = append(r.output[name], e.Output)
	case e.Test == "":
		r.failed = r.failed || e.Action == "fail" || e.Action == "build-fail"
	case e.Action == "pass", e.Action == "fail", e.Action == "skip":
		r.takeEnd(e, name)
	}
}

func (r *report) takeEnd(e event, name string) {
	o := outcome{name: name, seconds: e.Elapsed}
	r.ran++
	switch e.Action {
	case "fail":
		r.failed = true
		fmt.Fprintf(r.out, "\n--- FAIL: %s (%s)\n%s\n", name, duration(e.Elapsed), strings.Join(r.output[name], ""))
	case "skip":
		o.reason = reasonOf(r.output[name])
		r.skipped = append(r.skipped, o)
	}
	if !strings.Contains(e.Test, "/") {
		r.slow = append(r.slow, o)
	}
	delete(r.output, name)
}

// reasonOf is what a test wrote before it was skipped, without the lines of the runner.
func reasonOf(output []string) string {
	var lines []string
	for _, l := range output {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "===") && !strings.HasPrefix(l, "---") {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, " ")
}

var tapSkip = regexp.MustCompile(`^\s*(?:not )?ok \d+ - (.*?)\s+# (?:SKIP|TODO)\b\s*(.*)$`)

// readTAP passes TAP through and notes what was skipped.
func (r *report) readTAP(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		fmt.Fprintln(r.out, lines.Text())
		if m := tapSkip.FindStringSubmatch(lines.Text()); m != nil {
			r.skipped = append(r.skipped, outcome{name: m[1], reason: m[2]})
		}
	}
	return lines.Err()
}

func (r *report) summarize(o options, allowed []skip) {
	if !o.tap {
		fmt.Fprintf(r.out, "\n%d tests and subtests, %d skipped\n", r.ran, len(r.skipped))
		sort.Slice(r.slow, func(i, j int) bool { return r.slow[i].seconds > r.slow[j].seconds })
		for i, s := range r.slow {
			if i == o.slowest || s.seconds < 1 {
				break
			}
			fmt.Fprintf(r.out, "%8s  %s\n", duration(s.seconds), s.name)
		}
	}
	for _, s := range r.skipped {
		switch {
		case allows(allowed, s.name):
			fmt.Fprintf(r.out, "skipped, as listed: %s: %s\n", s.name, s.reason)
		case o.noSkips:
			fmt.Fprintf(r.out, "FAIL: skipped: %s: %s\n", s.name, s.reason)
			r.failed = true
		default:
			fmt.Fprintf(r.out, "skipped: %s: %s\n", s.name, s.reason)
		}
	}
}

func duration(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// A skip is a pattern of tests that may be skipped.
type skip struct{ pattern *regexp.Regexp }

func allows(allowed []skip, name string) bool {
	for _, s := range allowed {
		if s.pattern.MatchString(name) {
			return true
		}
	}
	return false
}

// readSkips reads lines of a pattern, a space and a reason; a line without a reason is an error.
func readSkips(file string) (list []skip, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s:%d: a skip needs a reason", file, i+1)
		}
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		list = append(list, skip{re})
	}
	return list, nil
}
