package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/people"
)

type personCmd struct {
	Export personExportCmd `cmd:"" help:"Write all that is stored about a person, as JSON."`
	Erase  personEraseCmd  `cmd:"" help:"Erase a person and what is known of them; this cannot be undone."`
}

type personExportCmd struct {
	app.DataSettings
	Username string `arg:"" help:"Username."`
}

// Run writes the person's data.
func (c personExportCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := app.OpenAccounts(ctx, c.DataSettings)
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
	app.DataSettings
	Username string `arg:"" help:"Username."`
	Yes      bool   `help:"Confirm that the data is to be erased."`
}

// Run erases the person.
func (c personEraseCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := app.OpenAccounts(ctx, c.DataSettings)
	if err != nil {
		return err
	}
	defer done()
	p, err := s.Store.ByUsername(ctx, c.Username)
	if err != nil {
		return err
	}
	if !c.Yes {
		return fmt.Errorf("erasing %s cannot be undone; confirm with --yes", c.Username)
	}
	if err := s.Erase(ctx, people.Operator(), p.ID); err != nil {
		return err
	}
	_,
		err = fmt.Fprintln(out,
		"erased; the search index and stored objects follow with the next clean-up, within an hour")
	return err
}
