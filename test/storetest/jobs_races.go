package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lenlop/services/job"
)

// jobRace lets several workers empty a queue: each job is claimed exactly once.
func jobRace(t *testing.T, s Stores) {
	const workers, jobs = 4, 40
	for i := range jobs {
		ok(t, s.Jobs.Add(bg, job.New{Args: errand{fmt.Sprint(i)}}))
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		given = map[string]int{}
	)
	for w := range workers {
		wg.Go(func() {
			for {
				j, err := s.Jobs.Claim(bg, fmt.Sprint("w", w), errands, longLease)
				if err != nil {
					t.Error(err)
				}
				if j == nil {
					return
				}
				mu.Lock()
				given[j.ID]++
				mu.Unlock()
				if err := s.Jobs.Finish(bg, j.ID, j.Token, job.Done, "", time.Time{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// A worker may find no job while another one has the last row locked; that job must still be claimable.
	for {
		j := must(s.Jobs.Claim(bg, "w", errands, longLease))(t)
		if j == nil {
			break
		}
		given[j.ID]++
	}
	for id, n := range given {
		if n != 1 {
			t.Errorf("job %s was claimed %d times", id, n)
		}
	}
	same(t, len(given), jobs)
}

// jobCommit: a job commits together with the change that needs it.
func jobCommit(t *testing.T, s Stores) {
	stop := errors.New("stop")
	err := s.Atomic.Atomically(bg, func(ctx context.Context) error {
		ok(t, s.Jobs.Add(ctx, job.New{Args: errand{"x"}, Key: "k"}))
		noneClaimable(t, s) // not visible before the commit
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	noneClaimable(t, s)
	ok(t, s.Atomic.Atomically(bg, func(
		ctx context.Context) error {
		return s.Jobs.Add(ctx, job.New{Args: errand{"x"}, Key: "k"})
	}))
	j := claim(t, s, "w", expiredLease)
	// Once a worker's transaction has checked its token, nobody else can claim the job until it ends.
	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		ok(t, s.Jobs.Check(ctx, j.ID, j.Token))
		wait, cancel := context.WithTimeout(bg, 100*time.Millisecond)
		defer cancel()
		if other, err := s.Jobs.Claim(wait, "other", errands, longLease); other != nil {
			t.Errorf("claimed a job that another transaction had checked: %+v, %v", other, err)
		}
		return s.Jobs.Finish(ctx, j.ID, j.Token, job.Done, "", time.Time{})
	}))
	same(t, only(t, s).State, job.Done)
}

// jobGroupTotals: totals over all jobs whose key has the prefix, with or without one of them; jobs of other packages,
// kinds and subjects are not counted.
func jobGroupTotals(t *testing.T, s Stores) {
	jobs, canSum := s.Jobs.(interface {
		GroupTotals(ctx context.Context, g job.Group) (job.GroupTotals, error)
	})
	if !canSum {
		t.Fatalf("%T has no GroupTotals", s.Jobs)
	}
	group := job.Group{Subject: "lesson:l1", Kinds: errands, KeyPrefix: "make:p_1:"}
	same(t, must(jobs.GroupTotals(bg, group))(t), job.GroupTotals{})
	for i := range 4 {
		ok(t, s.Jobs.Add(bg, job.New{Args: errand{}, Subject: "lesson:l1", Key: fmt.Sprint("make:p_1:", i),
			Weight: 0.25}))
	}
	ok(t, s.Jobs.Add(bg,
		// "_" in a prefix is no wildcard
		job.New{Args: errand{}, Subject: "lesson:l1", Key: "make:pX1:0", Weight: 8, Priority: job.Low},
		job.New{Args: errand{}, Subject: "lesson:l2", Key: "make:p_1:9", Weight: 8, Priority: job.Low},
		job.New{Args: parcel{}, Subject: "lesson:l1", Key: "make:p_1:9", Weight: 8}))
	same(t, must(jobs.GroupTotals(bg, group))(t), job.GroupTotals{Open: 4, Weight: 1})
	first, second := claim(t, s, "w", longLease), claim(t, s, "w", longLease)
	same(t, first.Weight, 0.25)
	ok(t, s.Jobs.Finish(bg, first.ID, first.Token, job.Done, "", time.Time{}))
	must(s.Jobs.Beat(bg, second.ID, second.Token, 0.5, longLease))(t)
	same(t, must(jobs.GroupTotals(bg, group))(t), job.GroupTotals{Open: 3, Weight: 1, Done: 0.375})
	group.Except = second.ID
	same(t, must(jobs.GroupTotals(bg, group))(t), job.GroupTotals{Open: 2, Weight: 0.75, Done: 0.25})
	ok(t, s.Jobs.CancelSubject(bg, "lesson:l1"))
	same(t, must(jobs.GroupTotals(bg, group))(t), job.GroupTotals{Weight: 0.25, Done: 0.25})
	same(t, must(jobs.GroupTotals(bg, job.Group{Subject: "lesson:l2"}))(t), job.GroupTotals{Open: 1, Weight: 8})
}
