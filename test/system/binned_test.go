package system_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/test/pgtest"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

// stubborn is a transcoder whose encodings last until they are cancelled.
type stubborn struct {
	production.Transcoder
	begun, ended chan string
}

func (s *stubborn) Inspect(context.Context, string) (transcoder.Facts, error) {
	return transcoder.Facts{Duration: 1800, HasVideo: true, HasAudio: true}, nil
}

func (s *stubborn) Plan(_ context.Context, _ string, f transcoder.Facts) (transcoder.Plan, error) {
	return ladder.Make(ladder.Request{Source: ladder.Source{Video: 0, Audio: 1, Width: 640, Height: 360},
		Duration: f.Duration, Rate: ladder.Rate{Num: 25, Den: 1}}), nil
}

func (s *stubborn) Encode(ctx context.Context, _ string, _ transcoder.Plan, t transcoder.Task, _ string,
	_ func(float64)) ([]transcoder.Output, error) {
	s.begun <- t.Group
	<-ctx.Done()
	s.ended <- t.Group
	return nil, ctx.Err()
}

// workplace is one process's workers: its own connections, which nothing but the
// database connects with those of others.
func workplace(t *testing.T, dsn string, p *plant, machine production.Transcoder) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	notifier := job.NewNotifier(db.Jobs(), db)
	runner := job.NewRunner(db.Jobs(), notifier, slog.New(slog.DiscardHandler))
	runner.Grace = 10 * time.Millisecond
	notifier.Register(runner)
	scratch, err := production.OpenScratch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	w := &production.Workers{
		Lessons: &lesson.Service{Store: db.Lessons(), Atomic: notifier, Jobs: notifier, Audit: db.Audit(),
			Index: noIndex{}, Subjects: db.Schools(), ReceivedJobs: production.ReceivedJobs,
			PublishJob: production.PublishJob, Now: time.Now, NewID: id},
		Packages: db.Packages(), Copies: db.Copies(), Media: p.media, Jobs: notifier, Queue: db.Jobs(),
		Atomic: notifier, Transcoder: machine, Scratch: scratch, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		NewID: id, Slots: 2,
	}
	w.Register(runner)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = scratch.Close()
		_ = db.Close()
	})
}

// TestDeletingStopsEveryProcess: the encodings of a deleted lesson end within
// seconds in every process, nothing of it is begun any more, and once it is
// restored its work is taken up again.
func TestDeletingStopsEveryProcess(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		dir := t.TempDir()
		deleteWhileEncoding(t, dir, filepath.Join(dir, "lenlop.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) { deleteWhileEncoding(t, t.TempDir(), pgtest.Postgres(t)) })
}

func deleteWhileEncoding(t *testing.T, dir, dsn string) {
	p, err := openPlant(t.Context(), dir, dsn)
	if err != nil {
		t.Fatal(err)
	}
	p.stop() // it only receives and deletes
	p.stop = func() {}
	t.Cleanup(func() { p.close(t) })
	const processes, slots = 2, 2
	machine := &stubborn{begun: make(chan string, 1000), ended: make(chan string, 1000)}
	for range processes {
		workplace(t, dsn, p, machine)
	}
	file := filepath.Join(dir, "recording.mp4")
	if err := os.WriteFile(file, []byte("recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	id := p.receive(t, file)
	for range processes * slots {
		receiveWithin(t, machine.begun, time.Minute, "an encoding to begin")
	}
	began := time.Now()
	if _, err := p.lessons.Bin(t.Context(), plantTeacher, id); err != nil {
		t.Fatal(err)
	}
	for range processes * slots {
		receiveWithin(t, machine.ended, 20*time.Second, "an encoding to be cancelled")
	}
	t.Logf("cancelled after %v", time.Since(began))
	time.Sleep(2500 * time.Millisecond) // more than one look for work
	if n := len(machine.begun); n > 0 {
		t.Errorf("%d encodings were begun of a deleted lesson", n)
	}
	if waiting, err := p.db.Jobs().Jobs(t.Context(), production.Subject(id), job.Waiting, 0); err != nil ||
		len(waiting) > 0 {
		t.Errorf("%d jobs wait: %v", len(waiting), err)
	}
	if _, err := p.lessons.Restore(t.Context(), plantTeacher, id); err != nil {
		t.Fatal(err)
	}
	for range processes * slots {
		receiveWithin(t, machine.begun, time.Minute, "an encoding to be taken up again")
	}
	if _, err := p.lessons.Bin(t.Context(), people.Person{}, id); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("deleted by anybody: %v", err)
	}
}

func receiveWithin(t *testing.T, from <-chan string, d time.Duration, what string) {
	t.Helper()
	select {
	case <-from:
	case <-time.After(d):
		t.Fatalf("waited %v for %s", d, what)
	}
}
