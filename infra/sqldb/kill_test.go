package sqldb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/test/pgtest"
)

// These make this test binary a program that works on the database they name,
// to be killed: a worker, or one that only migrates.
const (
	workerEnv  = "LENLOP_TEST_KILL_WORKER"
	migrateEnv = "LENLOP_TEST_KILL_MIGRATE"
)

func TestMain(m *testing.M) {
	var err error
	if dsn := os.Getenv(workerEnv); dsn != "" {
		err = work(dsn, os.Stdin, os.Stdout)
	} else if dsn := os.Getenv(migrateEnv); dsn != "" {
		err = migrated(dsn)
	} else {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type chore struct{ Number int }

func (chore) Kind() string { return "chore" }

// killLease is short, so that what a killed worker held is soon free again.
const killLease = 300 * time.Millisecond

// work runs jobs until all are finished. It writes each stage of a job to out and continues after a line on in, so that
// the test can kill it exactly there. A job's effect, an audit entry, commits together with its finish.
func work(dsn string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, dsn, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	replies := bufio.NewScanner(in)
	stage := func(name, id string) error {
		fmt.Fprintln(out, name, id)
		if !replies.Scan() {
			return errors.New("the test closed the pipe")
		}
		return nil
	}
	jobs := db.Jobs()
	for {
		j, err := jobs.Claim(ctx, fmt.Sprint("pid", os.Getpid()), []string{"chore"}, killLease)
		if err != nil {
			return err
		}
		if j == nil {
			left, err := unfinished(ctx, jobs)
			if err != nil || left == 0 {
				return err
			}
			time.Sleep(killLease / 10) // until a killed worker's lease expires, by the database's clock
			continue
		}
		if err := stage("claimed", j.ID); err != nil {
			return err
		}
		if _, err := jobs.Beat(ctx, j.ID, j.Token, 0.5, 10*time.Second); err != nil {
			return err
		}
		if _, err := jobs.Beat(ctx, j.ID, j.Token, 0.6, killLease); err != nil {
			return err
		}
		if err := stage("beaten", j.ID); err != nil {
			return err
		}
		err = db.Atomically(ctx, func(ctx context.Context) error {
			e := audit.Entry{ID: fmt.Sprintf("%s-%d", j.ID, j.Token), At: time.Now(), Subject: "job:" + j.ID}
			if err := db.Audit().Append(ctx, e); err != nil {
				return err
			}
			if err := stage("written", j.ID); err != nil {
				return err
			}
			if err := jobs.Finish(ctx, j.ID, j.Token, job.Done, "", time.Time{}); err != nil {
				return err
			}
			return stage("finished", j.ID) // not committed yet
		})
		if err != nil && !fault.Is(err, "job.lost") {
			return err
		}
		if err := stage("committed", j.ID); err != nil {
			return err
		}
	}
}

func unfinished(ctx context.Context, jobs *sqldb.Jobs) (int, error) {
	n := 0
	for _, state := range []job.State{job.Waiting, job.Running} {
		list, err := jobs.Jobs(ctx, "", state, 0)
		if err != nil {
			return 0, err
		}
		n += len(list)
	}
	return n, nil
}

// TestKill kills a worker at every stage of a job and starts another one each time: every job takes effect exactly
// once.
func TestKill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killTest(t, filepath.Join(t.TempDir(), "lenlop.db")) })
	t.Run("postgres", func(t *testing.T) { killTest(t, pgtest.Postgres(t)) })
}

func killTest(t *testing.T, dsn string) {
	db := openDSN(t, dsn)
	ctx := context.Background()
	const chores = 12
	for i := range chores {
		// A job that is killed at each stage may need more attempts than the default.
		if err := db.Jobs().Add(ctx, job.New{Args: chore{i}, MaxAttempts: 20}); err != nil {
			t.Fatal(err)
		}
	}
	lives := []string{"claimed", "beaten", "written", "finished", "committed", ""}
	for _, last := range lives {
		stages := live(t, dsn, last)
		if last != "" && stages < 5 {
			t.Errorf("the worker killed at stage %s went through only %d stages", last, stages)
		}
	}
	list, err := db.Jobs().Jobs(ctx, "", "", chores+1)
	if err != nil || len(list) != chores {
		t.Fatalf("%d jobs: %v", len(list), err)
	}
	again := 0
	for _, j := range list {
		done, err := db.Audit().BySubject(ctx, "job:"+j.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		if j.State != job.Done || len(done) != 1 || done[0].ID != fmt.Sprintf("%s-%d", j.ID, j.Token) {
			t.Errorf("job %s is %s with the effects %+v, its last token %d", j.ID, j.State, done, j.Token)
		}
		if j.Attempt > 1 {
			again++
		}
	}
	if again == 0 {
		t.Error("no job had a second attempt: the kills had no effect")
	}
}

// live runs one worker and kills it when it reaches the stage last for the second time; with an empty last it runs
// until all jobs are finished. It returns the number of stages.
func live(t *testing.T, dsn, last string) (stages int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"="+dsn)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for stage := bufio.NewScanner(out); stage.Scan(); {
		stages++
		name, _, _ := strings.Cut(stage.Text(), " ")
		if name == last {
			seen++
		}
		if seen == 2 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			break
		}
		fmt.Fprintln(in, "go on")
	}
	if err := cmd.Wait(); (err == nil) != (last == "") {
		t.Fatalf("the worker to be killed at stage %q ended with %v", last, err)
	}
	return stages
}
