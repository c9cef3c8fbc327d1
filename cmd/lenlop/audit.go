package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/audit"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that nothing was changed in or taken out of the log of who did what."`
}

type auditVerifyCmd struct{ app.DataSettings }

// Run walks the whole chain; the first entry that does not hold is named.
func (c auditVerifyCmd) Run(ctx context.Context, out io.Writer) error {
	db, err := app.OpenDatabase(ctx, c.DataSettings)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	v, err := audit.Verify(ctx, db.Audit(), time.Now())
	if err != nil {
		return err
	}
	if b := v.Broken; b != nil {
		if b.Number > 0 {
			fmt.Fprintf(out, "the audit log is BROKEN at entry %d (%s): %s\n", b.Number, b.ID, b.Why)
		} else {
			fmt.Fprintf(out, "the audit log is BROKEN: %s\n", b.Why)
		}
		return app.ErrReported
	}
	_, err = fmt.Fprintf(out, "%d entries hold together, %d of them erased at a person's request; head %s\n",
		v.Entries, v.Erased, v.Head)
	return err
}
