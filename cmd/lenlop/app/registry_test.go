package app

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/media"
)

// TestRegisteredJobs: what the registries of tables and prefixes say is deleted by a job has one that runs.
func TestRegisteredJobs(t *testing.T) {
	s := Settings{DataSettings: DataSettings{Data: t.TempDir(), S3Bucket: "lenlop", S3Region: "us-east-1",
		Timezone: "Asia/Ho_Chi_Minh", LogLevel: "warn", DatabaseConns: 4, DatabaseTimeout: 30 * time.Second},
		MaxUpload: 1 << 30, Drain: time.Second}
	a, err := New(t.Context(), Config{Settings: s, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	kinds := a.Runner.Kinds()
	for _, r := range sqldb.Registry() {
		for _, kind := range r.Jobs {
			if !slices.Contains(kinds, kind) {
				t.Errorf("table %s: no job %s deletes its rows", r.Name, kind)
			}
		}
	}
	for _, p := range media.Prefixes() {
		if p.Removes != "fsck" && p.Removes != "nobody" && !slices.Contains(kinds, p.Removes) {
			t.Errorf("%s%s: no job %s removes its objects", p.Top, p.Folder, p.Removes)
		}
	}
}
