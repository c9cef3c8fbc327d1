// Package compat checks that this version opens what a released one stored,
// signed and sent. testdata/COMMIT holds what make.mjs made with that commit's
// binary; README.md says what is in it and how it is made.
package compat

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

// release is the commit whose data is opened.
const release = "4f5befb"

func fixture(name string) string { return filepath.Join("testdata", release, name) }

// facts are what make.mjs wrote down about the data it made.
type facts struct {
	MadeAt, FinishedAt            time.Time
	Password, Passphrase          string
	Lesson, Airing, Busy          string
	WorksheetSha256, ServiceToken string
	ReportKey                     string
	Bookmark                      json.RawMessage
	Media                         map[string]string // path of a part -> SHA-256
	Replay                        struct {
		Person, Key, Path, Request, Body string
		Status                           int
	}
	Upload struct {
		Lesson, Path string
		Offset, Size int64
	}
	Browser map[string]string
	Caches  map[string][]string
}

func readFacts(t *testing.T) facts {
	t.Helper()
	raw, err := os.ReadFile(fixture("facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f facts
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// scratch is a folder of this run's own.
var scratch string

// built is the binary that is tested: LENLOP_TEST_BINARY, or one built from
// the sources when the first test needs it.
var built = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("LENLOP_TEST_BINARY"); bin != "" {
		return filepath.Abs(bin)
	}
	out := filepath.Join(scratch, "lenlop")
	cmd := exec.Command("go", "build", "-o", out, "lenlop/cmd/lenlop")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build lenlop: %w: %s", err, text)
	}
	return out, nil
})

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "lenlop-compat-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// place is the data under test: a folder, or a database and a bucket.
type place struct {
	t    *testing.T
	args []string // of every command
	db   *sql.DB
	pg   bool
}

// run runs a command of the binary and fails the test when it fails.
func (p *place) run(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("lenlop %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (p *place) try(args ...string) (string, error) {
	p.t.Helper()
	bin, err := built()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := exec.Command(bin, append(args, p.args...)...).CombinedOutput()
	return string(out), err
}

// extract unpacks a fixture with the extended attributes of its files, in which
// the embedded storage keeps what S3 knows about an object.
func extract(t *testing.T, name, dir string) {
	t.Helper()
	out, err := exec.Command("tar", "-C", dir, "--xattrs", "--xattrs-include=user.*", "--no-same-owner",
		"-xzf", fixture(name)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func openFolder(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	extract(t, "data.tar.gz", dir)
	data := filepath.Join(dir, "data")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "lenlop.sqlite")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &place{t: t, args: []string{"--data", data}, db: db}
}

// columns lists the columns of every table that holds data.
func (p *place) columns() map[string][]string {
	p.t.Helper()
	q := `SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'`
	if p.pg {
		q = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`
	}
	rows, err := p.db.Query(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			p.t.Fatal(err)
		}
		// The search index is derived from the rest.
		if table != "goose_db_version" && !strings.HasPrefix(table, "sqlite_") &&
			!strings.HasPrefix(table, "catalog_") {
			all[table] = append(all[table], column)
		}
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *place) counts(tables map[string][]string) map[string]int {
	p.t.Helper()
	all := map[string]int{}
	for table := range tables {
		var n int
		if err := p.db.QueryRow(`SELECT COUNT(*) FROM "` + table + `"`).Scan(&n); err != nil {
			p.t.Fatal(err)
		}
		all[table] = n
	}
	return all
}

// migrationRows counts the settings that migrations left.
func (p *place) migrationRows() (n int) {
	p.t.Helper()
	if err := p.db.QueryRow(`SELECT COUNT(*) FROM settings WHERE name LIKE 'migration %'`).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// waiting lists the jobs that are neither done nor given up, with their kinds.
func (p *place) waiting() map[string]string {
	p.t.Helper()
	rows, err := p.db.Query(`SELECT id, kind FROM jobs WHERE state IN ('waiting', 'running')`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, kind string
		if err := rows.Scan(&id, &kind); err != nil {
			p.t.Fatal(err)
		}
		all[id] = kind
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// TestDataFolder opens a data folder whose server was killed in the middle of work.
func TestDataFolder(t *testing.T) {
	p := openFolder(t)
	p.opens(readFacts(t))
}

// opens brings the data to this version, compares it with what it was, and lets
// the product finish what was begun.
func (p *place) opens(f facts) {
	t := p.t
	before := p.columns()
	counts := p.counts(before)
	added := p.migrationRows()
	waiting := p.waiting()
	if kinds := slices.Compact(slices.Sorted(maps.Values(waiting))); len(kinds) < 3 {
		t.Fatalf("the fixture's waiting jobs are of too few kinds: %v", kinds)
	}
	p.run("migrate")
	after := p.columns()
	for table, columns := range before {
		for _, c := range columns {
			if !slices.Contains(after[table], c) {
				t.Errorf("column %s.%s is gone: add its new name here when a migration renames it", table, c)
			}
		}
	}
	added = p.migrationRows() - added
	if got := p.counts(before); !maps.Equal(got, counts) {
		for table, n := range counts {
			if table == "settings" {
				n += added // each migration that only adds writes a row (decision 0060)
			}
			if got[table] != n {
				t.Errorf("table %s has %d rows after migrating, had %d", table, got[table], n)
			}
		}
	}
	p.run("fsck")
	p.run("audit", "verify")
	p.serves(f, waiting)
	p.run("fsck")
	p.run("audit", "verify")
}

// afterwards is how long after the data was made the tests open it: the next
// attempts of its webhook's deliveries are due by then.
const afterwards = 6 * time.Minute

// hookAddress is where the webhook of the data sends to.
const hookAddress = "127.0.0.1:18744"

var partOfList = regexp.MustCompile(`[^\s"]+\.(?:m3u8|m4s|mp4)[^\s"]*`)

// TestSignedReport verifies a report without any server, and refuses one byte changed.
func TestSignedReport(t *testing.T) {
	f := readFacts(t)
	p := &place{t: t}
	out := p.run("report", "verify", fixture("report.json"), "--key", f.ReportKey)
	if !strings.Contains(out, f.ReportKey) {
		t.Errorf("report verify: %s", out)
	}
	var doc map[string]json.RawMessage
	raw, err := os.ReadFile(fixture("report.json"))
	if err == nil {
		err = json.Unmarshal(raw, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	var signed []byte
	if err := json.Unmarshal(doc["signed"], &signed); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(signed, []byte("2140"), []byte("2141"), 1)
	if bytes.Equal(changed, signed) {
		t.Fatal("the report does not hold the station's figure")
	}
	if doc["signed"], err = json.Marshal(changed); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(forged, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := p.try("report", "verify", forged, "--key", f.ReportKey); err == nil {
		t.Errorf("a changed report is accepted: %s", out)
	}
}

// TestBackup restores a backup into an empty folder, which ends with fsck.
func TestBackup(t *testing.T) {
	f := readFacts(t)
	dir := t.TempDir()
	extract(t, "backup.tar.gz", dir)
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(f.Passphrase), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, args: []string{"--data", filepath.Join(dir, "restored")}}
	p.run("backup", "--check", "--to", filepath.Join(dir, "backup"), "--key", key)
	p.run("restore", "--from", filepath.Join(dir, "backup"), "--key", key)
	p.run("audit", "verify")
	s, stop := p.serve(f)
	defer stop()
	s.plays(f, s.signIn("giaovien", f.Password))
}
