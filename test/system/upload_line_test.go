package system_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/upload"
)

// uploadFixture is what uploads need of the embedded default: SQLite, the S3 endpoint in this process, and the relay on
// a public address.
type uploadFixture struct {
	db      *sqldb.DB
	server  *s3embedded.Server
	store   *s3.Store
	front   *httptest.Server
	lessons *lesson.Service
	uploads *upload.Service
	teacher people.Person
}

type probeArgs struct{ Recording string }

func (probeArgs) Kind() string { return "probe" }

type noIndex struct{}

func (noIndex) Changed(context.Context, string) error { return nil }

func openUploads(t *testing.T, dir string) *uploadFixture {
	t.Helper()
	return openUploadsAt(t, dir, filepath.Join(dir, "objects"))
}

// openUploadsAt has its objects in a folder of their own.
func openUploadsAt(t *testing.T, dir, objects string) *uploadFixture {
	t.Helper()
	h := &uploadFixture{teacher: people.Person{ID: "co-ha", Username: "co-ha", Name: "Cô Hà", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}}
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	var err error
	if h.db, err = sqldb.Open(t.Context(), filepath.Join(dir, "lenlop.db"), time.Now); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.server, err = s3embedded.Start(t.Context(),
		s3embedded.Config{Dir: objects, Bucket: "lenlop"}); err != nil {
		t.Fatal(err)
	}
	access, secret := h.server.Credentials()
	if h.store, err = s3.New(t.Context(), s3.Config{Endpoint: h.server.Endpoint(), Bucket: "lenlop", PathStyle: true,
		AccessKey: access, SecretKey: secret, Client: h.server.Client()}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/lenlop/", h.server.Relay())
	h.front = httptest.NewServer(mux)
	h.lessons = &lesson.Service{
		Store: h.db.Lessons(), Atomic: h.db, Jobs: h.db.Jobs(), Audit: h.db.Audit(), Index: noIndex{},
		Subjects: h.db.Schools(),
		ReceivedJobs: func(l lesson.Lesson, r lesson.Recording) []job.New {
			return []job.New{{Args: probeArgs{r.ID}, Key: r.ID, Subject: "lesson:" + l.ID}}
		},
		Now: time.Now, NewID: newID,
	}
	h.uploads = &upload.Service{
		Store: h.db.Uploads(), Atomic: h.db, Lessons: h.db.Lessons(), Receiver: h.lessons, Parts: h.store,
		Objects: h.store,
		Now:     time.Now, NewID: newID, PartSize: upload.MinPartSize,
		Space: h.server.Space,
	}
	t.Cleanup(func() { h.close(t) })
	return h
}

func (h *uploadFixture) close(t *testing.T) {
	if h.front == nil {
		return
	}
	h.front.Close()
	h.front = nil
	if err := errors.Join(h.server.Stop(), h.db.Close()); err != nil {
		t.Error(err)
	}
}

func (h *uploadFixture) draft(t *testing.T) lesson.Lesson {
	t.Helper()
	if err := h.db.People().SavePerson(t.Context(), h.teacher); err != nil {
		t.Fatal(err)
	}
	title, subject, grade := "Phân số bằng nhau", "toan", 4
	l, err := h.lessons.Draft(t.Context(), h.teacher, "", lesson.Text{Title: &title, Subject: &subject, Grade: &grade})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sendPart sends one part as a browser does. The connection breaks after cut bytes; 0 means that it does not break.
func (h *uploadFixture) sendPart(ctx context.Context, u upload.Upload, file []byte, n, cut int,
	by people.Person) error {
	urls, err := h.uploads.Presign(ctx, by, u.ID, h.front.URL, []int{n})
	if err != nil {
		return err
	}
	from := int64(n-1) * u.PartSize
	part := file[from : from+u.PartLength(n)]
	var body io.Reader = bytes.NewReader(part)
	if cut > 0 {
		body = io.MultiReader(bytes.NewReader(part[:cut]), brokenConnection{})
	}
	req, err := http.NewRequestWithContext(ctx, urls[0].Method, urls[0].URL, body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(part))
	for k, v := range urls[0].Headers {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("part %d: status %d", n, res.StatusCode)
	}
	return nil
}

type brokenConnection struct{}

func (brokenConnection) Read([]byte) (int, error) { return 0, errors.New("connection broken") }

// checkReceived: the recording has exactly the bytes that were sent, and exactly one job was added.
func (h *uploadFixture) checkReceived(t *testing.T, lessonID string, file []byte) {
	t.Helper()
	l, err := h.db.Lessons().Lesson(t.Context(), lessonID)
	if err != nil || l.Media.State != lesson.Checking {
		t.Fatalf("lesson %+v: %v", l.Media, err)
	}
	r, err := h.db.Lessons().Recording(t.Context(), l.Media.RecordingID)
	if err != nil || r.Size != int64(len(file)) {
		t.Fatalf("recording %+v: %v", r, err)
	}
	rc, _, err := h.store.Get(t.Context(), r.Key, media.All)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	got, want := sha256.New(), sha256.Sum256(file)
	if _, err := io.Copy(got, rc); err != nil || !bytes.Equal(got.Sum(nil), want[:]) {
		t.Errorf("the recording differs from what was sent: %v", err)
	}
	jobs, err := h.db.Jobs().Jobs(t.Context(), "lesson:"+lessonID, "", 10)
	if err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs: %v", len(jobs), err)
	}
	pending, err := h.store.Pending(t.Context(), "")
	if err != nil || len(pending) != 0 {
		t.Errorf("storage still has the open uploads %v: %v", pending, err)
	}
}

func fileOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// TestUploadOverUnreliableNetwork sends a recording over connections that break in the middle of parts, with a restart
// of the server, and from two devices at the same time.
func TestUploadOverUnreliableNetwork(t *testing.T) {
	dir := t.TempDir()
	h := openUploads(t, dir)
	l := h.draft(t)
	file := fileOf(4*upload.MinPartSize + 12_345)
	u, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "bài giảng.mp4", int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 70_000, upload.MinPartSize - 1} {
		if err := h.sendPart(t.Context(), u, file, 1, cut, h.teacher); err == nil {
			t.Error("half a part was acknowledged")
		}
	}
	if _, parts, err := h.uploads.Get(t.Context(), h.teacher, u.ID); err != nil || len(parts) != 0 {
		t.Fatalf("storage has %v: %v", parts, err)
	}
	if err := h.sendPart(t.Context(), u, file, 2, 0, h.teacher); err != nil {
		t.Fatal(err)
	}

	h.close(t)
	h = openUploads(t, dir)
	again, ok, err := h.uploads.Current(t.Context(), h.teacher, l.ID)
	if err != nil || !ok || again.ID != u.ID || again.PartCount != 5 {
		t.Fatalf("cannot be resumed: %+v %v %v", again, ok, err)
	}
	_, parts, err := h.uploads.Get(t.Context(), h.teacher, u.ID)
	if err != nil || len(parts) != 1 || parts[0].Number != 2 {
		t.Fatalf("%v %v", parts, err)
	}
	_, err = h.uploads.Complete(t.Context(), h.teacher, u.ID, "")
	if !fault.Is(err, "upload.part_missing") || fmt.Sprint(fault.As(err).Args["missing"]) != "[1 3 4 5]" {
		t.Errorf("completed without parts: %v", err)
	}
	var devices errgroup.Group
	for _, numbers := range [][]int{{1, 3, 4}, {5, 4, 3}} {
		devices.Go(func() error {
			for _, n := range numbers {
				if err := h.sendPart(t.Context(), u, file, n, 0, h.teacher); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := devices.Wait(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file)
	var both errgroup.Group
	for range 2 { // both devices complete the upload
		both.Go(func() error {
			_, err := h.uploads.Complete(t.Context(), h.teacher, u.ID, hex.EncodeToString(sum[:]))
			return err
		})
	}
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	h.checkReceived(t, l.ID, file)
}

// TestUploadOfAnother: only its owner can use an upload.
func TestUploadOfAnother(t *testing.T) {
	h := openUploads(t, t.TempDir())
	l := h.draft(t)
	u, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "a.mp4", 10)
	if err != nil {
		t.Fatal(err)
	}
	other := people.Person{ID: "thay-son", Active: true, Grants: h.teacher.Grants}
	if err := h.sendPart(t.Context(), u, fileOf(10), 1, 0, other); !fault.Is(err, "access.denied") {
		t.Errorf("presign: %v", err)
	}
	if _, err := h.uploads.Complete(t.Context(), other, u.ID, ""); !fault.Is(err, "access.denied") {
		t.Errorf("complete: %v", err)
	}
	if err := h.uploads.Abort(t.Context(), other, u.ID); !fault.Is(err, "access.denied") {
		t.Errorf("abort: %v", err)
	}
	if err := h.uploads.Abort(t.Context(), h.teacher, u.ID); err != nil {
		t.Fatal(err)
	}
	if pending, err := h.store.Pending(t.Context(), ""); err != nil || len(pending) != 0 {
		t.Errorf("left %v: %v", pending, err)
	}
}

// childDirEnv is the variable with the folder of the child process; see TestUploadChild.
const childDirEnv = "LENLOP_TEST_UPLOAD_DIR"

// dying is a receiver that kills its process after storage has joined the parts and before the commit.
type dying struct{ *lesson.Service }

func (dying) Receive(context.Context, people.Person, lesson.Recording) (lesson.Lesson, error) {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}

// TestUploadChild is the child process of TestKilledBeforeCommit, not a test of its own.
func TestUploadChild(t *testing.T) {
	dir := os.Getenv(childDirEnv)
	if dir == "" {
		return
	}
	h := openUploads(t, dir)
	h.uploads.Receiver = dying{h.lessons}
	l := h.draft(t)
	file := bytes.Repeat([]byte("bài giảng "), 600_000)
	u, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "a.mp4", int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= u.PartCount; n++ {
		if err := h.sendPart(t.Context(), u, file, n, 0, h.teacher); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("upload=%s\n", u.ID)
	_, err = h.uploads.Complete(t.Context(), h.teacher, u.ID, "")
	t.Fatalf("the process was not killed: %v", err)
}

// TestKilledBeforeCommit: kill -9 between the completion in storage and the commit. The client repeats its request, and
// the complete recording is acknowledged.
func TestKilledBeforeCommit(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestUploadChild$", "-test.v")
	cmd.Env = append(os.Environ(), childDirEnv+"="+dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v\n%s", err, out)
	}
	_, id, _ := strings.Cut(string(out), "upload=")
	id, _, _ = strings.Cut(id, "\n")

	h := openUploads(t, dir)
	u, parts, err := h.uploads.Get(t.Context(), h.teacher, id)
	if err != nil || u.Status != upload.Open || len(parts) != u.PartCount {
		t.Fatalf("%+v with %d parts: %v", u, len(parts), err)
	}
	for range 2 {
		if _, err := h.uploads.Complete(t.Context(), h.teacher, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	h.checkReceived(t, u.LessonID, bytes.Repeat([]byte("bài giảng "), 600_000))
}
