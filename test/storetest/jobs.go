package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
)

// errand and parcel are the arguments of two job kinds.
type (
	errand struct{ What string }
	parcel struct{}
)

func (errand) Kind() string { return "errand" }
func (parcel) Kind() string { return "parcel" }

// The tests cannot move the database's clock, so a negative lease stands for one that has expired.
const (
	longLease    = time.Hour
	expiredLease = -time.Second
)

var errands = []string{"errand"}

// Jobs tests an implementation of job.Store.
func Jobs(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Stores){
		"Life": jobLife, "Order": jobOrder, "Keys": jobKeys, "Fencing": jobFencing, "Parking": jobParking,
		"GiveBack": jobGiveBack,
		"Cancel":   jobCancel, "Requeue": jobRequeue, "Park": jobPark, "Race": jobRace, "Commit": jobCommit,
		"GroupTotals": jobGroupTotals,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// claim claims a job, and fails the test when there is none.
func claim(t *testing.T, s Stores, worker string, lease time.Duration) *job.Job {
	t.Helper()
	j := must(s.Jobs.Claim(bg, worker, errands, lease))(t)
	if j == nil {
		t.Fatal("no job to claim")
	}
	return j
}

// noneClaimable fails the test when a job can be claimed.
func noneClaimable(t *testing.T, s Stores) {
	t.Helper()
	if j := must(s.Jobs.Claim(bg, "w", errands, longLease))(t); j != nil {
		t.Fatalf("claimed %+v", *j)
	}
}

func only(t *testing.T, s Stores) job.Job {
	t.Helper()
	list := must(s.Jobs.Jobs(bg, "", "", 10))(t)
	if len(list) != 1 {
		t.Fatalf("%d jobs, not one", len(list))
	}
	return list[0]
}

func jobLife(t *testing.T, s Stores) {
	noneClaimable(t, s)
	ok(t, s.Jobs.Add(bg))
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"đi chợ"}, Key: "k", Subject: "lesson:l1", Priority: job.High,
		MaxAttempts: 5}))
	j := only(t, s)
	if j.ID == "" || j.State != job.Waiting || j.Kind != "errand" || j.Key != "k" || j.Subject != "lesson:l1" ||
		j.Priority != job.High ||
		j.MaxAttempts != 5 || j.Attempt != 0 || j.RunAt.IsZero() || j.CreatedAt.IsZero() || !j.FinishedAt.IsZero() ||
		j.RunAt.Location() != time.UTC {
		t.Fatalf("a new job is %+v", j)
	}
	var args errand
	ok(t, json.Unmarshal(j.Args, &args))
	same(t, args, errand{"đi chợ"})

	if other := must(s.Jobs.Claim(bg, "w1", []string{"parcel"}, longLease))(t); other != nil {
		t.Fatal("a worker was given a kind that it does not know")
	}
	if other := must(s.Jobs.Claim(bg, "w1", nil, longLease))(t); other != nil {
		t.Fatal("a worker that knows nothing was given work")
	}
	c := claim(t, s, "w1", longLease)
	if c.ID != j.ID || c.State != job.Running || c.Attempt != 1 || c.Worker != "w1" || c.Token == 0 ||
		time.Until(c.LeaseUntil) < 50*time.Minute {
		t.Fatalf("a claimed job is %+v", *c)
	}
	same(t, only(t, s), *c)
	noneClaimable(t, s)
	if must(s.Jobs.Beat(bg, c.ID, c.Token, 0.5, 2*longLease))(t) {
		t.Error("nobody asked for it to stop")
	}
	b := only(t, s)
	if b.Progress != 0.5 || !b.LeaseUntil.After(c.LeaseUntil) {
		t.Errorf("after a beat it is %+v", b)
	}
	ok(t, s.Jobs.Check(bg, c.ID, c.Token))
	ok(t, s.Jobs.Finish(bg, c.ID, c.Token, job.Done, "", time.Time{}))
	d := only(t, s)
	if d.State != job.Done || d.FinishedAt.IsZero() || !d.LeaseUntil.IsZero() || d.Progress != 1 {
		t.Errorf("a finished job is %+v", d)
	}
	noneClaimable(t, s)
	// Defaults.
	ok(t, s.Jobs.Add(bg, job.New{Args: parcel{}}))
	list := must(s.Jobs.Jobs(bg, "", job.Waiting, 10))(t)
	if len(list) != 1 || list[0].Priority != job.Normal || list[0].MaxAttempts != 3 {
		t.Errorf("defaults are %+v", list)
	}
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", "", 10))(t)), 1)
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", job.Waiting, 10))(t)), 0)
	same(t, must(s.Jobs.Jobs(bg, "", "", 1))(t)[0].Kind, "parcel")
}

func jobOrder(t *testing.T, s Stores) {
	now := time.Now()
	add := func(what string, priority int, at time.Time) {
		ok(t, s.Jobs.Add(bg, job.New{Args: errand{what}, Priority: priority, RunAt: at}))
	}
	add("later", job.Urgent, now.Add(time.Hour))
	add("low", job.Low, now.Add(-3*time.Hour))
	add("normal, younger", job.Normal, now.Add(-time.Hour))
	add("normal, older", job.Normal, now.Add(-2*time.Hour))
	add("normal, older, second", job.Normal, now.Add(-2*time.Hour))
	add("urgent", job.Urgent, now.Add(-time.Minute))
	got := []string{}
	for {
		j := must(s.Jobs.Claim(bg, "w", errands, longLease))(t)
		if j == nil {
			break
		}
		var args errand
		ok(t, json.Unmarshal(j.Args, &args))
		got = append(got, args.What)
	}
	want := []string{"urgent", "normal, older", "normal, older, second", "normal, younger", "low"}
	same(t, got, want)
}

func jobKeys(t *testing.T, s Stores) {
	add := func(key string) {
		ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Key: key}, job.New{Args: errand{"free"}}))
	}
	count := func(state job.State) int { return len(must(s.Jobs.Jobs(bg, "", state, 50))(t)) }
	add("k")
	add("k")                                                       // waiting: not added, although "k2" beside it is
	ok(t, s.Jobs.Add(bg, job.New{Args: parcel{}, Key: "k"}))       // another kind
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"y"}, Key: "k2"}))   // another key
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"z"}, Key: "k2"}))   // taken
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{""}, Subject: "s"})) // jobs without a key are always distinct
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{""}, Subject: "s"}))
	same(t, count(job.Waiting), 1+2+1+1+2)
	j := claim(t, s, "w", longLease)
	same(t, j.Key, "k")
	add("k") // running
	same(t, count(""), 7+1)
	ok(t, s.Jobs.Finish(bg, j.ID, j.Token, job.Done, "", time.Time{}))
	add("k") // done: free again
	same(t, count(""), 8+2)
	// Adding one key concurrently creates one job.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := s.Jobs.Add(bg, job.New{Args: parcel{}, Key: "race"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, count(""), 10+1)
}

func jobFencing(t *testing.T, s Stores) {
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}}))
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1", Title: "cũ"}))
	zombie := claim(t, s, "zombie", expiredLease)
	// The lease has expired, but nobody else claimed the job, so the worker may still renew it.
	if _, err := s.Jobs.Beat(bg, zombie.ID, zombie.Token, 0.1, expiredLease); err != nil {
		t.Fatal(err)
	}
	heir := claim(t, s, "heir", longLease)
	if heir.ID != zombie.ID || heir.Token <= zombie.Token || heir.Attempt != 2 || heir.Progress != 0 {
		t.Fatalf("%+v after %+v", heir, zombie)
	}
	_, err := s.Jobs.Beat(bg, zombie.ID, zombie.Token, 0.9, longLease)
	wantFault(t, err, fault.Conflict, "job.lost")
	wantFault(t, s.Jobs.Check(bg, zombie.ID, zombie.Token), fault.Conflict, "job.lost")
	for _, to := range []job.State{job.Done, job.Waiting, job.Released, job.Parked, job.Cancelled} {
		wantFault(t, s.Jobs.Finish(bg, zombie.ID, zombie.Token, to, "", time.Time{}), fault.Conflict, "job.lost")
	}
	// A worker that lost its lease also loses what it wrote in the transaction that finishes the job.
	err = s.Atomic.Atomically(bg, func(ctx context.Context) error {
		ok(t, s.Lessons.Save(ctx, lesson.Lesson{ID: "l1", Title: "của thây ma"}))
		return s.Jobs.Finish(ctx, zombie.ID, zombie.Token, job.Done, "", time.Time{})
	})
	wantFault(t, err, fault.Conflict, "job.lost")
	same(t, must(s.Lessons.Lesson(bg, "l1"))(t).Title, "cũ")
	same(t, only(t, s), *heir)
	ok(t, s.Jobs.Finish(bg, heir.ID, heir.Token, job.Done, "", time.Time{}))
	wantFault(t, s.Jobs.Finish(bg, heir.ID, heir.Token, job.Done, "", time.Time{}), fault.Conflict, "job.lost")
	_, err = s.Jobs.Beat(bg, "none", 1, 0, longLease)
	wantFault(t, err, fault.Conflict, "job.lost")
	if err := s.Jobs.Finish(bg, heir.ID, heir.Token, "unknown", "",
		time.Time{}); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("Finish with an unknown state: %v, want an internal error", err)
	}
	// Adding the same job again never reuses a token, because output files are named by it.
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}}))
	again := claim(t, s, "heir", longLease)
	if again.Token <= heir.Token {
		t.Errorf("token %d after %d", again.Token, heir.Token)
	}
}

func jobParking(t *testing.T, s Stores) {
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"độc"}, Key: "k"}))
	var last int64
	for attempt := 1; attempt <= 3; attempt++ {
		j := claim(t, s, fmt.Sprint("w", attempt), expiredLease)
		if j.State != job.Running || j.Attempt != attempt || j.Token <= last {
			t.Fatalf("attempt %d is %+v", attempt, *j)
		}
		last = j.Token
	}
	j := claim(t, s, "w4", longLease)
	if j.State != job.Parked || j.Attempt != 3 || j.Token <= last || j.FinishedAt.IsZero() || j.LastError == "" ||
		j.Worker != "w3" {
		t.Fatalf("after its last attempt it is %+v", *j)
	}
	same(t, only(t, s), *j)
	noneClaimable(t, s)
	wantFault(t, s.Jobs.Finish(bg, j.ID, last, job.Done, "", time.Time{}), fault.Conflict, "job.lost")
	// A job that its worker parked is not claimed again either.
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"hỏng"}, Key: "k", Subject: "s"}))
	p := claim(t, s, "w", longLease)
	ok(t, s.Jobs.Finish(bg, p.ID, p.Token, job.Parked, "ffmpeg: killed", time.Time{}))
	noneClaimable(t, s)
	same(t, must(s.Jobs.Jobs(bg, "s", job.Parked, 1))(t)[0].LastError, "ffmpeg: killed")
}

func jobGiveBack(t *testing.T, s Stores) {
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Key: "k"}))
	for range 5 { // releasing a job does not count as an attempt
		j := claim(t, s, "w", longLease)
		same(t, j.Attempt, 1)
		ok(t, s.Jobs.Finish(bg, j.ID, j.Token, job.Released, "", time.Time{}))
		same(t, only(t, s).State, job.Waiting)
	}
	j := claim(t, s, "w", longLease)
	ok(t, s.Jobs.Finish(bg, j.ID, j.Token, job.Waiting, "storage unavailable", time.Now().Add(time.Hour)))
	noneClaimable(t, s)
	w := only(t, s)
	if w.State != job.Waiting || w.Attempt != 1 || w.LastError != "storage unavailable" ||
		time.Until(w.RunAt) < 50*time.Minute || !w.LeaseUntil.IsZero() || !w.FinishedAt.IsZero() {
		t.Errorf("after a postponed retry: %+v", w)
	}
}

func jobCancel(t *testing.T, s Stores) {
	for range 3 {
		ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Subject: "lesson:l1"}))
	}
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"other"}, Subject: "lesson:l2"},
		job.New{Args: parcel{}, Subject: "lesson:l1"}))
	running, crashed := claim(t, s, "w1", longLease), claim(t, s, "w2", expiredLease)
	ok(t, s.Jobs.CancelSubject(bg, "lesson:l1", "errand"))
	cancelled := must(s.Jobs.Jobs(bg, "lesson:l1", job.Cancelled, 10))(t)
	if len(cancelled) != 1 || cancelled[0].FinishedAt.IsZero() {
		t.Fatalf("waiting jobs were not cancelled: %+v", cancelled)
	}
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", job.Waiting, 10))(t)), 1) // the parcel
	if !must(s.Jobs.Beat(bg, running.ID, running.Token, 0.5, longLease))(t) {
		t.Error("the running job does not see its cancellation")
	}
	// A cancelled job whose worker died is not started again; the next claim gets the other subject's job.
	next := claim(t, s, "w3", longLease)
	same(t, next.Subject, "lesson:l2")
	for _, j := range must(s.Jobs.Jobs(bg, "lesson:l1", job.Cancelled, 10))(t) {
		if j.ID == crashed.ID && j.FinishedAt.IsZero() {
			t.Error("cancelled job without FinishedAt")
		}
	}
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", job.Cancelled, 10))(t)), 2)
	// The same work can be asked for again before the running job has stopped.
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"again"}, Key: "k", Subject: "lesson:l3"}))
	stopping := claim(t, s, "w4", longLease)
	ok(t, s.Jobs.CancelSubject(bg, "lesson:l3"))
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"again"}, Key: "k", Subject: "lesson:l3"}))
	second := claim(t, s, "w4", longLease)
	if second.ID == stopping.ID || second.Key != "k" {
		t.Errorf("asked for again: %+v after %+v", second, stopping)
	}
	ok(t, s.Jobs.Finish(bg, stopping.ID, stopping.Token, job.Cancelled, "", time.Time{}))
	ok(t, s.Jobs.Finish(bg, second.ID, second.Token, job.Done, "", time.Time{}))
	// A job that fails after its cancellation is not retried.
	ok(t, s.Jobs.Finish(bg, running.ID, running.Token, job.Waiting, "failed", time.Time{}))
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", job.Cancelled, 10))(t)), 3)
	noneClaimable(t, s)
	ok(t, s.Jobs.CancelSubject(bg, "lesson:l1")) // no kinds: all of them
	same(t, len(must(s.Jobs.Jobs(bg, "lesson:l1", job.Waiting, 10))(t)), 0)
}

func jobRequeue(t *testing.T, s Stores) {
	wantFault(t, s.Jobs.Requeue(bg, "none"), fault.NotFound, "job.not_found")
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Key: "k", MaxAttempts: 1}))
	j := claim(t, s, "w", longLease)
	wantFault(t, s.Jobs.Requeue(bg, j.ID), fault.Conflict, "job.not_parked")
	ok(t, s.Jobs.Finish(bg, j.ID, j.Token, job.Parked, "hỏng", time.Time{}))
	ok(t, s.Jobs.Requeue(bg, j.ID))
	again := claim(t, s, "w", longLease)
	if again.ID != j.ID || again.Attempt != 1 || again.Token <= j.Token || !again.FinishedAt.IsZero() {
		t.Fatalf("put back it is %+v", *again)
	}
	ok(t, s.Jobs.Finish(bg, again.ID, again.Token, job.Parked, "hỏng", time.Time{}))
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Key: "k"}))
	wantFault(t, s.Jobs.Requeue(bg, j.ID), fault.Conflict, "job.duplicate")
}

func jobPark(t *testing.T, s Stores) {
	wantFault(t, s.Jobs.Park(bg, "none", "later"), fault.NotFound, "job.not_found")
	ok(t, s.Jobs.Add(bg, job.New{Args: errand{"x"}, Key: "k"}))
	id := must(s.Jobs.Jobs(bg, "", job.Waiting, 1))(t)[0].ID
	ok(t, s.Jobs.Park(bg, id, "later"))
	noneClaimable(t, s)
	wantFault(t, s.Jobs.Park(bg, id, "later"), fault.Conflict, "job.not_waiting")
	if list := must(s.Jobs.Jobs(bg, "", job.Parked, 2))(t); len(list) != 1 || list[0].LastError != "later" ||
		list[0].FinishedAt.IsZero() {
		t.Fatalf("set aside it is %+v", list)
	}
	ok(t, s.Jobs.Requeue(bg, id))
	j := claim(t, s, "w", longLease)
	wantFault(t, s.Jobs.Park(bg, j.ID, "later"), fault.Conflict, "job.not_waiting")
}
