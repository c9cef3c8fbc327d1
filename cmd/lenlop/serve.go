package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/cmd/lenlop/demo"
)

type serveCmd struct {
	app.Settings
	Listen  string `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Demo    bool   `help:"Make demo accounts, schools and lessons in an empty data folder; the password is LENLOP_DEMO_PASSWORD, or a random one printed once."`
	NoWork  bool   `name:"no-work" help:"Leave all work to lenlop work; only where PostgreSQL and S3 are shared."`
	Lessons bool   `name:"demo-lessons" help:"With --demo: also put two recordings through the pipeline." default:"true" negatable:""`

	clock string // cli.Clock
}

// Run serves until SIGTERM or interrupt, then drains.
func (c serveCmd) Run(ctx context.Context, out io.Writer) error {
	if err := c.checkListen(); err != nil {
		return err
	}
	log := c.Logger()
	var err error
	if c.ClockShift, err = c.clockShift(time.Now()); err != nil {
		return err
	}
	if c.ClockShift != 0 {
		log.Warn("clock is set for a test", "shift", c.ClockShift)
	}
	if shared, err := c.Shared(); err != nil {
		return err
	} else if c.NoWork && !shared {
		return errors.New("--no-work would leave the work undone: no other process can share this data folder; " +
			"give LENLOP_DATABASE and LENLOP_S3_ENDPOINT")
	}
	f, err := app.LockFolder(c.Data)
	if err != nil {
		return err
	}
	defer f.Release()
	if c.Demo {
		if err := demo.Check(ctx, f, c.DataSettings); err != nil {
			return err
		}
	}
	// Listen before the long part: a port in use is the commonest mistake.
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", c.Listen, err)
	}
	defer l.Close()
	a, err := app.New(ctx, app.Config{Settings: c.Settings, Log: log, Version: version})
	if err != nil {
		return err
	}
	defer a.Close()
	if c.Demo {
		stop, err := c.makeDemo(ctx, a, out)
		if err != nil {
			return err
		}
		defer stop()
	}
	return a.Run(ctx, app.ServeOptions{Listener: l, Folder: f, NoWork: c.NoWork,
		Ready: func(address string) { fmt.Fprintf(out, "ready %s\n", address) }})
}

// makeDemo makes the demo accounts, and starts making the demo lessons, which stop
// interrupts.
func (c serveCmd) makeDemo(ctx context.Context, a *app.App, out io.Writer) (stop func(), err error) {
	password, err := demo.Create(ctx, a)
	if err != nil {
		return nil, err
	}
	if password != "" {
		fmt.Fprintf(out, "demo accounts: %s, password %s\n", demo.Usernames(), password)
	}
	ctx, cancel := context.WithCancel(ctx)
	var lessons sync.WaitGroup
	if c.Lessons {
		lessons.Go(func() { demo.CreateLessons(ctx, a) })
	}
	return func() { cancel(); lessons.Wait() }, nil
}

// checkListen refuses to send passwords in the clear: plain http is for loopback,
// or for behind a trusted proxy.
func (c serveCmd) checkListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: want HOST:PORT, for example 127.0.0.1:8080", c.Listen)
	}
	if c.TLSCert != "" || len(c.TrustedProxies) > 0 {
		return nil
	}
	if loopback(host) {
		return nil
	}
	return fmt.Errorf("plain http on %s would send passwords unprotected; give --tls-cert and --tls-key, "+
		"or --trusted-proxies when a proxy stands in front, or listen on 127.0.0.1", c.Listen)
}

// loopback reports whether only this machine can reach a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
