package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"lenlop/infra/sandbox"
	"lenlop/services/backup"
	"lenlop/services/inspection"
	"lenlop/services/production"
	"lenlop/services/viewership"
	"lenlop/transcoder"
)

type fsckCmd struct {
	serveFlags
	Quick  bool `help:"Compare sizes only; do not read recordings and segments."`
	Mend   bool `help:"Mend what is safe to mend: the search index, and objects that nobody knows."`
	Decode int  `help:"Decode parts of so many packages, spread over all." default:"0" placeholder:"N"`
}

// Run looks the house over, whether it runs or not; the exit code is 1 when
// something is wrong that it has not mended.
func (c fsckCmd) Run(ctx context.Context, out io.Writer) error {
	h, err := openPlace(ctx, c.serveFlags, c.logger(), false, false)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.current(ctx); err != nil {
		return err
	}
	if err := h.open(ctx); err != nil {
		return err
	}
	return h.look(ctx, out, c)
}

// fsck is look without decoding.
func (h *house) fsck(ctx context.Context, out io.Writer, quick, mend bool) error {
	return h.look(ctx, out, fsckCmd{Quick: quick, Mend: mend})
}

// followerRest is how long a lesson that was just published may take to reach
// the search server before fsck looks again.
const followerRest = 3 * time.Second

// decoder reads packages back with ffmpeg in its sandbox.
func (h *house) decoder(ctx context.Context) (func(context.Context, inspection.Package) error, error) {
	box, err := sandbox.New(ctx, h.log)
	if err != nil {
		return nil, err
	}
	t := &transcoder.Transcoder{Sandbox: box, Log: h.log, Threads: 1}
	return func(ctx context.Context, p inspection.Package) error {
		return production.Look(ctx, h.media, t, p.Package, p.Segments)
	}, nil
}

// open makes the services of a place that openPlace opened.
func (h *house) open(ctx context.Context) error {
	if err := h.secrets(ctx); err != nil {
		return err
	}
	return h.services(ctx)
}

// fsckFor is how long nothing is removed for an inspection that was killed.
const fsckFor = 6 * time.Hour

// look inspects a place that openPlace opened.
func (h *house) look(ctx context.Context, out io.Writer, c fsckCmd) (err error) {
	// What goes away meanwhile is not missing.
	id := "fsck " + rand.Text()
	holds := h.db.Holds()
	if err := holds.Hold(ctx, id, h.now().Add(fsckFor)); err != nil {
		return err
	}
	i := inspection.Inspection{Book: h.db, Media: h.media, Index: h.catalog,
		Counts: viewership.Recounting{Service: h.viewership, Rows: h.db.Views()}, Quick: c.Quick, Mend: c.Mend, Now: h.now,
		Parts: h.parts, Sample: c.Decode, Rest: func(ctx context.Context) {
			select {
			case <-ctx.Done():
			case <-time.After(followerRest):
			}
		}}
	if h.meili != nil {
		i.Follower = h.meili
	}
	if c.Decode > 0 {
		if i.Decode, err = h.decoder(ctx); err != nil {
			return err
		}
	}
	start := h.now()
	found, seen, err := i.Run(ctx)
	if rerr := holds.Release(context.WithoutCancel(ctx), id, h.now()); err == nil {
		err = rerr
	}
	if err != nil {
		return err
	}
	left := 0
	for _, f := range found {
		fmt.Fprintln(out, f)
		if !f.Mended {
			left++
		}
	}
	for _, n := range seen.Notes {
		fmt.Fprintln(out, n)
	}
	fmt.Fprintf(out, "%d lessons, %d objects, %d segments looked at, %d packages decoded, %s read, in %.1f s: ", seen.Lessons, seen.Objects, seen.Segments,
		seen.Decoded, megabytes(seen.Bytes), h.now().Sub(start).Seconds())
	switch {
	case len(found) == 0:
		fmt.Fprintln(out, "the house is whole")
	case left == 0:
		fmt.Fprintf(out, "%d findings, all mended\n", len(found))
	default:
		fmt.Fprintf(out, "%d findings\n", left)
		return errSaid
	}
	return nil
}

// dropHeld removes what waited for a backup, once there is none.
type dropHeld struct{}

// Kind names the worker.
func (dropHeld) Kind() string { return "drop-held" }

func (h *house) dropHeld(ctx context.Context) error {
	return backup.Drop(ctx, h.media, h.db.Holds(), h.now())
}
