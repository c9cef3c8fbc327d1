package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
)

// demoSetting marks a data folder as made by --demo.
const demoSetting = "demo"

// demoAllowed refuses --demo on a folder that holds something real.
func demoAllowed(ctx context.Context, f *folder, flags dataFlags) error {
	refuse := fmt.Errorf("--demo is for an empty data folder, and %s already holds data that is not a demo; choose another folder with --data, or leave --demo out", f.dir)
	empty, err := f.empty()
	if err != nil || empty {
		return err
	}
	if flags.Database == "" {
		if _, err := os.Stat(filepath.Join(f.dir, "lenlop.sqlite")); err != nil {
			return refuse
		}
	}
	db, err := sqldb.Open(ctx, flags.dsn(), time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	if mark, err := db.Setting(ctx, demoSetting); err != nil || mark == "" {
		return refuse
	}
	return nil
}

// demoAccounts are what --demo makes; School is an index of demoSchools, -1: none.
var demoAccounts = []struct {
	username, name string
	role           people.Role
	school         int
}{
	{"giaovien", "Cô giáo Hoa", people.Teacher, 0},
	{"hieutruong", "Thầy hiệu trưởng", people.Head, 0},
	{"chuyenvien", "Chuyên viên Sở", people.Reviewer, -1},
	{"dai", "Biên tập viên đài", people.Station, -1},
	{"quantri", "Quản trị viên", people.Admin, -1},
	{"hocsinh", "Em học sinh", people.Student, 0},
}

var demoSchools = []school.School{
	{ID: "demo-thcs", Code: "DEMO-THCS", Name: "Trường THCS Bản Mẫu", AreaID: "demo-xa-1", Level: school.LowerSecondary},
	{ID: "demo-th", Code: "DEMO-TH", Name: "Trường Tiểu học Suối Trong", AreaID: "demo-xa-2", Level: school.Primary},
	{ID: "demo-thpt", Code: "DEMO-THPT", Name: "Trường THPT Đồi Cao", AreaID: "demo-xa-1", Level: school.UpperSecondary},
}

var demoAreas = []school.Area{
	{ID: "demo-tinh", Kind: "province", Code: "DEMO", Name: "Tỉnh Mẫu"},
	{ID: "demo-xa-1", Parent: "demo-tinh", Kind: "commune", Code: "DEMO-1", Name: "Xã Bản Mẫu"},
	{ID: "demo-xa-2", Parent: "demo-tinh", Kind: "commune", Code: "DEMO-2", Name: "Xã Suối Trong"},
}

// demo makes accounts, schools and channels once. It returns the password to
// be printed, "" when it was made before or came from the environment.
func (h *house) demo(ctx context.Context) (string, error) {
	password, given := os.LookupEnv("LENLOP_DEMO_PASSWORD")
	if given && len(password) < people.MinPassword {
		return "", fmt.Errorf("LENLOP_DEMO_PASSWORD must have at least %d characters", people.MinPassword)
	}
	made, err := h.db.Setting(ctx, demoSetting)
	if err != nil {
		return "", err
	}
	if made != "" && !given {
		return "", nil
	}
	if !given {
		password = people.EasyPassword()
	}
	hash, err := people.HashPassword(password, people.Argon{})
	if err != nil {
		return "", err
	}
	err = h.db.Atomically(ctx, func(ctx context.Context) error { return h.demoRows(ctx, hash) })
	if err != nil || given {
		return "", err
	}
	return password, nil
}

func (h *house) demoRows(ctx context.Context, hash string) error {
	for _, a := range demoAreas {
		if err := h.db.Schools().SaveArea(ctx, a); err != nil {
			return err
		}
	}
	for _, s := range demoSchools {
		s.CreatedAt = h.now()
		if err := h.db.Schools().SaveSchool(ctx, s); err != nil {
			return err
		}
	}
	for _, a := range demoAccounts {
		p, err := h.db.People().ByUsername(ctx, a.username)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil {
			p = people.Person{ID: newID(), Username: a.username, Name: a.name, Active: true, Demo: true, CreatedAt: h.now()}
			g := people.Grant{Role: a.role}
			if a.school >= 0 {
				g.School = demoSchools[a.school].ID
			}
			p.Grants = []people.Grant{g}
		}
		p.PasswordHash = hash
		if err := h.db.People().SavePerson(ctx, p); err != nil {
			return err
		}
	}
	for _, c := range []schedule.Channel{
		{ID: "demo-tinh", Name: "Truyền hình tỉnh", Own: true},
		{ID: "demo-giao-duc", Name: "Kênh giáo dục", Own: false},
	} {
		c.Timezone, c.CreatedAt = h.flags.Timezone, h.now()
		if err := h.db.Schedule().SaveChannel(ctx, c); err != nil {
			return err
		}
	}
	return h.db.SetSetting(ctx, demoSetting, "yes")
}

// demoLessons puts the demo recordings through the real pipeline, one after
// the other, as their teacher and reviewer would.
func (h *house) demoLessons(ctx context.Context) {
	for i, d := range demoRecordings {
		if err := h.demoLesson(ctx, i, d); err != nil {
			if ctx.Err() == nil {
				h.log.Error("demo lesson", "title", d.title, "error", err)
			}
			return
		}
	}
}

func (h *house) demoLesson(ctx context.Context, n int, d demoRecording) error {
	teacher, err := h.db.People().ByUsername(ctx, "giaovien")
	if err != nil {
		return err
	}
	reviewer, err := h.db.People().ByUsername(ctx, "chuyenvien")
	if err != nil {
		return err
	}
	mark := fmt.Sprintf("demo-lesson-%d", n)
	id, err := h.db.Setting(ctx, mark)
	if err != nil {
		return err
	}
	if id == "" {
		if id, err = h.demoUpload(ctx, teacher, d); err != nil {
			return err
		}
		if err := h.db.SetSetting(ctx, mark, id); err != nil {
			return err
		}
	}
	for {
		l, err := h.db.Lessons().Lesson(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case !l.DeletedAt.IsZero() || l.Status == lesson.Published || l.Status == lesson.Withdrawn || l.Status == lesson.Returned:
			return nil
		case l.Media.State == lesson.Failed:
			return errors.New(l.Media.FailureCode)
		case l.Status == lesson.Draft && l.Media.State != lesson.None && l.Media.State != lesson.Receiving:
			if _, err := h.lessons.Submit(ctx, teacher, id); err != nil {
				return err
			}
		case l.Status == lesson.Submitted && l.Media.State == lesson.Ready:
			if _, err := h.lessons.Approve(ctx, reviewer, id, time.Time{}); err != nil {
				return err
			}
			return h.demoAirings(ctx, n, id)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// demoUpload makes the recording and hands it in as the browser would.
func (h *house) demoUpload(ctx context.Context, teacher people.Person, d demoRecording) (string, error) {
	dir, err := os.MkdirTemp("", "lenlop-demo-")
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	defer os.RemoveAll(dir)
	path, err := d.make(ctx, dir)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	subject, lang := d.subject, "vi"
	l, err := h.lessons.Draft(ctx, teacher, "", lesson.Text{Title: &d.title, Description: &d.description, Subject: &subject, Grade: &d.grade, Week: &d.week, Language: &lang})
	if err != nil {
		return "", err
	}
	u, err := h.uploads.Begin(ctx, teacher, l.ID, filepath.Base(path), st.Size())
	if err != nil {
		return "", err
	}
	for n := 1; n <= u.PartCount; n++ {
		off := int64(n-1) * u.PartSize
		size := min(u.PartSize, st.Size()-off)
		if _, err := h.parts.PutPart(ctx, u.Key, u.StorageID, n, newSection(f, off, size), size); err != nil {
			return "", err
		}
	}
	_, err = h.uploads.Complete(ctx, teacher, u.ID, "")
	return l.ID, err
}

// demoAirings puts the lesson on the province's channel: once yesterday, aired
// and with the station's figure; once later today and tomorrow, planned.
func (h *house) demoAirings(ctx context.Context, n int, lessonID string) error {
	station, err := h.db.People().ByUsername(ctx, "dai")
	if err != nil {
		return err
	}
	now := h.now().In(h.zone)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, h.zone)
	slot := func(days int, hour, minute int) (time.Time, time.Time) {
		t := day.AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour + time.Duration(minute+30*n)*time.Minute)
		return t, t.Add(25 * time.Minute)
	}
	for _, s := range []struct{ days, hour int }{{-1, 8}, {0, 19}, {1, 8}} {
		from, to := slot(s.days, s.hour, 0)
		a, err := h.schedule.Save(ctx, station, schedule.Airing{ChannelID: "demo-tinh", LessonID: lessonID, StartsAt: from, EndsAt: to,
			HouseNumber: fmt.Sprintf("GD-%03d", n+1)})
		if err != nil {
			return err
		}
		if s.days < 0 {
			if _, err := h.schedule.Report(ctx, station, a.ID, schedule.AsRun{Outcome: schedule.Aired}); err != nil {
				return err
			}
			if n == 0 { // the other one has no figure yet, and the pages must say so
				if _, err := h.viewership.AddFigure(ctx, station, viewership.Figure{AiringID: a.ID, Metric: "contacts", Value: 2140, Unit: "persons",
					Grade: "E", Source: "Phiếu của đài (số liệu mẫu)", Method: "Đài ước tính"}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
