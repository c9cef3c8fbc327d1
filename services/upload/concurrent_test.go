package upload

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Part sizes, in bytes, that keep these tests fast; no plan has them. A large
// part takes several reads.
const (
	smallPart = 1000
	largePart = 5 * readSize
)

// beginSmall makes an upload with parts of smallPart bytes.
func (w *world) beginSmall(t *testing.T, size int) Upload { return w.beginWith(t, smallPart, size) }

func (w *world) beginWith(t *testing.T, part, size int) Upload {
	t.Helper()
	u, err := w.Begin(t.Context(), teacher, "l1", "bài.mp4", int64(size))
	if err != nil {
		t.Fatal(err)
	}
	u.PartSize, u.PartCount = int64(part), (size+part-1)/part
	w.uploads[u.ID] = u
	return u
}

// process returns a second service over the same database and storage, as in
// another process.
func (w *world) process() *Service {
	return &Service{
		Store: w.Store, Atomic: w.Atomic, Lessons: w.Lessons, Receiver: w.Receiver, Parts: w.Parts, Objects: w.Objects,
		Pieces: w.Pieces, Now: w.Now, NewID: w.NewID, PartSize: w.PartSize,
	}
}

// interleaving runs functions one step at a time: between two calls of storage
// it is the schedule that decides which of them continues.
type interleaving struct {
	schedule []int
	paused   chan chan struct{} // one send for each function that reached a step
	ended    chan struct{}
}

func (i *interleaving) pause() {
	next := make(chan struct{})
	i.paused <- next
	<-next
}

func (i *interleaving) run(functions ...func()) {
	i.paused, i.ended = make(chan chan struct{}), make(chan struct{})
	var waiting []chan struct{}
	running := 0
	settle := func() {
		for running > 0 {
			select {
			case next := <-i.paused:
				waiting = append(waiting, next)
			case <-i.ended:
			}
			running--
		}
	}
	for _, f := range functions {
		running++
		go func() {
			defer func() { i.ended <- struct{}{} }()
			i.pause()
			f()
		}()
		settle()
	}
	for step := 0; len(waiting) > 0; step++ {
		n := i.schedule[step%len(i.schedule)] % len(waiting)
		next := waiting[n]
		waiting = append(waiting[:n:n], waiting[n+1:]...)
		running = 1
		close(next)
		settle()
	}
}

// offsets checks that no answer reports less than one that was given before its
// request began.
type offsets struct {
	highest  int64
	problems []string
}

func (o *offsets) check(floor, offset int64, what string) {
	if offset < floor {
		o.problems = append(o.problems, fmt.Sprintf("%s: offset %d after %d was acknowledged", what, offset, floor))
	}
	o.highest = max(o.highest, offset)
}

// sendFrom is a client that asks for the offset and continues there, rounds
// times, each with a few bytes of the file, at a server process of its own.
func sendFrom(ctx context.Context, s *Service, id string, file []byte, sizes []int, o *offsets) {
	for round, n := range sizes {
		floor := o.highest
		_, offset, err := s.Offset(ctx, teacher, id)
		if err != nil {
			if fault.KindOf(err) != fault.Unavailable {
				o.problems = append(o.problems, fmt.Sprintf("round %d: offset: %v", round, err))
			}
			continue
		}
		o.check(floor, offset, "HEAD")
		if offset == int64(len(file)) {
			return
		}
		floor = o.highest
		end := min(offset+int64(n), int64(len(file)))
		_, after, err := s.Append(ctx, teacher, id, offset, from(bytes.NewReader(file[offset:end])))
		switch {
		case err == nil:
			o.check(max(floor, end), after, "PATCH")
		case fault.Is(err, "upload.wrong_offset"):
			o.check(floor, fault.As(err).Args["offset"].(int64), "409")
		case fault.KindOf(err) != fault.Unavailable:
			o.problems = append(o.problems, fmt.Sprintf("round %d: append: %v", round, err))
		}
	}
}

// TestOffsetNeverDecreases: two or three processes append to one upload at once
// in every order of their calls of storage. No acknowledged offset decreases,
// and the file arrives whole.
func TestOffsetNeverDecreases(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		d := withDisk(w)
		file := make([]byte, rapid.IntRange(1, 3*smallPart).Draw(rt, "size"))
		rand.New(rand.NewSource(int64(len(file)))).Read(file)
		u := w.beginSmall(t, len(file))
		o := &offsets{}
		sizes := rapid.SliceOfN(rapid.IntRange(1, 2*smallPart), 1, 8)
		var clients []func()
		for n := range rapid.IntRange(2, 3).Draw(rt, "processes") {
			s, rounds := w.process(), sizes.Draw(rt, fmt.Sprint("sizes ", n))
			clients = append(clients, func() { sendFrom(t.Context(), s, u.ID, file, rounds, o) })
		}
		order := &interleaving{schedule: rapid.SliceOfN(rapid.IntRange(0, 5), 1, 60).Draw(rt, "schedule")}
		d.before = order.pause
		order.run(clients...)
		d.before = nil
		if len(o.problems) > 0 {
			rt.Fatal(strings.Join(o.problems, "\n"))
		}
		// One more client brings the rest.
		_, offset, err := w.Offset(t.Context(), teacher, u.ID)
		if err != nil || offset < o.highest {
			rt.Fatalf("offset %d after %d was acknowledged: %v", offset, o.highest, err)
		}
		if offset < u.Size {
			_, offset, err = w.Append(t.Context(), teacher, u.ID, offset, from(bytes.NewReader(file[offset:])))
		}
		if err != nil || offset != u.Size || w.uploads[u.ID].Status != Complete || len(w.received) != 1 {
			rt.Fatalf("%d of %d bytes, status %s, received %d: %v", offset, u.Size, w.uploads[u.ID].Status,
				len(w.received), err)
		}
		checkBytes(rt, d, u, file)
	})
}

func checkBytes(t rapid.TB, d *disk, u Upload, file []byte) {
	t.Helper()
	var got []byte
	for n := range u.PartCount {
		got = append(got, d.parts[n+1]...)
	}
	if !bytes.Equal(got, file) {
		t.Fatal("the stored file differs from the one that was sent")
	}
}

// TestShorterRequestDoesNotReplace: both processes have seen offset 0; one
// stores 900 bytes, then the other 10.
func TestShorterRequestDoesNotReplace(t *testing.T) {
	w := newWorld(t)
	d := withDisk(w)
	u := w.beginSmall(t, 3000)
	second := w.process()
	var stored bool
	d.before = func() {
		if len(d.pieces) > 0 || stored {
			return
		}
		stored = true // when the second has listed the pieces
		_, offset, err := w.Append(t.Context(), teacher, u.ID, 0, from(strings.NewReader(strings.Repeat("x", 900))))
		if err != nil || offset != 900 {
			t.Errorf("offset %d, %v", offset, err)
		}
	}
	if _, _, err := second.Append(t.Context(), teacher, u.ID, 0, from(strings.NewReader("xxxxxxxxxx"))); err != nil {
		wantCode(t, err, "upload.wrong_offset")
	}
	_, offset, err := second.Offset(t.Context(), teacher, u.ID)
	if err != nil || offset != 900 || !stored {
		t.Errorf("offset %d, %v", offset, err)
	}
}

// TestPartStoredBetweenTheLists: another process stores a whole part and removes
// its pieces while this one looks where the stored bytes end.
func TestPartStoredBetweenTheLists(t *testing.T) {
	for call := range 4 {
		w := newWorld(t)
		d := withDisk(w)
		u := w.beginSmall(t, 3*smallPart)
		half := u.PartSize / 2
		file := make([]byte, u.Size)
		if _, _, err := w.Append(t.Context(), teacher, u.ID, 0, from(bytes.NewReader(file[:half]))); err != nil {
			t.Fatal(err)
		}
		second := w.process()
		calls := 0
		d.before = func() {
			calls++
			if calls != call+1 {
				return
			}
			d.before = nil
			_, _, err := w.Append(t.Context(), teacher, u.ID, half, from(bytes.NewReader(file[half:u.PartSize])))
			if err != nil {
				t.Error(err)
			}
		}
		_, offset, err := second.Offset(t.Context(), teacher, u.ID)
		if err != nil || offset != half && offset != u.PartSize {
			t.Errorf("before call %d: offset %d, %v", call, offset, err)
		}
	}
}

// TestPiecesOfEarlierVersions: their keys have only the start.
func TestPiecesOfEarlierVersions(t *testing.T) {
	w := newWorld(t)
	d := withDisk(w)
	u := w.beginSmall(t, 3*smallPart)
	file := make([]byte, u.Size)
	rand.New(rand.NewSource(1)).Read(file)
	d.pieces[partPrefix(u.ID, 1)+"000000000000"] = file[:600]
	d.pieces[partPrefix(u.ID, 1)+"000000000600"] = file[600:700]
	_, offset, err := w.Offset(t.Context(), teacher, u.ID)
	if err != nil || offset != 700 {
		t.Fatalf("offset %d, %v", offset, err)
	}
	_, offset, err = w.Append(t.Context(), teacher, u.ID, 700, from(bytes.NewReader(file[700:])))
	if err != nil || offset != u.Size || w.uploads[u.ID].Status != Complete {
		t.Fatalf("offset %d, status %s, %v", offset, w.uploads[u.ID].Status, err)
	}
	checkBytes(t, d, u, file)
	if len(d.pieces) > 0 {
		t.Errorf("%d pieces remain", len(d.pieces))
	}
}

func TestParsePiece(t *testing.T) {
	for key, want := range map[string]piece{
		"uploads/u/00002/000000000000":              {from: 0, to: 10},
		"uploads/u/00002/000000000005":              {from: 5, to: 15},
		"uploads/u/00002/000000000005-000000000015": {from: 5, to: 15},
		"uploads/u/00002/000000000005-000000000014": {}, // the object has 10 bytes
		"uploads/u/00002/000000000005-":             {},
		"uploads/u/00002/-000000000010":             {},
		"uploads/u/00002/other":                     {},
		"uploads/u/other/000000000005":              {},
	} {
		part, got, ok := parsePiece(media.Object{Key: key, Size: 10})
		if ok != (want.to > 0) || ok && (part != 2 || got.from != want.from || got.to != want.to || got.key != key) {
			t.Errorf("%s: part %d %+v %v, want %+v", key, part, got, ok, want)
		}
	}
}

// TestPartJoinedByAnotherProcess: it reads the pieces first and removes them.
func TestPartJoinedByAnotherProcess(t *testing.T) {
	w := newWorld(t)
	d := withDisk(w)
	u := w.beginSmall(t, 3*smallPart)
	if _, _, err := w.Append(t.Context(), teacher, u.ID, 0, from(bytes.NewReader(make([]byte, 600)))); err != nil {
		t.Fatal(err)
	}
	d.before = func() {
		if len(d.pieces) < 2 {
			return
		}
		d.before = nil
		if _, _, err := w.Offset(t.Context(), teacher, u.ID); err != nil {
			t.Error(err)
		}
	}
	_, offset, err := w.process().Append(t.Context(), teacher, u.ID, 600, from(bytes.NewReader(make([]byte, 500))))
	if err != nil || offset != 1100 || d.before != nil {
		t.Errorf("offset %d, %v", offset, err)
	}
}
