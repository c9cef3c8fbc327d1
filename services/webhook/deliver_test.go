package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

// TestAReceiverThatIsAwayIsToldAgain: under the same delivery id, later and
// later, and after the last time not any more.
func TestAReceiverThatIsAwayIsToldAgain(t *testing.T) {
	m := newMemory()
	m.want(t, "notice.published")
	m.status = 500
	if err := m.Tell(t.Context(), "notice.published", map[string]string{"title": "x"}); err != nil || len(m.jobs) != 1 {
		t.Fatal(err)
	}
	id := m.only(t).ID
	for n := 0; m.only(t).State == Waiting; n++ {
		if n > 20 {
			t.Fatal("it never ends")
		}
		if n == 2 {
			m.status, m.err = 0, errDown
		}
		if err := m.deliver(t, id); err != nil {
			t.Fatal(err)
		}
		if d := m.only(t); d.Attempts != n+1 || !d.TriedAt.Equal(m.now) || d.Status != m.status {
			t.Errorf("attempt %d: %+v", n+1, d)
		}
		if m.only(t).State == Waiting {
			next := m.jobs[len(m.jobs)-1]
			if wait := next.RunAt.Sub(m.now); wait != pauses[n] || next.Args != (DeliverArgs{id}) {
				t.Fatalf("attempt %d: again after %v, %+v", n, wait, next)
			}
			m.now = next.RunAt
		}
	}
	if m.only(t).State != Failed || len(m.posts) != len(pauses)+1 || len(m.jobs) != len(m.posts) {
		t.Errorf("%+v after %d posts, %d jobs", m.only(t), len(m.posts), len(m.jobs))
	}
	signatures, keys := map[string]bool{}, map[string]bool{}
	for _, p := range m.posts {
		signatures[p.header["Lenlop-Signature"]] = true
		if p.header["Lenlop-Delivery"] != id || p.body != m.posts[0].body {
			t.Errorf("delivery %q of %q", p.header["Lenlop-Delivery"], p.body)
		}
	}
	for _, j := range m.jobs {
		keys[j.Key] = true
	}
	if len(signatures) != len(m.posts) || len(keys) != len(m.jobs) {
		t.Error("an old signature was used again, or two jobs have one key")
	}
	if err := m.deliver(t, id); err != nil || len(m.posts) != len(pauses)+1 {
		t.Error("told after the end", err)
	}
}

// TestAnswersOfAReceiver: only 2xx counts as taken.
func TestAnswersOfAReceiver(t *testing.T) {
	for status, want := range map[int]State{
		200: Arrived, 202: Arrived, 299: Arrived, 199: Waiting, 300: Waiting, 301: Waiting, 404: Waiting, 503: Waiting,
		0: Waiting,
	} {
		m := newMemory()
		h := m.want(t, "lesson.published")
		m.Tell(t.Context(), "lesson.published", map[string]int{"lesson": 1})
		m.status = status
		if err := m.deliver(t, m.only(t).ID); err != nil || m.only(t).State != want || m.only(t).Status != status {
			t.Errorf("%d: %+v %v", status, m.only(t), err)
		}
		if again := len(m.jobs) == 2; again != (want == Waiting) {
			t.Errorf("%d: %d jobs", status, len(m.jobs))
		}
		p := m.posts[0]
		if p.url != h.URL || p.header["Lenlop-Event"] != "lesson.published" ||
			p.header["Content-Type"] != "application/json" ||
			p.header["Lenlop-Signature"] != Sign(h.Secret, m.now, []byte(p.body)) {
			t.Errorf("%d: sent %+v", status, p)
		}
	}
	m := newMemory()
	m.want(t, "lesson.published")
	m.Tell(t.Context(), "lesson.published", 1)
	m.err = errDown // an answer that broke off
	if err := m.deliver(t, m.only(t).ID); err != nil || m.only(t).State != Waiting {
		t.Errorf("an answer that broke off: %+v %v", m.only(t), err)
	}
}

func TestAnEndedHookIsNotTold(t *testing.T) {
	m := newMemory()
	h := m.want(t, "lesson.published")
	m.Tell(t.Context(), "lesson.published", 1)
	if err := m.End(t.Context(), admin, h.ID); err != nil {
		t.Fatal(err)
	}
	if err := m.deliver(t, m.only(t).ID); err != nil || len(m.posts) != 0 || m.only(t).State != Failed ||
		m.only(t).Attempts != 0 {
		t.Errorf("%v, %d posts, %+v", err, len(m.posts), m.only(t))
	}
	if err := m.Tell(t.Context(), "lesson.published", 2); err != nil || len(m.deliveries) != 1 || len(m.jobs) != 1 {
		t.Errorf("%v, %d deliveries after the end", err, len(m.deliveries))
	}
}

// TestDeliveriesThatCannotGoOn: one that was forgotten is no error; a failure of ours is, and nothing is noted.
func TestDeliveriesThatCannotGoOn(t *testing.T) {
	m := newMemory()
	if err := m.deliver(t, "forgotten"); err != nil || len(m.posts) != 0 {
		t.Errorf("forgotten: %v", err)
	}
	m.want(t, "lesson.published")
	m.Tell(t.Context(), "lesson.published", 1)
	id := m.only(t).ID
	for _, call := range []string{"Delivery", "SaveDelivery", "Add"} {
		m.status, m.fail = 500, map[string]error{call: errDown}
		if err := m.deliver(t, id); !errors.Is(err, errDown) {
			t.Errorf("%s: %v", call, err)
		}
		if m.fail = nil; m.only(t).Attempts != 0 || len(m.jobs) != 1 {
			t.Errorf("%s: %+v, %d jobs", call, m.only(t), len(m.jobs))
		}
	}
	hooks := m.hooks
	m.hooks = nil
	if err := m.deliver(t, id); !fault.Is(err, "webhook.not_found") {
		t.Errorf("without its hook: %v", err)
	}
	m.hooks = hooks
	// The worker is told to stop while the receiver has the request.
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := m.Deliver(ctx, id, m.Atomically); !errors.Is(err, context.Canceled) || m.only(t).Attempts != 0 {
		t.Errorf("stopped: %v, %+v", err, m.only(t))
	}
}

// TestSign: what docs tell receivers to compute.
func TestSign(t *testing.T) {
	at := time.Date(2026, 4, 6, 8, 0, 0, 900, time.FixedZone("Hà Nội", 7*3600))
	const want = "t=1775437200,v1=55e179c6523f69d620a72b38ea455ccad99bd8167ccb36fa079be70bbc6b4554"
	if got := Sign("whsec_x", at, []byte(`{"id":"d"}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, other := range []string{
		Sign("whsec_y", at, []byte(`{"id":"d"}`)), Sign("whsec_x", at.Add(time.Second), []byte(`{"id":"d"}`)),
		Sign("whsec_x", at, []byte(`{"id":"e"}`)),
	} {
		if _, mac, _ := strings.Cut(other, ","); mac == want[len(want)-len(mac):] {
			t.Errorf("%s also signs something else", mac)
		}
	}
}
