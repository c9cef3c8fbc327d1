package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"lenlop/infra/s3"
	"lenlop/services/people"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Make an account; prints its password once."`
	Password userPasswordCmd `cmd:"" help:"Give an account a new password; prints it once."`

	SecondStep userSecondStepCmd `cmd:"" help:"Take a lost authenticator off an account."`
}

type userAddCmd struct {
	dataFlags
	Username string `arg:"" help:"Username."`
	Name     string `help:"Name, as people read it." required:""`
	Role     string `help:"student, teacher, head, reviewer, station or admin." enum:"student,teacher,head,reviewer,station,admin" required:""`
	School   string `help:"School id, for students, teachers and heads."`
}

// accounts opens what managing accounts needs. SQLite lets a second process
// in, so this works beside a running server.
func accounts(ctx context.Context, f dataFlags) (*people.Service, func(), error) {
	if f.Database == "" {
		if err := os.MkdirAll(f.Data, 0o750); err != nil {
			return nil, nil, fmt.Errorf("data folder: %w", err)
		}
	}
	db, err := openDatabase(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	return &people.Service{Store: db.People(), Now: time.Now, NewID: newID, Atomic: db, Audit: db.Audit(),
		Secrets: db.Secrets(), Directory: db.Secrets(), Records: db.Privacy()}, func() { _ = db.Close() }, nil
}

// Run makes the account.
func (c userAddCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := accounts(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer done()
	_, password, err := s.Create(ctx, people.Operator(), people.NewPerson{Username: c.Username, Name: c.Name, Role: people.Role(c.Role), School: c.School})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s\n", c.Username, password)
	return err
}

type userPasswordCmd struct {
	dataFlags
	Username string `arg:"" help:"Username."`
}

// Run sets the password.
func (c userPasswordCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := accounts(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer done()
	p, err := s.Store.ByUsername(ctx, c.Username)
	if err != nil {
		return err
	}
	_, password, err := s.ResetPassword(ctx, people.Operator(), p.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s\n", c.Username, password)
	return err
}

type userSecondStepCmd struct {
	dataFlags
	Username string `arg:"" help:"Username."`
}

// Run takes one-time codes off the account; its sessions end.
func (c userSecondStepCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := accounts(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer done()
	p, err := s.Store.ByUsername(ctx, c.Username)
	if err != nil {
		return err
	}
	if _, err := s.RemoveSecondStep(ctx, people.Operator(), p.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "taken off; they set it up again at the next sign-in")
	return err
}

type migrateCmd struct {
	dataFlags
	To string `help:"Move this house to an empty place: a file of LENLOP_NAME=value lines with the place's settings." type:"existingfile" placeholder:"FILE"`
}

// Run migrates the database.
func (c migrateCmd) Run(ctx context.Context, out io.Writer) error {
	if c.To != "" {
		return c.move(ctx, out)
	}
	if c.Database == "" {
		f, err := hold(c.Data)
		if err != nil {
			return err
		}
		defer f.release()
	}
	db, err := openDatabase(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "the database is up to date")
	if !c.embedded() && err == nil {
		err = c.makeBucket(ctx, out)
	}
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return err
}

// makeBucket makes the bucket where there is none: the site itself never does,
// so that its credentials need not allow it.
func (c migrateCmd) makeBucket(ctx context.Context, out io.Writer) error {
	store, err := s3.New(ctx, c.s3())
	if err != nil {
		return err
	}
	if err := store.EnsureBucket(ctx); err != nil {
		return started(err, func(err error) (string, string) { return storageTrouble(err, c.S3Bucket) })
	}
	_, err = fmt.Fprintln(out, "the bucket is there")
	return err
}
