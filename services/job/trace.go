package job

import (
	"context"
	"strings"
)

type traceKey struct{}

// WithTrace says which trace asks for the jobs that are added with ctx, as a
// W3C traceparent ("00-<32 hex digits>-<16 hex digits>-01").
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// TraceFrom is the traceparent of WithTrace; "" when there is none.
func TraceFrom(ctx context.Context) string {
	t, _ := ctx.Value(traceKey{}).(string)
	return t
}

// TraceID is the id of the trace that asked for the job; "" when there is none.
func (j Job) TraceID() string {
	parts := strings.Split(j.Trace, "-")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}
