package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lenlop/services/job"
	"lenlop/transcoder"
)

type box struct{ transcoder.Sandbox }

func (box) Run(context.Context, transcoder.Command) error { return errors.New("bai-giang-cua-An.mp4") }

// One trace goes from a request through the job that it asked for, and the job
// that this asked for, to ffmpeg; log lines carry its id; neither the query
// nor an error's words get into it.
func TestOneTrace(t *testing.T) {
	kept := tracetest.NewSpanRecorder()
	tr := newTraces(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(kept)),
		func(context.Context) error { return nil })
	var lines bytes.Buffer
	log := slog.New(Logs(slog.NewJSONHandler(&lines, nil)))
	var asked string
	web := tr.Web(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = job.TraceFrom(r.Context())
		log.InfoContext(r.Context(), "asked")
		w.WriteHeader(http.StatusNoContent)
	}))
	visit := httptest.NewRequest("GET", "/watch/a?token=bi-mat", nil)
	visit.Header.Set("traceparent", "00-11111111111111111111111111111111-2222222222222222-01")
	web.ServeHTTP(httptest.NewRecorder(), visit)
	first := job.Job{Kind: "probe", Trace: asked}
	if first.TraceID() == "" || !strings.Contains(lines.String(), `"trace_id":"`+first.TraceID()+`"`) {
		t.Fatalf("asked under %q, logged %s", asked, lines.String())
	}
	if first.TraceID() == strings.Repeat("1", 32) {
		t.Error("a visitor chose the trace")
	}
	err := tr.Job(t.Context(), first, func(ctx context.Context) error {
		next := job.Job{Kind: "transcode", Trace: job.TraceFrom(ctx)}
		return tr.Job(t.Context(), next, func(ctx context.Context) error {
			return tr.Sandbox(box{}).Run(ctx, transcoder.Command{Program: "ffmpeg"})
		})
	})
	if err == nil {
		t.Error("the error is lost")
	}
	var names []string
	for _, s := range kept.Ended() {
		names = append(names, s.Name())
		if s.SpanContext().TraceID().String() != first.TraceID() {
			t.Errorf("%s is in another trace", s.Name())
		}
		if all := fmt.Sprint(s.Attributes(), s.Events(), s.Status()); strings.Contains(all, "bi-mat") ||
			strings.Contains(all, "cua-An") {
			t.Errorf("%s tells secrets: %s", s.Name(), all)
		}
	}
	if got := strings.Join(names, ", "); got != "GET, ffmpeg, job transcode, job probe" {
		t.Errorf("spans %s", got)
	}
	kept.Reset()
	web.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/readyz", nil))
	if len(kept.Ended()) != 0 {
		t.Error("monitors make traces")
	}
}

// Without a collector nothing is made and jobs carry nothing.
func TestNoTraces(t *testing.T) {
	tr, err := OpenTraces(t.Context(), "", "test", "1")
	if err != nil {
		t.Fatal(err)
	}
	tr.Web(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := job.TraceFrom(r.Context()); got != "" {
			t.Errorf("asked under %q", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := OpenTraces(t.Context(), "collector:4318", "test", "1"); err == nil {
		t.Error("an address without a scheme is taken")
	}
}
