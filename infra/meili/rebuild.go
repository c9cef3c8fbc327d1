package meili

import (
	"context"
	"slices"

	"github.com/meilisearch/meilisearch-go"
)

// rebuild fills a new index beside the live one and swaps the two, so that
// searches never see a half-filled one. Changes made meanwhile are sent afterwards.
func (x *Index) rebuild(ctx context.Context) error {
	next := x.c.UID + "_next"
	drop := func() error {
		task, err := x.server.DeleteIndexWithContext(ctx, next)
		return x.waitFor(ctx, "delete index "+next, task, err, "index_not_found")
	}
	create := func(uid string) error {
		task, err := x.server.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: uid, PrimaryKey: primaryKey})
		return x.waitFor(ctx, "create index "+uid, task, err, "index_already_exists")
	}
	if err := drop(); err != nil {
		return err
	}
	if err := create(next); err != nil {
		return err
	}
	task, err := x.server.Index(next).UpdateSettingsWithContext(ctx, settings())
	if err := x.waitFor(ctx, "settings", task, err); err != nil {
		return err
	}
	ids, err := x.Local.IDs(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, batch) {
		docs, _, err := x.documents(ctx, part)
		if err != nil {
			return err
		}
		if err := x.sendDocuments(ctx, next, docs, nil); err != nil {
			return err
		}
	}
	// Both must exist to be swapped. A new one accepts no filters, so searches fail
	// until the swap, and the database's index answers them.
	if err := create(x.c.UID); err != nil {
		return err
	}
	task, err = x.server.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{x.c.UID,
		next}}})
	if err := x.waitFor(ctx, "swap", task, err); err != nil {
		return err
	}
	if err := drop(); err != nil {
		return err
	}
	// Another process that rebuilt at the same time may have dropped next, and
	// documents then created it with no settings.
	if _, err := x.holdSettings(ctx); err != nil {
		return err
	}
	local, err := x.localVersions(ctx)
	if err != nil {
		return err
	}
	remote, err := x.remoteVersions(ctx)
	if err != nil {
		return err
	}
	missed := difference(local, remote)
	if len(missed) == 0 {
		return nil
	}
	return x.update(ctx, missed)
}
