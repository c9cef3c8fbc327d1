package main

import (
	"context"
	"path/filepath"
	"runtime"

	"lenlop/infra/sandbox"
	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/transcoder"
)

// works is the pipeline's side of the house.
type works struct {
	sandbox   *sandbox.Sandbox
	playlists playlists
	watched   *production.Watched
}

// produce wires the pipeline: what follows a received recording, and who does it.
func (h *house) produce(ctx context.Context, dir string) error {
	box, err := sandbox.New(ctx, h.log)
	if err != nil {
		return err
	}
	scratch, err := production.OpenScratch(filepath.Join(dir, "scratch"))
	if err != nil {
		return err
	}
	h.closing(func() {
		if err := scratch.Close(); err != nil {
			h.log.Warn("scratch not removed", "error", err)
		}
	})
	h.works = &works{
		sandbox:   box,
		playlists: playlists{&production.Playlists{Store: h.db.Packages(), Media: h.media}},
		watched:   &production.Watched{Now: h.now},
	}
	h.lessons.ReceivedJobs, h.lessons.PublishJob = production.ReceivedJobs, production.PublishJob
	slots := h.flags.Workers
	if slots <= 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	w := &production.Workers{
		Lessons: h.lessons, Packages: h.db.Packages(), Media: h.media, Jobs: h.bell, Queue: h.db.Jobs(), Atomic: h.bell,
		Transcoder: &transcoder.Transcoder{Sandbox: box, Log: h.log, Threads: 1},
		Scratch:    scratch, Log: h.log, Now: h.now, NewID: newID, Slots: slots,
	}
	w.Register(h.runner)
	return nil
}

// playlists speaks to the streams as they like it.
type playlists struct{ from *production.Playlists }

// Playlist gives the text of a playlist and whether it may still grow.
func (p playlists) Playlist(ctx context.Context, lessonID, packageID, name string) ([]byte, bool, error) {
	l, err := p.from.Playlist(ctx, lessonID, packageID, name)
	return []byte(l.Text), !l.Final, err
}

// secondsLeft is the estimate of what a lesson's recording still takes.
func (h *house) secondsLeft(_ context.Context, l lesson.Lesson) float64 {
	return h.works.watched.SecondsLeft(l.Media.RecordingID, l.Media.Fraction)
}
