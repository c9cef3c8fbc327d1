package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
)

// table describes a table in a dump.
type table struct {
	Name    string   `json:"table"`
	Columns []string `json:"columns"`
	Kinds   []string `json:"kinds"` // text, int, float, bool, time, bytes
	parents []string // tables that its rows point to
}

// tables lists the tables that a dump holds, parents before children; the registry says which it leaves out.
func (d *DB) tables(ctx context.Context) ([]table, error) {
	var list []table
	var err error
	if d.Postgres() {
		list, err = d.postgresTables(ctx)
	} else {
		list, err = d.sqliteTables(ctx)
	}
	if err != nil {
		return nil, wrap(err, "tables")
	}
	list = slices.DeleteFunc(list, func(t table) bool {
		r, _ := registered(t.Name)
		return r.NotDumped != ""
	})
	return parentsFirst(list)
}

func (d *DB) sqliteTables(ctx context.Context) ([]table, error) {
	var names []string
	r := d.Reader(ctx)
	if err := r.NewRaw("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").Scan(ctx,
		&names); err != nil {
		return nil, err
	}
	var list []table
	for _, name := range names {
		var columns []struct{ Name, Type string }
		if err := r.NewRaw("SELECT name, type FROM pragma_table_info(?) ORDER BY cid", name).Scan(ctx,
			&columns); err != nil {
			return nil, err
		}
		t := table{Name: name}
		for _, c := range columns {
			t.add(c.Name, c.Type)
		}
		if err := r.NewRaw(`SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`, name).Scan(ctx,
			&t.parents); err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

func (d *DB) postgresTables(ctx context.Context) ([]table, error) {
	var columns []struct{ Name, Kind, Of string }
	r := d.Reader(ctx)
	err := r.NewRaw(
		`SELECT c.table_name AS of, c.column_name AS name, c.data_type AS kind FROM information_schema.columns AS c
		JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
			AND t.table_type = 'BASE TABLE'
		WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position`).Scan(ctx, &columns)
	if err != nil {
		return nil, err
	}
	var list []table
	for _, c := range columns {
		if len(list) == 0 || list[len(list)-1].Name != c.Of {
			list = append(list, table{Name: c.Of})
		}
		list[len(list)-1].add(c.Name, c.Kind)
	}
	var links []struct{ Child, Parent string }
	err = r.NewRaw(`SELECT DISTINCT a.relname AS child, b.relname AS parent FROM pg_constraint AS k
		JOIN pg_class AS a ON a.oid = k.conrelid JOIN pg_class AS b ON b.oid = k.confrelid
		WHERE k.contype = 'f' AND a.relnamespace = current_schema()::regnamespace`).Scan(ctx, &links)
	for _, l := range links {
		for i := range list {
			if list[i].Name == l.Child {
				list[i].parents = append(list[i].parents, l.Parent)
			}
		}
	}
	return list, err
}

func (t *table) add(column, declared string) {
	t.Columns = append(t.Columns, column)
	t.Kinds = append(t.Kinds, kindOf(declared))
}

// kindOf sorts a declared type of either engine; "" is none that migrations use.
func kindOf(declared string) string {
	switch d := strings.ToLower(declared); {
	case d == "text":
		return "text"
	case strings.HasSuffix(d, "int"), d == "integer":
		return "int"
	case d == "double precision":
		return "float"
	case d == "boolean":
		return "bool"
	case strings.HasPrefix(d, "timestamp"):
		return "time"
	case d == "bytea", d == "blob":
		return "bytes"
	}
	return ""
}

// parentsFirst puts tables after those that their rows point to.
func parentsFirst(list []table) ([]table, error) {
	var out []table
	done := map[string]bool{}
	for len(out) < len(list) {
		before := len(out)
		for _, t := range list {
			if slices.Contains(t.Kinds, "") {
				return nil, fmt.Errorf("table %s has a column of a kind that no dump holds", t.Name)
			}
			ready := !done[t.Name] && !slices.ContainsFunc(t.parents,
				func(p string) bool { return p != t.Name && !done[p] })
			if ready {
				out, done[t.Name] = append(out, t), true
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("tables refer to each other in a cycle")
		}
	}
	return out, nil
}

// Empty returns the name of a table that has rows besides those of the migrations, or "" when there is none.
func (d *DB) Empty(ctx context.Context) (string, error) {
	list, err := d.tables(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range list {
		where := "TRUE"
		if r, _ := registered(t.Name); r.Migrated != "" {
			where = "NOT (" + r.Migrated + ")"
		}
		var n int
		q := "SELECT COUNT(*) FROM (SELECT 1 FROM ? WHERE ? LIMIT 1) AS x"
		if err := d.Reader(ctx).NewRaw(q, bun.Ident(t.Name), bun.Safe(where)).Scan(ctx, &n); err != nil {
			return "", wrap(err, "table", t.Name)
		}
		if n > 0 {
			return t.Name, nil
		}
	}
	return "", nil
}

// Counts gives the rows of every table that a dump holds.
func (d *DB) Counts(ctx context.Context) (map[string]int64, error) {
	list, err := d.tables(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, t := range list {
		var n int64
		if err := d.Reader(ctx).NewRaw("SELECT COUNT(*) FROM ?", bun.Ident(t.Name)).Scan(ctx, &n); err != nil {
			return nil, wrap(err, "table", t.Name)
		}
		counts[t.Name] = n
	}
	return counts, nil
}

// versions are the migrations that the data has been through, in order.
func (d *DB) versions(ctx context.Context) ([]int64, error) {
	var done []int64
	err := d.Reader(ctx).NewRaw(
		"SELECT version_id FROM goose_db_version WHERE version_id > 0 AND is_applied ORDER BY version_id").Scan(ctx,
		&done)
	return done, wrap(err, "schema")
}

var errDump = fault.New(fault.Malformed, "backup.damaged")
