package external

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/meili/meilitest"
	"lenlop/infra/sqldb"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// province is the scale topology as processes of their own: web processes and
// workers of the product, PostgreSQL, an S3 server, and the stand-in for
// Meilisearch, with lines between them that can be made bad.
type province struct {
	t   *testing.T
	dir string
	opt provinceOptions

	pg                       *pgtest.Cluster
	storage                  *harness.Process
	endpoint                 string // storage itself
	moods                    *moods // before storage
	search                   *meilitest.Server
	database, media, finding *line

	db      *sqldb.DB // for looking, past the lines
	webs    []*harness.Process
	workers []*harness.Process
	mu      sync.Mutex
	urls    []string // of the webs, "" while one is down
}

// provinceOptions say how much of it there is.
type provinceOptions struct {
	webs, workers int
	settings      []string // PostgreSQL's
	common        []string // flags of every process
	work          []string // flags of workers
	direct        bool     // no lines between: for measuring
}

const provinceDatabase = "lenlop"

// startProvince starts everything and returns when all of it is ready.
func startProvince(t *testing.T, o provinceOptions) *province {
	t.Helper()
	p := &province{t: t, dir: t.TempDir(), opt: o, urls: make([]string, o.webs)}
	settings := append([]string{"fsync=off"}, o.settings...) // processes are killed here, not machines
	p.pg = pgtest.NewCluster(t, settings...)
	p.pg.Exec("postgres", "CREATE DATABASE "+provinceDatabase)
	p.search = meilitest.New(t)
	p.storage, p.endpoint = harness.StartS3Server(t, p.dir)
	p.moods = newMoods(t, p.endpoint)
	p.database = newLine(t, "database", "127.0.0.1:0", p.pg.Address())
	p.media = newLine(t, "media", "127.0.0.1:0", p.moods.address())
	p.finding = newLine(t, "search", "127.0.0.1:0", strings.TrimPrefix(p.search.URL, "http://"))
	var err error
	if p.db, err = app.OpenDatabase(t.Context(),
		app.DataSettings{Database: p.pg.DSN(p.pg.Address(), provinceDatabase)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.db.Close() })
	harness.AddAccounts(t, p.db)
	for i := range o.workers {
		p.workers = append(p.workers, p.worker("worker-"+strconv.Itoa(i+1), p.flags()...))
	}
	for i := range o.webs {
		name := "web-" + strconv.Itoa(i+1)
		argv := append([]string{harness.Binary(t), "serve", "--no-work", "--listen", "127.0.0.1:0", "--data",
			filepath.Join(p.dir, name)}, p.flags()...)
		w := harness.NewProcess(t, p.dir, name, argv...)
		p.webs = append(p.webs, w)
	}
	var all sync.WaitGroup
	for i := range p.webs {
		all.Go(func() { p.startWeb(i) })
	}
	for _, w := range p.workers {
		all.Go(func() { p.startWorker(w) })
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return p
}

// flags of every process of ours.
func (p *province) flags() []string {
	database, media, search := p.database.address(), "http://"+p.media.address(), "http://"+p.finding.address()
	if p.opt.direct {
		database, media, search = p.pg.Address(), p.endpoint, p.search.URL
	}
	return append(p.flagsFor(database, media, search), p.opt.common...)
}

func (p *province) flagsFor(database, media, search string) []string {
	return []string{"--database", p.pg.DSN(database, provinceDatabase), "--s3-endpoint", media, "--s3-access-key",
		"examaccess", "--s3-secret-key", "examsecret",
		"--meili-url", search, "--meili-key", p.search.Key, "--no-second-step", "--drain", "5s"}
}

// worker makes a worker process that is not started yet.
func (p *province) worker(name string, flags ...string) *harness.Process {
	argv := append([]string{harness.Binary(p.t), "work", "--data", filepath.Join(p.dir, name)}, flags...)
	w := harness.NewProcess(p.t, p.dir, name, append(argv, p.opt.work...)...)
	return w
}

// restarted starts a process again until it stays up, as whoever supervises
// processes does: one that starts while its database is away says so and ends.
func (p *province) restarted(w *harness.Process, ready string) string {
	for end := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		line, err := w.Start(ready)
		if err == nil {
			return strings.TrimPrefix(line, ready)
		}
		if time.Now().After(end) {
			p.t.Error(err)
			return ""
		}
	}
}

func (p *province) startWeb(i int) {
	url := p.restarted(p.webs[i], "ready ")
	p.mu.Lock()
	p.urls[i] = url
	p.mu.Unlock()
}

func (p *province) killWeb(i int) {
	p.mu.Lock()
	p.urls[i] = ""
	p.mu.Unlock()
	p.webs[i].Kill()
}

func (p *province) startWorker(w *harness.Process) { p.restarted(w, "working ") }

// url of any web process that runs, "" when none does.
func (p *province) url() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range rand.Perm(len(p.urls)) {
		if p.urls[i] != "" {
			return p.urls[i]
		}
	}
	return ""
}

// system is a web process as the journeys see it.
func (p *province) system(i int) *harness.System {
	p.mu.Lock()
	url := p.urls[i]
	p.mu.Unlock()
	return harness.Connect(p.t, url)
}

// revive starts whatever does not run and makes all lines good, as those who
// run a province do in the end.
func (p *province) revive() {
	p.t.Helper()
	for _, l := range []*line{p.database, p.media, p.finding} {
		l.well()
	}
	p.moods.before.Store(0)
	p.moods.after.Store(0)
	if !p.storage.Alive() {
		p.startStorage()
	}
	if err := p.pg.Start(); err != nil {
		p.t.Fatal(err)
	}
	for i, w := range p.webs {
		if !w.Alive() {
			p.startWeb(i)
		}
	}
	for _, w := range p.workers {
		if !w.Alive() {
			p.startWorker(w)
		}
	}
}

func (p *province) startStorage() {
	if _, err := p.storage.Start(""); err != nil {
		p.t.Error(err)
		return
	}
	harness.AwaitS3Server(p.t, p.endpoint)
}

// one reads one number from the database, past the lines.
func (p *province) one(query string, args ...any) (n int64) {
	p.t.Helper()
	if err := p.db.Reader(p.t.Context()).NewRaw(query, args...).Scan(p.t.Context(), &n); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// settle waits until no recording is on its way and no lesson's job is left.
func (p *province) settle(limit time.Duration) {
	p.t.Helper()
	const left = `SELECT (SELECT COUNT(*) FROM jobs WHERE state IN ('waiting', 'running') AND (subject <> '' OR kind = 'index-meili'))
		+ (SELECT COUNT(*) FROM lessons WHERE media_state IN ('checking', 'processing'))`
	for end := time.Now().Add(limit); ; time.Sleep(200 * time.Millisecond) {
		n := p.one(left)
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			var rows []map[string]any
			_ = p.db.Reader(p.t.Context()).NewRaw(
				"SELECT kind, state, attempt, run_at, lease_until, worker, last_error FROM jobs WHERE state IN ('waiting', 'running', 'parked')").Scan(p.t.Context(), &rows)
			p.t.Fatalf("%d things still on their way after %v: %v", n, limit, rows)
		}
	}
}

// lenlop runs a command of the product at the province and gives what it says.
func (p *province) lenlop(command string, more ...string) (string, error) {
	argv := append([]string{command, "--data", filepath.Join(p.dir, "tool")}, p.flags()...)
	ctx, done := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer done()
	cmd := exec.CommandContext(ctx, harness.Binary(p.t), append(argv, more...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// whole wants fsck to find nothing.
func (p *province) whole() {
	p.t.Helper()
	out, err := p.lenlop("fsck", "--log", "error")
	if err != nil || !strings.Contains(out, "no problems found") {
		p.t.Errorf("fsck: %v\n%s", err, out)
		return
	}
	p.t.Log(strings.TrimSpace(out))
}

// expand does to the database what a next release may do while this one runs.
func (p *province) expand(version int64) {
	p.t.Helper()
	tables, err := p.db.Counts(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for table := range tables {
		p.pg.Exec(provinceDatabase, `ALTER TABLE "`+table+`" ADD COLUMN of_the_next_release TEXT NOT NULL DEFAULT ''`)
	}
	p.pg.Exec(provinceDatabase, "CREATE TABLE next_release (id TEXT PRIMARY KEY)",
		"INSERT INTO settings (name, value) VALUES ('"+sqldb.ExpandsSetting(version)+"', 'expands')",
		fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, TRUE)", version))
}

// drain sends SIGTERM to everything of ours and wants it to end well.
func (p *province) drain() {
	for _, w := range append(p.webs, p.workers...) {
		w.Stop(syscall.SIGTERM, 30*time.Second)
	}
}

// published makes a lesson that everybody may watch, of some seconds.
func (p *province) published(title string, seconds int) harness.Lesson {
	p.t.Helper()
	h := p.system(0)
	teacher, reviewer := h.As("giao-vien"), h.As("chuyen-vien")
	l := teacher.Draft(title)
	teacher.Upload(l.ID, smallRecording(p.t, seconds))
	l = teacher.Until(l.ID, 3*time.Minute, harness.Settled)
	if l.Failure != nil {
		p.t.Fatalf("%s: %+v", title, *l.Failure)
	}
	teacher.OK("POST", "/lessons/"+l.ID+"/submit", nil, 200, &l)
	reviewer.OK("POST", "/lessons/"+l.ID+"/approve", map[string]any{}, 200, &l)
	return l
}

// smallRecording is a real recording that is transcoded quickly.
func smallRecording(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("nho-%d.mp4", seconds))
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
		fmt.Sprintf("testsrc2=s=426x240:r=12:d=%d", seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest",
		path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}
