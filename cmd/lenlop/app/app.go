// Package app wires the whole product: services, adapters, workers, periodic
// work and the HTTP server. Commands and whole-product tests start from here.
package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"lenlop/infra/meili"
	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/infra/telemetry"
	"lenlop/services/backup"
	"lenlop/services/bookmark"
	"lenlop/services/caption"
	"lenlop/services/catalog"
	"lenlop/services/feedback"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/viewership"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
	"lenlop/services/webhook"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
)

// App is every service wired to its adapters: the only place that knows the
// embedded default from scale. Tests and commands use its exported fields.
type App struct {
	Settings Settings
	Zone     *time.Location
	Log      *slog.Logger
	Now      func() time.Time

	DB      *sqldb.DB
	Objects *s3embedded.Server // nil in scale mode
	Media   media.Store
	Parts   media.Multipart

	Runner         *job.Runner
	People         *people.Service
	Schools        *school.Service
	Office         *school.Office
	RosterImporter *school.Importer
	Lessons        *lesson.Service
	Captions       *caption.Service
	Worksheets     *worksheet.Service
	Notices        *notice.Service
	Webhooks       *webhook.Service
	Questions      *question.Service
	Uploads        *upload.Service
	Catalog        *catalog.Service
	Schedule       *schedule.Service
	Viewership     *viewership.Service
	Playback       *playback.Service
	Television     *television.Service
	Delivery       *delivery.Service
	Bookmarks      *bookmark.Service
	Problems       *feedback.Service
	Thumbs         *feedback.Thumbs
	Limits         *limit.Counter
	Locales        *locale.Book
	Meili          *meili.Index // nil without Meilisearch

	version   string
	secret    []byte             // signs playback sessions and watch addresses
	reportKey ed25519.PrivateKey // signs frozen reports; its public half checks them
	notifier  *job.Notifier
	index     catalog.Index
	lists     *sqlsearch.Index // the index in the database
	streams   media.Store      // what a web process sends segments from: Media, or its cache
	cache     *s3.Cache        // nil without one
	served    *delivery.ServedCounter
	pipeline  *pipeline
	metrics   *telemetry.Metrics
	traces    *telemetry.Traces

	closers []func()
}

// Config is what New needs.
type Config struct {
	Settings
	Log     *slog.Logger     // required
	Now     func() time.Time // nil: the settings' clock
	Version string           // of the program, for metrics and traces
}

// complete checks the required fields and fills in the others.
func (c Config) complete() (Config, error) {
	if c.Log == nil {
		return c, errors.New("app: Config.Log is required")
	}
	if c.Now == nil {
		c.Now = c.now
	}
	dir, err := filepath.Abs(c.Data) // the embedded storage changes the working directory
	if err != nil {
		return c, folderProblem(c.Data, err)
	}
	c.Data = dir
	return c, nil
}

// PartSize is the size of an upload's parts, bytes: the smallest that S3 takes,
// because a part that a bad connection cuts is sent again from its start.
const PartSize = 5 << 20

// NewID makes a UUIDv7: ids are ordered by time, so that neighbouring rows lie
// together.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// OpenDatabase opens and migrates the database.
func OpenDatabase(ctx context.Context, s DataSettings) (*sqldb.DB, error) {
	db, err := sqldb.OpenPool(ctx, s.DSN(), s.now, s.pool())
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// prepare makes an App without adapters and services.
func prepare(c Config) (*App, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if _, err := c.Shared(); err != nil {
		return nil, err
	}
	a := &App{Settings: c.Settings, Log: c.Log, Now: c.Now, version: c.Version, metrics: telemetry.NewMetrics()}
	if a.Zone, err = c.Location(); err != nil {
		return nil, err
	}
	if a.Locales, err = locale.NewBook(a.Zone); err != nil {
		return nil, err
	}
	return a, nil
}

// New opens the database and the storage and wires every service. On an error
// all that was opened is closed again.
func New(ctx context.Context, c Config) (_ *App, err error) {
	a, err := prepare(c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := a.openTraces(ctx); err != nil {
		return nil, err
	}
	if a.DB, err = OpenDatabase(ctx, a.Settings.DataSettings); err != nil {
		return nil, startProblem(err, databaseProblem)
	}
	a.onClose(func() { _ = a.DB.Close() })
	if err := a.openStorage(ctx); err != nil {
		return nil, err
	}
	a.Media = backup.Guard(a.Media, a.DB.Holds(), a.Now)
	if err := a.loadSecrets(ctx); err != nil {
		return nil, startProblem(err, databaseProblem) // the first write, where nothing had to be migrated
	}
	if err := a.wireServices(ctx); err != nil {
		return nil, err
	}
	if err := a.wireProduction(ctx); err != nil {
		return nil, err
	}
	a.scheduleHousekeeping()
	a.listenForJobs()
	a.registerMetrics()
	return a, a.saveOperator(ctx)
}

// traceService is the service.name of traces, as dashboards know it.
const traceService = "lenlop-house"

// openTraces starts sending traces when a collector is configured.
func (a *App) openTraces(ctx context.Context) (err error) {
	if a.traces, err = telemetry.OpenTraces(ctx, a.Settings.OTLPEndpoint, traceService, a.version); err != nil {
		return err
	}
	a.onClose(func() {
		quiet, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if err := a.traces.Close(quiet); err != nil {
			a.Log.Warn("last traces not sent", "error", err)
		}
	})
	return nil
}

func (a *App) onClose(f func()) { a.closers = append(a.closers, f) }

// Close ends everything in the opposite order of opening.
func (a *App) Close() {
	for _, v := range slices.Backward(a.closers) {
		v()
	}
	a.closers = nil
}
