package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"sync"
)

// Runner runs commands in a sandbox.
type Runner struct {
	Sandbox Sandbox
}

// Run runs a command. progress, when given, is told the seconds of output made
// so far; the command must then write its progress to standard output.
func (r Runner) Run(ctx context.Context, c Command, progress func(seconds float64)) error {
	if progress == nil {
		return r.Sandbox.Run(ctx, c)
	}
	pr, pw := io.Pipe()
	var wait sync.WaitGroup
	wait.Go(func() {
		ParseProgress(pr, progress)
		_, _ = io.Copy(io.Discard, pr)
	})
	c.Stdout = pw
	err := r.Sandbox.Run(ctx, c)
	_ = pw.Close()
	wait.Wait()
	return err
}

// Output runs a command and gives what it wrote to standard output, up to limit
// bytes; more is an error of the reader, not of memory.
func (r Runner) Output(ctx context.Context, c Command, limit int) ([]byte, error) {
	var b bytes.Buffer
	c.Stdout = &bounded{w: &b, left: limit}
	err := r.Sandbox.Run(ctx, c)
	return b.Bytes(), err
}

// Keep gives a writer that passes on the first limit bytes and discards the
// rest: what a hostile file makes a program say is bounded too.
func Keep(w io.Writer, limit int) io.Writer { return &bounded{w: w, left: limit} }

// bounded keeps the first bytes and discards the rest.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), b.left)
	b.left -= keep
	if _, err := b.w.Write(p[:keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ParseProgress reads what -progress writes: lines of key=value. each is told
// the seconds of output so far and never a smaller number than before.
func ParseProgress(r io.Reader, each func(seconds float64)) {
	most := 0.0
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || key != "out_time_us" && key != "out_time_ms" {
			continue
		}
		// Both are microseconds, whatever their names say.
		us, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil {
			continue
		}
		if s := float64(us) / 1e6; s > most {
			most = s
			each(s)
		}
	}
}
