package webhook

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestOnlyAdminsManageHooks(t *testing.T) {
	for name, by := range map[string]people.Person{"nobody": {}, "a reviewer": reviewer,
		"a dismissed admin": {ID: "a", Grants: admin.Grants}} {
		m := newMemory()
		h := m.want(t, Events...)
		_, saved := m.Save(t.Context(), by, Hook{Name: "a", URL: "https://a.example", Events: Events})
		_, _, listed := m.List(t.Context(), by)
		for _, err := range []error{saved, listed, m.End(t.Context(), by, h.ID)} {
			if fault.KindOf(err) != fault.Forbidden || !fault.Is(err, "access.denied") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(m.hooks) != 1 || !m.hooks[0].Active {
			t.Errorf("%s changed %+v", name, m.hooks)
		}
	}
}

func TestHooksAreChecked(t *testing.T) {
	good := Hook{Name: "Zalo", URL: "https://a.example", Events: []string{"notice.published"}}
	for name, c := range map[string]struct {
		change func(*Hook)
		want   string
	}{
		"good":            {func(*Hook) {}, ""},
		"longest name":    {func(h *Hook) { h.Name = strings.Repeat("ấ", 100) }, ""},
		"all events":      {func(h *Hook) { h.Events = Events }, ""},
		"spaces":          {func(h *Hook) { h.Name, h.URL = "  Zalo \n OA ", " https://a.example\n" }, ""},
		"no name":         {func(h *Hook) { h.Name = " \t" }, "name field.required"},
		"long name":       {func(h *Hook) { h.Name = strings.Repeat("ấ", 101) }, "name field.too_long"},
		"refused address": {func(h *Hook) { h.URL = "http://10.0.0.1/" }, "url webhook.bad_url"},
		"no events":       {func(h *Hook) { h.Events = nil }, "events webhook.bad_events"},
		"an unknown event": {func(h *Hook) { h.Events = append(h.Events, "lesson.erased") },
			"events webhook.bad_events"},
		"all wrong": {func(h *Hook) { *h = Hook{} },
			"name field.required, url webhook.bad_url, events webhook.bad_events"},
	} {
		m, h := newMemory(), good
		h.Events = slices.Clone(good.Events)
		c.change(&h)
		_, err := m.Save(t.Context(), admin, h)
		if fields(err) != c.want || c.want != "" && !fault.Is(err, "webhook.invalid") || c.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if (len(m.hooks) == 1) != (c.want == "") {
			t.Errorf("%s: saved %+v", name, m.hooks)
		}
	}
	m := newMemory()
	h, err := m.Save(t.Context(), admin, Hook{Name: "  Zalo \n OA ", URL: " https://a.example\n", Events: Events})
	if err != nil || h.Name != "Zalo OA" || h.URL != "https://a.example" {
		t.Errorf("%+v %v", h, err)
	}
}

// TestSecretIsGivenOnce: who lists the hooks does not see it, and who changes one cannot set it.
func TestSecretIsGivenOnce(t *testing.T) {
	m := newMemory()
	a, b := m.want(t, "notice.published"), m.want(t, "notice.published")
	if !strings.HasPrefix(a.Secret, "whsec_") || len(a.Secret) < 30 || a.Secret == b.Secret ||
		a.Secret != strings.ToLower(a.Secret) {
		t.Errorf("secrets %q and %q", a.Secret, b.Secret)
	}
	if a.MadeBy != "admin" || !a.MadeAt.Equal(m.now) || !a.Active {
		t.Errorf("made as %+v", a)
	}
	hooks, _, err := m.List(t.Context(), admin)
	if err != nil || len(hooks) != 2 || hooks[0].Secret != "" || hooks[1].Secret != "" || m.hooks[0].Secret == "" {
		t.Errorf("listed %+v %v", hooks, err)
	}
	m.now = m.now.Add(time.Hour)
	changed, err := m.Save(t.Context(), admin, Hook{ID: a.ID, Name: "OA", URL: a.URL, Secret: "mine", MadeBy: "x",
		Active: true,
		MadeAt: m.now, EndedAt: m.now, Events: []string{"lesson.published"}})
	stored, _ := m.Hook(t.Context(), a.ID)
	if err != nil || changed.Secret != a.Secret || stored.MadeBy != "admin" || !stored.MadeAt.Equal(a.MadeAt) ||
		!stored.EndedAt.IsZero() ||
		stored.Name != "OA" || stored.Events[0] != "lesson.published" {
		t.Errorf("changed to %+v, %v", stored, err)
	}
	if _, err := m.Save(t.Context(), admin, Hook{ID: "none", Name: "OA", URL: a.URL, Events: Events}); !fault.Is(err,
		"webhook.not_found") {
		t.Errorf("changed what is not there: %v", err)
	}
	var notes []string
	for _, e := range m.log {
		notes = append(notes, e.Actor+" "+e.Action+" "+e.Subject+" "+e.Detail)
	}
	want := []string{"admin webhook.manage webhook:id-1 made", "admin webhook.manage webhook:id-3 made",
		"admin webhook.manage webhook:id-1 changed"}
	if !slices.Equal(notes, want) {
		t.Errorf("audit %q", notes)
	}
}

func TestEndingAHook(t *testing.T) {
	m := newMemory()
	h := m.want(t, "notice.published")
	for range 2 { // the second time changes nothing
		if err := m.End(t.Context(), admin, h.ID); err != nil {
			t.Fatal(err)
		}
		m.now = m.now.Add(time.Minute)
	}
	stored, _ := m.Hook(t.Context(), h.ID)
	if stored.Active || !stored.EndedAt.Equal(h.MadeAt) || len(m.log) != 2 || m.log[1].Detail != "ended" {
		t.Errorf("%+v, audit %+v", stored, m.log)
	}
	if err := m.End(t.Context(), admin, "none"); !fault.Is(err, "webhook.not_found") {
		t.Errorf("ended what is not there: %v", err)
	}
}

// TestAnEndedHookStaysEnded, also when somebody saves a form that was open before.
func TestAnEndedHookStaysEnded(t *testing.T) {
	m := newMemory()
	h := m.want(t, "notice.published")
	if err := m.End(t.Context(), admin, h.ID); err != nil {
		t.Fatal(err)
	}
	h.Active = true
	saved, err := m.Save(t.Context(), admin, h)
	if err != nil || saved.Active || saved.EndedAt.IsZero() {
		t.Errorf("%+v %v", saved, err)
	}
}

// TestHooksWithoutTheirAuditEntryAreNotChanged: both commit or neither.
func TestHooksWithoutTheirAuditEntryAreNotChanged(t *testing.T) {
	m := newMemory()
	h := m.want(t, "notice.published")
	for _, call := range []string{"SaveHook", "Append"} {
		m.fail = map[string]error{call: errDown}
		_, saved := m.Save(t.Context(), admin, Hook{Name: "b", URL: "https://b.example", Events: Events})
		ended := m.End(t.Context(), admin, h.ID)
		if !errors.Is(saved, errDown) || !errors.Is(ended, errDown) || len(m.hooks) != 1 || !m.hooks[0].Active ||
			len(m.log) != 1 {
			t.Errorf("%s: %v, %v: %+v", call, saved, ended, m.hooks)
		}
	}
	for _, call := range []string{"Hooks", "Deliveries"} {
		m.fail = map[string]error{call: errDown}
		if _, _, err := m.List(t.Context(), admin); !errors.Is(err, errDown) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// TestEventsGoToThoseWhoWantThem with the body that every receiver parses.
func TestEventsGoToThoseWhoWantThem(t *testing.T) {
	m := newMemory()
	m.now = m.now.In(time.FixedZone("Hà Nội", 7*3600))
	a, b := m.want(t, "notice.published", "lesson.published"), m.want(t, "lesson.published")
	for _, c := range []struct {
		event string
		want  int
	}{{"notice.withdrawn", 0}, {"notice.published", 1}, {"lesson.published", 2}} {
		event, want := c.event, c.want
		m.deliveries, m.jobs = nil, nil
		if err := m.Tell(t.Context(), event, map[string]string{"title": "Nghỉ <bão>"}); err != nil {
			t.Fatal(err)
		}
		if len(m.deliveries) != want || len(m.jobs) != want {
			t.Errorf("%s: %d deliveries, %d jobs", event, len(m.deliveries), len(m.jobs))
		}
		for i, d := range m.deliveries {
			var body struct {
				ID, Event string
				At        string
				Data      map[string]string
			}
			err := json.Unmarshal([]byte(d.Body), &body)
			if err != nil || body.ID != d.ID || body.Event != event || body.At != "2026-04-06T08:00:00Z" ||
				body.Data["title"] != "Nghỉ <bão>" {
				t.Errorf("%s: body %s, %v", event, d.Body, err)
			}
			if d.State != Waiting || d.Attempts != 0 || !d.CreatedAt.Equal(m.now) {
				t.Errorf("%s: %+v", event, d)
			}
			if j := m.jobs[i]; j.Args != (DeliverArgs{d.ID}) || j.Key != d.ID || j.Subject != "webhook:"+d.HookID ||
				!j.RunAt.IsZero() {
				t.Errorf("%s: job %+v", event, j)
			}
		}
	}
	if m.deliveries[0].HookID != a.ID || m.deliveries[1].HookID != b.ID || (DeliverArgs{}).Kind() != "webhook" {
		t.Errorf("delivered to %+v", m.deliveries)
	}
}

func TestEventsThatCannotBeDelivered(t *testing.T) {
	m := newMemory()
	m.want(t, Events...)
	if err := m.Tell(t.Context(), "lesson.published", func() {}); err == nil || len(m.deliveries) != 0 {
		t.Errorf("a body that is no JSON: %v", err)
	}
	for _, call := range []string{"Hooks", "SaveDelivery", "Add"} {
		m.fail = map[string]error{call: errDown}
		if err := m.Tell(t.Context(), "lesson.published", 1); !errors.Is(err, errDown) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// TestDeliveriesAreKeptForAMonth, and the last five of each hook are shown.
func TestDeliveriesAreKeptForAMonth(t *testing.T) {
	m := newMemory()
	h, other := m.want(t, "lesson.published"), m.want(t, "notice.published")
	made := m.now
	for range 7 {
		m.Tell(t.Context(), "lesson.published", 1)
		m.now = m.now.Add(time.Hour)
	}
	_, last, err := m.List(t.Context(), admin)
	if err != nil || len(last[h.ID]) != 5 || !last[h.ID][0].CreatedAt.Equal(m.now.Add(-time.Hour)) ||
		len(last[other.ID]) != 0 {
		t.Errorf("last %+v %v", last, err)
	}
	for _, c := range []struct {
		now  time.Time
		left int
	}{{made.Add(Keep), 7}, {made.Add(Keep + 1), 6}, {made.Add(Keep + 6*time.Hour + 1), 0}} {
		m.now = c.now
		if err := m.Service.Forget(t.Context()); err != nil || len(m.deliveries) != c.left {
			t.Errorf("%v: %d deliveries, %v", c.now, len(m.deliveries), err)
		}
	}
	m.deliveries = make([]Delivery, 1200) // more than one step takes
	if err := m.Service.Forget(t.Context()); err != nil || len(m.deliveries) != 0 {
		t.Errorf("%d deliveries are left: %v", len(m.deliveries), err)
	}
	if m.fail = map[string]error{"Forget": errDown}; !errors.Is(m.Service.Forget(t.Context()), errDown) {
		t.Error("a failure is not told")
	}
}
