package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

// lessonFixture is a lesson.Service on a real database, with a clock that the test sets.
type lessonFixture struct {
	*lesson.Service
	now     time.Time
	indexed map[string]int
}

type noted struct{ h *lessonFixture }

func (n noted) Changed(_ context.Context, id string) error { n.h.indexed[id]++; return nil }

type publishArgs struct{ Lesson string }

func (publishArgs) Kind() string { return "publish" }

var (
	lan = people.Person{ID: "lan", Username: "lan", Name: "Lò Thị Lan", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	mai = people.Person{ID: "mai", Username: "mai", Name: "Lò Thị Mai", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	tung = people.Person{ID: "tung", Username: "tung", Name: "Vàng A Tùng", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "s2"}}}
	hieu = people.Person{ID: "hieu", Username: "hieu", Name: "Hiệu", Active: true,
		Grants: []people.Grant{{Role: people.Head, School: "s1"}}}
	so = people.Person{ID: "so", Username: "so", Name: "Sở", Active: true,
		Grants: []people.Grant{{Role: people.Reviewer}}}
	dai = people.Person{ID: "dai", Username: "dai", Name: "Đài", Active: true,
		Grants: []people.Grant{{Role: people.Station}}}
)

func newLessonFixture(t *testing.T, db *sqldb.DB) *lessonFixture {
	t.Helper()
	ctx := context.Background()
	h := &lessonFixture{now: time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC), indexed: map[string]int{}}
	ids := 0
	now := func() time.Time { return h.now }
	h.Service = &lesson.Service{Store: db.Lessons(), Atomic: db, Jobs: db.Jobs(), Audit: db.Audit(), Index: noted{h},
		Subjects: db.Schools(), People: db.People(),
		Histories: db.Steps(), Settings: db, Schools: db.Schools(), Now: now,
		NewID:      func() string { ids++; return fmt.Sprintf("id-%05d", ids) },
		PublishJob: func(l lesson.Lesson) job.New { return job.New{Args: publishArgs{l.ID}, RunAt: l.PublishAt} }}
	for _, s := range []school.School{{ID: "s1", Code: "A", Name: "A", Level: school.Primary},
		{ID: "s2", Code: "B", Name: "B", Level: school.UpperSecondary}} {
		good(t, db.Schools().SaveSchool(ctx, s))
	}
	for _, p := range []people.Person{lan, mai, tung, hieu, so, dai} {
		good(t, db.People().SavePerson(ctx, p))
	}
	return h
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lesson saves a lesson of lan's whose media is ready.
func (h *lessonFixture) lesson(t *testing.T, id string, s lesson.Status) {
	t.Helper()
	l := lesson.Lesson{ID: id, Title: "Bài " + id, Subject: "toan", Grade: 4, Week: 3, Language: "vi", TeacherID: "lan",
		SchoolID: "s1", Status: s,
		Media:     lesson.Media{State: lesson.Ready, RecordingID: id + "-r", PackageID: id + "-p", Playable: true},
		CreatedAt: h.now}
	if s == lesson.Submitted {
		l.SubmittedAt = h.now
	}
	good(t, h.Store.Save(t.Context(), l))
}

func (h *lessonFixture) kinds(t *testing.T, id string) string {
	t.Helper()
	steps, err := h.History(t.Context(), so, id)
	good(t, err)
	var out []string
	for _, step := range slices.Backward(steps) {
		out = append(out, string(step.Kind)+":"+step.By)
	}
	return strings.Join(out, " ")
}

func onLessons(t *testing.T, test func(t *testing.T, h *lessonFixture)) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) { test(t, newLessonFixture(t, db)) })
}

func TestHistoryListsEveryStep(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		h.lesson(t, "l", lesson.Draft)
		do := func(_ lesson.Lesson, err error) { h.now = h.now.Add(time.Minute); t.Helper(); good(t, err) }
		do(h.Submit(ctx, lan, "l"))
		do(h.Return(ctx, so, "l", "Tiếng nhỏ", 75))
		do(h.Submit(ctx, lan, "l"))
		do(h.Approve(ctx, so, "l", h.now.Add(time.Hour)))
		h.now = h.now.Add(2 * time.Hour)
		good(t, h.PublishDue(ctx, "l"))
		good(t, h.PublishDue(ctx, "l"))
		h.now = h.now.Add(time.Minute)
		title, week := "Tên mới", 5
		do(h.Edit(ctx, lan, "l", lesson.Text{Title: &title}))
		do(h.Edit(ctx, lan, "l", lesson.Text{Week: &week}))
		do(h.Withdraw(ctx, so, "l", "Nhầm bài"))
		do(h.Bin(ctx, lan, "l"))
		do(h.Restore(ctx, lan, "l"))
		want := "submitted:lan returned:so submitted:lan approved:so published: edited:lan withdrawn:so binned:lan restored:lan"
		if got := h.kinds(t, "l"); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		steps, err := h.History(ctx, hieu, "l")
		good(t, err)
		if s := steps[7]; s.Note != "Tiếng nhỏ" || s.Moment != 75 {
			t.Errorf("%+v", s)
		}
		if s := steps[3]; s.Note != "title,week" {
			t.Errorf("two edits shortly after each other are recorded as %+v", s)
		}
		if h.indexed["l"] != 5 { // published, the job run twice, twice edited, withdrawn
			t.Errorf("the index was notified %d times", h.indexed["l"])
		}
		if _, err := h.History(ctx, tung, "l"); !fault.Is(err, "access.denied") {
			t.Errorf("a teacher of another school reads the history: %v", err)
		}
	})
}

func TestPublishedAfterItsAiring(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		h.lesson(t, "l", lesson.Submitted)
		h.lesson(t, "waiting", lesson.Submitted)
		l, err := h.ApproveAfterAiring(ctx, so, "l")
		good(t, err)
		if l.Status != lesson.Submitted || !l.AfterAiring || l.ApprovedBy != "so" {
			t.Fatalf("%+v", l)
		}
		for _, id := range []string{"l", "l", "waiting", "gone"} {
			good(t, h.Aired(ctx, id))
		}
		if l, err = h.Store.Lesson(ctx, "l"); err != nil || l.Status != lesson.Published || l.AfterAiring {
			t.Errorf("%+v %v", l, err)
		}
		if l, err = h.Store.Lesson(ctx, "waiting"); err != nil || l.Status != lesson.Submitted {
			t.Errorf("a lesson without approval: %+v %v", l, err)
		}
		// A lesson that was on air before its approval is published at once.
		h.WasAired = func(context.Context, string) (bool, error) { return true, nil }
		if l, err = h.ApproveAfterAiring(ctx, so, "waiting"); err != nil || l.Status != lesson.Published {
			t.Errorf("%+v %v", l, err)
		}
	})
}

func TestChangesAfterApproval(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		h.lesson(t, "l", lesson.Submitted)
		_, err := h.Approve(ctx, so, "l", h.now.Add(time.Hour))
		good(t, err)
		title, grade := "Tên khác", 5
		l, err := h.Edit(ctx, lan, "l", lesson.Text{Title: &title})
		if err != nil || l.ApprovedBy == "" {
			t.Fatalf("changing the title ended the approval: %+v %v", l, err)
		}
		l, err = h.Edit(ctx, lan, "l", lesson.Text{Grade: &grade})
		if err != nil || l.ApprovedBy != "" || !l.PublishAt.IsZero() {
			t.Fatalf("changing the grade kept the approval: %+v %v", l, err)
		}
		h.now = h.now.Add(2 * time.Hour)
		good(t, h.PublishDue(ctx, "l"))
		if l, _ = h.Store.Lesson(ctx, "l"); l.Status != lesson.Submitted {
			t.Errorf("published without approval: %+v", l)
		}
		// A published lesson stays published, and is marked for another review.
		_, err = h.Approve(ctx, so, "l", time.Time{})
		good(t, err)
		l, err = h.Edit(ctx, lan, "l", lesson.Text{Title: &title, Week: &grade})
		if err != nil || !l.RereviewSince.IsZero() {
			t.Errorf("week and title: %+v %v", l, err)
		}
		subject := "tieng-viet"
		_, err = h.Edit(ctx, lan, "l", lesson.Text{Subject: &subject})
		good(t, err)
		good(t, h.Atomic.Atomically(ctx,
			func(ctx context.Context) error { return h.MarkForRereview(ctx, lan, "l", lesson.PartWorksheets) }))
		if l, _ = h.Store.Lesson(ctx, "l"); l.Status != lesson.Published || l.RereviewReasons != "subject,worksheets" {
			t.Errorf("%+v", l)
		}
		if _, err := h.Confirm(ctx, lan, "l"); !fault.Is(err, "access.denied") {
			t.Errorf("its teacher confirmed it: %v", err)
		}
		if l, err = h.Confirm(ctx, so, "l"); err != nil || !l.RereviewSince.IsZero() {
			t.Errorf("%+v %v", l, err)
		}
	})
}

func TestPreapprovalByHeads(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		h.lesson(t, "l", lesson.Submitted)
		if _, err := h.Preapprove(ctx, hieu, "l"); !fault.Is(err, "lesson.no_preapproval") {
			t.Errorf("without a rule: %v", err)
		}
		if err := h.SetPreapproveLevels(ctx, hieu, []school.Level{school.Primary}); !fault.Is(err, "access.denied") {
			t.Errorf("a head set the rule: %v", err)
		}
		good(t, h.SetPreapproveLevels(ctx, so, []school.Level{school.UpperSecondary, "x"}))
		if _, err := h.Preapprove(ctx, hieu, "l"); !fault.Is(err, "lesson.no_preapproval") {
			t.Errorf("at a school of another level: %v", err)
		}
		good(t, h.SetPreapproveLevels(ctx, so, []school.Level{school.Primary}))
		l, err := h.Preapprove(ctx, hieu, "l")
		if err != nil || l.PreapprovedBy != "hieu" || l.Status != lesson.Submitted {
			t.Fatalf("%+v %v", l, err)
		}
		if _, err := h.Preapprove(ctx, lan, "l"); !fault.Is(err, "access.denied") {
			t.Errorf("its teacher: %v", err)
		}
	})
}

func TestTakenDownAtOnce(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		notified := ""
		h.OnTakenDown = func(id string) { notified = id }
		h.lesson(t, "l", lesson.Published)
		if _, err := h.TakeDown(ctx, lan, "l", " "); !fault.Is(err, "lesson.invalid") {
			t.Errorf("without a reason: %v", err)
		}
		l, err := h.TakeDown(ctx, hieu, "l", "Có học sinh")
		if err != nil || l.Status != lesson.Withdrawn || l.Object().Published || notified != "l" ||
			h.indexed["l"] != 1 {
			t.Fatalf("%+v %v, notified %q, indexed %d", l, err, notified, h.indexed["l"])
		}
		for _, p := range []people.Person{{}, lan, hieu, dai} {
			if people.May(p, people.WatchLesson, l.Object()) {
				t.Errorf("%s watches it", p.Name)
			}
		}
		if !people.May(so, people.WatchLesson, l.Object()) {
			t.Error("the reviewer may not watch it")
		}
		if _, err := h.Submit(ctx, lan, "l"); !fault.Is(err, "lesson.taken_down") {
			t.Errorf("submitted: %v", err)
		}
		if _, err := h.PutBack(ctx, lan, "l"); !fault.Is(err, "access.denied") {
			t.Errorf("its teacher put it back: %v", err)
		}
		_, err = h.PutBack(ctx, so, "l")
		good(t, err)
		_, err = h.NoteConsent(ctx, lan, "l", lesson.MinorsMissing, "")
		good(t, err)
		_, err = h.Submit(ctx, lan, "l")
		good(t, err)
		if _, err := h.Approve(ctx, so, "l", time.Time{}); !fault.Is(err, "lesson.consent_missing") {
			t.Errorf("approved without consent: %v", err)
		}
		_, err = h.NoteConsent(ctx, lan, "l", lesson.MinorsAgreed, "Tủ hồ sơ lớp")
		good(t, err)
		if l, err = h.Approve(ctx, so, "l", time.Time{}); err != nil || l.Status != lesson.Published {
			t.Errorf("%+v %v", l, err)
		}
		if got := h.kinds(t,
			"l"); got != "taken_down:hieu put_back:so consent:lan submitted:lan consent:lan published:so" {
			t.Error(got)
		}
	})
}

func TestTeacherDiffersFromUploader(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		title, subject, grade := "Quay ở đài", "toan", 4
		text := lesson.Text{Title: &title, Subject: &subject, Grade: &grade}
		l, err := h.Draft(ctx, dai, "lan", text)
		if err != nil || l.TeacherID != "lan" || l.UploaderID != "dai" || l.SchoolID != "s1" {
			t.Fatalf("%+v %v", l, err)
		}
		for _, p := range []people.Person{lan, dai} {
			if !people.May(p, people.EditLesson, l.Object()) {
				t.Errorf("%s may not change it", p.Name)
			}
		}
		if people.May(mai, people.EditLesson, l.Object()) {
			t.Error("another teacher may change it")
		}
		if _, err := h.Draft(ctx, lan, "tung", text); !fault.Is(err, "access.denied") {
			t.Errorf("for a teacher of another school: %v", err)
		}
		found, err := h.FindTeachers(ctx, lan, "lo thi")
		if err != nil || len(found) != 2 {
			t.Errorf("%d found, %v", len(found), err)
		}
		if found, err = h.FindTeachers(ctx, lan, "Tùng"); err != nil || len(found) != 0 {
			t.Errorf("a teacher of another school is found: %+v %v", found, err)
		}
		if found, err = h.FindTeachers(ctx, dai, "vang a tung"); err != nil || len(found) != 1 {
			t.Errorf("%+v %v", found, err)
		}
		l, err = h.SetTeacher(ctx, lan, l.ID, "mai")
		if err != nil || l.TeacherID != "mai" || l.UploaderID != "dai" {
			t.Errorf("%+v %v", l, err)
		}
		if _, err := h.SetTeacher(ctx, mai, l.ID, "tung"); !fault.Is(err, "lesson.invalid") {
			t.Errorf("given to a teacher of another school: %v", err)
		}
	})
}

func TestCopyAndBulk(t *testing.T) {
	onLessons(t, func(t *testing.T, h *lessonFixture) {
		ctx := t.Context()
		h.lesson(t, "l", lesson.Published)
		made, err := h.Copy(ctx, lan, "l", []int{7, 5, 7})
		if err != nil || len(made) != 2 || made[0].Week != 5 || made[1].Week != 7 || made[0].Status != lesson.Draft ||
			made[0].Media.State != lesson.None || made[0].Title != "Bài l" {
			t.Fatalf("%+v %v", made, err)
		}
		if _, err := h.Copy(ctx, lan, "l", []int{36}); !fault.Is(err, "lesson.invalid") {
			t.Errorf("week 36: %v", err)
		}
		if _, err := h.Copy(ctx, mai, "l", nil); !fault.Is(err, "access.denied") {
			t.Errorf("a colleague: %v", err)
		}
		h.lesson(t, "theirs", lesson.Draft)
		other, err := h.Store.Lesson(ctx, "theirs")
		good(t, err)
		other.TeacherID, other.SchoolID = "tung", "s2"
		good(t, h.Store.Save(ctx, other))
		week := 9
		out, err := h.Bulk(ctx, lan, []string{made[0].ID, "theirs", "gone", made[0].ID, "l"}, lesson.DoEdit,
			lesson.Text{Week: &week})
		good(t, err)
		if len(out) != 4 || out[0].Err != nil || !fault.Is(out[1].Err, "access.denied") || out[1].Title != "" ||
			!fault.Is(out[2].Err, "lesson.not_found") || out[3].Err != nil {
			t.Errorf("%+v", out)
		}
		if out, err = h.Bulk(ctx, lan, []string{made[0].ID, "l"}, lesson.DoSubmit, lesson.Text{}); err != nil ||
			!fault.Is(out[0].Err, "lesson.no_recording") || !fault.Is(out[1].Err, "lesson.wrong_status") {
			t.Errorf("%+v %v", out, err)
		}
		if _, err = h.Bulk(ctx, lan, []string{"l"}, lesson.DoEdit, lesson.Text{}); !fault.Is(err, "lesson.invalid") {
			t.Errorf("nothing to change: %v", err)
		}
		if out, err = h.Bulk(ctx, lan, []string{made[1].ID}, lesson.DoBin, lesson.Text{}); err != nil ||
			out[0].Err != nil {
			t.Errorf("%+v %v", out, err)
		}
	})
}
