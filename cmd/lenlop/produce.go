package main

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lenlop/infra/sandbox"
	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/services/viewership"
	"lenlop/transcoder"
	"lenlop/transcoder/delivery"
	"lenlop/web/locale"
)

// works is the pipeline's side of the house.
type works struct {
	sandbox   *sandbox.Sandbox
	playlists playlists
	watched   *production.Watched
	copies    *production.Copies
}

// produce wires the pipeline: what follows a received recording, and who does it.
func (h *house) produce(ctx context.Context, dir string) error {
	box, err := sandbox.New(ctx, h.log)
	if err != nil {
		return err
	}
	root := h.flags.Scratch
	if root == "" {
		root = filepath.Join(dir, "scratch")
	}
	scratch, err := production.OpenScratch(root)
	if err != nil {
		return err
	}
	scratch.Limit = h.flags.ScratchLimit
	h.closing(func() {
		if err := scratch.Close(); err != nil {
			h.log.Warn("scratch not removed", "error", err)
		}
	})
	h.works = &works{
		sandbox:   box,
		playlists: playlists{&production.Playlists{Store: h.db.Packages(), Media: h.media, Lessons: h.db.Lessons(), Call: h.book.Printer(locale.Vi).Language}},
		watched:   &production.Watched{Now: h.now},
		copies: &production.Copies{Store: h.db.Copies(), Packages: h.db.Packages(), Lessons: h.db.Lessons(), Schedule: h.db.Schedule(),
			Jobs: h.bell, Atomic: h.bell, Audit: h.db.Audit(), Now: h.now, NewID: newID},
	}
	h.schedule.Copies = h.works.copies
	h.lessons.ReceivedJobs, h.lessons.PublishJob = production.ReceivedJobs, production.PublishJob
	slots := h.flags.Workers
	if slots <= 0 {
		slots = slotsFor(runtime.GOMAXPROCS(0), memory())
	}
	w := &production.Workers{
		Lessons: h.lessons, Packages: h.db.Packages(), Copies: h.db.Copies(), Media: h.media, Jobs: h.bell, Queue: h.db.Jobs(), Atomic: h.bell,
		Transcoder: &transcoder.Transcoder{Sandbox: h.traces.Sandbox(box), Log: h.log, Threads: 1},
		Captions:   h.captions, Worksheets: h.worksheets,
		Scratch: scratch, Log: h.log, Now: h.now, NewID: newID, Slots: slots, Marks: h.marks, CopyMade: h.schedule.CopyMade,
	}
	w.Register(h.runner)
	return nil
}

// marks draws a broadcast copy's two check-in codes, each with a QR of the
// page that takes it, or of the code alone when the house has no known address.
func (h *house) marks(ctx context.Context, c production.Copy, length time.Duration) ([]production.CopyMark, error) {
	first, second, err := h.viewership.Codes(ctx, c.ID, c.LessonID, c.ChannelID, length)
	if err != nil {
		return nil, err
	}
	var list []production.CopyMark
	for _, k := range []viewership.Code{first, second} {
		content := k.Code
		if h.flags.PublicURL != "" {
			content = strings.TrimSuffix(h.flags.PublicURL, "/") + "/tv/code?code=" + k.Code
		}
		png, err := delivery.CodePicture(k.Code, content)
		if err != nil {
			return nil, err
		}
		list = append(list, production.CopyMark{PNG: png, Moment: k.Moment})
	}
	return list, nil
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
