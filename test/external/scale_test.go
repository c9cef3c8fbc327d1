package external

import (
	"context"
	"io"
	"log"
	"net/url"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// TestJourneysAtScale is TestJourneys with two web processes and three workers
// on PostgreSQL, an S3 server and Meilisearch's stand-in, while the next
// release's migration has already been there: those that run go on, and one
// that dies comes back.
func TestJourneysAtScale(t *testing.T) {
	p := startProvince(t, provinceOptions{webs: 2, workers: 3})
	p.expand(90000001)
	p.killWeb(1)
	p.startWeb(1)
	harness.WalkJourneys(t, p.system(0), p.system(1))
	if p.search.Requests("POST /multi-search") == 0 {
		t.Error("Meilisearch was never asked")
	}
	p.settle(2 * time.Minute)
	p.whole()
	p.drain()
}

// TestScaleTrouble: what is wrong with a scale configuration is one sentence.
func TestScaleTrouble(t *testing.T) {
	endpoint, dsn := harness.S3Server(t), pgtest.Postgres(t)
	for name, c := range map[string]struct {
		change func(*app.Settings)
		want   string
	}{
		"half of it": {func(f *app.Settings) { f.S3Endpoint = "" }, "PostgreSQL and an S3 server go together"},
		"wrong secret": {func(f *app.Settings) { f.S3SecretKey = "sai" },
			"storage does not take these credentials for bucket lenlop"},
		"no bucket":    {func(f *app.Settings) { f.S3Bucket = "khong-co" }, "there is no bucket khong-co"},
		"storage away": {func(f *app.Settings) { f.S3Endpoint = "http://127.0.0.1:1" }, "storage does not answer"},
		"database away": {func(f *app.Settings) { f.Database = "postgres://lenlop@127.0.0.1:1/lenlop" },
			"nothing answers at the database's address"},
		"no such database": {func(f *app.Settings) { f.Database = withName(dsn, "khong_co") },
			"PostgreSQL has no database of this name"},
		"read-only": {func(f *app.Settings) { f.Database += "&default_transaction_read_only=on" },
			"the database is read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			f := app.Settings{DataSettings: app.DataSettings{Data: t.TempDir(), Database: dsn, S3Endpoint: endpoint,
				S3Bucket: "lenlop", S3Region: "us-east-1",
				S3AccessKey: "examaccess", S3SecretKey: "examsecret", Timezone: "Asia/Ho_Chi_Minh", LogLevel: "error"},
				MaxUpload: 1 << 30}
			c.change(&f)
			ctx, done := context.WithTimeout(t.Context(), time.Minute)
			defer done()
			h, err := app.New(ctx, app.Config{Settings: f, Log: harness.QuietLogger()})
			if err == nil {
				h.Close()
				t.Fatal("it starts")
			}
			if got := app.Explain(err); !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("%q does not say %q in one line", got, c.want)
			}
		})
	}
}

// withName is the address of another database of the same server.
func withName(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

// quietStd is for servers of tests that fail on purpose.
var quietStd = log.New(io.Discard, "", 0)
