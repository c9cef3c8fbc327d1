package system

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
	"lenlop/test/system/harness"
	"lenlop/test/testclock"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// asked is one request, and the row it is about.
type asked struct {
	method, path string
	body, kind   string // body and its content type
	header       http.Header
	table, id    string // the row that a refusal must not change
	spends       bool   // uses the sender's session up
	// as makes the body for a sender and gives what is to be done afterwards.
	as func(account, kind string) (body string, after func())
}

// world makes cheap objects for requests to work on, straight in the store.
type world struct {
	h               *testSystem
	client          *http.Client
	cookies, tokens map[string]string // by account
	n               int
	sent            int
	real            map[string]lesson.Lesson // lessons with a real package, by state
}

// newWorld signs every account in twice, with a cookie and with a token. The
// deactivated one held every role while it signed in.
func newWorld(h *testSystem) *world {
	h.T.Helper()
	w := &world{h: h, cookies: map[string]string{}, tokens: map[string]string{}, real: map[string]lesson.Lesson{},
		client: &http.Client{Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	ctx := context.Background()
	gone, err := h.App.DB.People().Person(ctx, "p-nghi-viec")
	if err != nil {
		h.T.Fatal(err)
	}
	gone.Active, gone.Grants = true, nil
	for _, r := range people.Roles {
		g := people.Grant{Role: r}
		if people.AtSchool(r) {
			g.School = "s1"
		}
		gone.Grants = append(gone.Grants, g)
	}
	if err := h.App.DB.People().SavePerson(ctx, gone); err != nil {
		h.T.Fatal(err)
	}
	for _, c := range columns[1:] {
		w.signIn(c.account)
	}
	gone.Active = false
	if err := h.App.DB.People().SavePerson(ctx, gone); err != nil {
		h.T.Fatal(err)
	}
	return w
}

func (w *world) signIn(account string) {
	w.h.T.Helper()
	var err error
	ctx := context.Background()
	if w.cookies[account], _, _, err = w.h.App.People.SignIn(ctx, account, harness.Password, people.Browser,
		"thu"); err != nil {
		w.h.T.Fatal(err)
	}
	if w.tokens[account], _, _, err = w.h.App.People.SignIn(ctx, account, harness.Password, people.Token,
		"thu"); err != nil {
		w.h.T.Fatal(err)
	}
}

// send sends a request as an account with its "cookie" or "bearer" token, from
// an address that is not this machine's.
func (w *world) send(account, kind string, q asked) (int, []byte) {
	w.h.T.Helper()
	if q.spends && account != "" && account != "nghi-viec" {
		defer w.signIn(account)
	}
	if q.as != nil {
		body, after := q.as(account, kind)
		q.body = body
		defer after()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.method, w.h.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		w.h.T.Fatal(err)
	}
	maps.Copy(req.Header, q.header)
	if q.kind != "" {
		req.Header.Set("Content-Type", q.kind)
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	switch {
	case account == "":
	case kind == "bearer":
		req.Header.Set("Authorization", "Bearer "+w.tokens[account])
	default:
		req.AddCookie(&http.Cookie{Name: "lenlop", Value: w.cookies[account]})
	}
	w.sent++
	res, err := w.client.Do(req)
	if err != nil {
		w.h.T.Fatal(err)
	}
	defer res.Body.Close()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res.StatusCode, nil // it would go on
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.h.T.Fatalf("%s %s as %q: after %d bytes: %v", q.method, q.path, account, len(body), err)
	}
	return res.StatusCode, body
}

// facts are the row that a request is about and how much there is of
// everything that requests can make.
func (w *world) facts(q asked) string {
	w.h.T.Helper()
	ctx := context.Background()
	var b strings.Builder
	if q.table != "" {
		var rows []map[string]any
		if err := w.h.App.DB.Writer(ctx).NewRaw("SELECT * FROM "+q.table+" WHERE id = ?", q.id).Scan(ctx,
			&rows); err != nil {
			w.h.T.Fatal(err)
		}
		raw, err := json.Marshal(rows)
		if err != nil {
			w.h.T.Fatal(err)
		}
		b.Write(raw)
	}
	var counts string
	if err := w.h.App.DB.Writer(ctx).NewRaw(counted).Scan(ctx, &counts); err != nil {
		w.h.T.Fatal(err)
	}
	return b.String() + counts
}

// counted asks in one statement how many rows there are of what requests make.
var counted = func() string {
	var parts []string
	for _, table := range []string{"lessons", "recordings", "uploads", "channels", "airings", "figures", "persons",
		"grants", "schools",
		"reports", "audit_entries", "view_sessions", "figure_imports", "asrun_imports", "questions",
		"question_settings", "thumbs"} {
		parts = append(parts, "' "+table+":' || (SELECT COUNT(*) FROM "+table+")")
	}
	return "SELECT " + strings.Join(parts, " || ")
}()

func (w *world) next(prefix string) string {
	w.n++
	return fmt.Sprintf("%s%05d", prefix, w.n)
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// lesson makes one of giao-vien's in a state and gives its id.
func (w *world) lesson(state string) string {
	w.h.T.Helper()
	ctx, now := context.Background(), testclock.Now()
	l := lesson.Lesson{ID: w.next("bai-"), Title: "Bài " + state, Subject: "toan", Grade: 9, Language: "vi",
		TeacherID: "p-giao-vien", SchoolID: "s1",
		Status: lesson.Draft, Media: lesson.Media{State: lesson.None}, CreatedAt: now, UpdatedAt: now}
	if state != "draft" {
		r := lesson.Recording{ID: l.ID + "-r", LessonID: l.ID, Key: media.Recording(l.ID, "goc"), Filename: "bài.mp4",
			Size: 7, State: lesson.Ready, ReceivedAt: now}
		must[media.Object](w.h.T)(w.h.App.Media.Put(ctx, r.Key, strings.NewReader("ban ghi"), 7, media.PutOptions{}))
		l.Media = lesson.Media{State: lesson.Ready, Fraction: 1, RecordingID: r.ID, PackageID: l.ID + "-p",
			Playable: true, Duration: 60}
		switch state {
		case "submitted":
			l.Status, l.SubmittedAt = lesson.Submitted, now
		case "published":
			l.Status, l.SubmittedAt, l.PublishedAt, l.ApprovedBy = lesson.Published, now, now, "p-chuyen-vien"
		case "refused":
			l.Media = lesson.Media{State: lesson.Failed, RecordingID: r.ID, FailureCode: "recording.not_media"}
			r.State, r.FailureCode = lesson.Failed, "recording.not_media"
		case "binned":
			l.DeletedAt = now
		}
		defer func() {
			if err := w.h.App.DB.Lessons().SaveRecording(ctx, r); err != nil {
				w.h.T.Fatal(err)
			}
		}()
	}
	if err := w.h.App.DB.Lessons().Save(ctx, l); err != nil {
		w.h.T.Fatal(err)
	}
	if state == "published" { // a copy can be asked for; without a plan its job is parked at once
		p := production.Package{ID: l.Media.PackageID, LessonID: l.ID, RecordingID: l.Media.RecordingID,
			State: production.Verified, CreatedAt: now}
		if err := w.h.App.DB.Packages().SavePackage(ctx, p); err != nil {
			w.h.T.Fatal(err)
		}
	}
	return l.ID
}

// playing is a lesson with a real package, made once for each state.
func (w *world) playing(state string) lesson.Lesson {
	w.h.T.Helper()
	if l, ok := w.real[state]; ok {
		return l
	}
	teacher := &harness.Caller{System: w.h.System, Name: "giao-vien", Token: w.tokens["giao-vien"], Client: w.client}
	id := teacher.Upload(teacher.Draft("Chiếu được").ID, harness.Recording(w.h.T, 2)).ID
	if l := teacher.Until(id, 2*time.Minute, harness.Settled); l.Media.State != "ready" {
		if l.Failure != nil {
			w.h.T.Fatalf("recording: %+v", *l.Failure)
		}
		w.h.T.Fatalf("recording: %+v", l)
	}
	ctx := context.Background()
	l := must[lesson.Lesson](w.h.T)(w.h.App.DB.Lessons().Lesson(ctx, id))
	if state == "published" {
		l.Status, l.PublishedAt = lesson.Published, testclock.Now()
		if err := w.h.App.DB.Lessons().Save(ctx, l); err != nil {
			w.h.T.Fatal(err)
		}
	}
	w.real[state] = l
	return l
}

// channel, airing, person, school, upload and job make one of each.
func (w *world) channel() string {
	c := schedule.Channel{ID: w.next("kenh-"), Name: "Kênh", Own: true, Timezone: "Asia/Ho_Chi_Minh",
		CreatedAt: testclock.Now()}
	if err := w.h.App.DB.Schedule().SaveChannel(context.Background(), c); err != nil {
		w.h.T.Fatal(err)
	}
	return c.ID
}

// copy is a broadcast copy that can be handed out.
func (w *world) copy() string {
	c := production.Copy{ID: w.next("ban-"), LessonID: w.lesson("published"), ChannelID: w.channel(),
		Format: "h264-1080i50-mp4", State: production.CopyReady,
		Size: 4, CreatedAt: testclock.Now()}
	c.Key = media.Prefix(c.LessonID) + "copies/" + c.ID + "/1/broadcast.mp4"
	must[media.Object](w.h.T)(w.h.App.Media.Put(context.Background(), c.Key, strings.NewReader("film"), 4,
		media.PutOptions{}))
	if err := w.h.App.DB.Copies().SaveCopy(context.Background(), c); err != nil {
		w.h.T.Fatal(err)
	}
	return c.ID
}

func (w *world) airing() (string, schedule.Airing) {
	start := testclock.Now().Add(-2 * time.Hour).Truncate(time.Second)
	a := schedule.Airing{ID: w.next("phat-"), ChannelID: w.channel(), LessonID: w.lesson("published"),
		StartsAt: start, EndsAt: start.Add(20 * time.Minute),
		Outcome: schedule.Planned, CreatedBy: "p-dai", CreatedAt: testclock.Now()}
	if err := w.h.App.DB.Schedule().SaveAiring(context.Background(), a); err != nil {
		w.h.T.Fatal(err)
	}
	return a.ID, a
}

// code is the first one of a copy that has been on air for five minutes.
func (w *world) code() string {
	ctx, now := context.Background(), testclock.Now()
	a := schedule.Airing{ID: w.next("phat-"), ChannelID: w.channel(), LessonID: w.lesson("published"),
		CopyID:   w.next("ban-"),
		StartsAt: now.Add(-5 * time.Minute), EndsAt: now.Add(15 * time.Minute), Outcome: schedule.Planned,
		CreatedBy: "p-dai", CreatedAt: now}
	if err := w.h.App.DB.Schedule().SaveAiring(ctx, a); err != nil {
		w.h.T.Fatal(err)
	}
	first, _, err := w.h.App.Television.Codes(ctx, a.CopyID, a.LessonID, a.ChannelID, 20*time.Minute)
	if err != nil {
		w.h.T.Fatal(err)
	}
	return first.Code
}

// flag is a device that watched too much today.
func (w *world) flag() (viewer, day string) {
	now := testclock.Now()
	viewer, day = "d:"+w.next("may-"), now.In(w.h.App.Zone).Format(time.DateOnly)
	s := playback.Session{ID: w.next("phien-"), Viewer: viewer, Day: day, LessonID: w.lesson("published"),
		PackageID: "p", Issued: now.UnixMilli(),
		Last: now.UnixMilli(), Duration: 60_000}
	if err := viewstore.NewViews(w.h.App.DB).Put(context.Background(), playback.Changes{Sessions: []playback.Session{s},
		Flags: []playback.Flag{{Viewer: viewer, Day: day, Reason: playback.FlagSessions, At: now}}}); err != nil {
		w.h.T.Fatal(err)
	}
	return viewer, day
}

func (w *world) person() string {
	p := people.Person{ID: w.next("nguoi-"), Name: "Người", Active: true, PasswordHash: harness.PasswordHash(),
		Grants: []people.Grant{{Role: people.Student, School: "s1"}}, CreatedAt: testclock.Now()}
	p.Username = p.ID
	if err := w.h.App.DB.People().SavePerson(context.Background(), p); err != nil {
		w.h.T.Fatal(err)
	}
	return p.ID
}

func (w *world) school() school.School {
	s := school.School{ID: w.next("truong-"), Name: "Trường", Level: school.Primary, CreatedAt: testclock.Now()}
	s.Code = strings.ToUpper(s.ID)
	if err := w.h.App.DB.Schools().SaveSchool(context.Background(), s); err != nil {
		w.h.T.Fatal(err)
	}
	return s
}

// upload is giao-vien's, open, with its only part sent.
func (w *world) upload() string {
	ctx := context.Background()
	owner := must[people.Person](w.h.T)(w.h.App.DB.People().Person(ctx, "p-giao-vien"))
	u, err := w.h.App.Uploads.Begin(ctx, owner, w.lesson("draft"), "bài.mp4", 7)
	if err != nil {
		w.h.T.Fatal(err)
	}
	if _, err := w.h.App.Parts.PutPart(ctx, u.Key, u.StorageID, 1, strings.NewReader("ban ghi"), 7); err != nil {
		w.h.T.Fatal(err)
	}
	return u.ID
}

// idle is a kind of job that no worker knows.
type idle struct{}

func (idle) Kind() string { return "thu" }

// job is one that was set aside; waiting, one that may be.
func (w *world) job(waiting bool) string {
	ctx, jobs := context.Background(), w.h.App.DB.Jobs()
	if err := jobs.Add(ctx, job.New{Args: idle{}, Subject: "thu:1"}); err != nil {
		w.h.T.Fatal(err)
	}
	j, err := jobs.Claim(ctx, "thu", []string{"thu"}, time.Minute)
	if err != nil || j == nil {
		w.h.T.Fatalf("claim: %v %v", j, err)
	}
	to := job.Parked
	if waiting {
		to = job.Waiting
	}
	if err := jobs.Finish(ctx, j.ID, j.Token, to, "thử", time.Time{}); err != nil {
		w.h.T.Fatal(err)
	}
	return j.ID
}
