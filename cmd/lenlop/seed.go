package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/cmd/lenlop/seed"
	"lenlop/services/people"
)

type seedCmd struct {
	app.DataSettings
	Schools  int `help:"Schools." default:"400"`
	Students int `help:"Students." default:"100000"`
}

// Run makes the province and prints how to sign in.
func (c seedCmd) Run(ctx context.Context, out io.Writer) error {
	if c.Database == "" {
		f, err := app.LockFolder(c.Data)
		if err != nil {
			return err
		}
		defer f.Release()
	}
	zone, err := c.Location()
	if err != nil {
		return err
	}
	db, err := app.OpenDatabase(ctx, c.DataSettings)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	keys, err := app.RosterKeys(ctx, db)
	if err != nil {
		return err
	}
	start, password := time.Now(), people.EasyPassword()
	made, err := seed.Province(ctx, seed.Config{DB: db, NewID: app.NewID, Keys: keys, Password: password, Zone: zone,
		Schools: c.Schools, Students: c.Students})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d areas, %d schools, %d staff, %d classes, %d students in %.1f s\n"+
		"sign in as quan-tri, chuyen-vien, hieu-truong or giao-vien with %s\n",
		made.Areas, made.Schools, made.Staff, made.Classes, made.Students, time.Since(start).Seconds(), password)
	return err
}
