package compat

import (
	"compress/gzip"
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"lenlop/test/pgtest"
)

// The keys of the S3 server that TestPostgreSQL runs.
const (
	accessKey = "compat"
	secretKey = "compat-secret"
)

// TestPostgreSQL opens the same data on PostgreSQL and an S3 server outside.
func TestPostgreSQL(t *testing.T) {
	dsn := pgtest.Postgres(t)
	load(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := readFacts(t)
	redate(t, db, time.Since(f.FinishedAt)-afterwards)
	p := &place{t: t, db: db, pg: true, args: []string{"--database", dsn, "--s3-endpoint", storage(t),
		"--s3-access-key", accessKey, "--s3-secret-key", secretKey, "--data", t.TempDir()}}
	p.opens(f)
}

// redate moves every stored time, but for the hashed audit log and the lessons, which
// the search index repeats, as if the data had been made a few minutes ago: no
// clock can be set for PostgreSQL.
func redate(t *testing.T, db *sql.DB, by time.Duration) {
	t.Helper()
	rows, err := db.Query(`SELECT format('UPDATE %I SET %I = %I + interval ''1 second'' * $1',
			table_name, column_name, column_name)
		FROM information_schema.columns WHERE table_schema = 'public' AND data_type LIKE 'timestamp%'
		AND table_name NOT IN ('audit_entries', 'goose_db_version', 'lessons') AND table_name NOT LIKE 'catalog%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var updates []string
	for rows.Next() {
		var update string
		if err := rows.Scan(&update); err != nil {
			t.Fatal(err)
		}
		updates = append(updates, update)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, update := range updates {
		if _, err := db.Exec(update, int(by.Seconds())); err != nil {
			t.Fatalf("%s: %v", update, err)
		}
	}
}

// load runs a dump of pg_dump with INSERT statements.
func load(t *testing.T, dsn string) {
	t.Helper()
	f, err := os.Open(fixture("postgres.sql.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var statements strings.Builder
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, `\`) { // commands of psql
			statements.WriteString(line)
		}
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(t.Context(), statements.String()).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// storage runs versitygw over the objects of the data folder: what the embedded
// storage wrote has its layout.
func storage(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("LENLOP_TEST_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			if os.Getenv("LENLOP_TEST_REQUIRE") == "1" {
				t.Fatal("versitygw is required: set LENLOP_TEST_VERSITYGW to its path")
			}
			t.Skip("versitygw is not installed: set LENLOP_TEST_VERSITYGW to its path")
		}
	}
	dir := t.TempDir()
	extract(t, "data.tar.gz", dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.Command(bin, "--access", accessKey, "--secret", secretKey, "--port", address, "--quiet",
		"posix", filepath.Join(dir, "data", "objects", "buckets"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "versitygw", time.Minute, func() bool {
		res, err := http.Get("http://" + address)
		if err != nil {
			return false
		}
		res.Body.Close()
		return true
	})
	return "http://" + address
}
