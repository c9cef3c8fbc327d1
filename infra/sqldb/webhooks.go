package sqldb

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/webhook"
)

// Webhooks keeps who is told of events: a webhook.Store.
type Webhooks struct{ db *DB }

// Webhooks is the store of webhooks.
func (d *DB) Webhooks() *Webhooks { return &Webhooks{d} }

var _ webhook.Store = (*Webhooks)(nil)

type hookRow struct {
	bun.BaseModel `bun:"table:webhooks,alias:h"`

	ID      string `bun:",pk"`
	Name    string
	URL     string
	Secret  string
	Events  string
	Active  bool
	MadeBy  string
	MadeAt  stamp
	EndedAt stamp
}

func (r *hookRow) hook() webhook.Hook {
	return webhook.Hook{ID: r.ID, Name: r.Name, URL: r.URL, Secret: r.Secret, Events: strings.Fields(r.Events),
		Active: r.Active,
		MadeBy: r.MadeBy, MadeAt: r.MadeAt.Time(), EndedAt: r.EndedAt.Time()}
}

type deliveryRow struct {
	bun.BaseModel `bun:"table:webhook_deliveries,alias:d"`

	ID        string `bun:",pk"`
	HookID    string
	Event     string
	Body      string
	State     string
	Attempts  int
	Status    int
	CreatedAt stamp
	TriedAt   stamp
}

func (r *deliveryRow) delivery() webhook.Delivery {
	return webhook.Delivery{ID: r.ID, HookID: r.HookID, Event: r.Event, Body: r.Body, State: webhook.State(r.State),
		Attempts: r.Attempts,
		Status:   r.Status, CreatedAt: r.CreatedAt.Time(), TriedAt: r.TriedAt.Time()}
}

// Hook reads one.
func (s *Webhooks) Hook(ctx context.Context, id string) (webhook.Hook, error) {
	var r hookRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return webhook.Hook{}, missing(err, "webhook.not_found", "webhook", id)
	}
	return r.hook(), nil
}

// Hooks lists all, newest first.
func (s *Webhooks) Hooks(ctx context.Context) ([]webhook.Hook, error) {
	var rows []hookRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("made_at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, wrap(err, "webhooks")
	}
	var list []webhook.Hook
	for i := range rows {
		list = append(list, rows[i].hook())
	}
	return list, nil
}

// SaveHook adds a hook or changes it.
func (s *Webhooks) SaveHook(ctx context.Context, h webhook.Hook) error {
	r := hookRow{ID: h.ID, Name: h.Name, URL: h.URL, Secret: h.Secret, Events: strings.Join(h.Events, " "),
		Active: h.Active, MadeBy: h.MadeBy,
		MadeAt: stamp(h.MadeAt), EndedAt: stamp(h.EndedAt)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "webhook", h.ID)
}

// Delivery reads one.
func (s *Webhooks) Delivery(ctx context.Context, id string) (webhook.Delivery, error) {
	var r deliveryRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return webhook.Delivery{}, missing(err, "webhook.not_found", "webhook delivery", id)
	}
	return r.delivery(), nil
}

// SaveDelivery adds a delivery or changes it.
func (s *Webhooks) SaveDelivery(ctx context.Context, d webhook.Delivery) error {
	r := deliveryRow{ID: d.ID, HookID: d.HookID, Event: d.Event, Body: d.Body, State: string(d.State),
		Attempts: d.Attempts, Status: d.Status,
		CreatedAt: stamp(d.CreatedAt), TriedAt: stamp(d.TriedAt)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "webhook delivery", d.ID)
}

// Deliveries lists a hook's, newest first.
func (s *Webhooks) Deliveries(ctx context.Context, hook string, limit int) ([]webhook.Delivery, error) {
	var rows []deliveryRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("hook_id = ?", hook).Order("created_at DESC",
		"id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "webhook deliveries", hook)
	}
	var list []webhook.Delivery
	for i := range rows {
		list = append(list, rows[i].delivery())
	}
	return list, nil
}

// Forget removes deliveries made before a time.
func (s *Webhooks) Forget(ctx context.Context, before time.Time, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < ? ORDER BY created_at LIMIT ?)",
		stamp(before), limit).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "webhook deliveries")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "webhook deliveries")
}
