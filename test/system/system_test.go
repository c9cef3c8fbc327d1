// Package system tests the whole product: over HTTP, with real storage, a real
// database and its workers, as people and other systems use it.
package system

import (
	"log/slog"
	"testing"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/system/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// testSystem is the product with the helpers of this package.
type testSystem struct{ *harness.System }

// start starts the product until the test ends; change changes its settings.
func start(t *testing.T, change func(*app.Settings)) *testSystem {
	t.Helper()
	return &testSystem{harness.Start(t, change)}
}

// startLogged is start with a log that the test reads.
func startLogged(t *testing.T, log *slog.Logger, change func(*app.Settings)) *testSystem {
	t.Helper()
	return &testSystem{harness.StartLogged(t, log, change)}
}
