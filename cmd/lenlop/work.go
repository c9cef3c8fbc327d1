package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"lenlop/cmd/lenlop/app"
)

type workCmd struct {
	app.Settings
	Kinds []string `help:"Kinds of work to do, such as transcode,broadcast; empty: all. See the queue page for their names." placeholder:"KIND,..."`
}

// Run works until SIGTERM or interrupt, then drains: nothing more is claimed,
// running jobs may go on for --drain, and what is then unfinished is given back
// for others to take at once.
func (c workCmd) Run(ctx context.Context, out io.Writer) error {
	shared, err := c.Shared()
	if err != nil {
		return err
	}
	if !shared {
		return errors.New("lenlop work needs a database and storage that processes can share: give LENLOP_DATABASE " +
			"and LENLOP_S3_ENDPOINT; without them lenlop serve does the work itself")
	}
	// The folder is not locked: several of these may work beside one another, each
	// in a folder of its own below scratch.
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	a, err := app.New(ctx, app.Config{Settings: c.Settings, Log: c.Logger(), Version: version})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Work(ctx, c.Kinds, func(worker string) { fmt.Fprintf(out, "working %s\n", worker) })
}
