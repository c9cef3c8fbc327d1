package sqldb_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/test/pgtest"
)

func dumpOf(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	var b bytes.Buffer
	if _, err := db.Dump(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines) // rows have no order
	return lines
}

func opened(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestDump: what SQLite gives goes into PostgreSQL and comes back the same,
// whatever the values; half of it goes in nowhere.
func TestDump(t *testing.T) {
	first := opened(t, t.TempDir()+"/a.sqlite")
	if err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, title := range []string{"", "Bài 1: \"x < y\" & 'z'", "?, ?1 $1 -- \\n", "dòng\nmới\t",
		"😀 <script>", "\u2028"} {
		id := string(rune('a' + i))
		_, err := first.Writer(t.Context()).ExecContext(t.Context(),
			`INSERT INTO reports (id, made_by, made_at, corrects, content, hash, signature, public_key)
			VALUES (?, ?, ?, '', ?, '', ?, ?)`, id, title, time.Date(2020, 4, 13, 8, 0, i, 123456000, time.UTC),
			[]byte{0, 255, byte(i), '\''}, []byte{}, []byte(title))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := first.SetSetting(t.Context(), "so", "0.1"); err != nil {
		t.Fatal(err)
	}
	want := dumpOf(t, first)
	db := first
	for _, dsn := range []string{pgtest.Postgres(t), t.TempDir() + "/b.sqlite"} {
		var b bytes.Buffer
		rows, err := db.Dump(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		next := opened(t, dsn)
		for _, n := range []int{0, 30, b.Len() / 2, b.Len() - 20} {
			if _, err := next.Load(t.Context(), bytes.NewReader(b.Bytes()[:n])); !fault.Is(err, "backup.damaged") {
				t.Errorf("%d of %d bytes: %v", n, b.Len(), err)
			}
		}
		got, err := next.Load(t.Context(), bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if got["reports"] != 6 || got["reports"] != rows["reports"] {
			t.Errorf("%d reports, want 6 and %d", got["reports"], rows["reports"])
		}
		if have := dumpOf(t, next); !slices.Equal(have, want) {
			for i := range min(len(have), len(want)) {
				if have[i] != want[i] {
					t.Fatalf("%s\nwant\n%s", have[i], want[i])
				}
			}
			t.Fatalf("%d lines, want %d", len(have), len(want))
		}
		if _, err := next.Load(t.Context(), bytes.NewReader(b.Bytes())); !fault.Is(err, "backup.not_empty") {
			t.Errorf("over a full one: %v", err)
		}
		newer := bytes.Replace(b.Bytes(), []byte(`"versions":[1,`), []byte(`"versions":[1,9999,`), 1)
		if _, err := opened(t, t.TempDir()+"/c.sqlite").Load(t.Context(), bytes.NewReader(newer)); !fault.Is(err,
			"database.newer") {
			t.Errorf("of a newer program: %v", err)
		}
		db = next
	}
}
