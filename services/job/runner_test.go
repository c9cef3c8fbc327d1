package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/test/jobtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type cook struct{ Dish string }

func (cook) Kind() string { return "cook" }

type wash struct{ Plate int }

func (wash) Kind() string { return "wash" }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs r in the bubble and gives a function that shuts it down.
func start(t *testing.T, r *job.Runner) (shutdown func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	var once sync.Once
	return func() {
		once.Do(func() {
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// pass lets the time pass, and all that happens in it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func add(t *testing.T, q job.Queue, jobs ...job.New) {
	t.Helper()
	if err := q.Add(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
}

func only(t *testing.T, m *jobtest.Memory) job.Job {
	t.Helper()
	js, err := m.Jobs(t.Context(), "", "", 0)
	if err != nil || len(js) != 1 {
		t.Fatalf("jobs: %v, %v", js, err)
	}
	return js[0]
}

func TestWorkIsDoneInOrderOfPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		var got []string
		job.Register(r, job.Options{}, func(_ context.Context, run *job.Run, a cook) error {
			got = append(got, a.Dish)
			return nil
		})
		add(t, m, job.New{Args: cook{"soup"}, Priority: job.Low}, job.New{Args: cook{"rice"}},
			job.New{Args: cook{"tea"}, Priority: job.Urgent})
		defer start(t, r)()
		synctest.Wait()
		if want := []string{"tea", "rice", "soup"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
		if js, _ := m.Jobs(t.Context(), "", job.Done, 0); len(js) != 3 {
			t.Errorf("%d jobs done, want 3", len(js))
		}
	})
}

func TestConcurrencyIsPerKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		busy := func(kind string) {
			mu.Lock()
			now[kind]++
			most[kind] = max(most[kind], now[kind])
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now[kind]--
			mu.Unlock()
		}
		job.Register(r, job.Options{Concurrency: 2},
			func(context.Context, *job.Run, cook) error { busy("cook"); return nil })
		job.Register(r, job.Options{}, func(context.Context, *job.Run, wash) error { busy("wash"); return nil })
		for i := range 5 {
			add(t, m, job.New{Args: cook{}}, job.New{Args: wash{i}})
		}
		defer start(t, r)()
		pass(5500 * time.Millisecond)
		if most["cook"] != 2 || most["wash"] != 1 {
			t.Errorf("most at once %v, want cook 2, wash 1", most)
		}
		if js, _ := m.Jobs(t.Context(), "", job.Done, 0); len(js) != 10 {
			t.Errorf("%d done after 5.5 s, want 10: a free slot must be filled at once", len(js))
		}
	})
}

func TestLeaseIsRenewedAndCarriesProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{}, func(_ context.Context, run *job.Run, _ cook) error {
			run.Progress(0.5)
			time.Sleep(10 * r.Lease)
			return nil
		})
		add(t, m, job.New{Args: cook{}})
		defer start(t, r)()
		pass(5 * r.Lease)
		if j := only(t, m); j.State != job.Running || j.Progress != 0.5 || j.Attempt != 1 ||
			!j.LeaseUntil.After(time.Now()) {
			t.Errorf("in the middle: %+v", j)
		}
		pass(6 * r.Lease)
		if j := only(t, m); j.State != job.Done || j.Attempt != 1 {
			t.Errorf("at the end: %+v", j)
		}
	})
}

func TestFailuresRestLongerAndThenPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		var at []time.Duration
		begin := time.Now()
		var reported []job.Job
		job.Register(r, job.Options{OnParked: func(_ context.Context, j job.Job) error {
			reported = append(reported, j)
			return nil
		}}, func(context.Context, *job.Run, cook) error {
			at = append(at, time.Since(begin))
			return errors.New("burnt")
		})
		add(t, m, job.New{Args: cook{}, Subject: "lesson:1"})
		defer start(t, r)()
		pass(time.Hour)
		if len(at) != 3 || at[1]-at[0] < 4*time.Second || at[1]-at[0] > 9*time.Second || at[2]-at[1] < 25*time.Second ||
			at[2]-at[1] > 40*time.Second {
			t.Errorf("attempts at %v", at)
		}
		if j := only(t, m); j.State != job.Parked || j.LastError != "burnt" {
			t.Errorf("%+v", j)
		}
		if len(reported) != 1 || reported[0].Subject != "lesson:1" || reported[0].LastError != "burnt" {
			t.Errorf("reported %+v", reported)
		}
	})
}

func TestPermanentAndPanicAndBadArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		runs := 0
		job.Register(r, job.Options{}, func(_ context.Context, _ *job.Run, a cook) error {
			runs++
			if a.Dish == "panic" {
				panic("fire")
			}
			return fmt.Errorf("no dish: %w", job.Permanent(errors.New("unknown")))
		})
		add(t, m, job.New{Args: cook{"x"}}, job.New{Args: cook{"panic"}, MaxAttempts: 1}, job.New{Args: badCook{}})
		defer start(t, r)()
		synctest.Wait()
		if js, _ := m.Jobs(t.Context(), "", job.Parked, 0); len(js) != 3 || runs != 2 {
			t.Errorf("%d parked after %d runs, want 3 after 2", len(js), runs)
		}
	})
}

// badCook writes arguments that cook cannot read.
type badCook struct{}

func (badCook) Kind() string                 { return "cook" }
func (badCook) MarshalJSON() ([]byte, error) { return []byte(`["soup"]`), nil }

func TestAwayStorageDoesNotUseUpAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		back := time.Now().Add(time.Hour)
		runs := 0
		job.Register(r, job.Options{}, func(context.Context, *job.Run, cook) error {
			runs++
			if time.Now().Before(back) {
				return fault.New(fault.Unavailable, "media.unavailable")
			}
			return nil
		})
		add(t, m, job.New{Args: cook{}})
		defer start(t, r)()
		pass(time.Hour + 20*time.Second)
		if j := only(t, m); j.State != job.Done || j.Attempt != 1 {
			t.Errorf("%+v", j)
		}
		if runs < 100 || runs > 400 {
			t.Errorf("%d runs in an hour of waiting", runs)
		}
	})
}

func TestCrashedWorkerIsParkedAfterItsLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		add(t, m, job.New{Args: cook{"poison"}})
		// Three workers claim it and die without a word.
		for range 3 {
			if j, err := m.Claim(t.Context(), "dead", []string{"cook"}, time.Second); err != nil || j == nil {
				t.Fatal(j, err)
			}
			time.Sleep(2 * time.Second)
		}
		r := job.NewRunner(m, m, quiet())
		reported, broken := 0, 2
		job.Register(r, job.Options{OnParked: func(context.Context, job.Job) error {
			if broken > 0 {
				broken--
				return errors.New("database hiccup")
			}
			reported++
			return nil
		}}, func(context.Context, *job.Run, cook) error { t.Error("ran a fourth time"); return nil })
		defer start(t, r)()
		pass(time.Minute)
		if j := only(t, m); j.State != job.Parked || reported != 1 {
			t.Errorf("%+v, reported %d times", j, reported)
		}
	})
}

func TestHookThatAlwaysFailsDoesNotHoldUpTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{OnParked: func(context.Context, job.Job) error { return errors.New("no") }},
			func(_ context.Context, _ *job.Run, a cook) error {
				if a.Dish == "bad" {
					return job.Permanent(errors.New("bad"))
				}
				return nil
			})
		add(t, m, job.New{Args: cook{"bad"}, Priority: job.Urgent}, job.New{Args: cook{"good"}})
		defer start(t, r)()
		pass(time.Minute)
		parked, _ := m.Jobs(t.Context(), "", job.Parked, 0)
		done, _ := m.Jobs(t.Context(), "", job.Done, 0)
		if len(parked) != 1 || len(done) != 1 {
			t.Errorf("%d parked, %d done", len(parked), len(done))
		}
	})
}

func TestTimeoutCountsAsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{Timeout: time.Minute}, func(ctx context.Context, _ *job.Run, _ cook) error {
			<-ctx.Done()
			return ctx.Err()
		})
		add(t, m, job.New{Args: cook{}, MaxAttempts: 1})
		defer start(t, r)()
		pass(2 * time.Minute)
		if j := only(t, m); j.State != job.Parked {
			t.Errorf("%+v", j)
		}
	})
}

func TestPeriodicJobsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		runs := 0
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{}, func(ctx context.Context, _ *job.Run, _ cook) error {
			runs++
			select {
			case <-time.After(3 * time.Hour):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		r.Every(time.Hour, job.New{Args: cook{}, Key: "every"})
		defer start(t, r)()
		pass(6*time.Hour + time.Minute)
		if runs < 2 || runs > 3 {
			t.Errorf("%d runs of a 3-hour job in 6 hours", runs)
		}
	})
}

func TestClaimingSurvivesADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := jobtest.New()
		var away atomic.Bool
		away.Store(true)
		m.FailWith(func(string) error {
			if away.Load() {
				return errors.New("connection refused")
			}
			return nil
		})
		r := job.NewRunner(m, m, quiet())
		job.Register(r, job.Options{}, func(context.Context, *job.Run, cook) error { return nil })
		defer start(t, r)()
		pass(time.Minute)
		away.Store(false)
		add(t, m, job.New{Args: cook{}})
		pass(r.Poll)
		synctest.Wait()
		if j := only(t, m); j.State != job.Done {
			t.Errorf("%+v", j)
		}
	})
}

func TestWorkerNamesDiffer(t *testing.T) {
	m := jobtest.New()
	if a, b := job.NewRunner(m, m, quiet()).Worker, job.NewRunner(m, m, quiet()).Worker; a == b {
		t.Error("two runners share the name", a)
	}
}
