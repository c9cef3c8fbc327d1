package sqldb

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/media"
	"lenlop/test/pgtest"
)

// schema is what a database has: tables with their columns, what they refer to with ON DELETE CASCADE, and the tables
// that have rows.
type schema struct {
	tables  []table
	cascade map[[2]string]bool // child and parent
	filled  map[string]bool
}

// registryProblems lists what differs between the rows of a registry and a database that is only migrated.
func registryProblems(rows []Registered, s schema) (list []string) {
	add := func(text string, args ...any) { list = append(list, fmt.Sprintf(text, args...)) }
	people, stay := registeredPeople(rows)
	columns := map[[2]string]bool{}
	for _, c := range slices.Concat(people, stay) {
		columns[[2]string{c.table, c.Column}] = true
	}
	for _, r := range rows {
		if r.Objects == nil {
			continue
		}
		for _, c := range []string{r.Objects.Key, r.Objects.Size, r.Objects.SHA256, r.Objects.Lesson} {
			if c != "" {
				columns[[2]string{r.Name, c}] = true
			}
		}
	}
	unseen := map[string]bool{}
	for _, r := range rows {
		if unseen[r.Name] {
			add("table %s is registered twice", r.Name)
		}
		if unseen[r.Name] = true; strings.HasSuffix(r.Name, "*") {
			delete(unseen, r.Name) // the search index is not there after migrations alone
		}
		if len(r.Jobs)+len(r.With) == 0 && r.Ends == "" {
			add("table %s: nothing ends its rows, and no reason why they stay", r.Name)
		}
		for _, parent := range r.With {
			if !s.cascade[[2]string{r.Name, parent}] {
				add("table %s: its rows are not deleted with those of %s", r.Name, parent)
			}
		}
		if r.Objects != nil && r.Objects.Size != "" && len(r.Fsck) == 0 {
			add("table %s names objects, and fsck does not compare them", r.Name)
		}
		for _, invariant := range r.Fsck {
			if !regexp.MustCompile(`^I[1-6]$`).MatchString(invariant) {
				add("table %s: fsck has no invariant %s", r.Name, invariant)
			}
		}
	}
	for _, t := range s.tables {
		i := slices.IndexFunc(rows, func(r Registered) bool { return r.covers(t.Name) })
		if i < 0 {
			add("table %s is not registered", t.Name)
			continue
		}
		delete(unseen, rows[i].Name)
		if s.filled[t.Name] != (rows[i].Migrated != "") && t.Name != "goose_db_version" &&
			!strings.HasPrefix(t.Name, "sqlite_") {
			add("table %s: it has rows after migrating: %v; registered: %q", t.Name, s.filled[t.Name],
				rows[i].Migrated)
		}
		for k, c := range t.Columns {
			of := [2]string{t.Name, c}
			if t.Kinds[k] == "text" && !columns[of] && namesPerson.MatchString(c) {
				add("column %s.%s names a person, and export and erasing do not know it", t.Name, c)
			}
			if t.Kinds[k] == "text" && !columns[of] && namesObject.MatchString(c) {
				add("column %s.%s names an object, and backup and fsck do not know it", t.Name, c)
			}
			delete(columns, of)
		}
	}
	for name := range unseen {
		add("table %s is registered and not there", name)
	}
	for c := range columns {
		add("column %s.%s is registered and not there", c[0], c[1])
	}
	slices.Sort(list)
	return list
}

// Columns that look as if they named a person, or an object in storage.
var (
	namesPerson = regexp.MustCompile(`^person$|person_id$|_person$|_by$|^viewer$|^actor$|teacher_id$|student_id$|` +
		`uploader_id$|author_id$|guardian_id$`)
	namesObject = regexp.MustCompile(`^(storage|object|media)_key$`)
)

// schemaOf reads a database.
func schemaOf(t *testing.T, db *DB) schema {
	t.Helper()
	ctx := t.Context()
	s := schema{cascade: map[[2]string]bool{}, filled: map[string]bool{}}
	query := `SELECT m.name AS child, f."table" AS parent FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
		WHERE f.on_delete = 'CASCADE'`
	list := db.sqliteTables
	if db.Postgres() {
		list = db.postgresTables
		query = `SELECT a.relname AS child, b.relname AS parent FROM pg_constraint AS k
			JOIN pg_class AS a ON a.oid = k.conrelid JOIN pg_class AS b ON b.oid = k.confrelid
			WHERE k.contype = 'f' AND k.confdeltype = 'c' AND a.relnamespace = current_schema()::regnamespace`
	}
	var err error
	if s.tables, err = list(ctx); err != nil {
		t.Fatal(err)
	}
	var links []struct{ Child, Parent string }
	if err := db.Reader(ctx).NewRaw(query).Scan(ctx, &links); err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		s.cascade[[2]string{l.Child, l.Parent}] = true
	}
	for _, x := range s.tables {
		var n int
		if err := db.Reader(ctx).NewRaw(`SELECT COUNT(*) FROM "`+x.Name+`"`).Scan(ctx, &n); err != nil {
			t.Fatal(err)
		}
		s.filled[x.Name] = n > 0
	}
	return s
}

// onBoth runs the test on a migrated database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, db *DB)) {
	for name, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return t.TempDir() + "/a.sqlite" },
		"postgres": func(t *testing.T) string { return pgtest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := Open(t.Context(), dsn(t), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, db)
		})
	}
}

// TestTraces: every table, and every column that looks as if it named a person or an object, has its row in the
// registry, on both databases; and what is planted is found.
func TestTraces(t *testing.T) {
	onBoth(t, func(t *testing.T, db *DB) {
		for _, p := range registryProblems(registry, schemaOf(t, db)) {
			t.Error(p)
		}
		if full, err := db.Empty(t.Context()); full != "" || err != nil {
			t.Errorf("only migrated, and table %q has rows: %v", full, err)
		}
		plant(t, db, "CREATE TABLE planted (id TEXT PRIMARY KEY, by_person TEXT NOT NULL)",
			"ALTER TABLE channels ADD COLUMN student_id TEXT NOT NULL DEFAULT ''",
			"ALTER TABLE channels ADD COLUMN storage_key TEXT NOT NULL DEFAULT ''", "DROP TABLE view_served",
			"INSERT INTO weekly_rules (grade, subject, at_least) VALUES (1, 'toan', 2)",
			"ALTER TABLE webhooks RENAME COLUMN made_by TO of")
		want := []string{
			"column channels.storage_key names an object, and backup and fsck do not know it",
			"column channels.student_id names a person, and export and erasing do not know it",
			"column webhooks.made_by is registered and not there",
			"table planted is not registered",
			"table view_served is registered and not there",
			`table weekly_rules: it has rows after migrating: true; registered: ""`,
		}
		if got := registryProblems(registry, schemaOf(t, db)); !slices.Equal(got, want) {
			t.Errorf("planted tables and columns: found\n%s\nwant\n%s", strings.Join(got, "\n"),
				strings.Join(want, "\n"))
		}
	})
}

func plant(t *testing.T, db *DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Writer(context.Background()).ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestIncompleteRows: a row that does not say what becomes of a table is found.
func TestIncompleteRows(t *testing.T) {
	s := schema{tables: []table{{Name: "a", Columns: []string{"key"}, Kinds: []string{"text"}}},
		cascade: map[[2]string]bool{}}
	whole := Registered{Name: "a", Ends: "why"}
	if got := registryProblems([]Registered{whole}, s); len(got) > 0 {
		t.Errorf("a whole row: %v", got)
	}
	for want, change := range map[string]func(*Registered){
		"table a: nothing ends its rows, and no reason why they stay": func(r *Registered) { r.Ends = "" },
		"table a: its rows are not deleted with those of b":           func(r *Registered) { r.With = []string{"b"} },
		"table a: fsck has no invariant I7":                           func(r *Registered) { r.Fsck = []string{"I7"} },
		"table a names objects, and fsck does not compare them": func(r *Registered) {
			r.Objects = &ObjectColumns{Key: "key", Size: "key"}
		},
		`table a: it has rows after migrating: false; registered: "TRUE"`: func(r *Registered) { r.Migrated = "TRUE" },
	} {
		bad := whole
		change(&bad)
		if got := registryProblems([]Registered{bad}, s); !slices.Equal(got, []string{want}) {
			t.Errorf("found %v, want %s", got, want)
		}
	}
	if got := registryProblems([]Registered{whole, whole}, s); !slices.Equal(got,
		[]string{"table a is registered twice"}) {
		t.Errorf("two rows: %v", got)
	}
}

// twice lists the numbers that two migrations have.
func twice(names []string) (list []string) {
	seen := map[string]string{}
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimLeft(filepath.Base(name), "0"), "_")
		if other, ok := seen[number]; ok {
			list = append(list, other+" and "+filepath.Base(name))
		}
		seen[number] = filepath.Base(name)
	}
	return list
}

// TestMigrationNumbers: no two migrations have one number. Both databases run the same files.
func TestMigrationNumbers(t *testing.T) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, pair := range twice(names) {
		t.Errorf("%s have the same number", pair)
	}
	for _, name := range names {
		if !regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`).MatchString(filepath.Base(name)) {
			t.Errorf("migration %s is not named NNNN_subject.sql", name)
		}
	}
	if got := twice([]string{"0163_a.sql", "m/0164_b.sql", "163_c.sql"}); !slices.Equal(got,
		[]string{"0163_a.sql and 163_c.sql"}) {
		t.Errorf("a planted pair: %v", got)
	}
}

// TestPrefixesNameTables: the table that knows the objects below a prefix is registered with their column, and the
// other way round.
func TestPrefixesNameTables(t *testing.T) {
	named := map[string]bool{"packages": true, "held_objects": true} // files beside segments; removals that wait
	for _, p := range media.Prefixes() {
		if p.NamedBy == "" {
			continue
		}
		named[p.NamedBy] = true
		if r, ok := registered(p.NamedBy); !ok || r.Objects == nil {
			t.Errorf("%s%s: table %s names no objects", p.Top, p.Folder, p.NamedBy)
		}
	}
	for _, r := range Registry() {
		if r.Objects != nil && !named[r.Name] {
			t.Errorf("table %s names objects below no registered prefix", r.Name)
		}
	}
}
