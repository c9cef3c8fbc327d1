// Package idempotency_test holds the API's repeatable writes to their promise:
// whatever happens to the process, a key has one effect and one answer.
package idempotency_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/test/pgtest"
	"lenlop/web/api"
	"lenlop/web/page"
)

// senderEnv makes this test binary send one upload request to the API on the
// database and the folder that it names, to be killed at a step of it.
const senderEnv = "LENLOP_TEST_IDEMPOTENT_SENDER"

func TestMain(m *testing.M) {
	dsn, dir, ok := strings.Cut(os.Getenv(senderEnv), "\n")
	if !ok {
		os.Exit(m.Run())
	}
	if err := sender(dsn, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sender carries out one request in a process of its own. It writes each step
// to standard output and goes on when a line arrives on standard input.
func sender(dsn, dir string) error {
	db, err := sqldb.Open(context.Background(), dsn, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	in := bufio.NewScanner(os.Stdin)
	a := send(db, dir, body, func(step string) error {
		fmt.Println("step", step)
		if !in.Scan() {
			return errors.New("nobody listens")
		}
		return nil
	})
	raw, err := json.Marshal(a)
	if err == nil {
		fmt.Println("answer", string(raw))
	}
	return err
}

const body = `{"filename": "bài 1.mp4", "size": 9000000}`

var teacher = people.Person{
	ID: "lan", Username: "lan", Name: "Lò Thị Lan", Active: true,
	Grants: []people.Grant{{Role: people.Teacher, School: "s1"}},
}

// steps are the points that a request passes, in order. Each is passed after
// what it names.
var steps = []string{"reserved", "expected by storage", "transaction begun", "upload saved", "settled", "committed"}

type answer struct {
	Status     int
	Location   string
	RetryAfter string
	Type       string
	Body       string
}

// send carries out one request; at runs at every step and may fail there.
func send(db *sqldb.DB, dir, body string, at func(step string) error) answer {
	s := &stepped{db: db, at: at}
	lessons := &lesson.Service{
		Store: db.Lessons(), Atomic: db, Jobs: db.Jobs(), Audit: db.Audit(), Histories: db.Steps(), Index: unindexed{},
		Subjects: db.Schools(), People: db.People(), Schools: db.Schools(), Settings: db, Now: time.Now,
		NewID: uuid.NewString,
	}
	uploads := &upload.Service{
		Store: savedUploads{db.Uploads(), s}, Atomic: db, Lessons: db.Lessons(), Receiver: lessons,
		Parts: folder{dir, s}, Now: time.Now, NewID: uuid.NewString,
	}
	h := api.Handler{Uploads: uploads, Replays: s, Atomic: s, Zone: time.UTC, Now: time.Now}
	var handle echo.HandlerFunc
	for _, r := range h.Routes() {
		if r.Method == http.MethodPost && r.Path == api.Base+"/lessons/:lesson/uploads" {
			handle = r.Handle
		}
	}
	ctx := page.WithVisit(context.Background(), &page.Visit{Person: teacher})
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, api.Base+"/lessons/l1/uploads", strings.NewReader(body))
	req.Header.Set("Idempotency-Key", "một lần")
	w := httptest.NewRecorder()
	c := echo.New().NewContext(req, w)
	c.SetParamNames("lesson")
	c.SetParamValues("l1")
	a := answer{}
	if err := handle(c); err != nil {
		page.RetryAfter(c, err)
		a.Status, a.Body = page.Status(err), err.Error()
	} else {
		a.Status, a.Body = w.Code, w.Body.String()
	}
	a.Location, a.RetryAfter, a.Type = w.Header().Get("Location"), w.Header().Get("Retry-After"),
		w.Header().Get("Content-Type")
	return a
}

var _ media.Multipart = folder{}

var errUnused = errors.New("not part of beginning an upload")

// site is a database with one teacher and one draft, and its storage.
type site struct {
	t        *testing.T
	dsn, dir string
	db       *sqldb.DB
}

func newSite(t *testing.T, dsn string) *site {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, err := range []error{
		db.Migrate(ctx), db.Schools().SaveSchool(ctx,
			school.School{ID: "s1", Code: "A", Name: "A", Level: school.Primary}),
		db.People().SavePerson(ctx, teacher),
		db.Lessons().Save(ctx, lesson.Lesson{ID: "l1", TeacherID: teacher.ID, UploaderID: teacher.ID, SchoolID: "s1",
			Title:   "Bài 1",
			Subject: "toan", Grade: 9, Status: lesson.Draft, Media: lesson.Media{State: lesson.None},
			CreatedAt: time.Now()}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return &site{t, dsn, t.TempDir(), db}
}

// onBoth runs a test on a fresh site of each database.
func onBoth(t *testing.T, test func(t *testing.T, s func(t *testing.T) *site)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) *site { return newSite(t, filepath.Join(t.TempDir(), "lenlop.db")) })
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, func(t *testing.T) *site { return newSite(t, pgtest.PostgresLike(t, migrated)) })
	})
}

func migrated(dsn string) error {
	db, err := sqldb.Open(context.Background(), dsn, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(context.Background())
}

func (s *site) send(at func(step string) error) answer {
	if at == nil {
		at = func(string) error { return nil }
	}
	return send(s.db, s.dir, body, at)
}

// endLeases lets every lease run out.
func (s *site) endLeases() {
	s.t.Helper()
	_, err := s.db.Writer(context.Background()).NewRaw("UPDATE replay_reservations SET lease_to = NULL").Exec(
		context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
}

// settled checks that there is one upload, in database and storage, and that
// the answer is repeated.
func (s *site) settled(first answer) {
	s.t.Helper()
	ctx := context.Background()
	if first.Status != 201 || !strings.HasPrefix(first.Location, api.Base+"/uploads/") ||
		!strings.Contains(first.Type, "json") {
		s.t.Errorf("the answer: %+v", first)
	}
	for range 2 {
		if again := s.send(nil); again != first {
			s.t.Errorf("repeated: %+v\nfirst: %+v", again, first)
		}
	}
	open, err := s.db.Uploads().OpenUploads(ctx, "l1")
	if err != nil || len(open) != 1 {
		s.t.Fatalf("%d uploads: %v", len(open), err)
	}
	pending, err := folder{s.dir, &stepped{db: s.db}}.Pending(ctx, "")
	if err != nil || len(pending) != 1 || pending[0].UploadID != open[0].StorageID || pending[0].Key != open[0].Key {
		s.t.Errorf("storage expects %+v (%v), the database %+v", pending, err, open[0])
	}
	if !strings.HasSuffix(first.Location, "/"+open[0].ID) {
		s.t.Errorf("Location %q of upload %s", first.Location, open[0].ID)
	}
	var left int
	if err := s.db.Reader(ctx).NewRaw("SELECT COUNT(*) FROM replay_reservations").Scan(ctx,
		&left); err != nil || left != 0 {
		s.t.Errorf("%d reservations left (%v)", left, err)
	}
}

// TestAnswerIsRepeated: a repeated write gets the same status, Location and
// body; the key with another body is refused.
func TestAnswerIsRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) *site) {
		s := fresh(t)
		passed := map[string]bool{}
		first := s.send(func(step string) error { passed[step] = true; return nil })
		for _, step := range steps {
			if !passed[step] {
				t.Errorf("the step %q was not passed: %v", step, maps.Keys(passed))
			}
		}
		s.settled(first)
		a := send(s.db, s.dir, `{"filename": "bài 2.mp4", "size": 5}`, func(string) error { return nil })
		if a.Status != 409 || !strings.Contains(a.Body, "request.key_reused") {
			t.Errorf("another body: %+v", a)
		}
	})
}

// TestFailureAtEachStep: a request that fails at a step may be repeated at once.
func TestFailureAtEachStep(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) *site) {
		for _, why := range []error{errors.New("broken"), fault.New(fault.Conflict, "lesson.in_bin")} {
			from := 1 // a failed Reserve is not repeated before its lease ends
			if fault.As(why) != nil {
				from = 2 // a refusal comes before anything is stored, or with the transaction
			}
			for _, step := range steps[from:] {
				s := fresh(t)
				a := s.send(func(at string) error {
					if at == step {
						return why
					}
					return nil
				})
				if a.Status < 400 {
					t.Errorf("failed with %v at %q: %+v", why, step, a)
				}
				s.settled(s.send(nil))
			}
		}
	})
}

// TestTwinIsRefused: while one request runs, another with its key is refused
// with 409 and Retry-After; one whose lease has run out while it worked changes nothing.
func TestTwinIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) *site) {
		for _, step := range steps[:2] {
			s := fresh(t)
			first := s.send(func(at string) error {
				if at == step {
					if twin := s.send(nil); twin.Status != 409 || twin.RetryAfter == "" ||
						!strings.Contains(twin.Body, "request.key_in_use") {
						t.Errorf("a twin while the first is %s: %+v", step, twin)
					}
				}
				return nil
			})
			s.settled(first)
		}
		s := fresh(t)
		var second answer
		late := s.send(func(at string) error {
			if at == "expected by storage" {
				s.endLeases()
				second = s.send(nil)
			}
			return nil
		})
		if late.Status != 409 || !strings.Contains(late.Body, "request.key_in_use") {
			t.Errorf("one whose key was taken over: %+v", late)
		}
		s.settled(second)
	})
}

// TestKillAtEachStep kills a process with kill -9 at each step of a request:
// the same request, sent again, gets one answer and there is one effect.
func TestKillAtEachStep(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) *site) {
		for _, step := range steps {
			t.Run(step, func(t *testing.T) {
				s := fresh(t)
				s.killAt(step)
				if step != "committed" {
					if a := s.send(nil); a.Status != 409 || a.RetryAfter == "" {
						t.Errorf("while the lease of the dead runs: %+v", a)
					}
					s.endLeases()
				}
				s.settled(s.send(nil))
			})
		}
	})
}

// killAt runs the request in a process of its own and kills it at a step.
func (s *site) killAt(step string) {
	s.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), senderEnv+"="+s.dsn+"\n"+s.dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for line := bufio.NewScanner(out); line.Scan(); {
		if line.Text() == "step "+step {
			return
		}
		fmt.Fprintln(in, "go on")
	}
	s.t.Fatalf("the process never came to %q", step)
}
