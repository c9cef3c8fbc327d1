// Package deploy_test reads the Compose file as Docker would and the Kubernetes
// manifests as a cluster would.
package deploy_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// top is the root of the repository.
const top = "../../.."

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{filepath.Join(top, "docker-compose.yml")}, cli.WithName("lenlop"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pinned is an image with a fixed version.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$|^lenlop:local$`)

func TestCompose(t *testing.T) {
	p := compose(t)
	for _, name := range []string{"migrate", "web-1", "web-2", "worker", "database", "s3", "search", "front",
		"prometheus", "grafana"} {
		s, err := p.GetService(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned", name, s.Image)
		}
		if name != "migrate" && s.HealthCheck == nil {
			t.Errorf("%s has no health check", name)
		}
		for key, value := range s.Environment {
			if secret := regexp.MustCompile(`(?i)password|secret|_key`).MatchString(key); secret && value != nil &&
				!strings.HasPrefix(*value, "/run/secrets/") {
				t.Errorf("%s: %s stands in the environment", name, key)
			}
		}
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind {
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s mounts what is not there: %v", name, err)
				}
			} else if _, ok := p.Volumes[v.Source]; !ok {
				t.Errorf("%s: volume %q has no name", name, v.Source)
			}
		}
	}
}

// TestComposeSettings: every setting that the Compose file gives exists.
func TestComposeSettings(t *testing.T) {
	config := read(t, filepath.Join(top, "cmd/lenlop/app/settings.go"))
	for _, s := range compose(t).Services {
		for key := range s.Environment {
			name, ours := strings.CutPrefix(key, "LENLOP_")
			if !ours {
				continue
			}
			flag := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(name, "_FILE"), "_", "-"))
			field := strings.ReplaceAll(flag, "-", "")
			if !strings.Contains(config, `name:"`+flag+`"`) &&
				!regexp.MustCompile(`(?im)^\s+`+field+`\s`).MatchString(config) {
				t.Errorf("%s: there is no setting %s", s.Name, key)
			}
		}
	}
}
