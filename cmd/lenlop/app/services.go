package app

import (
	"context"
	"sync"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/caption"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/viewership/delivery"
	"lenlop/services/worksheet"
)

// listenForJobs wakes the runner for jobs that other processes add, until Close.
func (a *App) listenForJobs() {
	ctx, stop := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		a.DB.Jobs().Listen(ctx, a.notifier.NotifyRemote,
			func(err error) { a.Log.Warn("not listening for other processes' jobs; polling instead", "error", err) })
	})
	a.onClose(func() { stop(); ended.Wait() })
}

// MinLease is a few heartbeats of a worker (job.Runner.Beat): less would take
// jobs from workers that are only slow.
const MinLease = 5 * time.Second

func (a *App) wireServices(ctx context.Context) error {
	jobs := a.DB.Jobs()
	a.notifier = job.NewNotifier(jobs, a.DB)
	a.Runner = job.NewRunner(jobs, a.notifier, a.Log)
	a.Runner.Grace = a.Settings.Drain
	if a.Settings.Lease > 0 {
		a.Runner.Lease = max(a.Settings.Lease, MinLease)
	}
	a.Runner.Observe = func(kind string, to job.State, took time.Duration) { a.metrics.Job(kind, string(to), took) }
	a.Runner.Around = a.traces.Job
	a.notifier.Register(a.Runner)
	index, err := a.openIndex(ctx)
	if err != nil {
		return err
	}
	a.index = index
	log := a.DB.Audit()
	a.People = &people.Service{Store: a.DB.People(), SessionPerson: a.DB.People().SessionPerson,
		Now: a.Now, NewID: NewID, Atomic: a.notifier, Audit: log,
		Secrets: a.DB.Secrets(), Directory: a.DB.Secrets(), Key: a.secret, RequireSecondStep: a.Settings.SecondStep,
		Records: a.DB.Privacy()}
	a.Limits = &limit.Counter{Store: a.DB.EventCounts(), Secret: a.secret, Log: a.Log, Clock: a.Now}
	a.Schools = &school.Service{Store: a.DB.Schools(), Atomic: a.notifier, Audit: log, Now: a.Now, NewID: NewID}
	if err := a.wireRosters(ctx); err != nil {
		return err
	}
	a.Catalog = &catalog.Service{Index: index, Lessons: a.DB.Lessons(), Atomic: a.notifier, People: a.DB.People(),
		Schools: a.DB.Schools(), Captions: a.DB.Captions(), Now: a.Now}
	a.Lessons = &lesson.Service{Store: a.DB.Lessons(), Atomic: a.notifier, Jobs: a.notifier, Audit: log,
		Index:    a.Catalog,
		Subjects: a.DB.Schools(), People: a.DB.People(), Histories: a.DB.Steps(), Settings: a.DB,
		Schools: a.DB.Schools(), WasAired: a.wasAired,
		Now: a.Now, NewID: NewID}
	a.Captions = &caption.Service{Store: a.DB.Captions(), Lessons: a.DB.Lessons(), Media: a.Media, Atomic: a.notifier,
		Audit: log, Index: a.Catalog,
		Now: a.Now, NewID: NewID}
	a.Uploads = &upload.Service{Store: a.DB.Uploads(), Atomic: a.notifier, Lessons: a.DB.Lessons(), Receiver: a.Lessons,
		Parts: a.Parts, Objects: a.Media, Pieces: a.Media, Now: a.Now, NewID: NewID, MaxSize: a.Settings.MaxUpload,
		Quota:    a.Settings.Quota,
		PartSize: PartSize, Direct: !a.Settings.Embedded(), Base: a.Settings.S3PublicEndpoint}
	if a.Objects != nil {
		a.Uploads.Space = a.Objects.Space
	}
	a.Schedule = &schedule.Service{Store: a.DB.Schedule(), Lessons: a.DB.Lessons(),
		LessonsByID: a.DB.Lessons().LessonsByID, Atomic: a.notifier, Audit: log,
		Now: a.Now, NewID: NewID,
		Logs: a.DB.Logs(), Staged: a.DB.Schedule(), WeekRules: a.DB.WeekRules(), Taught: a.weeklySlots,
		Sheets:     sheet.Read,
		Programmes: a.DB.Programmes(), Published: a.publishedLessons, Fold: catalog.Fold}
	lengths := production.Lengths{Store: a.DB.Packages()}
	if err := a.wireViewing(log, lengths); err != nil {
		return err
	}
	a.Schedule.OnAsRun = a.onAsRun
	a.Worksheets = worksheet.New(worksheet.Service{Store: a.DB.Worksheets(), Lessons: a.DB.Lessons(),
		MarkForRereview: a.Lessons.MarkForRereview, Media: a.Media, Atomic: a.notifier,
		Audit: log, Fits: a.Uploads.Fits, Now: a.Now, NewID: NewID})
	a.Lessons.Worksheets = a.Worksheets
	a.wireBookmarksAndReports()
	a.countServedMedia(lengths)
	return a.wireNotifications()
}

// servedEvery is how often the counts of media that was sent are stored.
const servedEvery = 5 * time.Second

// countServedMedia stores what the streams send, until Close.
func (a *App) countServedMedia(lengths production.Lengths) {
	a.served = delivery.NewServedCounter(viewstore.NewServed(a.DB), lengths, a.Zone)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.served.Run(ctx, servedEvery, func(err error) {
			a.Log.Warn("counts of served media not stored; will retry",
				"error", err)
		})
	}()
	a.onClose(func() { stop(); <-done })
}

// publishedLessons lists every lesson that students can find.
func (a *App) publishedLessons(ctx context.Context) ([]lesson.Lesson, error) {
	var all []lesson.Lesson
	for after := ""; ; {
		page, next, err := a.DB.Lessons().Lessons(ctx, lesson.Filter{Status: []lesson.Status{lesson.Published},
			After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); next == "" {
			return all, nil
		}
		after = next
	}
}

// saveOperator makes a row for the person that the command line acts as, so that
// audit entries about it name somebody.
func (a *App) saveOperator(ctx context.Context) error {
	_, err := a.DB.People().Person(ctx, people.OperatorID)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return err
	}
	p := people.Operator()
	p.CreatedAt = a.Now()
	return a.DB.People().SavePerson(ctx, p)
}
