package sqldb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/schedule"
)

// Programmes keeps what other channels announce: a schedule.ProgrammeStore.
type Programmes struct{ db *DB }

// Programmes is the store of other channels' guides.
func (d *DB) Programmes() *Programmes { return &Programmes{d} }

var _ schedule.ProgrammeStore = (*Programmes)(nil)

type programmeRow struct {
	bun.BaseModel `bun:"table:programmes,alias:p"`

	ID          string `bun:",pk"`
	ChannelID   string
	Title       string
	Description string
	Category    string
	Grade       int
	LessonID    string
	StartsAt    stamp
	EndsAt      stamp
	ImportID    string
}

type guideRow struct {
	bun.BaseModel `bun:"table:guide_imports,alias:g"`

	ID          string `bun:",pk"`
	ChannelID   string
	Filename    string
	Hash        string
	Data        []byte
	Options     string
	ByPerson    string
	At          stamp
	CommittedAt stamp
	Listed      int
}

func (r *guideRow) guide() (schedule.Guide, error) {
	g := schedule.Guide{ID: r.ID, ChannelID: r.ChannelID, Filename: r.Filename, Hash: r.Hash, Data: r.Data,
		By: r.ByPerson, At: r.At.Time(),
		Committed: r.CommittedAt.Time(), Listed: r.Listed}
	if err := json.Unmarshal([]byte(r.Options), &g.Options); err != nil {
		return g, fmt.Errorf("guide %s: options: %w", r.ID, err)
	}
	return g, nil
}

// Programmes lists those that begin in a time.
func (s *Programmes) Programmes(ctx context.Context, channelID string, from,
	to time.Time) ([]schedule.Programme, error) {
	var rows []programmeRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Where("starts_at >= ? AND starts_at < ?", stamp(from),
		stamp(to)).Order("starts_at", "id")
	if channelID != "" {
		q = q.Where("channel_id = ?", channelID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "programmes")
	}
	list := make([]schedule.Programme, len(rows))
	for i, r := range rows {
		list[i] = schedule.Programme{ID: r.ID, ChannelID: r.ChannelID, Title: r.Title, Description: r.Description,
			Category: r.Category,
			Grade:    r.Grade, LessonID: r.LessonID, StartsAt: r.StartsAt.Time(), EndsAt: r.EndsAt.Time()}
	}
	return list, nil
}

// ReplaceProgrammes puts a list in the place of what is there.
func (s *Programmes) ReplaceProgrammes(ctx context.Context, channelID, importID string, from, to time.Time,
	list []schedule.Programme) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		_, err := s.db.Writer(ctx).NewDelete().Model((*programmeRow)(nil)).
			Where("channel_id = ? AND starts_at >= ? AND starts_at < ?", channelID, stamp(from), stamp(to)).Exec(ctx)
		if err != nil {
			return wrap(err, "programmes of channel", channelID)
		}
		for part := range slices.Chunk(list, 500) {
			rows := make([]programmeRow, len(part))
			for i, p := range part {
				rows[i] = programmeRow{ID: p.ID, ChannelID: channelID, Title: p.Title, Description: p.Description,
					Category: p.Category,
					Grade:    p.Grade, LessonID: p.LessonID, StartsAt: stamp(p.StartsAt), EndsAt: stamp(p.EndsAt),
					ImportID: importID}
			}
			if _, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx); err != nil {
				return wrap(err, "programmes of channel", channelID)
			}
		}
		return nil
	})
}

// SaveGuide adds or replaces a guide.
func (s *Programmes) SaveGuide(ctx context.Context, g schedule.Guide) error {
	options, err := json.Marshal(g.Options)
	if err != nil {
		return fmt.Errorf("guide %s: %w", g.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(
		&guideRow{ID: g.ID, ChannelID: g.ChannelID, Filename: g.Filename, Hash: g.Hash, Data: g.Data,
			Options: string(options), ByPerson: g.By, At: stamp(g.At), CommittedAt: stamp(g.Committed),
			Listed: g.Listed}).
		On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "guide", g.ID)
}

// Guide reads one guide with its file.
func (s *Programmes) Guide(ctx context.Context, id string) (schedule.Guide, error) {
	var r guideRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return schedule.Guide{}, missing(err, "guide.not_found", "guide", id)
	}
	return r.guide()
}

// LastGuide gives the channel's last committed guide.
func (s *Programmes) LastGuide(ctx context.Context, channelID string) (schedule.Guide, bool, error) {
	var rows []guideRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Where(
		"channel_id = ? AND committed_at IS NOT NULL", channelID).
		Order("committed_at DESC", "id DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return schedule.Guide{}, false, wrap(err, "guides of channel", channelID)
	}
	g, err := rows[0].guide()
	return g, true, err
}
