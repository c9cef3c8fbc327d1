package upload

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
)

// checkReceived: the recording was acknowledged once, is in storage, and
// nothing else is.
func (w *world) checkReceived(t *testing.T, u Upload) {
	t.Helper()
	if len(w.received) != 1 || w.uploads[u.ID].Status != Complete || w.lessons["l1"].Media.State != lesson.Checking {
		t.Fatalf("received %+v, upload %s, lesson %s", w.received, w.uploads[u.ID].Status, w.lessons["l1"].Media.State)
	}
	if !maps.Equal(w.objects, map[string]int64{u.Key: u.Size}) || len(w.keys) != 0 {
		t.Errorf("storage holds %v and waits for %v", w.objects, w.keys)
	}
}

func TestComplete(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	w.send(t, u, 2, 3, 1)
	w.now = began.Add(time.Hour)
	sum := strings.Repeat("AB", 32)
	l, err := w.Complete(t.Context(), teacher, u.ID, sum)
	if err != nil || l.ID != "l1" || l.Media.State != lesson.Checking {
		t.Fatalf("%+v %v", l, err)
	}
	w.checkReceived(t, u)
	want := lesson.Recording{ID: u.RecordingID, LessonID: "l1", Key: u.Key, Filename: "bài 1.mp4", Size: u.Size,
		Claimed: strings.ToLower(sum), State: lesson.Checking, ReceivedAt: w.now}
	if !reflect.DeepEqual(w.received[0], want) {
		t.Errorf("received %+v, want %+v", w.received[0], want)
	}
	w.calls = nil
	l, err = w.Complete(t.Context(), teacher, u.ID, sum) // again
	if err != nil || l.Media.State != lesson.Checking || len(w.calls) != 0 {
		t.Errorf("again: %v did %v", err, w.calls)
	}
	wantCode(t, w.Abort(t.Context(), teacher, u.ID), "upload.closed")
	w.checkReceived(t, u)
	if _, parts, err := w.Get(t.Context(), teacher, u.ID); err != nil || len(parts) != 3 {
		t.Errorf("%v %v", parts, err)
	}
}

// TestCompleteCrash: the process dies at every step in turn; the call is
// repeated and the recording is there, once.
func TestCompleteCrash(t *testing.T) {
	for _, step := range []string{"head", "parts", "join", "joined", "save upload", "receive", "commit", "committed"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			u := w.begin(t)
			w.send(t, u, 1, 2, 3)
			w.die = step
			if _, err := w.Complete(t.Context(), teacher, u.ID, ""); !errors.Is(err, errDied) {
				t.Fatalf("did not die: %v", err)
			}
			if acknowledged := w.uploads[u.ID].Status == Complete; acknowledged != (len(w.received) == 1) {
				t.Fatal("upload and lesson disagree")
			}
			if _, _, err := w.Get(t.Context(), teacher, u.ID); err != nil {
				t.Errorf("cannot be resumed: %v", err)
			}
			if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
				t.Fatal(err)
			}
			w.checkReceived(t, u)
		})
	}
}

// TestLyingSizes: what storage lists is held against the plan.
func TestLyingSizes(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	put := func(n int, size int64) {
		if _, err := w.Parts.PutPart(t.Context(), u.Key, u.StorageID, n, nil, size); err != nil {
			t.Fatal(err)
		}
	}
	check := func(code, arg string, want ...int) {
		t.Helper()
		_, err := w.Complete(t.Context(), teacher, u.ID, "")
		wantCode(t, err, code)
		if f := fault.As(err); f == nil || f.Kind != fault.Conflict || !reflect.DeepEqual(f.Args[arg], want) {
			t.Errorf("%v, want %s %v", err, arg, want)
		}
		if len(w.received) != 0 || len(w.objects) != 0 || w.uploads[u.ID].Status != Open {
			t.Error("it was taken all the same")
		}
	}
	check("upload.part_missing", "missing", 1, 2, 3)
	put(2, DefaultPartSize)
	check("upload.part_missing", "missing", 1, 3)
	put(1, DefaultPartSize-1)
	put(3, 101)
	check("upload.part_size", "wrong", 1, 3)
	put(1, DefaultPartSize)
	put(3, 100)
	put(4, DefaultPartSize) // was never planned
	if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.checkReceived(t, u)
}

func TestCompleteBadHash(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	w.send(t, u, 1, 2, 3)
	for _, sum := range []string{"x", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 66)} {
		_, err := w.Complete(t.Context(), teacher, u.ID, sum)
		wantCode(t, err, "upload.invalid")
	}
	if len(w.objects) != 0 {
		t.Error("joined all the same")
	}
}

// TestCompleteRaces: somebody else acts on the upload while it is completed.
func TestCompleteRaces(t *testing.T) {
	t.Run("another process completed it", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		w.on["parts"] = func() {
			elsewhere := &Service{Store: w.Store, Atomic: w.Atomic, Lessons: w.Lessons, Receiver: w.Receiver,
				Parts: w.Parts, Objects: w.Objects, Now: w.Now, NewID: w.NewID}
			if _, err := elsewhere.Complete(t.Context(), teacher, u.ID, ""); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.checkReceived(t, u)
	})
	t.Run("a part was sent again", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		w.on["join"] = func() { w.parts[u.StorageID][0].ETag = "newer" }
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.checkReceived(t, u)
	})
	t.Run("given up meanwhile", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		w.on["joined"] = func() {
			if err := w.Abort(t.Context(), teacher, u.ID); err != nil {
				t.Error(err)
			}
			w.objects[u.Key] = u.Size // the join ended after the abort looked
		}
		_, err := w.Complete(t.Context(), teacher, u.ID, "")
		wantCode(t, err, "upload.closed")
		if len(w.received) != 0 || len(w.objects) != 0 || len(w.keys) != 0 {
			t.Errorf("left %v %v %v", w.received, w.objects, w.keys)
		}
	})
	t.Run("the page was closed", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		ctx, cancel := context.WithCancel(t.Context())
		w.on["join"] = cancel
		if _, err := w.Complete(ctx, teacher, u.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.checkReceived(t, u)
	})
	t.Run("storage forgot it", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.forget(u)
		_, err := w.Complete(t.Context(), teacher, u.ID, "")
		wantCode(t, err, "upload.gone")
	})
	t.Run("storage made something else", func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.forget(u)
		w.objects[u.Key] = u.Size - 1
		_, err := w.Complete(t.Context(), teacher, u.ID, "")
		wantCode(t, err, "upload.gone")
		if len(w.objects) != 0 || len(w.received) != 0 || w.uploads[u.ID].Status != Aborted {
			t.Errorf("left %v %v %v", w.objects, w.received, w.uploads[u.ID].Status)
		}
	})
}

// TestCompleteWhileJoining: while storage joins, versitygw knows neither the
// upload nor the object. Whoever asks meanwhile waits and gets the same end.
func TestCompleteWhileJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		var second error
		w.on["join"] = func() {
			parts := w.parts[u.StorageID]
			w.forget(u)
			if _, listed, err := w.Get(t.Context(), teacher, u.ID); err != nil || len(listed) != 3 {
				t.Errorf("looks as if gone: %v %v", listed, err)
			}
			hurried, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := w.Complete(hurried, teacher, u.ID, ""); !errors.Is(err, context.Canceled) {
				t.Errorf("did not wait: %v", err)
			}
			second = errors.New("still waits")
			go func() { _, second = w.Complete(t.Context(), teacher, u.ID, "") }()
			synctest.Wait()
			if second == nil {
				t.Error("acknowledged before it was joined")
			}
			w.keys[u.StorageID], w.parts[u.StorageID] = u.Key, parts
		}
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if second != nil {
			t.Error(second)
		}
		w.checkReceived(t, u)
	})
}

func TestAbort(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	w.send(t, u, 1)
	w.die = "abort" // after the database, before storage
	if err := w.Abort(t.Context(), teacher, u.ID); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	if err := w.Abort(t.Context(), teacher, u.ID); err != nil { // again clears what is left
		t.Fatal(err)
	}
	if len(w.keys) != 0 || w.uploads[u.ID].Status != Aborted || w.lessons["l1"].Media.State != lesson.None {
		t.Errorf("left %v, %+v", w.keys, w.uploads[u.ID])
	}
	_, err := w.Complete(t.Context(), teacher, u.ID, "")
	wantCode(t, err, "upload.closed")
	if _, parts, err := w.Get(t.Context(), teacher, u.ID); err != nil || len(parts) != 0 {
		t.Errorf("%v %v", parts, err)
	}
	if used, _ := w.Store.Reserved(t.Context(), teacher.ID); used != 0 {
		t.Errorf("still held against the quota: %d", used)
	}
}

// TestSweep: a week without work ends an upload; what storage has of uploads
// that the database does not know goes too; nothing younger does.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	old := w.begin(t)
	w.send(t, old, 1)
	done := w.begin(t)
	w.send(t, done, 1, 2, 3)
	if _, err := w.Complete(t.Context(), teacher, done.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Parts.Create(t.Context(), "lessons/l1/recordings/unknown-old", ""); err != nil {
		t.Fatal(err)
	}
	w.now = began.Add(time.Hour)
	worked := w.begin(t)
	w.now = began.Add(Life - time.Hour)
	young := w.begin(t)
	if _, err := w.Parts.Create(t.Context(), "lessons/l1/recordings/unknown-young", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Presign(t.Context(), teacher, worked.ID, "", []int{1}); err != nil { // renews it
		t.Fatal(err)
	}
	w.now = began.Add(Life + 2*time.Hour)
	for range 2 {
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, key := range w.keys {
			got[key] = true
		}
		want := map[string]bool{worked.Key: true, young.Key: true, "lessons/l1/recordings/unknown-young": true}
		if !maps.Equal(got, want) {
			t.Errorf("storage waits for %v, want %v", got, want)
		}
	}
	for id, want := range map[string]Status{old.ID: Aborted, done.ID: Complete, worked.ID: Open, young.ID: Open} {
		if w.uploads[id].Status != want {
			t.Errorf("%s is %s, want %s", id, w.uploads[id].Status, want)
		}
	}
	if !maps.Equal(w.objects, map[string]int64{done.Key: done.Size}) {
		t.Errorf("objects %v", w.objects)
	}
}
