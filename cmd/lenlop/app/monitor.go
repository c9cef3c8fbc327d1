package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"lenlop/infra/telemetry"
)

// registerMetrics gives the metrics what only the App knows.
func (a *App) registerMetrics() {
	s := telemetry.State{Version: a.version, Ready: a.ready, Connections: a.DB.Connections,
		Queue: func(ctx context.Context) ([]telemetry.Queue, error) {
			ds, err := a.DB.Jobs().Depths(ctx)
			out := make([]telemetry.Queue, len(ds))
			for i, d := range ds {
				out[i] = telemetry.Queue{Kind: d.Kind, State: d.State, Jobs: d.Jobs, Oldest: d.Oldest}
			}
			return out, err
		}}
	if a.Meili != nil {
		s.Fallbacks = a.Meili.Fallbacks
	}
	a.metrics.Watch(s)
}

// ready names the dependencies and whether each works.
func (a *App) ready(ctx context.Context) map[string]bool {
	out := map[string]bool{}
	for _, p := range a.health(ctx) {
		out[p.Name] = p.Err == nil
	}
	return out
}

// serveMetrics serves metrics and health on --metrics-listen, until the returned
// function is called.
func (a *App) serveMetrics(ctx context.Context) (stop func(), err error) {
	if a.Settings.MetricsListen == "" {
		return func() {}, nil
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", a.Settings.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for metrics: %w", a.Settings.MetricsListen, err)
	}
	srv := &http.Server{Handler: a.metrics.Monitor(a.ready), ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); err != http.ErrServerClosed {
			a.Log.Error("metrics server ended", "error", err)
		}
	}()
	return func() { srv.Close(); <-ended }, nil
}
