package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/production"
)

// object is the file at an address that m.file returned.
func object(t *testing.T, address string) production.Object {
	t.Helper()
	o, ok := production.ObjectAt(strings.TrimPrefix(address, "/watch/"))
	if !ok {
		t.Fatal(address)
	}
	return o
}

// TestServedCounter: bytes become media of the local day on which they were sent,
// in whatever order the moments come.
func TestServedCounter(t *testing.T) {
	m := newMemory()
	c := NewServedCounter(m, m, hanoi)
	o := object(t, m.file("l", 1, 4000, 1000))
	midnight := time.Date(2020, 4, 14, 0, 0, 0, 0, hanoi)
	c.Served(o, midnight.Add(-time.Nanosecond).UTC(), 1000)
	c.Served(o, midnight, 250)
	c.Served(o, midnight.Add(24*time.Hour-time.Nanosecond), 250)
	c.Served(o, midnight.Add(-24*time.Hour), 500)
	c.Served(o, midnight.Add(24*time.Hour), 3)
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(m.rows, func(a, b Served) int { return strings.Compare(a.Day, b.Day) })
	if !slices.Equal(m.rows, []Served{
		{"l", "2020-04-13", OwnCounter, 6000, 1500},
		{"l", "2020-04-14", OwnCounter, 2000, 500},
		{"l", "2020-04-15", OwnCounter, 12, 3},
	}) {
		t.Errorf("%+v", m.rows)
	}
	if err := c.Flush(t.Context()); err != nil || len(m.adds) != 1 {
		t.Errorf("nothing is written twice: %v, %v", m.adds, err)
	}
}

// TestServedCounterKeeps: what cannot be stored is stored by the next flush, once.
func TestServedCounterKeeps(t *testing.T) {
	m := newMemory()
	c := NewServedCounter(m, m, hanoi)
	o := object(t, m.file("l", 1, 4000, 1000))
	for _, method := range []string{"Lengths", "AddServed"} {
		c.Served(o, m.now, 500)
		m.fail[method] = errStore
		m.meanwhile = func() { c.Served(o, m.now, 250) }
		if err := c.Flush(t.Context()); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
		delete(m.fail, method)
		m.meanwhile = nil
	}
	want := []Served{{"l", "2020-04-14", OwnCounter, 5000, 1250}}
	if err := c.Flush(t.Context()); err != nil || !slices.Equal(m.rows, want) {
		t.Errorf("%+v, %v", m.rows, err)
	}
}

// guarded is a memory that two goroutines use.
type guarded struct {
	sync.Mutex
	*memory
}

func (g *guarded) AddServed(ctx context.Context, list []Served) error {
	g.Lock()
	defer g.Unlock()
	return g.memory.AddServed(ctx, list)
}

// TestServedCounterRuns: it flushes at the interval and once more at the end,
// also when the context is over; failures are reported.
func TestServedCounterRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := guarded{memory: newMemory()}
		c := NewServedCounter(&m, &m, hanoi)
		o := object(t, m.file("l", 1, 4000, 1000))
		ctx, cancel := context.WithCancel(t.Context())
		var failures []error
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Run(ctx, 5*time.Second, func(err error) {
				m.Lock()
				defer m.Unlock()
				failures = append(failures, err)
			})
		}()
		c.Served(o, m.now, 10)
		after := func(d time.Duration, rows, failed int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			m.Lock()
			defer m.Unlock()
			if len(m.adds) != rows || len(failures) != failed {
				t.Errorf("%d writes, failures %v", len(m.adds), failures)
			}
		}
		after(4999*time.Millisecond, 0, 0)
		after(time.Millisecond, 1, 0)
		c.Served(o, m.now, 20)
		m.Lock()
		m.fail["AddServed"] = errStore
		m.Unlock()
		after(5*time.Second, 1, 1)
		m.Lock()
		delete(m.fail, "AddServed")
		m.Unlock()
		cancel()
		after(0, 2, 1)
		<-done
		if m.rows[1].Bytes != 20 {
			t.Errorf("%+v", m.rows)
		}
	})
	// A failure of the last flush is reported too.
	m := newMemory()
	c := NewServedCounter(m, m, hanoi)
	c.Served(object(t, m.file("l", 1, 4000, 1000)), m.now, 10)
	m.fail["AddServed"] = errStore
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	c.Run(ctx, time.Hour, func(err error) { last = err })
	if !errors.Is(last, errStore) {
		t.Errorf("%v", last)
	}
}

// TestMediaMeter: lengths are read once for a package, and once more in a flush
// when it has a file that was not known; too many are forgotten.
func TestMediaMeter(t *testing.T) {
	m := newMemory()
	meter := newMediaMeter(m)
	served := func(file string, want int64) {
		t.Helper()
		o := object(t, file)
		sent := map[sentFile]int64{{o.Lesson, o.Package, o.Key, "d"}: 1000}
		list, err := meter.served(t.Context(), sent, OwnCounter)
		if err != nil || len(list) != 1 || list[0].Millis != want || list[0].Bytes != 1000 {
			t.Errorf("%s: %+v, %v", file, list, err)
		}
	}
	reads := func(want string) {
		t.Helper()
		if got := fmt.Sprint(m.read); got != want {
			t.Errorf("read %s, want %s", got, want)
		}
	}
	first := m.file("l", 1, 4000, 1000)
	served(first, 4000)
	served(first, 4000)
	reads("[pkg-l]")
	second := m.file("l", 2, 2000, 1000) // the package has grown
	served(second, 2000)
	served(second, 2000)
	reads("[pkg-l pkg-l]")
	served("/watch/l/pkg-l/360p/0-1/9.m4s", 0)
	reads("[pkg-l pkg-l pkg-l]")
	meter.size = maxLengths
	served(m.file("m", 1, 4000, 1000), 4000)
	served(first, 4000) // still known
	reads("[pkg-l pkg-l pkg-l pkg-m]")
	served(m.file("n", 1, 4000, 1000), 4000)
	served(first, 4000)
	reads("[pkg-l pkg-l pkg-l pkg-m pkg-n pkg-l]")
	if meter.size > 10 || len(meter.known) != 2 {
		t.Errorf("%d lengths of %d packages are held", meter.size, len(meter.known))
	}
	// Within one flush an unknown file is looked for once.
	o := object(t, first)
	sent := map[sentFile]int64{}
	for n := range 5 {
		sent[sentFile{o.Lesson, "other", fmt.Sprint(n), "d"}] = 1
	}
	if _, err := meter.served(t.Context(), sent, OwnCounter); err != nil {
		t.Fatal(err)
	}
	reads("[pkg-l pkg-l pkg-l pkg-m pkg-n pkg-l other]")
}
