package app

import (
	"context"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/telemetry"
	"lenlop/services/job"
	"lenlop/services/production"
	"lenlop/services/viewership/delivery"
	"lenlop/web"
	"lenlop/web/admin"
	"lenlop/web/api"
	"lenlop/web/department"
	"lenlop/web/shared"
	"lenlop/web/signin"
	"lenlop/web/station"
	"lenlop/web/stream"
	"lenlop/web/student"
	"lenlop/web/teacher"
)

// adminQueue is the queue of the administrator's page: cancelling goes through the
// notifier, so that it reaches a running worker at once.
type adminQueue struct {
	job.Store
	notifier *job.Notifier
	copies   *production.Copies
}

// CancelSubject stops a subject's jobs, and marks the broadcast copies that they
// would have made as cancelled.
func (q adminQueue) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	return q.notifier.Atomically(ctx, func(ctx context.Context) error {
		if err := q.notifier.CancelSubject(ctx, subject, kinds...); err != nil {
			return err
		}
		return q.copies.CalledOff(ctx, subject)
	})
}

// servedCounters count every file that is sent: for Prometheus, and for the
// comparison with what was watched.
type servedCounters struct {
	metrics *telemetry.Metrics
	media   *delivery.ServedCounter
}

// Served counts bytes of a file that were sent.
func (c servedCounters) Served(o production.Object, at time.Time, bytes int64) {
	c.metrics.Served(o.Lesson, at, bytes)
	c.media.Served(o, at, bytes)
}

// Handlers gives each audience what its pages need.
func (a *App) Handlers(auth *signin.Authenticator, stopped <-chan struct{}) web.Handlers {
	streams := stream.New(stream.Handler{Playlists: a.pipeline.playlists, Lessons: a.DB.Lessons(),
		People: a.DB.People(), Media: a.streams, Captions: a.Captions, Secret: a.secret,
		ServedCounter: servedCounters{a.metrics, a.served}, Now: a.Now})
	copies := a.pipeline.copies
	a.Lessons.OnTakenDown = streams.Forget
	return web.Handlers{
		Student: student.Handler{Catalog: a.Catalog, Lists: a.lists,
			Lessons: a.Lessons, Titles: a.DB.Lessons(), Schools: a.DB.Schools(),
			Schedule: a.DB.Schedule(), Listed: a.DB.Programmes(), Notices: a.Notices, CheckIns: a.Television,
			Devices:   a.Playback,
			Bookmarks: a.Bookmarks, Problems: a.Problems, Embed: a.Settings.Embed, Questions: a.Questions,
			Thumbs: a.Thumbs, Worksheets: a.Worksheets, Media: a.Media, Streams: streams, Zone: a.Zone, Now: a.Now},
		Teacher: teacher.Handler{Questions: a.Questions, Thumbs: a.Thumbs, Classes: a.DB.Classes(),
			RollCalls: a.Television,
			Viewing:   a.Viewership,
			Sheets:    sheet.Write, Zone: a.Zone, Lessons: a.Lessons, Uploads: a.Uploads, Schools: a.DB.Schools(),
			People: a.DB.People(), Media: a.Media, Captions: a.Captions, Worksheets: a.Worksheets, Streams: streams,
			Now: a.Now, MaxUpload: a.Settings.MaxUpload},
		Station: station.Handler{Schedule: a.Schedule, Copies: copies, Lessons: a.Lessons, Figures: a.Television,
			Views:   a.Viewership,
			Schools: a.DB.Schools(), People: a.DB.People(),
			Now: a.Now, Zone: a.Zone},
		Department: department.Handler{Lessons: a.Lessons, Views: a.Viewership, Reports: a.Viewership,
			Flags: a.Playback, Draws: a.Television, Served: a.Delivery,
			Channels: a.DB.Schedule(), Classes: a.DB.Classes(), Sheets: sheet.Write, Worksheets: a.Worksheets,
			Schools: a.DB.Schools(),
			People:  a.DB.People(), Streams: streams, Now: a.Now, Zone: a.Zone},
		Admin: admin.Handler{People: a.People, Finder: a.DB.People(), Schools: a.Schools,
			Queue: adminQueue{a.DB.Jobs(), a.notifier, copies}, Atomic: a.notifier, Audit: a.DB.Audit(),
			AuditLog: a.DB.Audit(), Sheets: sheet.Write, Health: a.health, Now: a.Now, NewID: NewID},
		Organised: admin.Organisation{Schools: a.Schools, Years: a.DB.Schools(), Office: a.Office,
			Classes: a.DB.Classes(), Importer: a.RosterImporter, Sheets: sheet.Write},
		School: shared.Classes{Office: a.Office},
		Cards:  signin.Cards{Authenticator: auth, Office: a.Office},
		API: api.Handler{Authenticator: auth, Audit: a.DB.Audit(), People: a.People, Schools: a.DB.Schools(),
			Office: a.Office, Importer: a.RosterImporter, Finder: a.DB.People(), Lessons: a.Lessons,
			Uploads: a.Uploads, Catalog: a.Catalog,
			Schedule: a.Schedule, Copies: copies, Media: a.Media, Viewership: a.Viewership, Watching: a.Playback,
			Television: a.Television, Sheets: sheet.Write,
			Atomic: a.notifier, Replays: a.DB.Replays(), Zone: a.Zone, Now: a.Now,
			Playback: streams.Playback, File: streams.File, TracksOf: streams.TracksOf,
			Captions: a.Captions, PersonNames: a.DB.People().PersonNames, SchoolsByID: a.DB.Schools().SchoolsByID,
			Questions: a.Questions, Thumbs: a.Thumbs, Worksheets: a.Worksheets, Bookmarks: a.Bookmarks,
			Problems:    a.Problems,
			SecondsLeft: a.secondsLeft, Stopped: stopped,
			Progress: api.NewProgress(api.ProgressConfig{Lessons: a.DB.Lessons().LessonsByID,
				Sessions: a.DB.People().OpenSessions, Log: a.Log})},
		Stream: streams,
		Notices: shared.Notices{Notices: a.Notices, People: a.DB.People(), Schools: a.DB.Schools(),
			Classes: a.DB.Classes(), Media: a.Media,
			Grade: student.GradeOf, Zone: a.Zone, Now: a.Now},
		Hooks:    admin.Hooks{Service: a.Webhooks},
		Problems: shared.Problems{Problems: a.Problems, Lessons: a.Lessons, Schools: a.DB.Schools()},
	}
}
