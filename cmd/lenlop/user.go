package main

import (
	"context"
	"fmt"
	"io"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/people"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Make an account, and print its password once."`
	Password userPasswordCmd `cmd:"" help:"Give an account a new password, and print it once."`

	SecondStep userSecondStepCmd `cmd:"" help:"Take a lost authenticator off an account."`
}

type userAddCmd struct {
	app.DataSettings
	Username string `arg:"" help:"Username."`
	Name     string `help:"Name, as people read it." required:""`
	Role     string `help:"student, teacher, head, reviewer, station or admin." enum:"student,teacher,head,reviewer,station,admin" required:""`
	School   string `help:"School id, for students, teachers and heads."`
}

// Run makes the account.
func (c userAddCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := app.OpenAccounts(ctx, c.DataSettings)
	if err != nil {
		return err
	}
	defer done()
	_, password, err := s.Create(ctx, people.Operator(), people.NewPerson{Username: c.Username, Name: c.Name,
		Role: people.Role(c.Role), School: c.School})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s\n", c.Username, password)
	return err
}

type userPasswordCmd struct {
	app.DataSettings
	Username string `arg:"" help:"Username."`
}

// Run sets the password.
func (c userPasswordCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := app.OpenAccounts(ctx, c.DataSettings)
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
	app.DataSettings
	Username string `arg:"" help:"Username."`
}

// Run takes one-time codes off the account; its sessions end.
func (c userSecondStepCmd) Run(ctx context.Context, out io.Writer) error {
	s, done, err := app.OpenAccounts(ctx, c.DataSettings)
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
