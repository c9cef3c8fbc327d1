package architecture

import "testing"

// TestRuleRefuses plants imports that must not be.
func TestRuleRefuses(t *testing.T) {
	for _, c := range [][2]string{
		{"services/lesson", "services/upload"},                  // up the order
		{"services/lesson", "services/unknown"},                 // not in the order
		{"services/unknown", "services/fault"},                  // not in the order
		{"services/viewership/playback", "services/viewership"}, // a part imports the whole
		{"services/viewership/playback", "services/viewership/delivery"},
		{"services/lesson", "infra/sqldb"},
		{"services/lesson", "web/page"},
		{"services/lesson", "cmd/lenlop/app"},
		{"services/catalog", "transcoder"},
		{"transcoder/probe", "services/fault"},
		{"transcoder/probe", "infra/sandbox"},
		{"web/student", "web/teacher"},
		{"web/stream", "web/teacher"},
		{"web/shared", "web/teacher"},
		{"web/student", "web/unknown"},
		{"web/unknown", "web/page"},
		{"web/page", "web/signin"},
		{"web/page", "infra/s3"},
		{"web/page", "transcoder"},
		{"web/api", "web"},
		{"infra/sqlsearch", "infra/sqldb"},
		{"infra/sqldb", "infra/sqldb/viewstore"}, // a parent imports its sub-package
		{"infra/sqldb/viewstore", "infra/meili"},
		{"infra/s3", "web/page"},
		{"infra/s3", "transcoder"},
		{"infra/sandbox", "transcoder/ffmpeg"},
		{"infra/sqldb", "test/pgtest"},
		{"services/lesson", "test/storetest"},
		{"cmd/lenlop/app", "test/testmedia"},
		{"cmd/lenlop/app", "cmd/lenlop/demo"},
		{"cmd/lenlop/demo", "cmd/lenlop"},
		{"utils", "services/fault"},
	} {
		if forbidden(c[0], c[1]) == "" {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
}

// TestRuleAllows: what the architecture wants is not refused.
func TestRuleAllows(t *testing.T) {
	for _, c := range [][2]string{
		{"services/viewership", "services/fault"},
		{"services/viewership", "services/viewership/playback"},
		{"services/viewership/playback", "services/production"},
		{"services/production", "transcoder/hls"},
		{"infra/sandbox", "transcoder"},
		{"infra/sqldb", "services/lesson"},
		{"infra/sqldb/viewstore", "infra/sqldb"},
		{"web", "web/student"},
		{"web/student", "web/shared"},
		{"web/student", "web/page"},
		{"web/api", "web/stream"},
		{"web/teacher", "services/lesson"},
		{"cmd/lenlop", "infra/sqldb"},
		{"cmd/lenlop", "cmd/lenlop/app"},
		{"test/system", "cmd/lenlop/app"},
	} {
		if why := forbidden(c[0], c[1]); why != "" {
			t.Errorf("%s may not import %s: %s", c[0], c[1], why)
		}
	}
}

func TestUnregisteredPackagesAreRefused(t *testing.T) {
	for _, name := range []string{"utils", "services/utils", "web/helpers", "infra/postgres",
		"services/lesson/helpers"} {
		if unregistered(name) == "" {
			t.Errorf("%s may exist", name)
		}
	}
	for _, name := range []string{"services/fault", "infra/sqlsearch", "web/shared", "test/system", "cmd/lenlop"} {
		if why := unregistered(name); why != "" {
			t.Errorf("%s may not exist: %s", name, why)
		}
	}
}
