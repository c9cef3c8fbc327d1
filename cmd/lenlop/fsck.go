package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"lenlop/services/backup"
	"lenlop/services/inspection"
	"lenlop/services/viewership"
)

type fsckCmd struct {
	serveFlags
	Quick bool `help:"Compare sizes only; do not read the recordings."`
	Mend  bool `help:"Mend what is safe to mend: the search index, and objects that nobody knows."`
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
	return h.fsck(ctx, out, c.Quick, c.Mend)
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

// fsck inspects a place that openPlace opened.
func (h *house) fsck(ctx context.Context, out io.Writer, quick, mend bool) (err error) {
	// What goes away meanwhile is not missing.
	id := "fsck " + rand.Text()
	holds := h.db.Holds()
	if err := holds.Hold(ctx, id, h.now().Add(fsckFor)); err != nil {
		return err
	}
	i := inspection.Inspection{Book: h.db, Media: h.media, Index: h.catalog,
		Counts: viewership.Recounting{Service: h.viewership, Rows: h.db.Views()}, Quick: quick, Mend: mend, Now: h.now}
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
	fmt.Fprintf(out, "%d lessons, %d objects, %d segments looked at, %s read, in %.1f s: ", seen.Lessons, seen.Objects, seen.Segments,
		megabytes(seen.Bytes), h.now().Sub(start).Seconds())
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
