package main

import (
	"context"
	"io"

	"lenlop/cmd/lenlop/app"
)

type fsckCmd struct {
	app.Settings
	Quick  bool `help:"Compare sizes only; do not read recordings and segments."`
	Mend   bool `help:"Repair what is safe to repair: the search index, and objects that the database does not know."`
	Decode int  `help:"Decode parts of so many packages, spread over all." default:"0" placeholder:"N"`
}

// Run inspects all data, beside a running server or without one; the exit code is
// 1 when it finds a problem that it has not repaired.
func (c fsckCmd) Run(ctx context.Context, out io.Writer) error {
	a, err := app.OpenData(ctx, app.Config{Settings: c.Settings, Log: c.Logger(), Version: version}, app.OpenOptions{})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.RequireCurrent(ctx); err != nil {
		return err
	}
	if err := a.OpenServices(ctx); err != nil {
		return err
	}
	return a.Inspect(ctx, out, app.InspectOptions{Quick: c.Quick, Mend: c.Mend, Decode: c.Decode})
}
