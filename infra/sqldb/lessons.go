package sqldb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/lesson"
)

// Lessons keeps lessons and recordings: a lesson.Store.
type Lessons struct{ db *DB }

// Lessons is the store of lessons.
func (d *DB) Lessons() *Lessons { return &Lessons{d} }

var _ lesson.Store = (*Lessons)(nil)

type lessonRow struct {
	bun.BaseModel `bun:"table:lessons,alias:l"`

	ID               string `bun:",pk"`
	Title            string
	Description      string
	Subject          string
	Grade            int
	Week             int
	Language         string
	TeacherID        string
	UploaderID       string
	SchoolID         string
	Status           string
	MediaState       string
	MediaStage       string
	MediaFraction    float64
	MediaRecordingID string
	MediaMakingID    string
	MediaPackageID   string
	MediaPlayable    bool
	MediaFailureCode string
	MediaFailureArgs string
	MediaWarningCode string
	MediaDuration    float64
	MediaSounds      string
	Renditions       string
	ReturnNote       string
	ReturnAt         float64
	WithdrawnBy      string
	Reason           string
	ApprovedBy       string
	PublishAt        stamp
	PublishedAt      stamp
	SubmittedAt      stamp
	CreatedAt        stamp
	UpdatedAt        stamp
	DeletedAt        stamp
	AfterAiring      bool
	PreapprovedBy    string
	PreapprovedAt    stamp
	RereviewSince    stamp  `bun:"again_since"`
	RereviewReasons  string `bun:"again_why"`
	Minors           string
	ConsentNote      string
	ConsentBy        string
	ConsentAt        stamp
	TakenDownAt      stamp
	TakenDownBy      string
}

func rowOfLesson(l lesson.Lesson) (*lessonRow, error) {
	args, err := encode(l.Media.FailureArgs, len(l.Media.FailureArgs) == 0)
	if err != nil {
		return nil, err
	}
	renditions, err := encode(l.Renditions, len(l.Renditions) == 0)
	if err != nil {
		return nil, err
	}
	sounds, err := encode(l.Media.Sounds, len(l.Media.Sounds) == 0)
	if err != nil {
		return nil, err
	}
	return &lessonRow{
		ID: l.ID, Title: l.Title, Description: l.Description, Subject: l.Subject, Grade: l.Grade, Week: l.Week,
		Language: l.Language, TeacherID: l.TeacherID, UploaderID: l.UploaderID, SchoolID: l.SchoolID,
		Status:     string(l.Status),
		MediaState: string(l.Media.State), MediaStage: l.Media.Stage, MediaFraction: l.Media.Fraction,
		MediaRecordingID: l.Media.RecordingID, MediaMakingID: l.Media.MakingID, MediaPackageID: l.Media.PackageID,
		MediaPlayable: l.Media.Playable, MediaFailureCode: l.Media.FailureCode, MediaFailureArgs: args,
		MediaWarningCode: l.Media.WarningCode, MediaDuration: l.Media.Duration, MediaSounds: sounds,
		Renditions: renditions,
		ReturnNote: l.ReturnNote, ReturnAt: l.ReturnAt, WithdrawnBy: l.WithdrawnBy, Reason: l.Reason,
		ApprovedBy: l.ApprovedBy,
		PublishAt:  stamp(l.PublishAt), PublishedAt: stamp(l.PublishedAt), SubmittedAt: stamp(l.SubmittedAt),
		CreatedAt: stamp(l.CreatedAt), UpdatedAt: stamp(l.UpdatedAt), DeletedAt: stamp(l.DeletedAt),
		AfterAiring: l.AfterAiring, PreapprovedBy: l.PreapprovedBy, PreapprovedAt: stamp(l.PreapprovedAt),
		RereviewSince: stamp(l.RereviewSince), RereviewReasons: l.RereviewReasons,
		Minors: string(l.Consent.Minors), ConsentNote: l.Consent.Note, ConsentBy: l.Consent.By,
		ConsentAt:   stamp(l.Consent.At),
		TakenDownAt: stamp(l.TakenDownAt), TakenDownBy: l.TakenDownBy,
	}, nil
}

func (r *lessonRow) lesson() (lesson.Lesson, error) {
	args, err := decodeArgs(r.MediaFailureArgs)
	if err != nil {
		return lesson.Lesson{}, fmt.Errorf("lesson %s: failure: %w", r.ID, err)
	}
	l := lesson.Lesson{
		ID: r.ID, Title: r.Title, Description: r.Description, Subject: r.Subject, Grade: r.Grade, Week: r.Week,
		Language: r.Language, TeacherID: r.TeacherID, UploaderID: r.UploaderID, SchoolID: r.SchoolID,
		Status: lesson.Status(r.Status),
		Media: lesson.Media{
			State: lesson.MediaState(r.MediaState), Stage: r.MediaStage, Fraction: r.MediaFraction,
			RecordingID: r.MediaRecordingID, MakingID: r.MediaMakingID, PackageID: r.MediaPackageID,
			Playable: r.MediaPlayable, FailureCode: r.MediaFailureCode, FailureArgs: args,
			WarningCode: r.MediaWarningCode, Duration: r.MediaDuration,
		},
		ReturnNote: r.ReturnNote, ReturnAt: r.ReturnAt, WithdrawnBy: r.WithdrawnBy, Reason: r.Reason,
		ApprovedBy: r.ApprovedBy,
		PublishAt:  r.PublishAt.Time(), PublishedAt: r.PublishedAt.Time(), SubmittedAt: r.SubmittedAt.Time(),
		CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(), DeletedAt: r.DeletedAt.Time(),
		AfterAiring: r.AfterAiring, PreapprovedBy: r.PreapprovedBy, PreapprovedAt: r.PreapprovedAt.Time(),
		RereviewSince: r.RereviewSince.Time(), RereviewReasons: r.RereviewReasons,
		Consent: lesson.Consent{Minors: lesson.Minors(r.Minors), Note: r.ConsentNote, By: r.ConsentBy,
			At: r.ConsentAt.Time()},
		TakenDownAt: r.TakenDownAt.Time(), TakenDownBy: r.TakenDownBy,
	}
	if r.MediaSounds != "" {
		if err := json.Unmarshal([]byte(r.MediaSounds), &l.Media.Sounds); err != nil {
			return l, fmt.Errorf("lesson %s: sounds: %w", r.ID, err)
		}
	}
	if r.Renditions != "" {
		if err := json.Unmarshal([]byte(r.Renditions), &l.Renditions); err != nil {
			return l, fmt.Errorf("lesson %s: renditions: %w", r.ID, err)
		}
	}
	return l, nil
}

// Lesson reads one lesson.
func (s *Lessons) Lesson(ctx context.Context, id string) (lesson.Lesson, error) {
	var r lessonRow
	err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return lesson.Lesson{}, missing(err, "lesson.not_found", "lesson", id)
	}
	return r.lesson()
}

// LessonsByID reads those of the lessons that exist, in no order, in one query.
func (s *Lessons) LessonsByID(ctx context.Context, ids []string) ([]lesson.Lesson, error) {
	var rows []lessonRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, wrap(err, "lessons")
	}
	list := make([]lesson.Lesson, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].lesson(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Names reads what lessons name by id, in one query.
func (s *Lessons) Names(ctx context.Context, ids ...string) (map[string]lesson.Names, error) {
	var rows []struct{ ID, Teacher, School, Subject, SubjectEn string }
	err := s.db.Reader(ctx).NewRaw(`SELECT l.id, COALESCE(p.name, '') AS teacher, COALESCE(s.name, '') AS school,
			COALESCE(u.name, '') AS subject, COALESCE(u.name_en, '') AS subject_en
		FROM lessons AS l LEFT JOIN persons AS p ON p.id = l.teacher_id LEFT JOIN schools AS s ON s.id = l.school_id
		LEFT JOIN subjects AS u ON u.code = l.subject WHERE l.id IN (?)`, bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(err, "names of lessons")
	}
	names := make(map[string]lesson.Names, len(rows))
	for _, r := range rows {
		names[r.ID] = lesson.Names{Teacher: r.Teacher, School: r.School, Subject: r.Subject, SubjectEn: r.SubjectEn}
	}
	return names, nil
}

// Lock reads one lesson for change.
func (s *Lessons) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	var r lessonRow
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&r).Where("id = ?", id))
	if err == nil {
		err = q.Scan(ctx)
	}
	if err != nil {
		return lesson.Lesson{}, missing(err, "lesson.not_found", "lesson", id)
	}
	return r.lesson()
}

// Save adds or replaces a lesson.
func (s *Lessons) Save(ctx context.Context, l lesson.Lesson) error {
	r, err := rowOfLesson(l)
	if err != nil {
		return fmt.Errorf("lesson %s: %w", l.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "lesson", l.ID)
}

// SetProgress updates two columns: saving whole lessons at every report of
// progress would rewrite their texts and renditions.
func (s *Lessons) SetProgress(
	ctx context.Context, lessonID, recordingID, stage string, fraction float64,
) (bool, error) {
	res, err := s.db.Writer(ctx).NewUpdate().Model((*lessonRow)(nil)).
		Set("media_stage = ?", stage).
		Set("media_fraction = CASE WHEN media_fraction > ?0 THEN media_fraction ELSE ?0 END", fraction).
		Where("id = ? AND media_recording_id = ? AND media_state = ?", lessonID, recordingID,
			string(lesson.Processing)).
		Exec(ctx)
	if err != nil {
		return false, wrap(err, "progress of lesson", lessonID)
	}
	n, err := res.RowsAffected()
	return n > 0, wrap(err, "progress of lesson", lessonID)
}

// Sizes of a page of lessons; more than the most is cut to it.
const (
	defaultPage = 50
	largestPage = 200
)

// Lessons lists one page.
func (s *Lessons) Lessons(ctx context.Context, f lesson.Filter) (items []lesson.Lesson, next string, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, largestPage)
	var rows []lessonRow
	// One more than asked for tells whether there is a next page.
	if err := pageOfLessons(s.db.Reader(ctx).NewSelect().Model(&rows),
		f).Limit(int64(limit) + 1).Scan(ctx); err != nil {
		return nil, "", wrap(err, "lessons")
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	items = make([]lesson.Lesson, len(rows))
	for i := range rows {
		if items[i], err = rows[i].lesson(); err != nil {
			return nil, "", err
		}
	}
	return items, next, nil
}

func pageOfLessons(q *bun.SelectQuery, f lesson.Filter) *bun.SelectQuery {
	if f.Deleted {
		q = q.Where("deleted_at IS NOT NULL")
	} else {
		q = q.Where("deleted_at IS NULL")
	}
	if len(f.Status) > 0 {
		q = q.Where("status IN (?)", bun.List(f.Status))
	}
	if len(f.Media) > 0 {
		q = q.Where("media_state IN (?)", bun.List(f.Media))
	}
	if f.Subject != "" {
		q = q.Where("subject = ?", f.Subject)
	}
	if f.Teacher != "" {
		q = q.Where("teacher_id = ?", f.Teacher)
	}
	if f.CaredBy != "" {
		q = q.Where("(teacher_id = ? OR uploader_id = ?)", f.CaredBy, f.CaredBy)
	}
	if f.School != "" {
		q = q.Where("school_id = ?", f.School)
	}
	if f.Undecided {
		q = q.Where("approved_by = ''")
	}
	if f.Approved {
		q = q.Where("approved_by <> ''")
	}
	if f.Preapproved {
		q = q.Where("preapproved_by <> ''")
	}
	if f.Again {
		q = q.Where("again_since IS NOT NULL")
	}
	if f.Grade != 0 {
		q = q.Where("grade = ?", f.Grade)
	}
	if f.Week != 0 {
		q = q.Where("week = ?", f.Week)
	}
	if !f.OldFirst {
		if f.After != "" {
			q = q.Where("id < ?", f.After)
		}
		return q.Order("id DESC") // identifiers grow with time
	}
	if f.After != "" {
		q = q.Where(
			"(COALESCE(submitted_at, created_at), id) > (SELECT COALESCE(a.submitted_at, a.created_at), a.id FROM lessons AS a WHERE a.id = ?)", f.After)
	}
	return q.OrderExpr("COALESCE(submitted_at, created_at), id")
}

type recordingRow struct {
	bun.BaseModel `bun:"table:recordings,alias:r"`

	ID          string `bun:",pk"`
	LessonID    string
	StorageKey  string
	Filename    string
	Size        int64
	SHA256      string `bun:"sha256"`
	Claimed     string
	State       string
	FailureCode string
	FailureArgs string
	ReceivedAt  stamp
	KeepUntil   stamp
	GoneAt      stamp
}

func (r *recordingRow) recording() (lesson.Recording, error) {
	args, err := decodeArgs(r.FailureArgs)
	if err != nil {
		err = fmt.Errorf("recording %s: failure: %w", r.ID, err)
	}
	return lesson.Recording{
		ID: r.ID, LessonID: r.LessonID, Key: r.StorageKey, Filename: r.Filename, Size: r.Size, SHA256: r.SHA256,
		Claimed: r.Claimed, State: lesson.MediaState(r.State), FailureCode: r.FailureCode, FailureArgs: args,
		ReceivedAt: r.ReceivedAt.Time(), KeepUntil: r.KeepUntil.Time(), GoneAt: r.GoneAt.Time(),
	}, err
}

// Recording reads one recording.
func (s *Lessons) Recording(ctx context.Context, id string) (lesson.Recording, error) {
	var r recordingRow
	err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return lesson.Recording{}, missing(err, "recording.not_found", "recording", id)
	}
	return r.recording()
}

// SaveRecording adds or replaces a recording.
func (s *Lessons) SaveRecording(ctx context.Context, r lesson.Recording) error {
	args, err := encode(r.FailureArgs, len(r.FailureArgs) == 0)
	if err != nil {
		return fmt.Errorf("recording %s: %w", r.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&recordingRow{
		ID: r.ID, LessonID: r.LessonID, StorageKey: r.Key, Filename: r.Filename, Size: r.Size, SHA256: r.SHA256,
		Claimed: r.Claimed, State: string(r.State), FailureCode: r.FailureCode, FailureArgs: args,
		ReceivedAt: stamp(r.ReceivedAt), KeepUntil: stamp(r.KeepUntil), GoneAt: stamp(r.GoneAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "recording", r.ID)
}

// Recordings lists a lesson's, newest first.
func (s *Lessons) Recordings(ctx context.Context, lessonID string) ([]lesson.Recording, error) {
	return s.recordings(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("lesson_id = ?", lessonID).Order("received_at DESC", "id DESC")
	})
}

// RecordingsDue lists those whose time to be kept is over.
func (s *Lessons) RecordingsDue(ctx context.Context, now time.Time, limit int) ([]lesson.Recording, error) {
	return s.recordings(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("gone_at IS NULL AND keep_until IS NOT NULL AND keep_until <= ?", stamp(now)).
			Order("keep_until", "id").Limit(int64(limit))
	})
}

func (s *Lessons) recordings(ctx context.Context,
	which func(*bun.SelectQuery) *bun.SelectQuery) ([]lesson.Recording, error) {
	var rows []recordingRow
	if err := which(s.db.Reader(ctx).NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, wrap(err, "recordings")
	}
	list := make([]lesson.Recording, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].recording(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
