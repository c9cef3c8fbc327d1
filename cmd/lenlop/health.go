package main

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

// health looks at each dependency, all at once and for at most 3 s.
func (h *house) health(ctx context.Context) []admin.Part {
	ctx, done := context.WithTimeout(ctx, 3*time.Second)
	defer done()
	looks := []struct {
		name string
		look func(ctx context.Context) (string, error)
	}{
		{"database", h.databaseHealth}, {"storage", h.storageHealth}, {"search", h.searchHealth}, {"work", h.workHealth},
		{"sandbox", h.sandboxHealth}, {"disk", h.diskHealth},
	}
	if h.relay != nil {
		looks = append(looks, struct {
			name string
			look func(ctx context.Context) (string, error)
		}{"relay", h.relayHealth})
	}
	parts := make([]admin.Part, len(looks))
	var all sync.WaitGroup
	for i, l := range looks {
		all.Go(func() {
			start := time.Now()
			note, err := l.look(ctx)
			if err == nil && note == "" {
				note = time.Since(start).Round(100 * time.Microsecond).String()
			}
			parts[i] = admin.Part{Name: l.name, Note: note, Err: err}
		})
	}
	all.Wait()
	return parts
}

func (h *house) databaseHealth(ctx context.Context) (string, error) { return "", h.db.Ping(ctx) }

// storageHealth asks for an object that is not there: storage that says so is well.
func (h *house) storageHealth(ctx context.Context) (string, error) {
	_, err := h.media.Head(ctx, "health")
	if fault.Is(err, "media.not_found") {
		err = nil
	}
	return "", err
}

func (h *house) searchHealth(ctx context.Context) (string, error) {
	if h.meili != nil {
		return h.meili.Health(ctx)
	}
	_, err := h.index.Search(ctx, catalog.Query{Limit: 1})
	return "", err
}

// workHealth asks the queue. What was given up is for a person to look at, on
// the queue's own page, and no reason to take no more visitors.
func (h *house) workHealth(ctx context.Context) (string, error) {
	_, err := h.db.Jobs().Jobs(ctx, "", job.Waiting, 1)
	return "", err
}

func (h *house) sandboxHealth(context.Context) (string, error) {
	note := h.works.sandbox.Describe()
	if why := h.works.sandbox.Why(); why != "" {
		note += ": " + why
	}
	return note, nil
}

// leastDisk is when uploads begin to be at risk.
const leastDisk = 2 << 30

func (h *house) diskHealth(context.Context) (string, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(h.flags.Data, &st); err != nil {
		return "", fmt.Errorf("disk: %w", err)
	}
	free := st.Bavail * uint64(st.Bsize)
	note := fmt.Sprintf("%.1f GB", float64(free)/1e9)
	if free < leastDisk {
		return note, fmt.Errorf("disk: only %s free", note)
	}
	return note, nil
}
