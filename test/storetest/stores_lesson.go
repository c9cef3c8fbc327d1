package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/upload"
	"lenlop/services/worksheet"
)

// fullLesson has a value in every field.
func fullLesson(id string) lesson.Lesson {
	return lesson.Lesson{
		ID: id, Title: "Phép cộng 'có nhớ' \\ ? $1", Description: "Dòng một\nDòng hai 🙂", Subject: "toan",
		Grade: 2, Week: 7,
		Language: "vi", TeacherID: "t1", UploaderID: "t2", SchoolID: "s1", Status: lesson.Submitted,
		Media: lesson.Media{
			State: lesson.Failed, Stage: "probe", Fraction: 0.25, RecordingID: "r1", MakingID: "k2", PackageID: "k1",
			Playable:    true,
			FailureCode: "recording.too_long",
			FailureArgs: fault.Args{"max": int64(4294967296), "ratio": 0.5, "name": "a"},
			WarningCode: "recording.truncated", Duration: 1800.48,
		},
		Renditions: []lesson.Rendition{{Name: "720p", Kind: "video", Width: 1280, Height: 720, Bandwidth: 900000,
			Bytes: 1 << 33, Codecs: "avc1.64001f,mp4a.40.2"}, {Name: "audio", Kind: "audio"}},
		ReturnNote: "Tiếng nhỏ", ReturnAt: 12.5, WithdrawnBy: "p3", Reason: "nhầm bài", ApprovedBy: "p4",
		PublishAt: moment(1), PublishedAt: moment(2), SubmittedAt: moment(3), CreatedAt: moment(4),
		UpdatedAt: moment(5), DeletedAt: moment(6),
		AfterAiring: true, PreapprovedBy: "p5", PreapprovedAt: moment(7), RereviewSince: moment(8),
		RereviewReasons: "recording,grade",
		Consent:         lesson.Consent{Minors: lesson.MinorsAgreed, Note: "tủ hồ sơ", By: "p6", At: moment(9)},
		TakenDownAt:     moment(10), TakenDownBy: "p7",
	}
}

func keptLesson(l lesson.Lesson) lesson.Lesson {
	for _, at := range []*time.Time{&l.PublishAt, &l.PublishedAt, &l.SubmittedAt, &l.CreatedAt,
		&l.UpdatedAt, &l.DeletedAt,
		&l.PreapprovedAt, &l.RereviewSince, &l.Consent.At, &l.TakenDownAt} {
		*at = kept(*at)
	}
	return l
}

// Lessons tests an implementation of lesson.Store.
func Lessons(t *testing.T, open Open) {
	t.Run("Keeps", func(t *testing.T) { lessonsKeep(t, open(t)) })
	t.Run("Lists", func(t *testing.T) { lessonsList(t, open(t)) })
	t.Run("Recordings", func(t *testing.T) { recordings(t, open(t)) })
	t.Run("Progress", func(t *testing.T) { lessonProgress(t, open(t)) })
	t.Run("Lock", func(t *testing.T) { lessonLock(t, open(t)) })
}

func lessonsKeep(t *testing.T, s Stores) {
	_, err := s.Lessons.Lesson(bg, "none")
	wantFault(t, err, fault.NotFound, "lesson.not_found")
	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		_, err := s.Lessons.Lock(ctx, "none")
		wantFault(t, err, fault.NotFound, "lesson.not_found")
		return nil
	}))
	full := fullLesson("l1")
	ok(t, s.Lessons.Save(bg, full))
	same(t, must(s.Lessons.Lesson(bg, "l1"))(t), keptLesson(full))
	// Saving a lesson again replaces every field, also with empty values.
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1", Title: "mới"}))
	same(t, must(s.Lessons.Lesson(bg, "l1"))(t), lesson.Lesson{ID: "l1", Title: "mới"})
	if err := s.Lessons.Save(bg, lesson.Lesson{ID: "l2", Title: "a\x00b"}); err == nil {
		if got := must(s.Lessons.Lesson(bg, "l2"))(t).Title; got != "a\x00b" {
			t.Errorf("text with a zero byte was kept as %q without a word", got)
		}
	}
}

// lessonProgress: only stage and fraction change, the fraction never decreases, and
// only the newest recording in processing counts.
func lessonProgress(t *testing.T, s Stores) {
	l := fullLesson("l1")
	l.Media.State, l.Media.Stage, l.Media.Fraction = lesson.Processing, "transcode", 0.25
	ok(t, s.Lessons.Save(bg, l))
	for _, fraction := range []float64{0.5, 0.75, 0.1} {
		same(t, must(s.Lessons.SetProgress(bg, "l1", l.Media.RecordingID, "verify", fraction))(t), true)
	}
	l.Media.Stage, l.Media.Fraction = "verify", 0.75
	same(t, must(s.Lessons.Lesson(bg, "l1"))(t), keptLesson(l))
	same(t, must(s.Lessons.SetProgress(bg, "l1", "another", "verify", 0.9))(t), false)
	same(t, must(s.Lessons.SetProgress(bg, "none", l.Media.RecordingID, "verify", 0.9))(t), false)
	l.Media.State = lesson.Ready
	ok(t, s.Lessons.Save(bg, l))
	same(t, must(s.Lessons.SetProgress(bg, "l1", l.Media.RecordingID, "verify", 0.9))(t), false)
	same(t, must(s.Lessons.Lesson(bg, "l1"))(t), keptLesson(l))
}

func lessonsList(t *testing.T, s Stores) {
	// Ids grow with time; l5 is in the bin; l2 was submitted before l1.
	for i, l := range []lesson.Lesson{
		{ID: "l1", Status: lesson.Submitted, Subject: "toan", Grade: 1, Week: 1, TeacherID: "t1", SchoolID: "s1",
			SubmittedAt: moment(20), PreapprovedBy: "h", Media: lesson.Media{State: lesson.Ready}},
		{ID: "l2", Status: lesson.Submitted, Subject: "toan", Grade: 2, TeacherID: "t1", SchoolID: "s2",
			SubmittedAt: moment(10), ApprovedBy: "p", Media: lesson.Media{State: lesson.Failed}},
		{ID: "l3", Status: lesson.Draft, Subject: "ngu-van", Grade: 6, Week: 1, TeacherID: "t2", UploaderID: "t1",
			SchoolID: "s2"},
		{ID: "l4", Status: lesson.Published, Subject: "toan", Grade: 1, Week: 2, TeacherID: "t2", SchoolID: "s1",
			SubmittedAt: moment(20), RereviewSince: moment(30)},
		{ID: "l5", Status: lesson.Draft, Subject: "toan", TeacherID: "t1", DeletedAt: moment(9)},
	} {
		l.CreatedAt = moment(i)
		ok(t, s.Lessons.Save(bg, l))
	}
	for _, x := range []struct {
		name string
		f    lesson.Filter
		want []string
	}{
		{"all", lesson.Filter{}, []string{"l4", "l3", "l2", "l1"}},
		{"bin", lesson.Filter{Deleted: true}, []string{"l5"}},
		{"status", lesson.Filter{Status: []lesson.Status{lesson.Draft, lesson.Published}}, []string{"l4", "l3"}},
		{"media", lesson.Filter{Media: []lesson.MediaState{lesson.Failed}}, []string{"l2"}},
		{"subject and grade", lesson.Filter{Subject: "toan", Grade: 1}, []string{"l4", "l1"}},
		{"week", lesson.Filter{Week: 1}, []string{"l3", "l1"}},
		{"teacher", lesson.Filter{Teacher: "t1"}, []string{"l2", "l1"}},
		{"school", lesson.Filter{School: "s2"}, []string{"l3", "l2"}},
		{"cared for", lesson.Filter{CaredBy: "t1"}, []string{"l3", "l2", "l1"}},
		{"undecided", lesson.Filter{Undecided: true, Status: []lesson.Status{lesson.Submitted}, OldFirst: true},
			[]string{"l1"}},
		{"approved", lesson.Filter{Approved: true}, []string{"l2"}},
		{"preapproved", lesson.Filter{Preapproved: true}, []string{"l1"}},
		{"again", lesson.Filter{Again: true}, []string{"l4"}},
		{"nothing", lesson.Filter{Subject: "toan", Grade: 12}, []string{}},
		{"longest waiting", lesson.Filter{Status: []lesson.Status{lesson.Submitted}, OldFirst: true},
			[]string{"l2", "l1"}},
		{"old first", lesson.Filter{OldFirst: true}, []string{"l3", "l2", "l1", "l4"}},
		{"hostile", lesson.Filter{Subject: "' OR 1=1 --", Teacher: "?"}, []string{}},
	} {
		t.Run(x.name, func(t *testing.T) {
			// Every page size must list the same lessons in the same order.
			for limit := 1; limit <= 5; limit++ {
				got := []string{}
				f := x.f
				f.Limit = limit
				for page := 0; ; page++ {
					list, next, err := s.Lessons.Lessons(bg, f)
					ok(t, err)
					got = append(got, ids(list, func(l lesson.Lesson) string { return l.ID })...)
					if next == "" {
						break
					}
					if len(list) != limit || page > 5 {
						t.Fatalf("page %d of %d has %d lessons and goes on", page, limit, len(list))
					}
					f.After = next
				}
				same(t, got, x.want)
			}
		})
	}
	for i := range 60 {
		ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: fmt.Sprintf("m%02d", i), Language: "hmn"}))
	}
	list, next, err := s.Lessons.Lessons(bg, lesson.Filter{})
	ok(t, err)
	if len(list) != 50 || next != list[49].ID {
		t.Errorf("a page without a limit has %d lessons and goes on after %q", len(list), next)
	}
}

func recordings(t *testing.T, s Stores) {
	_, err := s.Lessons.Recording(bg, "none")
	wantFault(t, err, fault.NotFound, "recording.not_found")
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1"}))
	r := lesson.Recording{
		ID: "r1", LessonID: "l1", Key: "lessons/l1/recordings/r1", Filename: "../bài 1.mp4", Size: 5 << 30,
		SHA256: "ab", Claimed: "cd",
		State: lesson.Failed, FailureCode: "recording.not_media", FailureArgs: fault.Args{"size": int64(3)},
		ReceivedAt: moment(1), KeepUntil: moment(60),
	}
	ok(t, s.Lessons.SaveRecording(bg, r))
	ok(t, s.Lessons.SaveRecording(bg, lesson.Recording{ID: "r2", LessonID: "l1", ReceivedAt: moment(2)}))
	ok(t, s.Lessons.SaveRecording(bg,
		lesson.Recording{ID: "r3", LessonID: "l1", ReceivedAt: moment(3), KeepUntil: moment(30)}))
	ok(t, s.Lessons.SaveRecording(bg,
		lesson.Recording{ID: "r4", LessonID: "l1", ReceivedAt: moment(4), KeepUntil: moment(30), GoneAt: moment(31)}))
	id := func(r lesson.Recording) string { return r.ID }
	same(t, ids(must(s.Lessons.Recordings(bg, "l1"))(t), id), []string{"r4", "r3", "r2", "r1"})
	same(t, ids(must(s.Lessons.RecordingsDue(bg, moment(29), 10))(t), id), []string{})
	same(t, ids(must(s.Lessons.RecordingsDue(bg, moment(60), 10))(t), id), []string{"r3", "r1"})
	same(t, ids(must(s.Lessons.RecordingsDue(bg, moment(60), 1))(t), id), []string{"r3"})
	r.ReceivedAt, r.KeepUntil = kept(r.ReceivedAt), kept(r.KeepUntil)
	same(t, must(s.Lessons.Recording(bg, "r1"))(t), r)
	r.State, r.FailureCode, r.FailureArgs, r.KeepUntil = lesson.Checking, "", nil, time.Time{}
	ok(t, s.Lessons.SaveRecording(bg, r))
	same(t, must(s.Lessons.Recording(bg, "r1"))(t), r)
}

// lessonLock: concurrent changes of one lesson are all kept.
func lessonLock(t *testing.T, s Stores) {
	const workers, steps = 4, 10
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1"}))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range steps {
				if err := s.Atomic.Atomically(bg, func(ctx context.Context) error {
					l, err := s.Lessons.Lock(ctx, "l1")
					if err != nil {
						return err
					}
					l.Week++
					return s.Lessons.Save(ctx, l)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := must(s.Lessons.Lesson(bg, "l1"))(t).Week; got != workers*steps {
		t.Errorf("%d of %d changes were kept", got, workers*steps)
	}
}

// Uploads tests an implementation of upload.Store.
func Uploads(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Uploads.Upload(bg, "none")
	wantFault(t, err, fault.NotFound, "upload.not_found")
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1", TeacherID: "p1"}))
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l2", TeacherID: "p2"}))
	u := upload.Upload{
		ID: "u1", LessonID: "l1", PersonID: "p1", RecordingID: "r1", Filename: "bài.mp4", Size: 4 << 30,
		PartSize: 8 << 20, PartCount: 512,
		Key: "lessons/l1/recordings/r1", StorageID: "x", Status: upload.Open, CreatedAt: moment(0),
		ExpiresAt: moment(60),
	}
	ok(t, s.Uploads.SaveUpload(bg, u))
	ok(t, s.Uploads.SaveUpload(bg, upload.Upload{ID: "u2", LessonID: "l1", PersonID: "p1", Size: 100,
		Status: upload.Open, CreatedAt: moment(1), ExpiresAt: moment(30)}))
	ok(t, s.Uploads.SaveUpload(bg, upload.Upload{ID: "u3", LessonID: "l1", PersonID: "p1", Size: 7,
		Status: upload.Aborted, CreatedAt: moment(2), ExpiresAt: moment(30)}))
	ok(t, s.Uploads.SaveUpload(bg, upload.Upload{ID: "u4", LessonID: "l2", PersonID: "p2", Size: 9,
		Status: upload.Complete, CreatedAt: moment(2), ExpiresAt: moment(30)}))
	u.CreatedAt, u.ExpiresAt = kept(u.CreatedAt), kept(u.ExpiresAt)
	same(t, must(s.Uploads.Upload(bg, "u1"))(t), u)
	id := func(u upload.Upload) string { return u.ID }
	same(t, ids(must(s.Uploads.OpenUploads(bg, "l1"))(t), id), []string{"u2", "u1"})
	same(t, ids(must(s.Uploads.Expired(bg, moment(29), 10))(t), id), []string{})
	same(t, ids(must(s.Uploads.Expired(bg, moment(60), 10))(t), id), []string{"u2", "u1"})
	same(t, ids(must(s.Uploads.Expired(bg, moment(60), 1))(t), id), []string{"u2"})

	// The quota counts open uploads and stored recordings.
	for _, r := range []lesson.Recording{{ID: "r1", LessonID: "l1", Size: 1000},
		{ID: "r2", LessonID: "l1", Size: 20, GoneAt: moment(1)}, {ID: "r3", LessonID: "l2", Size: 3}} {
		ok(t, s.Lessons.SaveRecording(bg, r))
	}
	ok(t, s.Sheets.SaveWorksheet(bg, worksheet.Worksheet{ID: "w1", LessonID: "l2", Size: 50, At: moment(1)}))
	same(t, must(s.Uploads.Reserved(bg, "p2"))(t), 53)
	ok(t, s.Sheets.DeleteWorksheet(bg, "l2", "w1"))
	same(t, must(s.Uploads.Reserved(bg, "p1"))(t), 4<<30+100+1000)
	same(t, must(s.Uploads.Reserved(bg, "p2"))(t), 3)
	same(t, must(s.Uploads.Reserved(bg, "nobody"))(t), 0)

	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		got, err := s.Uploads.Lock(ctx, "u1")
		ok(t, err)
		got.Status = upload.Complete
		return s.Uploads.SaveUpload(ctx, got)
	}))
	same(t, must(s.Uploads.Upload(bg, "u1"))(t).Status, upload.Complete)
	same(t, must(s.Uploads.Reserved(bg, "p1"))(t), 100+1000)

	// Of two concurrent uploads only one can use the rest of the quota.
	const quota = 100 + 1000 + 10
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := s.Atomic.Atomically(bg, func(ctx context.Context) error {
				used, err := s.Uploads.Reserved(ctx, "p1")
				if err != nil || used+10 > quota {
					return err
				}
				return s.Uploads.SaveUpload(ctx, upload.Upload{ID: fmt.Sprint("race", i), LessonID: "l1",
					PersonID: "p1", Size: 10, Status: upload.Open})
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, must(s.Uploads.Reserved(bg, "p1"))(t), quota)
}
