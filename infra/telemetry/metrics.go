// Package telemetry measures the running server for Prometheus.
package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the server's own figures in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	jobs     *prometheus.HistogramVec
	segments prometheus.Counter
	bytes    prometheus.Counter
}

// NewMetrics makes them, with those of the Go runtime and the process beside.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lenlop_http_request_duration_seconds",
			Help: "Time to answer, by route and status class.", Buckets: []float64{.005, .02, .05, .1, .3, 1, 3, 10}},
			[]string{"route", "status"}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lenlop_job_duration_seconds",
			Help: "Time from claim to end, by kind and end.", Buckets: []float64{.1, 1, 5, 15, 60, 300, 1800}},
			[]string{"kind", "end"}),
		segments: prometheus.NewCounter(
			prometheus.CounterOpts{Name: "lenlop_segments_served_total", Help: "Segments sent, whole or in part."}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "lenlop_segment_bytes_served_total",
			Help: "Bytes of segments sent."}),
	}
	m.registry.MustRegister(m.requests, m.jobs, m.segments, m.bytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request notes one answered request; route is the pattern, not the address,
// so that there are few series and no one's lesson in them.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// Job notes the end of one claim.
func (m *Metrics) Job(kind, end string, took time.Duration) {
	m.jobs.WithLabelValues(kind, end).Observe(took.Seconds())
}

// Served notes one segment that was sent.
func (m *Metrics) Served(_ string, _ time.Time, bytes int64) {
	m.segments.Inc()
	m.bytes.Add(float64(bytes))
}

// Handler gives everything in Prometheus's text form.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
