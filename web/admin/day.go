package admin

import (
	"context"
	"time"

	"lenlop/web/locale"
)

// day writes a local day as people do; what is no day stays as it is.
func day(ctx context.Context, s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	if locale.From(ctx).Lang == locale.En {
		return t.Format("2 Jan 2006")
	}
	return t.Format("02/01/2006")
}
