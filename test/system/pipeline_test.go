package system_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sandbox"
	"lenlop/infra/sqldb"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/test/longtest"
	"lenlop/test/pgtest"
	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

// plant is the pipeline on its real adapters: SQLite, the embedded storage,
// the sandboxed transcoder.
type plant struct {
	db      *sqldb.DB
	objects *s3embedded.Server
	media   *s3embedded.Media
	lessons *lesson.Service
	lists   *production.Playlists
	stop    func() // ends the workers
}

var plantTeacher = people.Person{ID: "gv", Username: "gv", Active: true, Grants: []people.Grant{{Role: people.Teacher}}}

func openPlant(ctx context.Context, dir, dsn string) (*plant, error) {
	db, err := sqldb.Open(ctx, dsn, time.Now)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	srv, err := s3embedded.Start(ctx,
		s3embedded.Config{Dir: filepath.Join(dir, "objects"), Bucket: "lenlop", Log: quietLog()})
	if err != nil {
		return nil, err
	}
	access, secret := srv.Credentials()
	store, err := s3.New(ctx, s3.Config{Endpoint: srv.Endpoint(), Bucket: "lenlop", PathStyle: true, AccessKey: access,
		SecretKey: secret, Client: srv.Client()})
	if err != nil {
		return nil, err
	}
	box, err := sandbox.New(ctx, quietLog())
	if err != nil {
		return nil, err
	}
	scratch, err := production.OpenScratch(filepath.Join(dir, "scratch"))
	if err != nil {
		return nil, err
	}
	jobs, m := db.Jobs(), srv.Media(store, store)
	notifier := job.NewNotifier(jobs, db)
	runner := job.NewRunner(jobs, notifier, quietLog())
	runner.Grace, runner.Lease = time.Second, 6*time.Second
	notifier.Register(runner)
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	p := &plant{db: db, objects: srv, media: m, lists: &production.Playlists{Store: db.Packages(), Media: m}}
	p.lessons = &lesson.Service{
		Store: db.Lessons(), Atomic: notifier, Jobs: notifier, Audit: db.Audit(), Index: noIndex{},
		Subjects:     db.Schools(),
		ReceivedJobs: production.ReceivedJobs, PublishJob: production.PublishJob, Now: time.Now, NewID: id,
		Work: production.BinnedWork{Recordings: db.Lessons(), Packages: db.Packages(), Copies: db.Copies(),
			Jobs: notifier},
	}
	w := &production.Workers{
		Lessons: p.lessons, Packages: db.Packages(), Copies: db.Copies(), Media: m, Jobs: notifier, Queue: jobs,
		Atomic:     notifier,
		Transcoder: &transcoder.Transcoder{Sandbox: box, Threads: 1}, Scratch: scratch, Log: quietLog(), Now: time.Now,
		NewID: id, Slots: 2,
	}
	w.Register(runner)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	p.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		_ = scratch.Close()
	}
	return p, nil
}

// quietLog shows what the workers say when LENLOP_TEST_LOG is set.
func quietLog() *slog.Logger {
	if os.Getenv("LENLOP_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func (p *plant) close(t *testing.T) {
	p.stop()
	if err := p.objects.Stop(); err != nil {
		t.Error(err)
	}
	if err := p.db.Close(); err != nil {
		t.Error(err)
	}
}

// receive gives a new lesson the file's bytes as its recording.
func (p *plant) receive(t *testing.T, file string) (lessonID string) {
	t.Helper()
	ctx := t.Context()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l := lesson.Lesson{ID: uuid.Must(uuid.NewV7()).String(), Title: "Bài", Subject: "toan", Grade: 9,
		TeacherID: plantTeacher.ID, Status: lesson.Draft,
		Media: lesson.Media{State: lesson.None}, CreatedAt: time.Now(), UpdatedAt: time.Now()}
	if err := p.db.Lessons().Save(ctx, l); err != nil {
		t.Fatal(err)
	}
	rec := uuid.Must(uuid.NewV7()).String()
	key := media.Recording(l.ID, rec)
	if _, err := p.media.Put(ctx, key, bytes.NewReader(data), int64(len(data)), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	_, err = p.lessons.Receive(ctx, plantTeacher,
		lesson.Recording{ID: rec, LessonID: l.ID, Key: key, Filename: filepath.Base(file),
			Size: int64(len(data)), Claimed: hex.EncodeToString(sum[:]), ReceivedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return l.ID
}

// await waits until the lesson is as wanted.
func await(t *testing.T, db *sqldb.DB, id string, what string, wanted func(lesson.Lesson) bool) lesson.Lesson {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		l, err := db.Lessons().Lesson(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(l) {
			return l
		}
		if time.Now().After(deadline) {
			js, _ := db.Jobs().Jobs(t.Context(), production.Subject(id), "", 0)
			for _, j := range js {
				t.Logf("job %s %s: %s", j.Kind, j.State, j.LastError)
			}
			t.Fatalf("lesson %s is not %s after 5 minutes: %+v", id, what, l.Media)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// settled: refused, or ready with all that is made beside the ladder.
func settled(l lesson.Lesson) bool {
	return l.Media.State == lesson.Failed || l.Media.State == lesson.Ready && l.File("saver") != ""
}

// made generates a recording of the seconds.
func made(t *testing.T, seconds int, more ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording.mp4")
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-f", "lavfi", "-i",
		"sine=frequency=440",
		"-t", strconv.Itoa(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-metadata",
		"location=+21.0285+105.8542/"}, more...)
	if out, err := exec.Command("ffmpeg", append(args, file)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return file
}

func TestRecordingsGoThroughThePipeline(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		dir := t.TempDir()
		goThrough(t, dir, filepath.Join(dir, "lenlop.db"))
	})
	if longtest.Enabled {
		t.Run("PostgreSQL", func(t *testing.T) { goThrough(t, t.TempDir(), pgtest.Postgres(t)) })
	}
}

func goThrough(t *testing.T, dir, dsn string) {
	p, err := openPlant(context.Background(), dir, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close(t)
	write := func(name, text string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	phone := testmedia.Shared(t, "with-gps.mov")
	if phone == "" {
		phone = made(t, 4)
	}
	recordings := []struct {
		name, file string
		seconds    float64 // 0: must be refused
	}{
		{"generated", made(t, 8), 8},
		{"a phone's", phone, 4},
		{"a text file", write("bai.mp4", strings.Repeat("Bài giảng\n", 1000)), 0},
		{"a disguised playlist", write("bai.mp4",
			"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"), 0},
		{"an empty file", write("bai.mp4", ""), 0},
	}
	ids := make([]string, len(recordings))
	for i, r := range recordings {
		ids[i] = p.receive(t, r.file)
	}
	for i, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			l := await(t, p.db, ids[i], "settled", settled)
			if r.seconds == 0 {
				if l.Media.State != lesson.Failed || l.Status != lesson.Draft || !strings.HasPrefix(l.Media.FailureCode,
					"recording.") || l.Media.FailureCode == production.CannotBePrepared {
					t.Errorf("%+v", l.Media)
				}
				return
			}
			if l.Media.State != lesson.Ready || l.Media.Duration < r.seconds-0.5 || l.Media.Duration > r.seconds+0.5 {
				t.Fatalf("%+v", l.Media)
			}
			checkPlays(t, p, l)
		})
	}
	if left, err := filepath.Glob(filepath.Join(dir, "scratch", "*", "*-*")); err != nil || len(left) > 0 {
		t.Errorf("left in scratch: %v %v", left, err)
	}
}

// checkPlays fetches a lesson as a student would, by its addresses alone, and
// decodes every rung.
func checkPlays(t *testing.T, p *plant, l lesson.Lesson) {
	t.Helper()
	get := func(address string) []byte {
		o, ok := production.ObjectAt(address)
		if !ok {
			t.Fatalf("no object at %s", address)
		}
		body, _, err := p.media.Get(t.Context(), o.Key, media.All)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	list := func(file string) string {
		text, err := p.lists.Playlist(t.Context(), l.ID, l.Media.PackageID, file)
		if err != nil || !text.Final {
			t.Fatalf("%s: %v %+v", file, err, text)
		}
		return text.Text
	}
	base := l.ID + "/" + l.Media.PackageID + "/"
	rungs := 0
	for line := range strings.SplitSeq(list("master.m3u8"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rungs++
		var file bytes.Buffer
		for s := range strings.SplitSeq(list(line), "\n") {
			if m, ok := strings.CutPrefix(s, `#EXT-X-MAP:URI="`); ok {
				file.Write(get(base + strings.TrimSuffix(m, `"`)))
			} else if s != "" && !strings.HasPrefix(s, "#") {
				file.Write(get(base + s))
			}
		}
		if bytes.Contains(file.Bytes(), []byte("+21.0285")) || bytes.Contains(file.Bytes(), []byte("location")) {
			t.Errorf("%s: the teacher's position is in the output", line)
		}
		if d := decodedSeconds(t, file.Bytes()); d < l.Media.Duration-0.2 || d > l.Media.Duration+0.2 {
			t.Errorf("%s: decodes to %.3f s of %.3f s", line, d, l.Media.Duration)
		}
	}
	if rungs != len(l.Renditions)-3 || rungs < 2 {
		t.Errorf("%d rungs, renditions %+v", rungs, l.Renditions)
	}
	for _, name := range []string{"saver", "sound"} {
		if d := decodedSeconds(t, get(base+l.File(name))); d < l.Media.Duration-0.2 || d > l.Media.Duration+0.2 {
			t.Errorf("%s: decodes to %.3f s of %.3f s", name, d, l.Media.Duration)
		}
	}
	if board := get(base + l.File("storyboard")); !bytes.HasPrefix(board, []byte("WEBVTT\n")) {
		t.Errorf("storyboard: %.40q", board)
	}
	if poster := get(production.PosterAddress(l.ID, l.Media.PackageID)); !bytes.HasPrefix(poster, []byte{0xff, 0xd8}) {
		t.Error("the poster is no JPEG")
	}
}

// decodedSeconds decodes a joined rung without a complaint and tells how long it was.
func decodedSeconds(t *testing.T, data []byte) float64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "joined.mp4")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	cmd := exec.Command("ffmpeg", "-v", "error", "-nostats", "-progress", "-", "-i", file, "-f", "null", "-")
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("decoding: %v %s", err, complaints.String())
	}
	seconds := 0.0
	for line := range strings.SplitSeq(out.String(), "\n") {
		if us, ok := strings.CutPrefix(line, "out_time_us="); ok {
			if n, err := strconv.ParseInt(us, 10, 64); err == nil {
				seconds = float64(n) / 1e6
			}
		}
	}
	return seconds
}

// plantFolder tells the child which folder to work in.
const plantFolder = "LENLOP_TEST_PLANT"
