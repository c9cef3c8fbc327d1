package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/schedule"
)

// WeekRules keeps the weekly rules of the schedule: a schedule.RuleStore.
type WeekRules struct{ db *DB }

// WeekRules is the store of weekly rules.
func (d *DB) WeekRules() *WeekRules { return &WeekRules{d} }

var _ schedule.RuleStore = (*WeekRules)(nil)

type weekRuleRow struct {
	bun.BaseModel `bun:"table:weekly_rules,alias:r"`

	Grade   int    `bun:",pk"`
	Subject string `bun:",pk"`
	AtLeast int
}

// Rules lists them by grade and subject.
func (s *WeekRules) Rules(ctx context.Context) ([]schedule.Slots, error) {
	var rows []weekRuleRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("grade", "subject").Scan(ctx); err != nil {
		return nil, wrap(err, "weekly rules")
	}
	list := make([]schedule.Slots, len(rows))
	for i, r := range rows {
		list[i] = schedule.Slots{Grade: r.Grade, Subject: r.Subject, AtLeast: r.AtLeast}
	}
	return list, nil
}

// SaveRules replaces all of them.
func (s *WeekRules) SaveRules(ctx context.Context, rules []schedule.Slots) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.db.Writer(ctx).NewRaw("DELETE FROM weekly_rules").Exec(ctx); err != nil {
			return wrap(err, "weekly rules")
		}
		rows := make([]weekRuleRow, len(rules))
		for i, r := range rules {
			rows[i] = weekRuleRow{Grade: r.Grade, Subject: r.Subject, AtLeast: r.AtLeast}
		}
		if len(rows) == 0 {
			return nil
		}
		_, err := s.db.Writer(ctx).NewInsert().Model(&rows).Exec(ctx)
		return wrap(err, "weekly rules")
	})
}
