package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/audit"
	"lenlop/services/fault"
)

// Replays keeps the answers to repeatable writes: an audit.Replays.
type Replays struct{ db *DB }

// Replays is the store of answers to repeatable writes.
func (d *DB) Replays() *Replays { return &Replays{d} }

var _ audit.Replays = (*Replays)(nil)

type replayRow struct {
	bun.BaseModel `bun:"table:replays,alias:r"`

	Person    string `bun:",pk"`
	ReplayKey string `bun:",pk"`
	Request   string
	Status    int64
	Body      string
	At        stamp
}

// Replay finds an answer.
func (s *Replays) Replay(ctx context.Context, person, key string) (audit.Replay, bool, error) {
	var rows []replayRow
	err := s.db.Writer(ctx).NewSelect().Model(&rows).Where("person = ? AND replay_key = ?", person, key).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return audit.Replay{}, false, wrap(err, "replay of", person)
	}
	r := rows[0]
	return audit.Replay{Person: r.Person, Key: r.ReplayKey, Request: r.Request, Status: int(r.Status), Body: []byte(r.Body), At: r.At.Time()}, true, nil
}

// SaveReplay adds an answer; a second one under the same key is
// fault.Conflict "request.key_in_use", so that of two senders at once only one's
// change commits.
func (s *Replays) SaveReplay(ctx context.Context, r audit.Replay) error {
	w := s.db.Writer(ctx)
	if _, err := w.NewDelete().Model((*replayRow)(nil)).Where("at < ?", stamp(r.At.Add(-audit.KeepReplays))).Exec(ctx); err != nil {
		return wrap(err, "replays")
	}
	_, err := w.NewInsert().Model(&replayRow{Person: r.Person, ReplayKey: r.Key, Request: r.Request, Status: int64(r.Status),
		Body: string(r.Body), At: stamp(r.At)}).Exec(ctx)
	if duplicate(err, "replays_pkey", "replays.replay_key") {
		return fault.Wrap(err, fault.Conflict, "request.key_in_use")
	}
	return wrap(err, "replay of", r.Person)
}
