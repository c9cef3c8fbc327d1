package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
)

// memory keeps hooks, deliveries, jobs and the audit log, and is the receiver. A transaction that fails is undone.
type memory struct {
	audit.Log
	*Service
	hooks      []Hook
	deliveries []Delivery
	jobs       []job.New
	log        []audit.Entry
	posts      []post
	status     int   // of the receiver's answer
	err        error // instead of an answer
	fail       map[string]error
	now        time.Time
	ids        int
}

type post struct {
	url    string
	header map[string]string
	body   string
	at     time.Time
}

var errDown = errors.New("connection refused")

func newMemory() *memory {
	m := &memory{now: time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC), status: 200, fail: map[string]error{}}
	m.Service = &Service{Store: m, Sender: m, Atomic: m, Jobs: m, Audit: m, Now: func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id-%d", m.ids) }}
	return m
}

// want saves a hook for the events.
func (m *memory) want(t *testing.T, events ...string) Hook {
	t.Helper()
	h, err := m.Save(t.Context(), admin, Hook{Name: "Zalo", URL: "https://zalo.example/hook", Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (m *memory) Hook(_ context.Context, id string) (Hook, error) {
	if i := slices.IndexFunc(m.hooks, func(h Hook) bool { return h.ID == id }); i >= 0 {
		return m.hooks[i], nil
	}
	return Hook{}, fault.New(fault.NotFound, "webhook.not_found")
}
func (m *memory) Hooks(context.Context) ([]Hook, error) {
	return slices.Clone(m.hooks), m.fail["Hooks"]
}
func (m *memory) SaveHook(_ context.Context, h Hook) error {
	m.hooks = slices.DeleteFunc(slices.Clone(m.hooks), func(o Hook) bool { return o.ID == h.ID })
	m.hooks = append(m.hooks, h)
	return m.fail["SaveHook"]
}
func (m *memory) Delivery(_ context.Context, id string) (Delivery, error) {
	if i := slices.IndexFunc(m.deliveries, func(d Delivery) bool { return d.ID == id }); i >= 0 {
		return m.deliveries[i], m.fail["Delivery"]
	}
	return Delivery{}, fault.New(fault.NotFound, "webhook.not_found")
}
func (m *memory) SaveDelivery(_ context.Context, d Delivery) error {
	m.deliveries = slices.DeleteFunc(slices.Clone(m.deliveries), func(o Delivery) bool { return o.ID == d.ID })
	m.deliveries = append(m.deliveries, d)
	return m.fail["SaveDelivery"]
}
func (m *memory) Deliveries(_ context.Context, hook string, limit int) ([]Delivery, error) {
	list := slices.DeleteFunc(slices.Clone(m.deliveries), func(d Delivery) bool { return d.HookID != hook })
	slices.SortFunc(list, func(a, b Delivery) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list[:min(limit, len(list))], m.fail["Deliveries"]
}
func (m *memory) Forget(_ context.Context, before time.Time, limit int) (n int, _ error) {
	m.deliveries = slices.DeleteFunc(m.deliveries, func(d Delivery) bool {
		if n == limit || !d.CreatedAt.Before(before) {
			return false
		}
		n++
		return true
	})
	return n, m.fail["Forget"]
}

func (m *memory) Check(url string) error {
	if !strings.HasPrefix(url, "https://") {
		return errors.New("no TLS")
	}
	return nil
}
func (m *memory) Post(ctx context.Context, url string, h map[string]string, body []byte) (int, error) {
	job.Outside(ctx, "post")
	m.posts = append(m.posts, post{url, h, string(body), m.now})
	return m.status, m.err
}
func (m *memory) Add(_ context.Context, jobs ...job.New) error {
	m.jobs = append(m.jobs, jobs...)
	return m.fail["Add"]
}
func (m *memory) Append(_ context.Context, e audit.Entry) error {
	m.log = append(m.log, e)
	return m.fail["Append"]
}

func (m *memory) Atomically(ctx context.Context, fn func(context.Context) error) error {
	was := *m
	err := fn(job.WithTransaction(ctx, func(call string) { panic(call + " inside a transaction") }))
	if err != nil {
		m.hooks, m.deliveries, m.jobs, m.log = was.hooks, was.deliveries, was.jobs, was.log
	}
	return err
}

func (m *memory) deliver(t *testing.T, id string) error {
	t.Helper()
	return m.Deliver(t.Context(), id, m.Atomically)
}

// only is the one delivery there is.
func (m *memory) only(t *testing.T) Delivery {
	t.Helper()
	if len(m.deliveries) != 1 {
		t.Fatalf("%d deliveries", len(m.deliveries))
	}
	return m.deliveries[0]
}

var (
	admin    = people.Person{ID: "admin", Active: true, Grants: []people.Grant{{Role: people.Admin}}}
	reviewer = people.Person{ID: "cv", Active: true, Grants: []people.Grant{{Role: people.Reviewer}}}
)

// fields are the wrong inputs of a form, in their order.
func fields(err error) string {
	var list []string
	for _, f := range cmp.Or(fault.As(err), &fault.Error{}).Fields {
		list = append(list, f.Name+" "+f.Code)
	}
	return strings.Join(list, ", ")
}
