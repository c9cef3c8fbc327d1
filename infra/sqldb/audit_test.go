package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
)

var auditNow = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

func entry(n int) audit.Entry {
	return audit.Entry{ID: fmt.Sprintf("e%d", n), At: auditNow.Add(time.Duration(n) * time.Minute), Actor: "p1",
		Action:  "people.manage",
		Subject: fmt.Sprintf("person:x%d", n), Detail: "đổi tên", Before: `{"name":"cũ"}`, After: `{"name":"mới"}`,
		Place: "203.0.113.7"}
}

func verdict(t *testing.T, db *sqldb.DB) audit.Verdict {
	t.Helper()
	v, err := audit.Verify(context.Background(), db.Audit(), auditNow.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAuditTampering: whatever is changed in SQL afterwards, the first row that
// does not hold is named.
func TestAuditTampering(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			for n := 1; n <= 6; n++ {
				if err := db.Audit().Append(ctx, entry(n)); err != nil {
					t.Fatal(err)
				}
			}
			if v := verdict(t, db); v.Broken != nil || v.Entries != 6 {
				t.Fatalf("an untouched log: %+v", v)
			}
			for _, x := range []struct {
				sql, id, why string
			}{
				{"UPDATE audit_entries SET detail = 'x' WHERE id = 'e3'", "e3", "words"},
				{"UPDATE audit_entries SET state_after = '{}' WHERE id = 'e3'", "e3", "words"},
				{"UPDATE audit_entries SET actor = 'p2' WHERE id = 'e4'", "e4", "actor"},
				{"UPDATE audit_entries SET at = (SELECT at FROM audit_entries WHERE id = 'e1') WHERE id = 'e4'",
					"e4", "time"},
				{"UPDATE audit_entries SET place = '198.51.100.1' WHERE id = 'e2'", "e2", "address"},
				{"UPDATE audit_entries SET place = '', place_salt = '' WHERE id = 'e2'", "e2", "too early"},
				{"UPDATE audit_entries SET erased = TRUE, detail = '', state_before = '', state_after = '', salt = '' WHERE id = 'e5'", "e5", "was erased"},
				{"DELETE FROM audit_entries WHERE id = 'e2'", "e3", "entry 2 is missing"},
				{"DELETE FROM audit_entries WHERE id = 'e6'", "", "ends at entry 5"},
			} {
				undo := errors.New("undo")
				err := db.Atomically(ctx, func(ctx context.Context) error {
					if _, err := db.Writer(ctx).NewRaw(x.sql).Exec(ctx); err != nil {
						t.Fatalf("%s: %v", x.sql, err)
					}
					v, err := audit.Verify(ctx, db.Audit(), auditNow.Add(24*time.Hour))
					if err != nil {
						t.Fatal(err)
					}
					if v.Broken == nil || v.Broken.ID != x.id || !strings.Contains(v.Broken.Why, x.why) {
						t.Errorf("%s: %+v", x.sql, v.Broken)
					}
					return undo
				})
				if !errors.Is(err, undo) {
					t.Fatal(err)
				}
			}
			if v := verdict(t, db); v.Broken != nil {
				t.Fatalf("undone: %+v", v.Broken)
			}
			// Addresses go after a year, and the chain holds without them.
			if err := db.Audit().ForgetPlaces(ctx, auditNow.Add(3*time.Minute)); err != nil {
				t.Fatal(err)
			}
			list, err := db.Audit().Entries(ctx, audit.Filter{}, 10)
			if err != nil || len(list) != 6 || list[5].Place != "" || list[0].Place == "" {
				t.Fatalf("%v %+v", err, list)
			}
			if v, err := audit.Verify(ctx, db.Audit(), auditNow.Add(audit.KeepPlaces+time.Hour)); err != nil ||
				v.Broken != nil {
				t.Errorf("%v %+v", err, v.Broken)
			}
		})
	}
}

// TestAuditAtOnce: many who write at once make one chain without a gap, what
// was undone leaves no number behind, and nobody waits for ever.
func TestAuditAtOnce(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			undo := errors.New("undo")
			var group sync.WaitGroup
			for w := range 4 {
				group.Go(func() {
					for n := range 8 {
						err := db.Atomically(ctx, func(ctx context.Context) error {
							if err := db.Audit().Append(ctx, entry(w*100+n*2)); err != nil {
								return err
							}
							// Settings are locked in both orders by different writers.
							for i := range 2 {
								if _, err := db.EnsureSetting(ctx, fmt.Sprintf("s%d", i), "x"); err != nil {
									return err
								}
							}
							if n%4 == 3 {
								return undo
							}
							return db.Audit().Append(ctx, entry(w*100+n*2+1))
						})
						if err != nil && !errors.Is(err, undo) {
							t.Errorf("writer %d: %v", w, err)
						}
					}
				})
			}
			group.Wait()
			if v := verdict(t, db); v.Broken != nil || v.Entries != 4*6*2 {
				t.Errorf("%+v %+v", v, v.Broken)
			}
		})
	}
}

// TestAuditFilter: pages follow each other and filters hold together.
func TestAuditFilter(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			for n := 1; n <= 5; n++ {
				e := entry(n)
				if n == 3 {
					e.Actor, e.Action = "p2", "lesson.edit"
				}
				if err := db.Audit().Append(ctx, e); err != nil {
					t.Fatal(err)
				}
			}
			for _, x := range []struct {
				f    audit.Filter
				want string
			}{
				{audit.Filter{}, "e5 e4 e3"},
				{audit.Filter{Before: 3}, "e2 e1"},
				{audit.Filter{Actor: "p2"}, "e3"},
				{audit.Filter{Action: "people.manage", Subject: "person:x4"}, "e4"},
				{audit.Filter{From: auditNow.Add(2 * time.Minute), To: auditNow.Add(4 * time.Minute)}, "e3 e2"},
			} {
				list, err := db.Audit().Entries(ctx, x.f, 3)
				if err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, e := range list {
					ids = append(ids, e.ID)
				}
				if got := strings.Join(ids, " "); got != x.want {
					t.Errorf("%+v: %s, want %s", x.f, got, x.want)
				}
			}
		})
	}
}
