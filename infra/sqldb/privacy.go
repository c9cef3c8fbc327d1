package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/people"
)

// Privacy is everything that is stored about one person: a people.Records.
type Privacy struct{ db *DB }

// Privacy finds what is stored about one person.
func (d *DB) Privacy() *Privacy { return &Privacy{d} }

var _ people.Records = (*Privacy)(nil)

// trace is a column that names a person.
type trace struct {
	table, column string
	viewer        bool // the person stands there as a viewer: "p:" and the id
	own           bool // the row is the person's own and goes with them
	secret        bool // the row is a secret and is not given out
}

// traces are all columns that name a person. A test holds them against the
// schema: a new column that looks like one and is not here fails it.
var traces = []trace{
	{table: "grants", column: "person_id", own: true},
	{table: "sessions", column: "person_id", own: true},
	{table: "tickets", column: "person_id", own: true, secret: true},
	{table: "second_steps", column: "person_id", own: true, secret: true},
	{table: "recovery_codes", column: "person_id", own: true, secret: true},
	{table: "person_links", column: "person_id", own: true},
	{table: "cards", column: "person_id", own: true, secret: true},
	{table: "students", column: "person_id", own: true},
	{table: "enrolments", column: "person_id", own: true},
	{table: "class_teachers", column: "person_id", own: true},
	{table: "roll_call_names", column: "person_id", own: true},
	{table: "replays", column: "person", own: true},
	{table: "replay_reservations", column: "person", own: true, secret: true},
	{table: "notice_receipts", column: "person_id", own: true},
	{table: "notice_letters", column: "person_id", own: true},
	{table: "notices", column: "person_id", own: true},
	{table: "questions", column: "person_id", own: true},
	{table: "thumbs", column: "viewer", viewer: true, own: true},
	{table: "bookmarks", column: "person_id", own: true},
	{table: "problems", column: "person_id", own: true},
	{table: "view_sessions", column: "viewer", viewer: true, own: true},
	{table: "view_credits", column: "viewer", viewer: true, own: true},
	{table: "view_flags", column: "viewer", viewer: true, own: true},
	{table: "view_keeps", column: "viewer", viewer: true, own: true},
	{table: "viewers", column: "id", viewer: true, own: true},
	{table: "checkins", column: "viewer", viewer: true, own: true},
	{table: "uploads", column: "person_id"},
	{table: "lessons", column: "teacher_id"},
	{table: "lessons", column: "uploader_id"},
	{table: "lessons", column: "approved_by"},
	{table: "lessons", column: "withdrawn_by"},
	{table: "lessons", column: "preapproved_by"},
	{table: "lessons", column: "consent_by"},
	{table: "lessons", column: "taken_down_by"},
	{table: "lesson_steps", column: "by_person"},
	{table: "worksheets", column: "by_person"},
	{table: "airings", column: "reported_by"},
	{table: "airings", column: "created_by"},
	{table: "asrun_imports", column: "by_person"},
	{table: "asrun_staged", column: "reported_by"},
	{table: "broadcast_copies", column: "created_by"},
	{table: "captions", column: "updated_by"},
	{table: "class_draws", column: "by_person"},
	{table: "figure_imports", column: "by_person"},
	{table: "figures", column: "handed_in_by"},
	{table: "figures_staged", column: "handed_in_by"},
	{table: "guide_imports", column: "by_person"},
	{table: "reports", column: "made_by"},
	{table: "roll_calls", column: "by_person"},
	{table: "roster_imports", column: "by_person"},
	{table: "served_imports", column: "by_person"},
	{table: "view_flags", column: "restored_by"},
	{table: "notices", column: "author_id"},
	{table: "webhooks", column: "made_by"},
	{table: "questions", column: "settled_by"},
	{table: "question_settings", column: "by_person"},
	{table: "problems", column: "answered_by"},
}

// kept are columns of the audit: they hold identifiers alone, which name nobody
// once the person is gone, and the chain needs them.
var kept = []trace{{table: "audit_entries", column: "actor"}}

// notGivenOut are columns of no use to the person and of much to a thief.
var notGivenOut = map[string]bool{"password_hash": true, "hash": true, "secret": true, "code_key": true,
	"body": true, "data": true}

func (t trace) value(person string) string {
	if t.viewer {
		return "p:" + person
	}
	return person
}

// Export gives rows by table.
func (s *Privacy) Export(ctx context.Context, person string) (map[string][]map[string]any, error) {
	out := map[string][]map[string]any{}
	all := append([]trace{{table: "persons", column: "id"}, {table: "audit_entries", column: "actor"}}, traces...)
	for _, t := range all {
		if t.secret {
			continue
		}
		var rows []map[string]any
		err := s.db.Reader(ctx).NewSelect().TableExpr("?", bun.Ident(t.table)).Where("? = ?", bun.Ident(t.column),
			t.value(person)).Limit(10_000).Scan(ctx, &rows)
		if err != nil {
			return nil, wrap(err, "export of", person, t.table)
		}
		for _, r := range rows {
			for k, v := range r {
				if raw, ok := v.([]byte); ok {
					r[k] = string(raw)
				}
				if notGivenOut[k] {
					delete(r, k)
				}
			}
		}
		if len(rows) > 0 {
			out[t.table] = append(out[t.table], rows...)
		}
	}
	return out, nil
}
