package memstore_test

import (
	"context"
	"testing"

	"lenlop/services/job"
	"lenlop/services/media"
	"lenlop/test/mediatest"
	"lenlop/test/memstore"
)

func TestMediaInMemory(t *testing.T) {
	mediatest.Store(t, func(*testing.T) media.Store { return &memstore.Media{} })
}

func TestMediaReportsCallsInsideATransaction(t *testing.T) {
	var reported []string
	ctx := job.WithTransaction(t.Context(), func(call string) { reported = append(reported, call) })
	m := &memstore.Media{}
	m.Set("a", "text")
	for _, call := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := m.Head(ctx, "a"); return err },
		func(ctx context.Context) error { _, _, err := m.Get(ctx, "a", media.All); return err },
		func(ctx context.Context) error { return m.List(ctx, "", func(media.Object) bool { return true }) },
		func(ctx context.Context) error { return m.Delete(ctx, "a") },
	} {
		if err := call(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if len(reported) != 4 {
		t.Errorf("reported %q", reported)
	}
}
