package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"lenlop/infra/meili"
	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/infra/telemetry"
	"lenlop/services/backup"
	"lenlop/services/bookmark"
	"lenlop/services/caption"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/feedback"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/question"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/viewership"
	"lenlop/services/webhook"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
)

// house is every service wired to its adapters: the only place that knows the
// embedded default from scale.
type house struct {
	flags serveFlags
	zone  *time.Location
	log   *slog.Logger
	now   func() time.Time

	db      *sqldb.DB
	objects *s3embedded.Server // nil in scale mode
	media   media.Store
	streams media.Store // what a web process sends segments from: media, or its cache
	relay   *s3.Cache   // nil without one
	parts   media.Multipart
	secret  []byte // signs playback sessions and watch addresses
	// reportKey signs frozen reports; who holds the public half can check them.
	reportKey ed25519.PrivateKey

	bell       *job.Bell
	runner     *job.Runner
	people     *people.Service
	schools    *school.Service
	lessons    *lesson.Service
	captions   *caption.Service
	worksheets *worksheet.Service
	notices    *notice.Service
	hooks      *webhook.Service
	questions  *question.Service
	uploads    *upload.Service
	catalog    *catalog.Service
	schedule   *schedule.Service
	viewership *viewership.Service
	tally      *viewership.Tally
	bookmarks  *bookmark.Service
	problems   *feedback.Service
	limits     *limit.Counter
	works      *works
	book       *locale.Book
	metrics    *telemetry.Metrics
	traces     *telemetry.Traces
	meili      *meili.Index // nil without Meilisearch
	index      catalog.Index
	org        organisation

	closers []func()
}

// partSize is the size of an upload's parts, bytes: the smallest that S3 takes,
// because a part that a bad line cuts is sent again from its start.
const partSize = 5 << 20

// newID makes a UUIDv7: in order of time, so that rows lie together.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// openDatabase opens and migrates the database.
func openDatabase(ctx context.Context, f dataFlags) (*sqldb.DB, error) {
	db, err := sqldb.OpenPool(ctx, f.dsn(), f.now, f.pool())
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// build wires the house. On an error everything opened is closed again.
func build(ctx context.Context, f serveFlags, dir string, log *slog.Logger) (*house, error) {
	return buildAt(ctx, f, dir, log, f.now)
}

// buildAt is build with a clock: tests let a month pass.
func buildAt(ctx context.Context, f serveFlags, dir string, log *slog.Logger, now func() time.Time) (_ *house, err error) {
	h := &house{flags: f, log: log, now: now, metrics: telemetry.NewMetrics()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if _, err = f.shared(); err != nil {
		return nil, err
	}
	if h.zone, err = f.zone(); err != nil {
		return nil, err
	}
	if h.book, err = locale.NewBook(h.zone); err != nil {
		return nil, err
	}
	if h.traces, err = telemetry.OpenTraces(ctx, f.OTLPEndpoint, "house", version); err != nil {
		return nil, err
	}
	h.closing(func() {
		quiet, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if err := h.traces.Close(quiet); err != nil {
			h.log.Warn("the last traces were not sent", "error", err)
		}
	})
	if h.db, err = openDatabase(ctx, f.dataFlags); err != nil {
		return nil, started(err, databaseTrouble)
	}
	h.closing(func() { _ = h.db.Close() })
	if err := h.openStorage(ctx, dir); err != nil {
		return nil, err
	}
	h.media = backup.Guard(h.media, h.db.Holds(), h.now)
	if err := h.secrets(ctx); err != nil {
		return nil, started(err, databaseTrouble) // the first write, where nothing had to be migrated
	}
	if err := h.services(ctx); err != nil {
		return nil, err
	}
	if err := h.produce(ctx, dir); err != nil {
		return nil, err
	}
	h.housekeeping()
	h.listen()
	h.watch()
	return h, h.operator(ctx)
}

func (h *house) closing(f func()) { h.closers = append(h.closers, f) }

// close ends everything in the opposite order of opening.
func (h *house) close() {
	for i := len(h.closers) - 1; i >= 0; i-- {
		h.closers[i]()
	}
	h.closers = nil
}

// openStorage opens the object storage: the endpoint inside the process, or
// any S3 outside. Both are spoken to through the same client.
func (h *house) openStorage(ctx context.Context, dir string) error {
	f := h.flags
	c := f.s3()
	if f.embedded() {
		srv, err := s3embedded.Start(ctx, s3embedded.Config{Dir: filepath.Join(dir, "objects"), Bucket: f.S3Bucket, Region: f.S3Region, Log: h.log,
			MaxPart: upload.LargestPart(f.MaxUpload, partSize)})
		if err != nil {
			return folderTrouble(dir, err)
		}
		h.objects = srv
		h.closing(func() {
			if err := srv.Stop(); err != nil {
				h.log.Warn("embedded storage did not stop cleanly", "error", err)
			}
		})
		c.Endpoint, c.Client, c.PathStyle, c.Encryption = srv.Endpoint(), srv.Client(), true, ""
		c.AccessKey, c.SecretKey = srv.Credentials()
	}
	store, err := s3.New(ctx, c)
	if err != nil {
		return err
	}
	h.media, h.parts = store, store
	if h.objects != nil {
		m := h.objects.Media(store, store)
		h.media, h.parts = m, m
		return nil
	}
	return started(store.Check(ctx), func(err error) (string, string) { return storageTrouble(err, f.S3Bucket) })
}

// secrets makes the signing keys at the first start and keeps them with the
// data, so that sessions and reports outlive a restart.
func (h *house) secrets(ctx context.Context) (err error) {
	if h.secret, err = h.kept(ctx, "secret"); err != nil {
		return err
	}
	seed, err := h.kept(ctx, "report-key")
	if err != nil {
		return err
	}
	h.reportKey = ed25519.NewKeyFromSeed(seed)
	return nil
}

// kept is a random value of 32 bytes that is made once.
func (h *house) kept(ctx context.Context, name string) ([]byte, error) {
	var fresh [32]byte
	if _, err := rand.Read(fresh[:]); err != nil {
		return nil, fmt.Errorf("setting %s: %w", name, err)
	}
	s, err := h.db.EnsureSetting(ctx, name, hex.EncodeToString(fresh[:]))
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(fresh) {
		return nil, fmt.Errorf("setting %s is damaged", name)
	}
	return b, nil
}

// openIndex opens the search index in the database, and Meilisearch before it
// where there is one.
func (h *house) openIndex(ctx context.Context) (catalog.Index, error) {
	local, err := sqlsearch.Open(ctx, h.db)
	if err != nil || h.flags.MeiliURL == "" {
		return local, err
	}
	h.meili = meili.New(meili.Config{URL: h.flags.MeiliURL, Key: h.flags.MeiliKey, UID: "lessons", Local: local, Queue: h.bell, Atomic: h.bell,
		InTransaction: h.db.InTransaction, Log: h.log, Now: h.now})
	return h.meili, nil
}

// listen rings for jobs that other processes ask for, until the house closes.
func (h *house) listen() {
	ctx, stop := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		h.db.Jobs().Listen(ctx, h.bell.Heard, func(err error) { h.log.Warn("other processes' jobs are found by polling for now", "error", err) })
	})
	h.closing(func() { stop(); ended.Wait() })
}

// leastLease is a few heartbeats of a worker (job.Runner.Beat): less would take
// jobs from workers that are only slow.
const leastLease = 5 * time.Second

func (h *house) services(ctx context.Context) error {
	jobs := h.db.Jobs()
	h.bell = job.NewBell(jobs, h.db)
	h.runner = job.NewRunner(jobs, h.bell, h.log)
	h.runner.Grace = h.flags.Drain
	if h.flags.Lease > 0 {
		h.runner.Lease = max(h.flags.Lease, leastLease)
	}
	h.runner.Observe = func(kind string, to job.State, took time.Duration) { h.metrics.Job(kind, string(to), took) }
	h.runner.Around = h.traces.Job
	h.bell.Rouse(h.runner)
	index, err := h.openIndex(ctx)
	if err != nil {
		return err
	}
	h.index = index
	log := h.db.Audit()
	h.people = &people.Service{Store: h.db.People(), Now: h.now, NewID: newID, Atomic: h.bell, Audit: log,
		Secrets: h.db.Secrets(), Directory: h.db.Secrets(), Key: h.secret, RequireSecondStep: h.flags.SecondStep,
		Records: h.db.Privacy()}
	h.limits = &limit.Counter{Store: h.db.EventCounts(), Secret: h.secret, Log: h.log, Clock: h.now}
	h.schools = &school.Service{Store: h.db.Schools(), Atomic: h.bell, Audit: log, Now: h.now, NewID: newID}
	if err := h.organise(ctx); err != nil {
		return err
	}
	h.catalog = &catalog.Service{Index: index, Lessons: h.db.Lessons(), Atomic: h.bell, People: h.db.People(), Schools: h.db.Schools(), Captions: h.db.Captions(), Now: h.now}
	h.lessons = &lesson.Service{Store: h.db.Lessons(), Atomic: h.bell, Jobs: h.bell, Audit: log, Index: h.catalog,
		Subjects: h.db.Schools(), People: h.db.People(), Histories: h.db.Steps(), Settings: h.db, Schools: h.db.Schools(), WasAired: h.wasAired,
		Now: h.now, NewID: newID}
	h.captions = &caption.Service{Store: h.db.Captions(), Lessons: h.db.Lessons(), Media: h.media, Atomic: h.bell, Audit: log, Index: h.catalog,
		Now: h.now, NewID: newID}
	h.uploads = &upload.Service{Store: h.db.Uploads(), Atomic: h.bell, Lessons: h.db.Lessons(), Receiver: h.lessons,
		Parts: h.parts, Objects: h.media, Pieces: h.media, Now: h.now, NewID: newID, MaxSize: h.flags.MaxUpload, Quota: h.flags.Quota,
		PartSize: partSize, Direct: !h.flags.embedded(), Base: h.flags.S3PublicEndpoint}
	h.schedule = &schedule.Service{Store: h.db.Schedule(), Lessons: h.db.Lessons(), Atomic: h.bell, Audit: log, Now: h.now, NewID: newID,
		Logs: h.db.Logs(), WeekRules: h.db.WeekRules(), Taught: h.taught, Sheets: sheet.Read, Programmes: h.db.Programmes(), Published: h.published, Fold: catalog.Fold}
	lengths := production.Lengths{Store: h.db.Packages()}
	h.viewership = viewership.New(viewership.Config{Store: h.db.Views(), Reader: h.db.Views(), Figures: h.db.Figures(),
		Keeps: h.db.Views(), CheckIns: h.db.CheckIns(), RollCalls: h.db.RollCalls(), Classes: h.db.Classes(), Parts: h.db.Views(), Imports: h.db.Imports(), Served: h.db.Served(), Lengths: lengths, Reports: h.db.Reports(),
		ReportKey: h.reportKey, Sheets: sheet.Read,
		Lessons: h.db.Lessons(), Schedule: h.db.Schedule(), Secret: h.secret, Location: h.zone, Now: h.now, NewID: newID,
		Atomic: h.db, Audit: log, Limits: h.limits})
	h.closing(h.viewership.Close)
	h.schedule.OnAsRun = h.onAsRun
	h.worksheets = worksheet.New(worksheet.Service{Store: h.db.Worksheets(), Lessons: h.db.Lessons(), Touched: h.lessons.Touched, Media: h.media, Atomic: h.bell,
		Audit: log, Fits: h.uploads.Fits, Now: h.now, NewID: newID})
	h.lessons.Worksheets = h.worksheets
	h.aroundLessons()
	h.countMedia(lengths)
	return h.telling()
}

// tallyEvery is how often the media that was sent is written down.
const tallyEvery = 5 * time.Second

// countMedia writes down what the streams send, until the house closes.
func (h *house) countMedia(lengths production.Lengths) {
	h.tally = viewership.NewTally(h.db.Served(), lengths, h.zone)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.tally.Run(ctx, tallyEvery, func(err error) { h.log.Warn("media that was sent is not written down yet", "error", err) })
	}()
	h.closing(func() { stop(); <-done })
}

// published lists every lesson that pupils can find.
func (h *house) published(ctx context.Context) ([]lesson.Lesson, error) {
	var all []lesson.Lesson
	for after := ""; ; {
		page, next, err := h.db.Lessons().Lessons(ctx, lesson.Filter{Status: []lesson.Status{lesson.Published}, After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); next == "" {
			return all, nil
		}
		after = next
	}
}

// operator keeps a row for the person that the command line acts as, so that
// what it does has a name.
func (h *house) operator(ctx context.Context) error {
	_, err := h.db.People().Person(ctx, people.OperatorID)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return err
	}
	p := people.Operator()
	p.CreatedAt = h.now()
	return h.db.People().SavePerson(ctx, p)
}
