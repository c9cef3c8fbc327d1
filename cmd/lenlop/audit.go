package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"lenlop/services/audit"
	"lenlop/services/people"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that nothing was changed in or taken out of the log of who did what."`
}

type auditVerifyCmd struct{ dataFlags }

// Run walks the whole chain; the first entry that does not hold is named.
func (c auditVerifyCmd) Run(ctx context.Context, out io.Writer) error {
	db, err := openDatabase(ctx, c.dataFlags)
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
		return errSaid
	}
	_, err = fmt.Fprintf(out, "%d entries hold together, %d of them erased at a person's request; head %s\n", v.Entries, v.Erased, v.Head)
	return err
}

type personCmd struct {
	Export personExportCmd `cmd:"" help:"Write all that is stored about a person, as JSON."`
	Erase  personEraseCmd  `cmd:"" help:"Erase a person and what is known of them; this cannot be undone."`
}

type personExportCmd struct {
	dataFlags
	Username string `arg:"" help:"Username."`
}

// Run writes the person's data.
func (c personExportCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := accounts(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer done()
	p, err := s.Store.ByUsername(ctx, c.Username)
	if err != nil {
		return err
	}
	data, err := s.Export(ctx, people.Operator(), p.ID)
	if err != nil {
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(data)
}

type personEraseCmd struct {
	dataFlags
	Username string `arg:"" help:"Username."`
	Yes      bool   `help:"Really erase."`
}

// Run erases the person.
func (c personEraseCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := accounts(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer done()
	p, err := s.Store.ByUsername(ctx, c.Username)
	if err != nil {
		return err
	}
	if !c.Yes {
		return fmt.Errorf("erasing %s cannot be undone; say --yes", c.Username)
	}
	if err := s.Erase(ctx, people.Operator(), p.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "erased; the search index and stored objects follow within the hour of the next clean-up")
	return err
}
