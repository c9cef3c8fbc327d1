package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Queue is how many jobs of a kind are in a state.
type Queue struct {
	Kind, State string
	Jobs        int
	Oldest      time.Duration
}

// State is what is measured when Prometheus scrapes.
type State struct {
	Version string
	// Queue may be nil.
	Queue func(ctx context.Context) ([]Queue, error)
	// Ready names the dependencies and whether each is well.
	Ready func(ctx context.Context) map[string]bool
	// Connections of the database: open, busy, and how often one was waited for.
	Connections func() (open, busy int, waited int64)
	// Fallbacks counts searches that the database answered for Meilisearch; nil without it.
	Fallbacks func() int64
}

// Watch adds the server's state to the metrics.
func (m *Metrics) Watch(s State) { m.registry.MustRegister(watch{s}) }

// watch is a Collector that asks when it is asked.
type watch struct{ State }

// scrapeTime is how long a scrape waits for the database.
const scrapeTime = 5 * time.Second

var (
	buildInfo = prometheus.NewDesc("lenlop_build_info", "Always 1; the version is its label.",
		[]string{"version"}, nil)
	jobsDesc = prometheus.NewDesc("lenlop_jobs", "Jobs that wait, run or were given up, by kind.",
		[]string{"kind", "state"}, nil)
	oldestDesc = prometheus.NewDesc("lenlop_job_oldest_waiting_seconds",
		"How long the oldest waiting job of a kind has been due.", []string{"kind"}, nil)
	readyDesc = prometheus.NewDesc("lenlop_ready", "1 when a dependency is well, 0 when it is not.",
		[]string{"part"}, nil)
	connsDesc = prometheus.NewDesc("lenlop_database_connections", "Connections to the database, open and busy.",
		[]string{"state"}, nil)
	waitedDesc = prometheus.NewDesc("lenlop_database_connection_waits_total",
		"How often a connection had to be waited for.", nil, nil)
	fallbackDsc = prometheus.NewDesc("lenlop_search_fallbacks_total",
		"Searches that the database's own index answered for Meilisearch.", nil, nil)
)

// Describe sends nothing: which metrics exist depends on the configuration.
func (w watch) Describe(chan<- *prometheus.Desc) {}

// Collect asks for the state now.
func (w watch) Collect(out chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), scrapeTime)
	defer done()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(buildInfo, 1, w.Version)
	if w.Queue != nil {
		if qs, err := w.Queue(ctx); err == nil { // away: lenlop_ready says so
			for _, q := range qs {
				gauge(jobsDesc, float64(q.Jobs), q.Kind, q.State)
				if q.State == "waiting" {
					gauge(oldestDesc, q.Oldest.Seconds(), q.Kind)
				}
			}
		}
	}
	for part, ok := range w.Ready(ctx) {
		v := 0.0
		if ok {
			v = 1
		}
		gauge(readyDesc, v, part)
	}
	open, busy, waited := w.Connections()
	gauge(connsDesc, float64(open), "open")
	gauge(connsDesc, float64(busy), "busy")
	out <- prometheus.MustNewConstMetric(waitedDesc, prometheus.CounterValue, float64(waited))
	if w.Fallbacks != nil {
		out <- prometheus.MustNewConstMetric(fallbackDsc, prometheus.CounterValue, float64(w.Fallbacks()))
	}
}

// Monitor serves /metrics, /healthz and /readyz on an address of its own, for
// Prometheus and for what starts and stops processes. It asks nobody who they
// are: give it an address that visitors cannot reach.
func (m *Metrics) Monitor(ready func(ctx context.Context) map[string]bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		for _, ok := range ready(r.Context()) {
			if !ok {
				http.Error(w, "not ready", http.StatusServiceUnavailable)
				return
			}
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	return mux
}
