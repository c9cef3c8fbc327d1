package main

import (
	"context"
	"fmt"
	"io"
)

type restoreCmd struct {
	serveFlags
	vaultFlags
	From     string `help:"Folder, or s3://BUCKET/PREFIX." required:"" placeholder:"WHERE"`
	Snapshot string `help:"Which one; empty: the newest." placeholder:"TIME"`
	NoFsck   bool   `name:"no-fsck" help:"Do not look the new house over at the end."`
}

// Run makes the house again in an empty place, and looks it over.
func (c restoreCmd) Run(ctx context.Context, out io.Writer) (err error) {
	if c.From, err = absolute(c.From); err != nil {
		return err
	}
	h, err := openPlace(ctx, c.serveFlags, c.logger(), true, true)
	if err != nil {
		return err
	}
	defer h.close()
	copier := h.copier()
	if err := c.open(ctx, c.From, copier); err != nil {
		return err
	}
	res, err := copier.Restore(ctx, c.Snapshot)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "restored %s: %d rows, %d objects (%s)\n", res.Snapshot, sum(res.Rows), res.Objects, megabytes(res.Bytes))
	return h.settle(ctx, out, c.NoFsck)
}

// settle makes the search index of a house that has just come to its place,
// and looks the house over.
func (h *house) settle(ctx context.Context, out io.Writer, unseen bool) error {
	if err := h.open(ctx); err != nil {
		return err
	}
	if _, err := h.catalog.Rebuild(ctx); err != nil {
		return err
	}
	if unseen {
		return nil
	}
	return h.fsck(ctx, out, false, false)
}
