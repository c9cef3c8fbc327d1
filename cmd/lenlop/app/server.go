package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"lenlop/infra/mail"
	"lenlop/infra/oidc"
	"lenlop/web"
	"lenlop/web/asset"
	"lenlop/web/signin"
)

// ServeOptions say how Run serves.
type ServeOptions struct {
	Listener net.Listener
	Folder   *Folder              // the locked data folder
	NoWork   bool                 // leave all work to other processes
	Ready    func(address string) // called once the site can be reached
}

// Run serves the site and does its work until ctx ends, then drains: running
// requests and jobs may go on for Settings.Drain.
func (a *App) Run(ctx context.Context, o ServeOptions) error {
	stopped := make(chan struct{})
	handler, err := a.Handler(stopped)
	if err != nil {
		return err
	}
	scheme := "http"
	if a.Settings.TLSCert != "" {
		scheme = "https"
	}
	address := scheme + "://" + o.Listener.Addr().String()
	if err := o.Folder.writeOwner(a.Settings.Address(address)); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	stopMonitor, err := a.serveMetrics(ctx)
	if err != nil {
		return err
	}
	defer stopMonitor()
	ended := make(chan error, 2)
	site := a.serveSite(handler, o.Listener, ended)
	control := a.serveControl(ctx, handler, o.Folder, ended)
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var work sync.WaitGroup
	var workErr error
	if !o.NoWork {
		work.Go(func() { workErr = a.Runner.Run(working) })
	}
	o.Ready(address)
	a.Log.Info("ready", "address", address, "data", o.Folder.Dir, "version", a.version)

	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	a.Log.Info("draining")
	close(stopped)
	drain, done := context.WithTimeout(context.WithoutCancel(ctx), a.Settings.Drain)
	defer done()
	for _, srv := range []*http.Server{site, control} {
		if srv.Shutdown(drain) != nil {
			srv.Close()
		}
	}
	stopWork()
	work.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	a.Log.Info("stopped")
	return errors.Join(err, workErr)
}

// serveSite serves people on the listener; how that ended is sent to ended.
func (a *App) serveSite(handler http.Handler, l net.Listener, ended chan<- error) *http.Server {
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 20 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)}
	go func() {
		if a.Settings.TLSCert != "" {
			ended <- srv.ServeTLS(l, a.Settings.TLSCert, a.Settings.TLSKey)
		} else {
			ended <- srv.Serve(l)
		}
	}()
	return srv
}

// serveControl serves the command line on the folder's control socket, where
// the system has one to give.
func (a *App) serveControl(ctx context.Context, handler http.Handler, f *Folder, ended chan<- error) *http.Server {
	srv := &http.Server{Handler: signin.AsOperator(handler), ReadHeaderTimeout: 20 * time.Second,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)}
	l, err := f.listenControl(ctx)
	if err != nil {
		a.Log.Warn("control socket not opened; the command line cannot reach this server", "error", err)
		return srv
	}
	go func() { ended <- srv.Serve(l) }()
	return srv
}

// Handler is the whole site. stopped ends the event streams when it is closed.
func (a *App) Handler(stopped <-chan struct{}) (http.Handler, error) {
	assets, err := asset.Load()
	if err != nil {
		return nil, err
	}
	proxies, err := a.Settings.Proxies()
	if err != nil {
		return nil, err
	}
	auth, err := a.Authenticator(proxies)
	if err != nil {
		return nil, err
	}
	if err := a.openSegmentCache(); err != nil {
		return nil, err
	}
	s := web.Site{Authenticator: auth, Book: a.Locales, Assets: assets, Log: a.Log, Handlers: a.Handlers(auth, stopped),
		Health: a.health, Metrics: a.metrics}
	if a.Objects != nil {
		s.Storage, s.StoragePath = a.Objects.Relay(), "/"+a.Settings.S3Bucket+"/"
	} else {
		s.MediaOrigin = a.Settings.S3Endpoint
		if a.Settings.S3PublicEndpoint != "" {
			s.MediaOrigin = a.Settings.S3PublicEndpoint
		}
	}
	handler, err := web.New(s)
	if err != nil {
		return nil, err
	}
	return a.traces.Web(handler), nil
}

// Authenticator makes what signs people in, with letters and the province's own
// sign-in where the settings have them.
func (a *App) Authenticator(proxies []netip.Prefix) (*signin.Authenticator, error) {
	s := a.Settings
	d := signin.Authenticator{People: a.People, Book: a.Locales, Trusted: proxies, Public: s.PublicURL,
		Limits: signin.NewLimits(a.Limits), Log: a.Log, Now: a.Now}
	if s.SMTPURL != "" {
		sender, err := mail.New(s.SMTPURL)
		if err != nil {
			return nil, err
		}
		d.Mail = sender
		if s.PublicURL == "" {
			a.Log.Warn("reset letters not sent: --public-url is not set")
		}
	}
	if s.OIDCIssuer != "" {
		d.External = oidc.New(oidc.Config{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCSecret})
	}
	return signin.New(d), nil
}
