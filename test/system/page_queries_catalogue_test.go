package system

import (
	"context"
	"fmt"
	"time"

	"lenlop/services/bookmark"
	"lenlop/services/caption"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/question"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/test/testclock"
)

// busyCatalogue is a catalogue with many of everything that pages list.
type busyCatalogue struct {
	w      *world
	lesson string            // the id of the lesson with the most around it
	opened []string          // ids of lessons that the visitors have begun
	known  map[string]string // ids by the name of a route's parameter
}

const (
	busyLessons  = 84 // more than the home page reads at once
	busyChannels = 4
	busyDays     = 8
	busyPerDay   = 5 // airings and programmes on each channel
)

func newBusyCatalogue(w *world) *busyCatalogue {
	w.h.T.Helper()
	c := &busyCatalogue{w: w, known: map[string]string{}}
	for i, fill := range []func(ctx context.Context) error{c.addSchools, c.addLessons, c.fillLesson, c.addTelevision,
		c.addNotices} {
		if err := fill(context.Background()); err != nil {
			w.h.T.Fatalf("step %d: %v", i, err)
		}
	}
	if _, err := w.h.App.Catalog.Rebuild(context.Background()); err != nil {
		w.h.T.Fatal(err)
	}
	return c
}

func (c *busyCatalogue) addSchools(ctx context.Context) error {
	return c.w.h.App.DB.Atomically(ctx, func(ctx context.Context) error {
		for i := range 20 {
			area := school.Area{ID: fmt.Sprintf("xa-%02d", i), Name: fmt.Sprintf("Xã %d", i),
				Code: fmt.Sprintf("X%02d", i), Kind: "commune"}
			if err := c.w.h.App.DB.Schools().SaveArea(ctx, area); err != nil {
				return err
			}
			s := school.School{ID: fmt.Sprintf("truong-dong-%02d", i), Code: fmt.Sprintf("TD%02d", i),
				Name:  fmt.Sprintf("Trường %d", i),
				Level: school.Mixed, AreaID: area.ID, CreatedAt: testclock.Now()}
			if err := c.w.h.App.DB.Schools().SaveSchool(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// addLessons: the newest are all of one subject, so that the others need more
// than the home page's first look.
func (c *busyCatalogue) addLessons(ctx context.Context) error {
	others := []string{"ngu-van", "tieng-anh", "lich-su", "dia-li", "tin-hoc", "gdcd", "cong-nghe", "khtn"}
	for i := range busyLessons {
		l := lesson.Lesson{ID: fmt.Sprintf("dong-%03d", i), Title: fmt.Sprintf("Bài %d: Hàm số bậc nhất", i),
			Subject: "toan", Grade: 9,
			Week: 1 + i%5, Language: "vi", SchoolID: fmt.Sprintf("truong-dong-%02d", i%20), TeacherID: "p-giao-vien",
			Status: lesson.Published, Media: lesson.Media{State: lesson.Ready, PackageID: "p", Playable: true,
				Duration: 1800},
			CreatedAt: testclock.Now(), PublishedAt: testclock.Now().Add(-time.Duration(i) * time.Hour)}
		if i >= 62 {
			l.Subject = others[i%len(others)]
		}
		if err := c.w.h.App.DB.Lessons().Save(ctx, l); err != nil {
			return err
		}
		if i < 6 {
			c.opened = append(c.opened, l.ID)
			mark := bookmark.Bookmark{PersonID: "p-hoc-sinh", LessonID: l.ID, At: 600, Length: 1800,
				Seen: testclock.Now()}
			if err := c.w.h.App.DB.Bookmarks().SaveBookmarks(ctx, mark); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillLesson makes the lesson that has captions, chapters, worksheets,
// questions, reports and a place in the student's list.
func (c *busyCatalogue) fillLesson(ctx context.Context) error {
	w, db := c.w, c.w.h.App.DB
	c.lesson = w.lesson("published")
	l, err := db.Lessons().Lesson(ctx, c.lesson)
	if err != nil {
		return err
	}
	l.Week = 10 // no lesson of the four weeks after it: all are searched
	l.Media.Duration = 1800
	l.Renditions = []lesson.Rendition{{Name: "360p", Kind: "video", Width: 640, Height: 360, Bandwidth: 250_000,
		Bytes: 50 << 20},
		{Name: "audio", Kind: "audio", Bytes: 8 << 20},
		{Name: "saver", Kind: lesson.KindFile, File: "files/0-7/saver.mp4", Bytes: 20 << 20},
		{Name: "sound", Kind: lesson.KindFile, File: "files/0-7/sound.m4a", Bytes: 8 << 20}}
	if err := db.Lessons().Save(ctx, l); err != nil {
		return err
	}
	w.questionsOn(c.lesson)
	for i := range 12 {
		c.known["question"] = w.question(c.lesson)
		c.known["worksheet"] = w.worksheet(c.lesson)
		q, err := db.Questions().Question(ctx, c.known["question"])
		if err != nil {
			return err
		}
		if q.State = question.Shown; i%2 == 0 {
			q.State = question.Waiting
		}
		if err := db.Questions().SaveQuestion(ctx, q); err != nil {
			return err
		}
	}
	for _, language := range []string{"vi", "en", "hmn", "tai"} {
		text := caption.Caption{LessonID: c.lesson, Language: language,
			Key: media.Caption(c.lesson, language, w.next("v")), Body: spoken,
			Cues: 1, Source: caption.Found, Offered: true, UpdatedAt: testclock.Now()}
		if err := db.Captions().SaveCaption(ctx, text); err != nil {
			return err
		}
		c.known["language"] = language
	}
	var chapters []caption.Chapter
	for i := range 12 {
		at := time.Duration(i) * time.Minute
		chapters = append(chapters, caption.Chapter{At: at, Title: fmt.Sprintf("Phần %d", i)})
		thumb := feedback.Thumb{LessonID: c.lesson, Viewer: "p:p-hoc-sinh", Chapter: at, Understood: true,
			At: testclock.Now()}
		if err := db.Thumbs().SaveThumb(ctx, thumb); err != nil {
			return err
		}
	}
	if err := db.Captions().SaveChapters(ctx, c.lesson, chapters); err != nil {
		return err
	}
	mark := bookmark.Bookmark{PersonID: "p-hoc-sinh", LessonID: c.lesson, At: 60, Length: 1800, Seen: testclock.Now()}
	return db.Bookmarks().SaveBookmarks(ctx, mark)
}

// addTelevision plans lessons on every channel from yesterday on, and other
// channels' programmes beside them.
func (c *busyCatalogue) addTelevision(ctx context.Context) error {
	db, from := c.w.h.App.DB, testclock.Now().Truncate(time.Minute).Add(-24*time.Hour)
	guide := c.w.guide()
	n := 0
	for range busyChannels {
		channel := c.w.channel()
		c.known["channel"] = channel
		err := db.Atomically(ctx, func(ctx context.Context) error {
			var listed []schedule.Programme
			for day := range busyDays {
				for slot := range busyPerDay {
					start := from.Add(time.Duration(day)*24*time.Hour + time.Duration(slot)*time.Hour - 10*time.Minute)
					id := fmt.Sprintf("dong-%03d", n%busyLessons)
					if n%7 == 0 {
						id = c.lesson
					}
					a := schedule.Airing{ID: c.w.next("phat-"), ChannelID: channel, LessonID: id, StartsAt: start,
						EndsAt: start.Add(20 * time.Minute), Outcome: schedule.Planned, CreatedBy: "p-dai",
						CreatedAt: testclock.Now()}
					if err := db.Schedule().SaveAiring(ctx, a); err != nil {
						return err
					}
					c.known["airing"] = a.ID
					listed = append(listed, schedule.Programme{ID: c.w.next("muc-"), ChannelID: channel,
						Title: "Dạy học lớp 9", Grade: 9,
						LessonID: id, StartsAt: start.Add(30 * time.Minute), EndsAt: start.Add(50 * time.Minute)})
					n++
				}
			}
			return db.Programmes().ReplaceProgrammes(ctx, channel, guide, from.Add(-time.Hour),
				from.AddDate(0, 0, busyDays), listed)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *busyCatalogue) addNotices(context.Context) error {
	for range 12 {
		id, file := c.w.notice("open")
		c.known["notice"], c.known["file"] = id, file
	}
	return nil
}
