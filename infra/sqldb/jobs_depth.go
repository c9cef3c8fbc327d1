package sqldb

import (
	"context"
	"time"
)

// Depth is how many jobs of a kind are in a state, and for how long the oldest
// of those that wait has been due.
type Depth struct {
	Kind, State string
	Jobs        int
	Oldest      time.Duration
}

// Depths counts the jobs that are not over, and those given up.
func (s *Jobs) Depths(ctx context.Context) ([]Depth, error) {
	now, err := s.db.Clock(ctx)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Kind, State string
		Jobs        int
		Oldest      stamp
	}
	err = s.db.Reader(ctx).NewRaw("SELECT kind, state, COUNT(*) AS jobs, MIN(run_at) AS oldest FROM jobs "+
		"WHERE state IN ('waiting', 'running', 'parked') GROUP BY kind, state ORDER BY kind, state").Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(err, "jobs")
	}
	list := make([]Depth, len(rows))
	for i, r := range rows {
		list[i] = Depth{Kind: r.Kind, State: r.State, Jobs: r.Jobs}
		if r.State == "waiting" {
			list[i].Oldest = max(now.Sub(r.Oldest.Time()), 0)
		}
	}
	return list, nil
}

// Connections gives the pool's figures to a collector: those of the writing
// side, which on PostgreSQL is the only one.
func (d *DB) Connections() (open, busy int, waited int64) {
	st := d.write.Stats()
	return st.OpenConnections, st.InUse, st.WaitCount
}
