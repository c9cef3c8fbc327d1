package main

import (
	"context"
	"fmt"
	"io"

	"lenlop/cmd/lenlop/app"
)

type doctorCmd struct{ app.Settings }

// Run checks everything that the product needs and prints it; the exit code is 1
// when something is missing that the product does not run without.
func (c doctorCmd) Run(ctx context.Context, out io.Writer) error {
	bad := 0
	for _, f := range app.Diagnose(ctx, c.Settings) {
		mark := "ok     "
		switch {
		case !f.Fine && f.Required:
			mark, bad = "MISSING", bad+1
		case !f.Fine:
			mark = "better "
		}
		fmt.Fprintf(out, "%s  %-14s %s\n", mark, f.What, f.Found)
		if !f.Fine {
			fmt.Fprintf(out, "         %-14s -> %s\n", "", f.Remedy)
		}
	}
	if bad > 0 {
		fmt.Fprintf(out, "\n%d missing; lenlop does not run without.\n", bad)
		return app.ErrReported
	}
	fmt.Fprintln(out, "\nlenlop can run here.")
	return nil
}
