package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
)

// Service keeps hooks and delivers to them.
type Service struct {
	Store  Store
	Sender Sender
	Atomic job.Atomic
	Jobs   Queue
	Audit  audit.Log
	Now    func() time.Time
	NewID  func() string
}

// Queue is where deliveries wait (job.Notifier).
type Queue interface {
	Add(ctx context.Context, jobs ...job.New) error
}

// DeliverArgs sends one delivery once.
type DeliverArgs struct {
	DeliveryID string `json:"deliveryId"`
}

// Kind names the worker.
func (DeliverArgs) Kind() string { return "webhook" }

// pauses are the waits before each further attempt: a receiver that is away
// for a night is still told in the morning.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	6 * time.Hour, 12 * time.Hour}

// Keep is how long a delivery can be looked at.
const Keep = 30 * 24 * time.Hour

// Save makes (empty ID) or changes a hook; a new one's secret is in the answer
// and shown once. Faults: "access.denied", "webhook.invalid" with fields.
func (s *Service) Save(ctx context.Context, by people.Person, h Hook) (Hook, error) {
	if !people.May(by, people.ManageHooks, people.Object{}) {
		return h, fault.New(fault.Forbidden, "access.denied")
	}
	h.Name, h.URL = strings.Join(strings.Fields(h.Name), " "), strings.TrimSpace(h.URL)
	var bad []fault.Field
	if h.Name == "" {
		bad = append(bad, fault.Wrong("name", "field.required"))
	} else if utf8.RuneCountInString(h.Name) > 100 {
		bad = append(bad, fault.Wrong("name", "field.too_long", "max", 100))
	}
	if err := s.Sender.Check(h.URL); err != nil {
		bad = append(bad, fault.Wrong("url", "webhook.bad_url"))
	}
	if len(h.Events) == 0 || slices.ContainsFunc(h.Events, func(e string) bool { return !slices.Contains(Events, e) }) {
		bad = append(bad, fault.Wrong("events", "webhook.bad_events"))
	}
	if err := fault.Form("webhook.invalid", bad...); err != nil {
		return h, err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		note := "changed"
		if h.ID == "" {
			h.ID, h.MadeBy, h.MadeAt, h.Active, note = s.NewID(), by.ID, s.Now(), true, "made"
			h.Secret = "whsec_" + strings.ToLower(rand.Text())
		} else {
			old, err := s.Store.Hook(ctx, h.ID)
			if err != nil {
				return err
			}
			h.Secret, h.MadeBy, h.MadeAt = old.Secret, old.MadeBy, old.MadeAt
			h.Active, h.EndedAt = old.Active, old.EndedAt // End alone ends one, for good
		}
		if err := s.Store.SaveHook(ctx, h); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.ManageHooks), Subject: "webhook:" + h.ID, Detail: note})
	})
	return h, err
}

// End stops a hook for good; what waits for it is not sent any more.
func (s *Service) End(ctx context.Context, by people.Person, id string) error {
	if !people.May(by, people.ManageHooks, people.Object{}) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		h, err := s.Store.Hook(ctx, id)
		if err != nil || !h.Active {
			return err
		}
		h.Active, h.EndedAt = false, s.Now()
		if err := s.Store.SaveHook(ctx, h); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.ManageHooks), Subject: "webhook:" + id, Detail: "ended"})
	})
}

// List gives the hooks, newest first, without their secrets, and their last
// deliveries.
func (s *Service) List(ctx context.Context, by people.Person) ([]Hook, map[string][]Delivery, error) {
	if !people.May(by, people.ManageHooks, people.Object{}) {
		return nil, nil, fault.New(fault.Forbidden, "access.denied")
	}
	hooks, err := s.Store.Hooks(ctx)
	if err != nil {
		return nil, nil, err
	}
	last := map[string][]Delivery{}
	for i := range hooks {
		hooks[i].Secret = ""
		if last[hooks[i].ID], err = s.Store.Deliveries(ctx, hooks[i].ID, 5); err != nil {
			return nil, nil, err
		}
	}
	return hooks, last, nil
}

// Tell makes a delivery for every hook that wants the event, in the
// transaction in which the event happens.
func (s *Service) Tell(ctx context.Context, event string, body any) error {
	hooks, err := s.Store.Hooks(ctx)
	if err != nil {
		return err
	}
	for _, h := range hooks {
		if !h.Active || !slices.Contains(h.Events, event) {
			continue
		}
		d := Delivery{ID: s.NewID(), HookID: h.ID, Event: event, State: Waiting, CreatedAt: s.Now()}
		raw, err := json.Marshal(struct {
			ID    string    `json:"id"`
			Event string    `json:"event"`
			At    time.Time `json:"at"`
			Data  any       `json:"data"`
		}{d.ID, event, d.CreatedAt.UTC(), body})
		if err != nil {
			return fmt.Errorf("webhook %s: %w", h.ID, err)
		}
		d.Body = string(raw)
		if err := s.Store.SaveDelivery(ctx, d); err != nil {
			return err
		}
		if err := s.Jobs.Add(ctx, job.New{Args: DeliverArgs{d.ID}, Key: d.ID, Subject: "webhook:" + h.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Sign is what a receiver checks: HMAC-SHA256 of the moment, a full stop and
// the body, in hex, under the hook's secret.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Deliver sends once and notes what came of it. A receiver that did not take
// it is told again later: under the same delivery id, so that it can tell.
func (s *Service) Deliver(ctx context.Context, id string,
	step func(ctx context.Context, effects func(context.Context) error) error) error {
	d, err := s.Store.Delivery(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil || d.State != Waiting {
		return err
	}
	h, err := s.Store.Hook(ctx, d.HookID)
	if err != nil {
		return err
	}
	d.TriedAt = s.Now()
	if h.Active {
		d.Attempts++
		d.Status, err = s.Sender.Post(ctx, h.URL, map[string]string{
			"Content-Type": "application/json", "Lenlop-Event": d.Event, "Lenlop-Delivery": d.ID,
			"Lenlop-Signature": Sign(h.Secret, d.TriedAt, []byte(d.Body)),
		}, []byte(d.Body))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	again := false
	switch {
	case !h.Active:
		d.State = Failed
	case err == nil && d.Status >= 200 && d.Status < 300:
		d.State = Arrived
	case d.Attempts > len(pauses):
		d.State = Failed
	default:
		again = true
	}
	return step(ctx, func(ctx context.Context) error {
		if err := s.Store.SaveDelivery(ctx, d); err != nil || !again {
			return err
		}
		return s.Jobs.Add(ctx, job.New{Args: DeliverArgs{id}, Key: id + " " + strconv.Itoa(d.Attempts),
			Subject: "webhook:" + h.ID,
			RunAt:   s.Now().Add(pauses[d.Attempts-1])})
	})
}

// Forget ends what is kept of deliveries older than Keep.
func (s *Service) Forget(ctx context.Context) error {
	for {
		n, err := s.Store.Forget(ctx, s.Now().Add(-Keep), 500)
		if err != nil || n == 0 {
			return err
		}
	}
}
