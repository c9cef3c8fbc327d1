package main

import (
	"context"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/telemetry"
	"lenlop/services/job"
	"lenlop/services/production"
	"lenlop/services/viewership"
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

// adminQueue is the queue as the administrator's page sees it: cancelling goes
// through the bell, so that it reaches a running worker at once.
type adminQueue struct {
	job.Store
	bell   *job.Bell
	copies *production.Copies
}

// CancelSubject asks a subject's jobs to stop. Broadcast copies that nobody
// makes any more say so.
func (q adminQueue) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	return q.bell.Atomically(ctx, func(ctx context.Context) error {
		if err := q.bell.CancelSubject(ctx, subject, kinds...); err != nil {
			return err
		}
		return q.copies.CalledOff(ctx, subject)
	})
}

// tallies are told of every file that is sent: Prometheus, and the comparison
// with what was watched.
type tallies struct {
	metrics *telemetry.Metrics
	media   *viewership.Tally
}

// Served notes bytes of a file that were sent.
func (t tallies) Served(o production.Object, at time.Time, bytes int64) {
	t.metrics.Served(o.Lesson, at, bytes)
	t.media.Served(o, at, bytes)
}

// rooms gives each audience what its pages need.
func (h *house) handlers(auth *signin.Authenticator, stopped <-chan struct{}) web.Handlers {
	streams := stream.New(stream.Handler{Playlists: h.works.playlists, Lessons: h.db.Lessons(), People: h.db.People(), Media: h.streams, Captions: h.captions, Secret: h.secret, Tally: tallies{h.metrics, h.tally}, Now: h.now})
	copies := h.works.copies
	h.lessons.OnTakenDown = streams.Forget
	return web.Handlers{
		Student: student.Handler{Grade: h.org.office.GradeOf, Catalog: h.catalog, Lessons: h.lessons, Titles: h.db.Lessons(), Schools: h.db.Schools(), People: h.db.People(),
			Schedule: h.db.Schedule(), Listed: h.db.Programmes(), Notices: h.notices.Latest, CheckIns: h.viewership, Bookmarks: h.bookmarks, Problems: h.problems, Embed: h.flags.Embed, Questions: h.questions, Worksheets: h.worksheets, Media: h.media, Streams: streams, Zone: h.zone, Now: h.now},
		Teacher: teacher.Handler{Questions: h.questions, Classes: h.db.Classes(), Viewing: h.viewership, Sheets: sheet.Write, Zone: h.zone, Lessons: h.lessons, Uploads: h.uploads, Schools: h.db.Schools(), People: h.db.People(), Media: h.media, Captions: h.captions, Worksheets: h.worksheets, Streams: streams,
			Now: h.now, MaxUpload: h.flags.MaxUpload},
		Station: station.Handler{Schedule: h.schedule, Copies: copies, Lessons: h.lessons, Views: h.viewership, Schools: h.db.Schools(), People: h.db.People(),
			Now: h.now, Zone: h.zone},
		Department: department.Handler{Lessons: h.lessons, Views: h.viewership, Served: h.viewership, Channels: h.db.Schedule(), Classes: h.db.Classes(), Sheets: sheet.Write, Worksheets: h.worksheets, Schools: h.db.Schools(),
			People: h.db.People(), Streams: streams, Now: h.now, Zone: h.zone},
		Admin: admin.Handler{People: h.people, Finder: h.db.People(), Schools: h.schools, Queue: adminQueue{h.db.Jobs(), h.bell, copies}, Atomic: h.bell, Audit: h.db.Audit(),
			AuditLog: h.db.Audit(), Sheets: sheet.Write, Health: h.health, Now: h.now, NewID: newID},
		Organised: admin.Organisation{Schools: h.schools, Years: h.db.Schools(), Office: h.org.office, Classes: h.db.Classes(), Importer: h.org.importer, Sheets: sheet.Write},
		School:    shared.Classes{Office: h.org.office},
		Cards:     signin.Cards{Authenticator: auth, Office: h.org.office},
		API: api.Handler{Authenticator: auth, Audit: h.db.Audit(), People: h.people, Schools: h.db.Schools(), Office: h.org.office, Importer: h.org.importer, Finder: h.db.People(), Lessons: h.lessons, Uploads: h.uploads, Catalog: h.catalog,
			Schedule: h.schedule, Copies: copies, Media: h.media, Viewership: h.viewership, Sheets: sheet.Write, Atomic: h.bell, Replays: h.db.Replays(), Zone: h.zone, Now: h.now,
			Playback: streams.Playback, File: streams.File, Tracks: streams.Tracks, Captions: h.captions, Questions: h.questions, Worksheets: h.worksheets, Bookmarks: h.bookmarks, Problems: h.problems, SecondsLeft: h.secondsLeft, Stopped: stopped,
			Progress: api.NewProgress(api.ProgressConfig{Lessons: h.db.Lessons().LessonsByID, Sessions: h.db.People().OpenSessions, Log: h.log})},
		Stream: streams,
		Notices: shared.Notices{Notices: h.notices, People: h.db.People(), Schools: h.db.Schools(), Classes: h.db.Classes(), Media: h.media,
			Grade: student.GradeOf, Zone: h.zone, Now: h.now},
		Hooks:    admin.Hooks{Service: h.hooks},
		Problems: shared.Problems{Problems: h.problems, Lessons: h.lessons, Schools: h.db.Schools()},
	}
}
