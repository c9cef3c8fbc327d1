// Package demo makes the accounts, schools and lessons of lenlop serve --demo.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/television"
)

// setting marks a data folder as made by --demo.
const setting = "demo"

// Check refuses --demo on a folder that has real data.
func Check(ctx context.Context, f *app.Folder, s app.DataSettings) error {
	refuse := fmt.Errorf("--demo is for an empty data folder, and %s already has data that is not a demo; "+
		"choose another folder with --data, or leave --demo out", f.Dir)
	empty, err := f.Empty()
	if err != nil || empty {
		return err
	}
	if s.Database == "" {
		if _, err := os.Stat(filepath.Join(f.Dir, "lenlop.sqlite")); err != nil {
			return refuse
		}
	}
	db, err := sqldb.Open(ctx, s.DSN(), time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	if mark, err := db.Setting(ctx, setting); err != nil || mark == "" {
		return refuse
	}
	return nil
}

// accounts are what --demo makes; school is an index of schools, -1: none.
var accounts = []struct {
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

var schools = []school.School{
	{ID: "demo-thcs", Code: "DEMO-THCS", Name: "Trường THCS Bản Mẫu", AreaID: "demo-xa-1",
		Level: school.LowerSecondary},
	{ID: "demo-th", Code: "DEMO-TH", Name: "Trường Tiểu học Suối Trong", AreaID: "demo-xa-2", Level: school.Primary},
	{ID: "demo-thpt", Code: "DEMO-THPT", Name: "Trường THPT Đồi Cao", AreaID: "demo-xa-1",
		Level: school.UpperSecondary},
}

var areas = []school.Area{
	{ID: "demo-tinh", Kind: "province", Code: "DEMO", Name: "Tỉnh Mẫu"},
	{ID: "demo-xa-1", Parent: "demo-tinh", Kind: "commune", Code: "DEMO-1", Name: "Xã Bản Mẫu"},
	{ID: "demo-xa-2", Parent: "demo-tinh", Kind: "commune", Code: "DEMO-2", Name: "Xã Suối Trong"},
}

// Usernames are the demo accounts, with spaces between.
func Usernames() string {
	names := make([]string, len(accounts))
	for i, account := range accounts {
		names[i] = account.username
	}
	return strings.Join(names, " ")
}

// Create makes accounts, schools and channels once. It returns the password to be
// printed, "" when they were made before or it came from the environment.
func Create(ctx context.Context, a *app.App) (string, error) {
	password, given := os.LookupEnv("LENLOP_DEMO_PASSWORD")
	if given && len(password) < people.MinPassword {
		return "", fmt.Errorf("LENLOP_DEMO_PASSWORD must have at least %d characters", people.MinPassword)
	}
	made, err := a.DB.Setting(ctx, setting)
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
	ctx = sqldb.Unbounded(ctx, "the demo's rows are saved before it serves")
	err = a.DB.Atomically(ctx, func(ctx context.Context) error { return saveRows(ctx, a, hash) })
	if err != nil || given {
		return "", err
	}
	return password, nil
}

// saveRows saves all that Create makes.
func saveRows(ctx context.Context, a *app.App, hash string) error {
	for _, area := range areas {
		if err := a.DB.Schools().SaveArea(ctx, area); err != nil {
			return err
		}
	}
	for _, s := range schools {
		s.CreatedAt = a.Now()
		if err := a.DB.Schools().SaveSchool(ctx, s); err != nil {
			return err
		}
	}
	for _, account := range accounts {
		p, err := a.DB.People().ByUsername(ctx, account.username)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil {
			p = people.Person{ID: app.NewID(), Username: account.username, Name: account.name, Active: true,
				Demo: true, CreatedAt: a.Now()}
			g := people.Grant{Role: account.role}
			if account.school >= 0 {
				g.School = schools[account.school].ID
			}
			p.Grants = []people.Grant{g}
		}
		p.PasswordHash = hash
		if err := a.DB.People().SavePerson(ctx, p); err != nil {
			return err
		}
	}
	for _, c := range []schedule.Channel{
		{ID: "demo-tinh", Name: "Truyền hình tỉnh", Own: true},
		{ID: "demo-giao-duc", Name: "Kênh giáo dục", Own: false},
	} {
		c.Timezone, c.CreatedAt = a.Settings.Timezone, a.Now()
		if err := a.DB.Schedule().SaveChannel(ctx, c); err != nil {
			return err
		}
	}
	return a.DB.SetSetting(ctx, setting, "yes")
}

// CreateLessons puts the demo recordings through the real pipeline, one after the
// other, as their teacher and reviewer would, until ctx ends.
func CreateLessons(ctx context.Context, a *app.App) {
	for i, r := range recordings {
		if err := createLesson(ctx, a, i, r); err != nil {
			if ctx.Err() == nil {
				a.Log.Error("demo lesson not made", "title", r.title, "error", err)
			}
			return
		}
	}
}

// createLesson makes the n-th lesson, or goes on with it after a restart.
func createLesson(ctx context.Context, a *app.App, n int, r recording) error {
	teacher, err := a.DB.People().ByUsername(ctx, "giaovien")
	if err != nil {
		return err
	}
	reviewer, err := a.DB.People().ByUsername(ctx, "chuyenvien")
	if err != nil {
		return err
	}
	mark := fmt.Sprintf("demo-lesson-%d", n)
	id, err := a.DB.Setting(ctx, mark)
	if err != nil {
		return err
	}
	if id == "" {
		if id, err = upload(ctx, a, teacher, r); err != nil {
			return err
		}
		if err := a.DB.SetSetting(ctx, mark, id); err != nil {
			return err
		}
	}
	for {
		l, err := a.DB.Lessons().Lesson(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case !l.DeletedAt.IsZero() || l.Status == lesson.Published || l.Status == lesson.Withdrawn ||
			l.Status == lesson.Returned:
			return nil
		case l.Media.State == lesson.Failed:
			return errors.New(l.Media.FailureCode)
		case l.Status == lesson.Draft && l.Media.State != lesson.None && l.Media.State != lesson.Receiving:
			if _, err := a.Lessons.Submit(ctx, teacher, id); err != nil {
				return err
			}
		case l.Status == lesson.Submitted && l.Media.State == lesson.Ready:
			if _, err := a.Lessons.Approve(ctx, reviewer, id, time.Time{}); err != nil {
				return err
			}
			return saveAirings(ctx, a, n, id)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// upload makes a recording and uploads it as a browser would.
func upload(ctx context.Context, a *app.App, teacher people.Person, r recording) (string, error) {
	dir, err := os.MkdirTemp(a.ScratchDir(), "demo-")
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	defer os.RemoveAll(dir)
	path, err := r.make(ctx, dir)
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
	subject, lang := r.subject, "vi"
	l, err := a.Lessons.Draft(ctx, teacher, "", lesson.Text{Title: &r.title, Description: &r.description,
		Subject: &subject, Grade: &r.grade, Week: &r.week, Language: &lang})
	if err != nil {
		return "", err
	}
	u, err := a.Uploads.Begin(ctx, teacher, l.ID, filepath.Base(path), st.Size())
	if err != nil {
		return "", err
	}
	for n := 1; n <= u.PartCount; n++ {
		off := int64(n-1) * u.PartSize
		size := min(u.PartSize, st.Size()-off)
		if _, err := a.Parts.PutPart(ctx, u.Key, u.StorageID, n, io.NewSectionReader(f, off, size), size); err != nil {
			return "", err
		}
	}
	_, err = a.Uploads.Complete(ctx, teacher, u.ID, "")
	return l.ID, err
}

// saveAirings puts the lesson on the province's channel: once yesterday, aired
// and with the station's figure; once later today and tomorrow, planned.
func saveAirings(ctx context.Context, a *app.App, n int, lessonID string) error {
	station, err := a.DB.People().ByUsername(ctx, "dai")
	if err != nil {
		return err
	}
	now := a.Now().In(a.Zone)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, a.Zone)
	slot := func(days int, hour, minute int) (time.Time, time.Time) {
		t := day.AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour + time.Duration(minute+30*n)*time.Minute)
		return t, t.Add(25 * time.Minute)
	}
	for _, s := range []struct{ days, hour int }{{-1, 8}, {0, 19}, {1, 8}} {
		from, to := slot(s.days, s.hour, 0)
		airing, err := a.Schedule.Save(ctx, station, schedule.Airing{ChannelID: "demo-tinh", LessonID: lessonID,
			StartsAt: from, EndsAt: to,
			HouseNumber: fmt.Sprintf("GD-%03d", n+1)})
		if err != nil {
			return err
		}
		if s.days < 0 {
			aired := schedule.AsRun{Outcome: schedule.Aired}
			if _, err := a.Schedule.Report(ctx, station, airing.ID, aired); err != nil {
				return err
			}
			if n == 0 { // the other one has no figure yet, and the pages must say so
				figure := television.Figure{AiringID: airing.ID, Metric: "contacts", Value: 2140, Unit: "persons",
					Grade: "E", Source: "Phiếu của đài (số liệu mẫu)", Method: "Đài ước tính"}
				if _, err := a.Television.AddFigure(ctx, station, figure); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
