//go:build long

package transcoder_test

import (
	"path/filepath"
	"testing"

	"lenlop/test/testmedia"
)

// TestLargest: 8K goes through, within its memory.
func TestLargest(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "8k.mp4")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=7680x4320:r=30:d=2", "-c:v", "libx264", "-preset",
		"ultrafast", file)
	m := makePackage(t, newTranscoder(), file)
	if top := m.plan.Rungs[0]; top.Width != 1920 || top.Height != 1080 {
		t.Errorf("the top rung is %dx%d", top.Width, top.Height)
	}
	if _, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open); err != nil {
		t.Error(err)
	}
}
