package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"lenlop/cmd/lenlop/app"
)

type migrateCmd struct {
	app.DataSettings
	To string `help:"Move the data to an empty installation: a file of LENLOP_NAME=value lines with its settings." type:"existingfile" placeholder:"FILE"`
}

// Run migrates the database, and makes the bucket where there is none.
func (c migrateCmd) Run(ctx context.Context, out io.Writer) error {
	if c.To != "" {
		return c.move(ctx, out)
	}
	if c.Database == "" {
		f, err := app.LockFolder(c.Data)
		if err != nil {
			return err
		}
		defer f.Release()
	}
	db, err := app.OpenDatabase(ctx, c.DataSettings)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Fprintln(out, "the database is up to date")
	if c.Embedded() {
		return nil
	}
	if err := app.EnsureBucket(ctx, c.DataSettings); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "the bucket is there")
	return err
}

// move copies all data to an empty installation whose settings are in a file, and
// inspects it there. The old installation must be stopped; it is not changed.
func (c migrateCmd) move(ctx context.Context, out io.Writer) error {
	target, err := settingsOf(c.To)
	if err != nil {
		return err
	}
	if target.DSN() == c.DSN() || target.Embedded() && c.Embedded() {
		return errors.New("--to names no other installation: its file must give LENLOP_DATABASE " +
			"and LENLOP_S3_ENDPOINT when this one is in a folder, and neither when it is not")
	}
	source := app.Config{Settings: app.Settings{DataSettings: c.DataSettings}, Log: c.Logger(), Version: version}
	from, err := app.OpenData(ctx, source, app.OpenOptions{Alone: true})
	if err != nil {
		return err
	}
	defer from.Close()
	if err := from.RequireCurrent(ctx); err != nil {
		return err
	}
	to, err := app.OpenData(ctx, app.Config{Settings: target, Log: c.Logger(), Version: version},
		app.OpenOptions{Alone: true, Fresh: true})
	if err != nil {
		return err
	}
	defer to.Close()
	res, err := from.Copier().Move(ctx, to.Copier())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "moved: %d rows in %d tables, %d objects (%s), every hash compared\n",
		sum(res.Rows), len(res.Rows), res.Objects, megabytes(res.Bytes))
	fmt.Fprintf(out, "start the new installation with --config %s; the old one was not changed\n", c.To)
	return to.Settle(ctx, out, false)
}

// settingsOf reads a file of LENLOP_NAME=value lines as the settings of an
// installation.
func settingsOf(name string) (app.Settings, error) {
	values, err := readConfig(name)
	if err != nil {
		return app.Settings{}, err
	}
	var c struct{ app.DataSettings }
	resolve := func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := "LENLOP_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if v, ok := values[name]; ok {
			return v, nil
		}
		if file := values[name+"_FILE"]; file != "" {
			return readSecret(name, file)
		}
		return nil, nil
	}
	parser, err := kong.New(&c, kong.Exit(func(int) {}), kong.Resolvers(kong.ResolverFunc(resolve)),
		withoutEnvironment())
	if err != nil {
		return app.Settings{}, err
	}
	if _, err := parser.Parse(nil); err != nil {
		return app.Settings{}, fmt.Errorf("%s: %w", name, err)
	}
	return app.Settings{DataSettings: c.DataSettings}, nil
}

// withoutEnvironment keeps this installation's variables out of the settings of the other.
func withoutEnvironment() kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		for _, f := range k.Model.AllFlags(true) {
			for _, flag := range f {
				flag.Envs, flag.Tag.Envs = nil, nil
			}
		}
		return nil
	})
}
