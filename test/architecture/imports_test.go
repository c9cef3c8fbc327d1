// Package architecture holds the tests of docs/architecture.md's import rules.
package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "lenlop"

// serviceOrder: a service imports only services after it.
var serviceOrder = []string{
	"inspection", "question", "feedback", "viewership", "viewership/television", "viewership/delivery",
	"viewership/playback", "viewership/disclosure", "production", "catalog", "notice", "bookmark",
	"worksheet", "caption",
	"upload", "schedule", "lesson", "school", "webhook", "people", "backup", "job", "media", "audit", "limit",
	"spreadsheet", "fault",
}

// audiences never import each other.
var audiences = []string{"admin", "department", "station", "student", "teacher"}

// webOrder: below the audiences and the pages they share, a package imports only packages after it.
var webOrder = []string{"api", "stream", "signin", "page", "asset", "locale"}

// registered are all packages that may exist, but those of test/, which may import everything.
var registered = append(append(append([]string{
	"cmd/lenlop", "cmd/lenlop/app", "cmd/lenlop/demo", "cmd/lenlop/seed",
	"transcoder", "transcoder/cmaf", "transcoder/delivery", "transcoder/ffmpeg", "transcoder/hls", "transcoder/ladder",
	"transcoder/probe",
	"web", "web/shared",
	"infra/deploy", "infra/hook", "infra/mail", "infra/meili", "infra/meili/meilitest", "infra/oidc", "infra/s3",
	"infra/s3embedded", "infra/sandbox", "infra/sheet", "infra/sqldb", "infra/sqldb/viewstore", "infra/sqlsearch",
	"infra/telemetry",
}, under("services", serviceOrder)...), under("web", audiences)...), under("web", webOrder)...)

// transitional are packages that have not moved to where docs/architecture.md wants them, and what they become.
var transitional = map[string]string{}

func under(dir string, names []string) []string {
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = dir + "/" + n
	}
	return paths
}

// exempt are single imports that a rule forbids, each with its reason.
var exempt = map[[2]string]string{
	{"infra/telemetry", "transcoder"}: "it measures the sandbox's runs through the same interface",
}

// TestImports holds the import rules over what the compiler reads, with and without the long and bench tags.
func TestImports(t *testing.T) {
	for _, tags := range []string{"", "long", "bench"} {
		seen := map[string]bool{}
		for _, p := range packages(t, tags) {
			from := strings.TrimPrefix(p.ImportPath, module+"/")
			seen[from] = true
			if why := unregistered(from); why != "" {
				t.Errorf("%s: %s", from, why)
			}
			for _, imp := range p.Imports {
				to, own := strings.CutPrefix(imp, module+"/")
				if imp == module {
					t.Errorf("%s imports the root of the module", from)
				}
				if !own {
					continue
				}
				if why := forbidden(from, to); why != "" {
					t.Errorf("%s imports %s: %s", from, to, why)
				}
			}
		}
		for name, becomes := range transitional {
			if !seen[name] {
				t.Errorf("%s has become %s: take it off the list of transitional packages", name, becomes)
			}
		}
	}
}

// unregistered explains why a package must not exist where it is, or returns "".
func unregistered(name string) string {
	if strings.HasPrefix(name, "test/") || slices.Contains(registered, name) || transitional[name] != "" {
		return ""
	}
	return "no package of this name is registered in docs/architecture.md and test/architecture"
}

// forbidden explains why the package from must not import the package to, or returns "". Both are paths in the module.
func forbidden(from, to string) string {
	if exempt[[2]string{from, to}] != "" {
		return ""
	}
	top, _, _ := strings.Cut(from, "/")
	target, _, _ := strings.Cut(to, "/")
	switch {
	case top == "test":
		return ""
	case target == "test":
		return "only _test.go files import test"
	case top == "cmd":
		return forbiddenInCmd(from, to)
	case target == "cmd":
		return "nothing below the command imports it"
	}
	switch top {
	case "services":
		return forbiddenInServices(from, to, target)
	case "transcoder":
		if target != "transcoder" {
			return "the transcoder imports nothing of ours"
		}
		return ""
	case "web":
		return forbiddenInWeb(from, to, target)
	case "infra":
		return forbiddenInInfra(from, to, target)
	}
	return "no rule for packages of " + top
}

// forbiddenInCmd: commands import the wiring, the demo and the seed; of those only the wiring is imported by another.
func forbiddenInCmd(from, to string) string {
	if to == "cmd/lenlop" {
		return "package main is not imported"
	}
	if from == "cmd/lenlop/app" && strings.HasPrefix(to, "cmd/") {
		return "the wiring does not import commands"
	}
	return ""
}

func forbiddenInServices(from, to, target string) string {
	if target == "transcoder" {
		if from == "services/production" {
			return ""
		}
		return "only production imports the transcoder"
	}
	if target != "services" {
		return "services import services only"
	}
	f, t := servicePlace(from), servicePlace(to)
	switch {
	case f < 0 || t < 0:
		return "the service has no place in the order"
	case f >= t:
		return "a service imports only services after it in the order"
	}
	return ""
}

// servicePlace is the place of a package in the order of services, or -1.
func servicePlace(name string) int {
	name = strings.TrimPrefix(name, "services/")
	return slices.Index(serviceOrder, name)
}

func forbiddenInWeb(from, to, target string) string {
	if target == "services" || from == "web" && target == "web" {
		return ""
	}
	if target != "web" {
		return "web imports services only"
	}
	f, t := webLevel(from), webLevel(to)
	switch {
	case t == levelAudience && f == levelAudience:
		return "audiences never import each other"
	case f == levelShared && t == levelShared && from != to:
		return "shared pages do not import each other"
	case f < 0 || t < 0:
		return "the package has no place in web's order"
	case f >= t:
		return "a package of web imports only packages below it"
	}
	return ""
}

const (
	levelAudience = 0
	levelShared   = 1
)

// webLevel orders the packages of web: audiences, what they share, then webOrder; -1 for an unknown one and for web.
func webLevel(name string) int {
	name = strings.TrimPrefix(name, "web/")
	if slices.Contains(audiences, name) {
		return levelAudience
	}
	if name == "shared" {
		return levelShared
	}
	if i := slices.Index(webOrder, name); i >= 0 {
		return levelShared + 1 + i
	}
	return -1
}

func forbiddenInInfra(from, to, target string) string {
	switch {
	case target == "services", target == "infra" && isParent(to, from):
		return ""
	case target == "transcoder" && from == "infra/sandbox" && to == "transcoder":
		return ""
	case target == "infra":
		return "adapters never import each other"
	}
	return "an adapter imports services only"
}

// isParent reports whether the package parent is the one that holds child.
func isParent(parent, child string) bool { return path.Dir(child) == parent }

type goPackage struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T, tags string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags", tags, "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Log(string(exit.Stderr))
		}
		t.Fatal("go list:", err)
	}
	var ps []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	if len(ps) < 20 {
		t.Fatalf("go list named only %d packages", len(ps))
	}
	return ps
}
