package sqldb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lenlop/infra/sqldb"
	"lenlop/services/schedule"
)

func TestWeekRules(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		s := db.WeekRules()
		for _, want := range [][]schedule.Slots{{}, {{Grade: 1, Subject: "toan", AtLeast: 1},
			{Grade: 9, Subject: "ngu-van", AtLeast: 2}}, {{Grade: 9, Subject: "toan", AtLeast: 3}}, {}} {
			if err := s.SaveRules(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			got, err := s.Rules(t.Context())
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Fatalf("%v %s", err, d)
			}
		}
	})
}
