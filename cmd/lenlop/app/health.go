package app

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/web/admin"
)

// health checks each dependency, all at once and for at most 3 s.
func (a *App) health(ctx context.Context) []admin.Part {
	ctx, done := context.WithTimeout(ctx, 3*time.Second)
	defer done()
	checks := []struct {
		name  string
		check func(ctx context.Context) (string, error)
	}{
		{"database", a.databaseHealth}, {"storage", a.storageHealth}, {"search", a.searchHealth},
		{"work", a.workHealth},
		{"sandbox", a.sandboxHealth}, {"disk", a.diskHealth},
	}
	if a.cache != nil {
		checks = append(checks, struct {
			name  string
			check func(ctx context.Context) (string, error)
		}{"relay", a.cacheHealth})
	}
	parts := make([]admin.Part, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			start := time.Now()
			note, err := c.check(ctx)
			if err == nil && note == "" {
				note = time.Since(start).Round(100 * time.Microsecond).String()
			}
			parts[i] = admin.Part{Name: c.name, Note: note, Err: err}
		})
	}
	all.Wait()
	return parts
}

func (a *App) databaseHealth(ctx context.Context) (string, error) { return "", a.DB.Ping(ctx) }

// storageHealth asks for an object that does not exist: storage that answers so works.
func (a *App) storageHealth(ctx context.Context) (string, error) {
	_, err := a.Media.Head(ctx, "health")
	if fault.Is(err, "media.not_found") {
		err = nil
	}
	return "", err
}

func (a *App) searchHealth(ctx context.Context) (string, error) {
	if a.Meili != nil {
		return a.Meili.Health(ctx)
	}
	_, err := a.index.Search(ctx, catalog.Query{Limit: 1})
	return "", err
}

// workHealth asks the queue. Jobs that failed for good are for an administrator to
// look at, on the queue's own page, and are no failure of the site.
func (a *App) workHealth(ctx context.Context) (string, error) {
	_, err := a.DB.Jobs().Jobs(ctx, "", job.Waiting, 1)
	return "", err
}

func (a *App) sandboxHealth(context.Context) (string, error) {
	note := a.pipeline.sandbox.Describe()
	if why := a.pipeline.sandbox.Why(); why != "" {
		note += ": " + why
	}
	return note, nil
}

// minDisk is the free space, bytes, below which uploads are at risk.
const minDisk = 2 << 30

func (a *App) diskHealth(context.Context) (string, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(a.Settings.Data, &st); err != nil {
		return "", fmt.Errorf("disk: %w", err)
	}
	free := st.Bavail * uint64(st.Bsize)
	note := fmt.Sprintf("%.1f GB", float64(free)/1e9)
	if free < minDisk {
		return note, fmt.Errorf("disk: only %s free", note)
	}
	return note, nil
}
