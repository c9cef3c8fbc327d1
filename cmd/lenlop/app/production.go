package app

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lenlop/infra/sandbox"
	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/services/viewership/television"
	"lenlop/transcoder"
	"lenlop/transcoder/delivery"
	"lenlop/web/locale"
)

// pipeline makes playable packages from recordings.
type pipeline struct {
	sandbox   *sandbox.Sandbox
	scratch   *production.Scratch
	playlists playlists
	watched   *production.Watched
	copies    *production.Copies
}

// wireProduction wires what follows a received recording and the workers that do it.
func (a *App) wireProduction(ctx context.Context) error {
	box, err := sandbox.New(ctx, a.Log)
	if err != nil {
		return err
	}
	root := a.Settings.Scratch
	if root == "" {
		root = filepath.Join(a.Settings.Data, "scratch")
	}
	scratch, err := production.OpenScratch(root)
	if err != nil {
		return err
	}
	scratch.Limit = a.Settings.ScratchLimit
	a.onClose(func() {
		if err := scratch.Close(); err != nil {
			a.Log.Warn("scratch folder not removed", "error", err)
		}
	})
	a.pipeline = &pipeline{
		sandbox: box, scratch: scratch,
		playlists: playlists{&production.Playlists{Store: a.DB.Packages(), Media: a.Media, Lessons: a.DB.Lessons(),
			Call: a.Locales.Printer(locale.Vi).Language}},
		watched: &production.Watched{Now: a.Now},
		copies: &production.Copies{Store: a.DB.Copies(), Packages: a.DB.Packages(), Lessons: a.DB.Lessons(),
			Schedule: a.DB.Schedule(),
			Jobs:     a.notifier, Atomic: a.notifier, Audit: a.DB.Audit(), Now: a.Now, NewID: NewID},
	}
	a.Schedule.Copies = a.pipeline.copies
	a.Lessons.ReceivedJobs, a.Lessons.PublishJob = production.ReceivedJobs, production.PublishJob
	a.Lessons.Work = production.BinnedWork{Recordings: a.DB.Lessons(), Packages: a.DB.Packages(),
		Copies: a.DB.Copies(), Jobs: a.notifier}
	slots := a.Settings.Workers
	if slots <= 0 {
		slots = slotsFor(runtime.GOMAXPROCS(0), memory())
	}
	w := &production.Workers{
		Lessons: a.Lessons, Packages: a.DB.Packages(), Copies: a.DB.Copies(), Media: a.Media, Jobs: a.notifier,
		Queue: a.DB.Jobs(), Atomic: a.notifier,
		Transcoder: &transcoder.Transcoder{Sandbox: a.traces.Sandbox(box), Log: a.Log, Threads: 1,
			Scratch: scratch.Dir()},
		Captions: a.Captions, Worksheets: a.Worksheets,
		Scratch: scratch, Log: a.Log, Now: a.Now, NewID: NewID, Slots: slots, Marks: a.checkInMarks,
		CopyMade: a.Schedule.CopyMade,
	}
	w.Register(a.Runner)
	return nil
}

// ScratchDir is this process's folder for files in the making; what a killed
// process leaves there is removed at the next start.
func (a *App) ScratchDir() string { return a.pipeline.scratch.Dir() }

// checkInMarks draws a broadcast copy's two check-in codes, each with a QR code of
// the page that takes it, or of the code alone without a public address.
func (a *App) checkInMarks(
	ctx context.Context, c production.Copy, length time.Duration,
) ([]production.CopyMark, error) {
	first, second, err := a.Television.Codes(ctx, c.ID, c.LessonID, c.ChannelID, length)
	if err != nil {
		return nil, err
	}
	var list []production.CopyMark
	for _, k := range []television.Code{first, second} {
		content := k.Code
		if a.Settings.PublicURL != "" {
			content = strings.TrimSuffix(a.Settings.PublicURL, "/") + "/tv/code?code=" + k.Code
		}
		png, err := delivery.CodePicture(k.Code, content)
		if err != nil {
			return nil, err
		}
		list = append(list, production.CopyMark{PNG: png, Moment: k.Moment})
	}
	return list, nil
}

// playlists gives playlists in the form that the stream package takes.
type playlists struct{ from *production.Playlists }

// Playlist gives the text of a playlist and whether it may still grow.
func (p playlists) Playlist(ctx context.Context, lessonID, packageID, name string) ([]byte, bool, error) {
	l, err := p.from.Playlist(ctx, lessonID, packageID, name)
	return []byte(l.Text), !l.Final, err
}

// secondsLeft is the estimate of what a lesson's recording still takes.
func (a *App) secondsLeft(_ context.Context, l lesson.Lesson) float64 {
	return a.pipeline.watched.SecondsLeft(l.Media.RecordingID, l.Media.Fraction)
}
