package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"lenlop/infra/telemetry"
)

// watch gives the metrics what only the house knows.
func (h *house) watch() {
	s := telemetry.State{Version: version, Ready: h.ready, Connections: h.db.Connections,
		Queue: func(ctx context.Context) ([]telemetry.Queue, error) {
			ds, err := h.db.Jobs().Depths(ctx)
			out := make([]telemetry.Queue, len(ds))
			for i, d := range ds {
				out[i] = telemetry.Queue{Kind: d.Kind, State: d.State, Jobs: d.Jobs, Oldest: d.Oldest}
			}
			return out, err
		}}
	if h.meili != nil {
		s.Fallbacks = h.meili.Fallbacks
	}
	h.metrics.Watch(s)
}

// ready names the dependencies and whether each is well.
func (h *house) ready(ctx context.Context) map[string]bool {
	out := map[string]bool{}
	for _, p := range h.health(ctx) {
		out[p.Name] = p.Err == nil
	}
	return out
}

// monitor serves metrics and health on --metrics-listen, until the returned
// function is called.
func (h *house) monitor() (stop func(), err error) {
	if h.flags.MetricsListen == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", h.flags.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for metrics: %w", h.flags.MetricsListen, err)
	}
	srv := &http.Server{Handler: h.metrics.Monitor(h.ready), ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); err != http.ErrServerClosed {
			h.log.Error("metrics are not served any more", "error", err)
		}
	}()
	return func() { srv.Close(); <-ended }, nil
}
