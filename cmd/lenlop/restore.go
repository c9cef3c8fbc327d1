package main

import (
	"context"
	"fmt"
	"io"
	"lenlop/cmd/lenlop/app"
)

type restoreCmd struct {
	app.Settings
	vaultFlags
	From     string `help:"Folder, or s3://BUCKET/PREFIX." required:"" placeholder:"WHERE"`
	Snapshot string `help:"Which one; empty: the newest." placeholder:"TIME"`
	NoFsck   bool   `name:"no-fsck" help:"Do not inspect the restored data at the end."`
}

// Run restores a backup into an empty installation, and inspects it.
func (c restoreCmd) Run(ctx context.Context, out io.Writer) (err error) {
	if c.From, err = absolute(c.From); err != nil {
		return err
	}
	a, err := app.OpenData(ctx, app.Config{Settings: c.Settings, Log: c.Logger(), Version: version},
		app.OpenOptions{Alone: true, Fresh: true})
	if err != nil {
		return err
	}
	defer a.Close()
	copier := a.Copier()
	if err := c.open(ctx, c.From, copier); err != nil {
		return err
	}
	res, err := copier.Restore(ctx, c.Snapshot)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "restored %s: %d rows, %d objects (%s)\n", res.Snapshot, sum(res.Rows), res.Objects,
		megabytes(res.Bytes))
	return a.Settle(ctx, out, c.NoFsck)
}
