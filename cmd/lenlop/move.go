package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// move carries a house to an empty place whose settings stand in a file, and
// looks it over there. Nobody may work in the old one; it stays as it is.
func (c migrateCmd) move(ctx context.Context, out io.Writer) error {
	to, err := placeOf(c.To)
	if err != nil {
		return err
	}
	if to.dsn() == c.dsn() || to.embedded() && c.embedded() {
		return errors.New("--to names no other house: its file must give LENLOP_DATABASE and LENLOP_S3_ENDPOINT when this one is in a folder, and neither when it is not")
	}
	from, err := openPlace(ctx, serveFlags{dataFlags: c.dataFlags}, c.logger(), true, false)
	if err != nil {
		return err
	}
	defer from.close()
	if err := from.current(ctx); err != nil {
		return err
	}
	place, err := openPlace(ctx, to, c.logger(), true, true)
	if err != nil {
		return err
	}
	defer place.close()
	res, err := from.copier().Move(ctx, place.copier())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "moved: %d rows in %d tables, %d objects (%s), every hash compared\n", sum(res.Rows), len(res.Rows), res.Objects, megabytes(res.Bytes))
	fmt.Fprintf(out, "start the new house with --config %s; the old one is as it was\n", c.To)
	return place.settle(ctx, out, false)
}

// placeOf reads a file of LENLOP_NAME=value lines as the settings of a house.
func placeOf(name string) (serveFlags, error) {
	values, err := readConfig(name)
	if err != nil {
		return serveFlags{}, err
	}
	var c struct{ dataFlags }
	parser, err := kong.New(&c, kong.Exit(func(int) {}), kong.Resolvers(kong.ResolverFunc(
		func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			name := "LENLOP_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
			if v, ok := values[name]; ok {
				return v, nil
			}
			if file := values[name+"_FILE"]; file != "" {
				return readSecret(name, file)
			}
			return nil, nil
		})), withoutEnvironment())
	if err != nil {
		return serveFlags{}, err
	}
	if _, err := parser.Parse(nil); err != nil {
		return serveFlags{}, fmt.Errorf("%s: %w", name, err)
	}
	return serveFlags{dataFlags: c.dataFlags}, nil
}

// withoutEnvironment keeps the old house's variables out of the new one's settings.
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
