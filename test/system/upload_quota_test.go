package system

import (
	"strconv"
	"testing"

	"lenlop/cmd/lenlop/app"
)

// TestQuota: 0 is no limit, more than the default of 200 GiB too. What the quota allows, this machine's disk may not
// hold: 507.
func TestQuota(t *testing.T) {
	const large = 300 << 30
	for quota, want := range map[int64]int{0: 201, large: 201, large - 1: 413} {
		t.Run(strconv.FormatInt(quota, 10), func(t *testing.T) {
			h := start(t, func(f *app.Settings) { f.Quota, f.MaxUpload = quota, 1<<40 })
			teacher := h.As("giao-vien")
			plan := map[string]any{"filename": "a.mp4", "size": int64(large)}
			status, body := teacher.Call("POST", "/lessons/"+teacher.Draft("Bài dài").ID+"/uploads", plan, nil)
			if status != want && (want != 201 || status != 507) {
				t.Errorf("%d, want %d: %s", status, want, body)
			}
		})
	}
}
