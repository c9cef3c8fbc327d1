package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// Schedule keeps channels and airings: a schedule.Store.
type Schedule struct{ db *DB }

// Schedule is the store of channels and airings.
func (d *DB) Schedule() *Schedule { return &Schedule{d} }

var _ schedule.Store = (*Schedule)(nil)

type channelRow struct {
	bun.BaseModel `bun:"table:channels,alias:c"`

	ID        string `bun:",pk"`
	Name      string
	Own       bool
	Timezone  string
	CreatedAt stamp
}

func (r *channelRow) channel() schedule.Channel {
	return schedule.Channel{ID: r.ID, Name: r.Name, Own: r.Own, Timezone: r.Timezone, CreatedAt: r.CreatedAt.Time()}
}

type airingRow struct {
	bun.BaseModel `bun:"table:airings,alias:a"`

	ID          string `bun:",pk"`
	ChannelID   string
	LessonID    string
	CopyID      string
	HouseNumber string
	StartsAt    stamp
	EndsAt      stamp
	Outcome     string
	StartedAt   stamp
	EndedAt     stamp
	Note        string
	ReportedBy  string
	ReportedAt  stamp
	CreatedBy   string
	CreatedAt   stamp
	RepeatOf    string
}

// seenAirings are airings with what imported as-run logs say about them.
const seenAirings = "seen_airings AS a"

func (r *airingRow) airing() schedule.Airing {
	return schedule.Airing{
		ID: r.ID, ChannelID: r.ChannelID, LessonID: r.LessonID, CopyID: r.CopyID, HouseNumber: r.HouseNumber,
		StartsAt: r.StartsAt.Time(), EndsAt: r.EndsAt.Time(), Outcome: schedule.Outcome(r.Outcome),
		StartedAt: r.StartedAt.Time(), EndedAt: r.EndedAt.Time(), Note: r.Note,
		ReportedBy: r.ReportedBy, ReportedAt: r.ReportedAt.Time(), CreatedBy: r.CreatedBy,
		CreatedAt: r.CreatedAt.Time(),
		RepeatOf:  r.RepeatOf,
	}
}

// Channel reads one channel.
func (s *Schedule) Channel(ctx context.Context, id string) (schedule.Channel, error) {
	var r channelRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return schedule.Channel{}, missing(err, "channel.not_found", "channel", id)
	}
	return r.channel(), nil
}

// LockChannel reads one channel and holds its schedule until the transaction ends.
func (s *Schedule) LockChannel(ctx context.Context, id string) (schedule.Channel, error) {
	var r channelRow
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&r).Where("id = ?", id))
	if err == nil {
		err = q.Scan(ctx)
	}
	if err != nil {
		return schedule.Channel{}, missing(err, "channel.not_found", "channel", id)
	}
	return r.channel(), nil
}

// Channels lists all of them, oldest first.
func (s *Schedule) Channels(ctx context.Context) ([]schedule.Channel, error) {
	var rows []channelRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, wrap(err, "channels")
	}
	list := make([]schedule.Channel, len(rows))
	for i := range rows {
		list[i] = rows[i].channel()
	}
	return list, nil
}

// SaveChannel adds or replaces a channel.
func (s *Schedule) SaveChannel(ctx context.Context, c schedule.Channel) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&channelRow{
		ID: c.ID, Name: c.Name, Own: c.Own, Timezone: c.Timezone, CreatedAt: stamp(c.CreatedAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "channel", c.ID)
}

// Airing reads one airing.
func (s *Schedule) Airing(ctx context.Context, id string) (schedule.Airing, error) {
	var r airingRow
	q := s.db.Reader(ctx).NewSelect().Model(&r).ModelTableExpr(seenAirings).Where("id = ?", id)
	if err := q.Scan(ctx); err != nil {
		return schedule.Airing{}, missing(err, "airing.not_found", "airing", id)
	}
	return r.airing(), nil
}

// Airings lists by start; no Limit lists all, because a clash must not hide
// behind a page's end.
func (s *Schedule) Airings(ctx context.Context, f schedule.Filter) ([]schedule.Airing, error) {
	var rows []airingRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).ModelTableExpr(seenAirings).Order("starts_at", "id")
	if f.Channel != "" {
		q = q.Where("channel_id = ?", f.Channel)
	}
	if f.Lesson != "" {
		q = q.Where("lesson_id = ?", f.Lesson)
	}
	if !f.From.IsZero() {
		q = q.Where("starts_at >= ?", stamp(f.From))
	}
	if !f.To.IsZero() {
		q = q.Where("starts_at < ?", stamp(f.To))
	}
	if f.Outcome != "" {
		q = q.Where("outcome = ?", string(f.Outcome))
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "airings")
	}
	list := make([]schedule.Airing, len(rows))
	for i := range rows {
		list[i] = rows[i].airing()
	}
	return list, nil
}

// SaveAiring adds or replaces an airing. It wins over an imported log that has
// not reached the airing's row yet.
func (s *Schedule) SaveAiring(ctx context.Context, a schedule.Airing) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.db.BumpChannel(ctx, a.ChannelID); err != nil {
			return err
		}
		_, err := s.db.Writer(ctx).NewInsert().Model(&airingRow{
			ID: a.ID, ChannelID: a.ChannelID, LessonID: a.LessonID, CopyID: a.CopyID, HouseNumber: a.HouseNumber,
			StartsAt: stamp(a.StartsAt), EndsAt: stamp(a.EndsAt), Outcome: string(a.Outcome),
			StartedAt: stamp(a.StartedAt), EndedAt: stamp(a.EndedAt), Note: a.Note,
			ReportedBy: a.ReportedBy, ReportedAt: stamp(a.ReportedAt), CreatedBy: a.CreatedBy,
			CreatedAt: stamp(a.CreatedAt),
			RepeatOf:  a.RepeatOf,
		}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
		if err != nil {
			return wrap(err, "airing", a.ID)
		}
		_, err = s.db.Writer(ctx).NewRaw("UPDATE asrun_staged SET superseded = TRUE WHERE airing_id = ? AND batch IN "+
			"(SELECT batch FROM asrun_imports WHERE batch <> '')", a.ID).Exec(ctx)
		return wrap(err, "airing", a.ID)
	})
}

// Revision changes whenever the airings or figures of a channel do; "" means
// all channels.
func (s *Schedule) Revision(ctx context.Context, channelID string) (int64, error) {
	var n int64
	err := s.db.Reader(ctx).NewRaw(
		"SELECT CAST(COALESCE(SUM(revision), 0) AS BIGINT) FROM channels WHERE ?0 = '' OR id = ?0", channelID).
		Scan(ctx, &n)
	return n, wrap(err, "revision of channel", channelID)
}

// BumpChannel changes a channel's revision. On PostgreSQL it also locks the
// channel, so it comes before changes of its airings and figures.
func (d *DB) BumpChannel(ctx context.Context, channelID string) error {
	_, err := d.Writer(ctx).NewRaw("UPDATE channels SET revision = revision + 1 WHERE id = ?", channelID).Exec(ctx)
	return wrap(err, "channel", channelID)
}

// Held reports whether figures, check-ins, roll calls or a draw name the airing.
func (s *Schedule) Held(ctx context.Context, airingID string) (bool, error) {
	var n int
	err := s.db.Reader(ctx).NewRaw("SELECT count(*) FROM (SELECT id FROM airings WHERE id = ?0 AND ("+
		"EXISTS (SELECT 1 FROM figures WHERE airing_id = ?0) OR EXISTS (SELECT 1 FROM figures_staged WHERE airing_id = ?0) OR "+
		"EXISTS (SELECT 1 FROM checkins WHERE airing_id = ?0) OR "+
		"EXISTS (SELECT 1 FROM roll_calls WHERE airing_id = ?0) OR EXISTS (SELECT 1 FROM class_draws WHERE airing_id = ?0))) AS held", airingID).Scan(ctx, &n)
	return n > 0, wrap(err, "airing", airingID)
}

// DeleteAiring takes an airing off the schedule.
func (s *Schedule) DeleteAiring(ctx context.Context, id string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_,
			err := w.NewRaw(
			"UPDATE channels SET revision = revision + 1 WHERE id IN (SELECT channel_id FROM airings WHERE id = ?)",
			id).Exec(ctx)
		if err != nil {
			return wrap(err, "airing", id)
		}
		res, err := w.NewDelete().Model((*airingRow)(nil)).Where("id = ?", id).Exec(ctx)
		if referenced(err) { // a figure came in since the service looked
			return fault.Wrap(err, fault.Conflict, "airing.has_figures")
		}
		if err != nil {
			return wrap(err, "airing", id)
		}
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			return fault.New(fault.NotFound, "airing.not_found")
		}
		return nil
	})
}
