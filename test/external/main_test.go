// Package external tests the product against programs and formats of others: an
// OpenID provider, bad network lines, Compose files and Kubernetes manifests. It is
// a module of its own, so that the product's go.mod does not list what only these
// tests need.
package external

import (
	"testing"

	"lenlop/test/system/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
