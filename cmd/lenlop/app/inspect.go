package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"lenlop/infra/sandbox"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/backup"
	"lenlop/services/inspection"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
	"lenlop/transcoder"
)

// followerDelay is how long a lesson that was just published may take to reach
// the search server before an inspection looks again.
const followerDelay = 3 * time.Second

// holdFor is how long nothing is removed for an inspection that was killed.
const holdFor = 6 * time.Hour

// InspectOptions say how thorough an inspection is.
type InspectOptions struct {
	Quick  bool // compare sizes only
	Mend   bool // repair what is safe to repair
	Decode int  // packages whose segments are decoded
}

// Inspect checks data that OpenData and OpenServices opened, and writes what it
// finds. It fails with ErrReported when problems remain.
func (a *App) Inspect(ctx context.Context, out io.Writer, o InspectOptions) (err error) {
	// What is removed meanwhile is not missing.
	id := "fsck " + rand.Text()
	holds := a.DB.Holds()
	if err := holds.Hold(ctx, id, a.Now().Add(holdFor)); err != nil {
		return err
	}
	i := inspection.Inspection{Book: a.DB, Media: a.Media, Index: a.Catalog,
		Counts: playback.Recounter{Rows: viewstore.NewViews(a.DB), Location: a.Zone, Now: a.Now},
		Quick:  o.Quick, Mend: o.Mend,
		Now:   a.Now,
		Parts: a.Parts, Sample: o.Decode, Rest: func(ctx context.Context) {
			select {
			case <-ctx.Done():
			case <-time.After(followerDelay):
			}
		}}
	if a.Meili != nil {
		i.Follower = a.Meili
	}
	if o.Decode > 0 {
		if i.Decode, err = a.decoder(ctx); err != nil {
			return err
		}
	}
	start := a.Now()
	found, seen, err := i.Run(ctx)
	if rerr := holds.Release(context.WithoutCancel(ctx), id, a.Now()); err == nil {
		err = rerr
	}
	if err != nil {
		return err
	}
	remaining := 0
	for _, f := range found {
		fmt.Fprintln(out, f)
		if !f.Mended {
			remaining++
		}
	}
	for _, n := range seen.Notes {
		fmt.Fprintln(out, n)
	}
	fmt.Fprintf(out, "%d lessons, %d objects, %d segments checked, %d packages decoded, %.1f MB read, in %.1f s: ",
		seen.Lessons, seen.Objects, seen.Segments, seen.Decoded, float64(seen.Bytes)/1e6, a.Now().Sub(start).Seconds())
	switch {
	case len(found) == 0:
		fmt.Fprintln(out, "no problems found")
	case remaining == 0:
		fmt.Fprintf(out, "%d problems, all repaired\n", len(found))
	default:
		fmt.Fprintf(out, "%d problems\n", remaining)
		return ErrReported
	}
	return nil
}

// decoder decodes packages with ffmpeg in its sandbox.
func (a *App) decoder(ctx context.Context) (func(context.Context, inspection.Package) error, error) {
	box, err := sandbox.New(ctx, a.Log)
	if err != nil {
		return nil, err
	}
	t := &transcoder.Transcoder{Sandbox: box, Log: a.Log, Threads: 1}
	return func(ctx context.Context, p inspection.Package) error {
		return production.Look(ctx, a.Media, t, p.Package, p.Segments)
	}, nil
}

// Settle makes the search index of data that was just restored or moved, and
// inspects the data unless skipInspection.
func (a *App) Settle(ctx context.Context, out io.Writer, skipInspection bool) error {
	if err := a.OpenServices(ctx); err != nil {
		return err
	}
	if _, err := a.Catalog.Rebuild(ctx); err != nil {
		return err
	}
	if skipInspection {
		return nil
	}
	return a.Inspect(ctx, out, InspectOptions{})
}

// dropHeld removes what waited for a backup, once there is none.
type dropHeld struct{}

// Kind names the worker.
func (dropHeld) Kind() string { return "drop-held" }

// DropHeld deletes the objects whose removal waited for a backup or an
// inspection that is over.
func (a *App) DropHeld(ctx context.Context) error {
	return backup.Drop(ctx, a.Media, a.DB.Holds(), a.Now())
}
