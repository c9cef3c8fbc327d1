package api

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestHeartbeatLimits: the browser, the server and the proxy agree on how much
// one request of heartbeats may hold.
func TestHeartbeatLimits(t *testing.T) {
	find := func(file, pattern string) string {
		t.Helper()
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindStringSubmatch(string(raw))
		if m == nil {
			t.Fatalf("%s: no %s", file, pattern)
		}
		return m[1]
	}
	script := find("../asset/src/player/delivery.ts", `(?m)^export const maxRequest = (\d+) \* 1024$`)
	if n, err := strconv.Atoi(script); err != nil || n<<10 != MaxBrowserHeartbeats {
		t.Errorf("browsers send up to %s KiB, %d bytes are accepted", script, MaxBrowserHeartbeats)
	}
	proxy := find("../../infra/deploy/nginx/lenlop.conf",
		`(?s)location = /api/v1/heartbeats \{[^}]*client_max_body_size (\w+);`)
	if n, err := strconv.Atoi(strings.TrimSuffix(proxy, "m")); err != nil || n<<20 != MaxHeartbeats {
		t.Errorf("the proxy passes %s, %d bytes are accepted", proxy, MaxHeartbeats)
	}
}
