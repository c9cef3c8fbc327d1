//go:build long

package system_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/production"
)

// TestPlantChild is the process that TestKilledWhileTranscoding kills.
func TestPlantChild(t *testing.T) {
	dir := os.Getenv(plantFolder)
	if dir == "" {
		return // by itself it proves nothing
	}
	p, err := openPlant(context.Background(), dir, filepath.Join(dir, "lenlop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close(t)
	fmt.Println("working on", p.receive(t, filepath.Join(dir, "recording.mp4")))
	select {} // until killed
}

// TestKilledWhileTranscoding: a worker is killed in the middle of its pieces;
// the next one finishes the lesson, and nothing is lost or left over.
func TestKilledWhileTranscoding(t *testing.T) {
	dir := t.TempDir()
	if err := os.Rename(made(t, 40), filepath.Join(dir, "recording.mp4")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPlantChild$", "-test.timeout=4m")
	cmd.Env = append(os.Environ(), plantFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	id, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "working on ")
	if err != nil || !ok {
		_ = cmd.Process.Kill()
		t.Fatalf("child said %q, %v", line[:n], err)
	}
	db, err := sqldb.Open(t.Context(), filepath.Join(dir, "lenlop.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	await(t, db, id, "playable", func(l lesson.Lesson) bool { return l.Media.Playable || settled(l) })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if l, err := db.Lessons().Lesson(t.Context(), id); err != nil || l.Media.State != lesson.Processing {
		t.Fatalf("the kill came too late: %+v %v", l.Media, err)
	}
	p, err := openPlant(context.Background(), dir, filepath.Join(dir, "lenlop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close(t)
	l := await(t, p.db, id, "ready", settled)
	if l.Media.State != lesson.Ready {
		t.Fatalf("%+v", l.Media)
	}
	checkPlays(t, p, l)
	r, err := p.db.Lessons().Recording(t.Context(), l.Media.RecordingID)
	if err != nil || r.SHA256 != r.Claimed {
		t.Errorf("recording: %+v %v", r, err)
	}
	js, err := p.db.Jobs().Jobs(t.Context(), production.Subject(id), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, j := range js {
		if j.State != job.Done {
			t.Errorf("job %s is %s: %s", j.Kind, j.State, j.LastError)
		}
		again += j.Attempt - 1
	}
	if again == 0 {
		t.Error("no job was repeated: the kill hit nothing")
	}
	if _, err := p.lists.Playlist(t.Context(), l.ID, l.Media.PackageID,
		"nothing.m3u8"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a playlist that is not there: %v", err)
	}
}
