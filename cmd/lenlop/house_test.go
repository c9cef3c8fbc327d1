package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// order of the rooms below services/: a room imports only rooms after it.
var order = []string{"inspection", "backup", "question", "viewership", "notice", "webhook", "production", "catalog", "caption", "bookmark", "problem", "worksheet", "schedule", "upload", "lesson", "school", "people", "job", "media", "audit", "fault"}

// TestImportsRunDownhill holds the house's import rule over what the compiler
// really imports (docs/architecture.md).
func TestImportsRunDownhill(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			if why := forbidden(p.ImportPath, imp); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

// TestImportRuleRefuses shows that the rule has teeth.
func TestImportRuleRefuses(t *testing.T) {
	for _, c := range [][2]string{
		{"lenlop/services/lesson", "lenlop/services/upload"},
		{"lenlop/services/lesson", "lenlop/infra/sqldb"},
		{"lenlop/services/lesson", "lenlop/web/page"},
		{"lenlop/services/catalog", "lenlop/transcoder"},
		{"lenlop/transcoder/probe", "lenlop/services/fault"},
		{"lenlop/web/student", "lenlop/web/teacher"},
		{"lenlop/web/page", "lenlop/infra/s3"},
		{"lenlop/infra/fts", "lenlop/infra/sqldb"},
		{"lenlop/infra/s3", "lenlop/web/page"},
	} {
		if forbidden(c[0], c[1]) == "" {
			t.Errorf("%s may import %s, and must not", c[0], c[1])
		}
	}
	for _, c := range [][2]string{
		{"lenlop/services/viewership", "lenlop/services/fault"},
		{"lenlop/services/production", "lenlop/transcoder"},
		{"lenlop/infra/sandbox", "lenlop/transcoder"},
		{"lenlop/web/student", "lenlop/web/page"},
		{"lenlop/cmd/lenlop", "lenlop/infra/sqldb"},
	} {
		if why := forbidden(c[0], c[1]); why != "" {
			t.Errorf("%s may not import %s (%s), and should", c[0], c[1], why)
		}
	}
}

// forbidden says why from must not import to, or "".
func forbidden(from, to string) string {
	const own = "lenlop/"
	if !strings.HasPrefix(to, own) || !strings.HasPrefix(from, own) {
		return ""
	}
	f := strings.Split(strings.TrimPrefix(from, own), "/")
	t := strings.Split(strings.TrimPrefix(to, own), "/")
	room := func(p []string) string {
		if len(p) > 1 {
			return p[1]
		}
		return ""
	}
	switch f[0] {
	case "cmd", "test":
		return ""
	case "services":
		switch t[0] {
		case "services":
			if a, b := place(room(f)), place(room(t)); b < a {
				return "rooms of services import only rooms below them"
			}
			return ""
		case "transcoder":
			if room(f) == "production" {
				return ""
			}
		}
		return "services know nothing above or beside them"
	case "transcoder":
		if t[0] != "transcoder" {
			return "the transcoder knows nothing of ours"
		}
	case "web":
		if t[0] == "infra" || t[0] == "transcoder" || t[0] == "cmd" {
			return "web imports services"
		}
		audience := map[string]bool{"student": true, "teacher": true, "station": true, "department": true, "admin": true}
		if t[0] == "web" && audience[room(f)] && audience[room(t)] && room(f) != room(t) {
			return "audiences do not import each other"
		}
	case "infra":
		switch {
		case t[0] == "services":
			return ""
		case t[0] == "transcoder" && (room(f) == "sandbox" || room(f) == "telemetry"): // the sandbox and what watches it
			return ""
		case t[0] == "infra" && (room(f) == room(t) || room(f) == "contract"):
			return ""
		}
		return "adapters import services only, and not each other"
	}
	return ""
}

func place(room string) int {
	for i, r := range order {
		if r == room {
			return i
		}
	}
	return -1 // an unknown room may import nothing and be imported by nobody: name it in order
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "lenlop/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var ps []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	if len(ps) < 20 {
		t.Fatalf("only %d packages listed", len(ps))
	}
	return ps
}
