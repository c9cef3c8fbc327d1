// Package harness starts the whole product for tests and gives them clients of it.
// Only tests import it: those of test/system, of test/external and of the commands.
package harness

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/sqldb"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/test/testclock"
	"lenlop/web/api"
)

// System is the whole product on a temporary data folder, reached over HTTP as
// people reach it, with its workers running.
type System struct {
	T      *testing.T
	App    *app.App // nil where the product runs in other processes
	URL    string
	Site   http.Handler // what URL serves; nil where the product runs in other processes
	router routers.Router
}

// Password of every account in tests.
const Password = "mat-khau-de-thu"

// QuickArgon keeps signing in cheap in tests; its real costs are measured elsewhere.
var QuickArgon = people.Argon{Time: 1, Memory: 8 * 1024, Threads: 1}

// PasswordHash is the hash of Password.
var PasswordHash = sync.OnceValue(func() string {
	h, err := people.HashPassword(Password, QuickArgon)
	if err != nil {
		panic(err)
	}
	return h
})

// testAccounts: two schools, so that "other school" can be tried.
var testAccounts = []struct {
	name   string
	role   people.Role
	school string
	active bool
}{
	{"hoc-sinh", people.Student, "s1", true},
	{"giao-vien", people.Teacher, "s1", true},
	{"dong-nghiep", people.Teacher, "s1", true},
	{"giao-vien-2", people.Teacher, "s2", true},
	{"hieu-truong", people.Head, "s1", true},
	{"hieu-truong-2", people.Head, "s2", true},
	{"chuyen-vien", people.Reviewer, "", true},
	{"dai", people.Station, "", true},
	{"quan-tri", people.Admin, "", true},
	{"nghi-viec", people.Admin, "", false},
}

// Start starts the product until the test ends; change changes its settings.
func Start(t *testing.T, change func(*app.Settings)) *System {
	t.Helper()
	return StartLogged(t, QuietLogger(), change)
}

// StartLogged is Start with a log that the test reads.
func StartLogged(t *testing.T, log *slog.Logger, change func(*app.Settings)) *System {
	t.Helper()
	s := FolderSettings(t.TempDir())
	s.LogLevel, s.Drain = "warn", 5*time.Second
	if change != nil {
		change(&s)
	}
	ctx, stop := context.WithCancel(context.Background())
	a, err := app.New(ctx, app.Config{Settings: s, Log: log})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	a.People.Params = QuickArgon
	AddAccounts(t, a.DB)
	stopped := make(chan struct{})
	handler, err := a.Handler(stopped)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	ended := make(chan error, 1)
	go func() { ended <- a.Runner.Run(ctx) }()
	t.Cleanup(func() {
		close(stopped)
		srv.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.Close()
	})
	return &System{T: t, App: a, URL: srv.URL, Site: handler, router: documentRouter(t, srv.URL)}
}

// Connect gives a System of which another process serves the site at an address.
func Connect(t *testing.T, address string) *System {
	t.Helper()
	return &System{T: t, URL: address, router: documentRouter(t, address)}
}

// FolderSettings are the settings of an embedded installation in a folder.
func FolderSettings(dir string) app.Settings {
	return app.Settings{DataSettings: app.DataSettings{Data: dir, S3Bucket: "lenlop", S3Region: "us-east-1",
		Timezone: "Asia/Ho_Chi_Minh", LogLevel: "error",
		ClockShift: testclock.Shift()}, MaxUpload: 20 << 30, Quota: 200 << 30}
}

// QuietLogger drops what is logged.
func QuietLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// AddAccounts gives a database two schools and the accounts of all tests.
func AddAccounts(t testing.TB, db *sqldb.DB) {
	t.Helper()
	ctx := context.Background()
	for _, id := range []string{"s1", "s2"} {
		s := school.School{ID: id, Code: strings.ToUpper(id), Name: "Trường " + id, Level: school.Mixed,
			CreatedAt: testclock.Now()}
		if err := db.Schools().SaveSchool(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range testAccounts {
		p := people.Person{ID: "p-" + a.name, Username: a.name, Name: "Tên " + a.name, Active: a.active,
			PasswordHash: PasswordHash(),
			Grants:       []people.Grant{{Role: a.role, School: a.school}}, CreatedAt: testclock.Now()}
		if err := db.People().SavePerson(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
}

// documentRouter finds what the OpenAPI document says of requests to a site.
func documentRouter(t testing.TB, url string) routers.Router {
	t.Helper()
	doc, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: url + api.Base}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}
