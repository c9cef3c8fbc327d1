package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"lenlop/infra/mail"
	"lenlop/infra/oidc"
	"lenlop/web"
	"lenlop/web/asset"
	"lenlop/web/signin"
)

type serveCmd struct {
	serveFlags
	Listen  string `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Demo    bool   `help:"Make demo accounts, schools and lessons in an empty data folder; the password is LENLOP_DEMO_PASSWORD, or a random one printed once."`
	NoWork  bool   `name:"no-work" help:"Leave all work to lenlop work; only where PostgreSQL and S3 are shared."`
	Lessons bool   `name:"demo-lessons" help:"With --demo: also put two recordings through the pipeline." default:"true" negatable:""`

	clock string // cli.Clock
}

// Run serves until SIGTERM or interrupt, then drains.
func (c serveCmd) Run(ctx context.Context, out io.Writer) error {
	log := c.logger()
	if err := c.safeListen(); err != nil {
		return err
	}
	var err error
	if c.ClockShift, err = c.clockShift(time.Now()); err != nil {
		return err
	}
	if c.ClockShift != 0 {
		log.Warn("clock is set for a test", "shift", c.ClockShift)
	}
	if shared, err := c.shared(); err != nil {
		return err
	} else if c.NoWork && !shared {
		return errors.New("--no-work would leave the work undone: nobody else can share this data folder; give LENLOP_DATABASE and LENLOP_S3_ENDPOINT")
	}
	f, err := hold(c.Data)
	if err != nil {
		return err
	}
	defer f.release()
	if c.Demo {
		if err := demoAllowed(ctx, f, c.dataFlags); err != nil {
			return err
		}
	}
	// Listen before the long part: a taken port is the commonest mistake.
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", c.Listen, err)
	}
	defer l.Close()
	h, err := build(ctx, c.serveFlags, f.dir, log)
	if err != nil {
		return err
	}
	defer h.close()
	return c.serve(ctx, h, f, l, out)
}

// safeListen refuses to send passwords in the clear: plain http is for
// loopback, or for behind a proxy that is trusted.
func (c serveCmd) safeListen() error {
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
	return fmt.Errorf("plain http on %s would send passwords unprotected; give --tls-cert and --tls-key, or --trusted-proxies when a proxy stands in front, or listen on 127.0.0.1", c.Listen)
}

// loopback reports whether only this machine can reach a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c serveCmd) serve(ctx context.Context, h *house, f *folder, l net.Listener, out io.Writer) error {
	stopped := make(chan struct{})
	handler, err := h.site(c, stopped)
	if err != nil {
		return err
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	address := scheme + "://" + l.Addr().String()
	if _, err := f.lock.WriteAt(fmt.Appendf(nil, "process %d\n%s\n", os.Getpid(), c.address(address)), 0); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 20 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)}
	owner := &http.Server{Handler: signin.AsOperator(handler), ReadHeaderTimeout: 20 * time.Second,
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 2)
	if control, err := f.listenControl(); err != nil {
		h.log.Warn("the command line cannot reach this server", "error", err)
	} else {
		go func() { ended <- owner.Serve(control) }()
	}
	go func() {
		if c.TLSCert != "" {
			ended <- srv.ServeTLS(l, c.TLSCert, c.TLSKey)
		} else {
			ended <- srv.Serve(l)
		}
	}()
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var work sync.WaitGroup
	var workErr error
	monitor, err := h.monitor()
	if err != nil {
		return err
	}
	defer monitor()
	if !c.NoWork {
		work.Go(func() { workErr = h.runner.Run(working) })
	}
	if c.Demo {
		password, err := h.demo(ctx)
		if err != nil {
			return err
		}
		if password != "" {
			fmt.Fprintf(out, "demo accounts: giaovien hieutruong chuyenvien dai quantri hocsinh, password %s\n", password)
		}
		if c.Lessons {
			work.Go(func() { h.demoLessons(working) })
		}
	}
	fmt.Fprintf(out, "ready %s\n", address)
	h.log.Info("ready", "address", address, "data", f.dir, "version", version)

	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	h.log.Info("draining")
	close(stopped)
	quiet, done := context.WithTimeout(context.WithoutCancel(ctx), c.Drain)
	defer done()
	if serr := srv.Shutdown(quiet); serr != nil {
		srv.Close()
	}
	if serr := owner.Shutdown(quiet); serr != nil {
		owner.Close()
	}
	stopWork()
	work.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	h.log.Info("stopped")
	return errors.Join(err, workErr)
}

// address is where people are told to go.
func (f serveFlags) address(listening string) string {
	if f.PublicURL != "" {
		return strings.TrimSuffix(f.PublicURL, "/")
	}
	return listening
}

// site assembles the web side.
func (h *house) site(c serveCmd, stopped <-chan struct{}) (http.Handler, error) {
	assets, err := asset.Load()
	if err != nil {
		return nil, err
	}
	proxies, err := c.proxies()
	if err != nil {
		return nil, err
	}
	auth, err := h.auth(c.serveFlags, proxies)
	if err != nil {
		return nil, err
	}
	if err := h.openRelay(); err != nil {
		return nil, err
	}
	s := web.Site{Authenticator: auth, Book: h.book, Assets: assets, Log: h.log, Handlers: h.handlers(auth, stopped), Health: h.health, Metrics: h.metrics}
	if h.objects != nil {
		s.Storage, s.StoragePath = h.objects.Relay(), "/"+c.S3Bucket+"/"
	} else {
		s.MediaOrigin = c.S3Endpoint
		if c.S3PublicEndpoint != "" {
			s.MediaOrigin = c.S3PublicEndpoint
		}
	}
	handler, err := web.New(s)
	if err != nil {
		return nil, err
	}
	return h.traces.Web(handler), nil
}

// auth lets people in, with what the flags say of letters and of the province's
// own sign-in.
func (h *house) auth(f serveFlags, proxies []netip.Prefix) (*signin.Authenticator, error) {
	d := signin.Authenticator{People: h.people, Book: h.book, Trusted: proxies, Public: f.PublicURL, Limits: signin.NewLimits(h.limits), Log: h.log, Now: h.now}
	if f.SMTPURL != "" {
		sender, err := mail.New(f.SMTPURL)
		if err != nil {
			return nil, err
		}
		d.Mail = sender
		if f.PublicURL == "" {
			h.log.Warn("reset letters are not sent: --public-url is not known")
		}
	}
	if f.OIDCIssuer != "" {
		d.External = oidc.New(oidc.Config{Issuer: f.OIDCIssuer, ClientID: f.OIDCClientID, ClientSecret: f.OIDCSecret})
	}
	return signin.New(d), nil
}
