package sqldb

import (
	"context"
	"time"

	"lenlop/services/fault"
	"lenlop/services/inspection"
	"lenlop/services/lesson"
)

var _ inspection.Book = (*DB)(nil)

// LessonIDs lists every lesson, those in the bin and erased ones too.
func (d *DB) LessonIDs(ctx context.Context) ([]string, error) {
	var ids []string
	err := d.Reader(ctx).NewRaw("SELECT id FROM lessons ORDER BY id").Scan(ctx, &ids)
	return ids, wrap(err, "lessons")
}

// LessonObjects gives what the database says of one lesson's objects.
func (d *DB) LessonObjects(ctx context.Context, id string) (inspection.Lesson, error) {
	x := inspection.Lesson{ID: id}
	l, err := d.Lessons().Lesson(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		x.Gone = true
		return x, nil
	}
	if err != nil {
		return x, err
	}
	x.State, x.Playable, x.PackageID = l.Media.State, l.Media.Playable, l.Media.PackageID
	x.Gone = l.Media.State == lesson.Erased
	if x.Recordings, err = d.Lessons().Recordings(ctx, id); err != nil {
		return x, err
	}
	ps, err := d.Packages().Packages(ctx, id)
	if err != nil {
		return x, err
	}
	for _, p := range ps {
		segs, err := d.Packages().Segments(ctx, p.ID)
		if err != nil {
			return x, err
		}
		x.Packages = append(x.Packages, inspection.Package{Package: p, Segments: segs})
	}
	err = d.Reader(ctx).NewRaw(objectQuery(func(o *ObjectColumns) (bool, string) {
		return o.What != "" && o.Lesson != "", " AND " + o.Lesson + " = ?0"
	}), id).Scan(ctx, &x.Others)
	return x, wrap(err, "lesson", id)
}

// NoticeObjects lists the objects of no lesson: the files of notices.
func (d *DB) NoticeObjects(ctx context.Context) ([]inspection.Object, error) {
	var list []inspection.Object
	err := d.Reader(ctx).NewRaw(objectQuery(func(o *ObjectColumns) (bool, string) {
		return o.What != "" && o.Lesson == "", ""
	})).Scan(ctx, &list)
	return list, wrap(err, "notice files")
}

// Patience of Stuck: housekeeping ends the waiting of lessons without a job
// after ten minutes, and runs once an hour.
const (
	stuckLesson = 75 * time.Minute
	stuckLease  = 10 * time.Minute
)

// unfinished are recordings that nobody works on any more, by what to say of
// them. ? is before when they came.
var unfinished = map[string]string{
	`SELECT r.id FROM recordings AS r WHERE r.sha256 = '' AND r.gone_at IS NULL AND r.received_at < ? AND NOT EXISTS (
		SELECT 1 FROM jobs AS j WHERE j.subject = 'lesson:' || r.lesson_id AND j.kind = 'hash' AND j.state IN ('waiting', 'running')) ORDER BY r.id`: "its SHA-256 was never taken, and no job takes it",
	`SELECT r.id FROM recordings AS r JOIN lessons AS l ON l.media_recording_id = r.id WHERE r.state IN ('checking', 'processing')
		AND l.media_state = 'ready' AND r.gone_at IS NULL AND r.received_at < ? ORDER BY r.id`: "it is kept as in preparation, and its lesson as ready",
}

// Stuck lists lessons in preparation without a job that prepares them, and jobs whose lease expired long ago although
// other jobs are running. When no job is running, there are none.
func (d *DB) Stuck(ctx context.Context, now time.Time) ([]inspection.Stuck, error) {
	var ids []string
	r := d.Reader(ctx)
	err := r.NewRaw(
		`SELECT l.id FROM lessons AS l WHERE l.media_state IN ('checking', 'processing') AND l.updated_at < ? AND NOT EXISTS (
		SELECT 1 FROM jobs AS j WHERE j.subject = 'lesson:' || l.id AND j.state IN ('waiting', 'running')
			AND j.kind IN ('probe', 'transcode', 'finish'))
		ORDER BY l.id`, stamp(now.Add(-stuckLesson))).Scan(ctx, &ids)
	if err != nil {
		return nil, wrap(err, "lessons in preparation")
	}
	var list []inspection.Stuck
	for _, id := range ids {
		list = append(list, inspection.Stuck{Subject: "lesson " + id,
			Says: "its recording is in preparation, and no job prepares it"})
	}
	ids = nil
	err = r.NewRaw(`SELECT id FROM jobs WHERE state = 'running' AND lease_until < ?
		AND EXISTS (SELECT 1 FROM jobs AS x WHERE x.state = 'running' AND x.lease_until > ?) ORDER BY id`,
		stamp(now.Add(-stuckLease)), stamp(now)).Scan(ctx, &ids)
	if err != nil {
		return nil, wrap(err, "jobs")
	}
	for _, id := range ids {
		list = append(list, inspection.Stuck{Subject: "job " + id,
			Says: "its worker has been gone for longer than a lease, and nobody took it over"})
	}
	for query, says := range unfinished {
		ids = nil
		if err = r.NewRaw(query, stamp(now.Add(-stuckLesson))).Scan(ctx, &ids); err != nil {
			return nil, wrap(err, "recordings")
		}
		for _, id := range ids {
			list = append(list, inspection.Stuck{Subject: "recording " + id, Says: says})
		}
	}
	ids = nil
	if err = r.NewRaw(
		"SELECT id FROM lessons WHERE media_state = 'failed' AND media_failure_code = '' ORDER BY id").Scan(ctx,
		&ids); err != nil {
		return nil, wrap(err, "lessons")
	}
	for _, id := range ids {
		list = append(list, inspection.Stuck{Subject: "lesson " + id,
			Says: "its recording failed without a reason for its teacher"})
	}
	return list, nil
}

// OpenUploads are storage's ids of the uploads that go on.
func (d *DB) OpenUploads(ctx context.Context) (map[string]bool, error) {
	var ids []string
	if err := d.Reader(ctx).NewRaw("SELECT storage_id FROM uploads WHERE status = 'open'").Scan(ctx, &ids); err != nil {
		return nil, wrap(err, "open uploads")
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return known, nil
}
