package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"lenlop/services/job"
	"lenlop/transcoder"
)

// Traces follow one request from the web through the jobs it asked for to
// each ffmpeg. Names hold kinds and programs, never a title, an address or a
// query string.
type Traces struct {
	provider trace.TracerProvider
	tracer   trace.Tracer
	stop     func(context.Context) error
}

// traceparent is the form in which a trace travels with a job.
var traceparent = propagation.TraceContext{}

// OpenTraces sends traces of the service to an OTLP/HTTP collector. Without an endpoint no traces are recorded.
func OpenTraces(ctx context.Context, endpoint, service, version string) (*Traces, error) {
	if endpoint == "" {
		return newTraces(noop.NewTracerProvider(), func(context.Context) error { return nil }), nil
	}
	if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
		return nil, fmt.Errorf("otlp endpoint %q: want http://host:4318", endpoint)
	}
	to, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(to), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.version", version))))
	return newTraces(p, p.Shutdown), nil
}

func newTraces(p trace.TracerProvider, stop func(context.Context) error) *Traces {
	return &Traces{provider: p, tracer: p.Tracer("lenlop"), stop: stop}
}

// Close sends what is still waiting.
func (t *Traces) Close(ctx context.Context) error { return t.stop(ctx) }

// Web makes a span of every request but the monitors', and marks the jobs that
// are asked for in it.
func (t *Traces) Web(next http.Handler) http.Handler {
	if _, none := t.provider.(noop.TracerProvider); none {
		return next // a span of nothing costs 3 % of what sending a segment does
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(withTracedQueries(r.Context())))
	})
	return otelhttp.NewHandler(inner, "web", otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithPropagators(traceparent),
		// a visitor's own trace is linked, not continued
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method }),
		otelhttp.WithFilter(func(r *http.Request) bool {
			return r.URL.Path != "/healthz" && r.URL.Path != "/readyz" && r.URL.Path != "/metrics"
		}))
}

// asking tells jobs added with ctx which trace asks for them.
func withTracedQueries(ctx context.Context) context.Context {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	c := propagation.MapCarrier{}
	traceparent.Inject(ctx, c)
	return job.WithTrace(ctx, c["traceparent"])
}

// Job makes a span of a claim, within the trace that asked for the job.
func (t *Traces) Job(ctx context.Context, j job.Job, work func(ctx context.Context) error) error {
	if j.Trace != "" {
		ctx = traceparent.Extract(ctx, propagation.MapCarrier{"traceparent": j.Trace})
	}
	ctx, span := t.tracer.Start(ctx, "job "+j.Kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("job.id", j.ID), attribute.String("job.subject", j.Subject),
		attribute.Int("job.attempt", j.Attempt)))
	defer span.End()
	err := work(withTracedQueries(ctx))
	end(span, err)
	return err
}

// Sandbox makes a span of every program that is run.
func (t *Traces) Sandbox(inner transcoder.Sandbox) transcoder.Sandbox { return tracedSandbox{inner, t} }

type tracedSandbox struct {
	transcoder.Sandbox
	t *Traces
}

// Run runs the command.
func (s tracedSandbox) Run(ctx context.Context, c transcoder.Command) error {
	ctx, span := s.t.tracer.Start(ctx, c.Program)
	defer span.End()
	err := s.Sandbox.Run(ctx, c)
	end(span, err)
	return err
}

// end notes that something failed, not what: errors may hold names of files
// that people chose. The log says what.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "failed")
	}
}

// Logs adds the trace and span of the context to every line that has one.
func Logs(h slog.Handler) slog.Handler { return traced{h} }

type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(as []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(as)} }
func (h traced) WithGroup(name string) slog.Handler    { return traced{h.Handler.WithGroup(name)} }
