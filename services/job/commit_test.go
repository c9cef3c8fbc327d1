package job_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/test/jobtest"
)

func TestCancelReachesARunningWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		notifier := job.NewNotifier(m, m)
		notifier.Register(r)
		var cause error
		job.Register(r, job.Options{}, func(ctx context.Context, run *job.Run, _ cook) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		})
		defer start(t, r)()
		synctest.Wait()
		began := time.Now()
		add(t, notifier, job.New{Args: cook{}, Subject: "lesson:1"}, job.New{Args: cook{}, Subject: "lesson:1"})
		synctest.Wait()
		if got := len(m.Claims()); got != 1 {
			t.Fatalf("%d claimed without polling, want 1", got)
		}
		if err := notifier.CancelSubject(t.Context(), "lesson:1", "cook"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if js, _ := m.Jobs(t.Context(), "", job.Cancelled, 0); len(js) != 2 || !errors.Is(cause, job.ErrCancelled) {
			t.Errorf("%d cancelled, cause %v", len(js), cause)
		}
		if time.Since(began) != 0 {
			t.Errorf("took %v", time.Since(began))
		}
	})
}

func TestCommitIsAllOrNothingAndFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		effects := 0
		var zombie error
		job.Register(r, job.Options{}, func(ctx context.Context, run *job.Run, _ cook) error {
			// The lease runs out behind the worker's back and another takes it.
			if run.Job.Attempt == 1 {
				m.FailWith(func(call string) error {
					if call == "Beat" {
						return errors.New("cut off")
					}
					return nil
				})
				time.Sleep(2 * r.Lease)
				if j, err := m.Claim(ctx, "other", []string{"cook"}, time.Second); err != nil || j == nil {
					t.Error("other could not claim", j, err)
				}
				m.FailNothing()
				zombie = run.Commit(ctx, func(context.Context) error { effects++; return nil })
				return zombie
			}
			if err := run.Step(ctx, func(context.Context) error { effects++; return nil }); err != nil {
				return err
			}
			return run.Commit(ctx, func(context.Context) error { effects += 10; return nil })
		})
		add(t, m, job.New{Args: cook{}})
		defer start(t, r)()
		pass(5 * r.Lease)
		if !fault.Is(zombie, "job.lost") {
			t.Errorf("zombie's commit: %v", zombie)
		}
		if j := only(t, m); effects != 11 || j.State != job.Done || j.Attempt != 3 {
			t.Errorf("effects %d, job %+v", effects, j)
		}
	})
}

func TestCommitIsRepeatedAfterAPassingFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		fails := 2
		job.Register(r, job.Options{}, func(ctx context.Context, run *job.Run, _ cook) error {
			m.FailWith(func(call string) error {
				if call == "Finish" && fails > 0 {
					if fails--; fails == 0 {
						return fault.New(fault.Unavailable, "database.unavailable") // a deadlock
					}
					return errors.New("connection reset")
				}
				return nil
			})
			return run.Commit(ctx, func(ctx context.Context) error {
				return m.Add(ctx, job.New{Args: wash{1}, RunAt: time.Now().Add(time.Hour)})
			})
		})
		add(t, m, job.New{Args: cook{}})
		defer start(t, r)()
		pass(10 * time.Second)
		js, _ := m.Jobs(t.Context(), "", "", 0)
		if len(js) != 2 || js[0].Kind != "wash" || js[1].State != job.Done || js[1].Attempt != 1 {
			t.Errorf("%+v", js)
		}
	})
}

func TestShutdownDrainsThenGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{Concurrency: 2}, func(ctx context.Context, run *job.Run, a cook) error {
			d := 5 * time.Second
			if a.Dish == "long" {
				d = time.Hour
			}
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		add(t, m, job.New{Args: cook{"short"}}, job.New{Args: cook{"long"}}, job.New{Args: cook{"next"}})
		shutdown := start(t, r)
		synctest.Wait()
		began := time.Now()
		shutdown()
		if took := time.Since(began); took != r.Grace {
			t.Errorf("shutdown took %v, want the grace of %v", took, r.Grace)
		}
		js, _ := m.Jobs(t.Context(), "", "", 0)
		states := map[string]job.Job{}
		for _, j := range js {
			states[string(j.Args)] = j
		}
		if j := states[`{"Dish":"short"}`]; j.State != job.Done {
			t.Errorf("short: %+v", j)
		}
		if j := states[`{"Dish":"long"}`]; j.State != job.Waiting || j.Attempt != 0 {
			t.Errorf("long must be given back uncounted: %+v", j)
		}
		if j := states[`{"Dish":"next"}`]; j.State != job.Waiting || j.Attempt != 0 {
			t.Errorf("next must not be claimed: %+v", j)
		}
	})
}

func TestNotifierWaitsForTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		r.Poll = time.Hour
		notifier := job.NewNotifier(m, m)
		notifier.Register(r)
		job.Register(r, job.Options{}, func(context.Context, *job.Run, cook) error { return nil })
		defer start(t, r)()
		synctest.Wait()
		boom := errors.New("boom")
		err := notifier.Atomically(t.Context(), func(ctx context.Context) error {
			if err := notifier.Add(ctx, job.New{Args: cook{}}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		err = notifier.Atomically(t.Context(), func(ctx context.Context) error {
			return notifier.Atomically(ctx,
				func(ctx context.Context) error { return notifier.Add(ctx, job.New{Args: cook{}}) })
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if j := only(t, m); j.State != job.Done {
			t.Errorf("%+v", j)
		}
	})
}
