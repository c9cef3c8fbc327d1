// Package deploy_test checks the files that are not Go: the proxy's configuration is
// loaded by nginx, alerts and dashboards name metrics that exist, and units name flags
// that exist. test/external/deploy checks the Compose file and the manifests.
package deploy_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/telemetry"
)

const top = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var metricName = regexp.MustCompile(`\b(lenlop_[a-z_]+|process_[a-z_]+|go_[a-z_]+)\b`)

// TestMetricsExist holds alerts and dashboards against the registry.
func TestMetricsExist(t *testing.T) {
	m := telemetry.NewMetrics()
	m.Request("/", 200, time.Second)
	m.Job("transcode", "done", time.Second)
	m.Watch(telemetry.State{Version: "test",
		Queue: func(context.Context) ([]telemetry.Queue, error) {
			return []telemetry.Queue{{Kind: "probe", State: "waiting", Jobs: 1}}, nil
		},
		Ready:       func(context.Context) map[string]bool { return map[string]bool{"database": true} },
		Connections: func() (int, int, int64) { return 1, 1, 1 }, Fallbacks: func() int64 { return 1 }})
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for line := range strings.SplitSeq(string(body), "\n") {
		if name, _, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			name, _, _ = strings.Cut(name, "{")
			there = append(there, name)
		}
	}
	for _, file := range []string{"prometheus/alerts.yml", "grafana/dashboards/lenlop.json"} {
		named := metricName.FindAllString(read(t, file), -1)
		if len(named) < 5 {
			t.Errorf("%s names %d metrics", file, len(named))
		}
		for _, name := range named {
			if !slices.Contains(there, name) {
				t.Errorf("%s names %s, which nobody measures", file, name)
			}
		}
	}
	if !json.Valid([]byte(read(t, "grafana/dashboards/lenlop.json"))) {
		t.Error("the dashboard is no JSON")
	}
}

// TestUnits holds the commands of units and manifests against the command line.
func TestUnits(t *testing.T) {
	config := read(t, filepath.Join(top, "cmd/lenlop/app/settings.go")) +
		read(t, filepath.Join(top, "cmd/lenlop/serve.go")) + read(t, filepath.Join(top, "cmd/lenlop/backup.go")) +
		read(t, filepath.Join(top, "cmd/lenlop/work.go")) + read(t, filepath.Join(top, "cmd/lenlop/main.go"))
	flags := regexp.MustCompile(`--([a-z][a-z-]+)`)
	for _, file := range []string{"systemd/lenlop-web.service", "systemd/lenlop-work.service",
		"systemd/lenlop-backup.service", "kubernetes/lenlop.yaml"} {
		for _, f := range flags.FindAllStringSubmatch(read(t, file), -1) {
			if f[1] == "from-file" {
				continue
			}
			if !strings.Contains(config, `name:"`+f[1]+`"`) &&
				!regexp.MustCompile(`(?im)^\s+`+strings.ReplaceAll(f[1], "-", "")+`\s`).MatchString(config) {
				t.Errorf("%s: there is no flag --%s", file, f[1])
			}
		}
	}
}
