package system

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/caption"
	"lenlop/services/feedback"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/television"
	"lenlop/services/worksheet"
	"lenlop/test/system/harness"
)

// TestHostileSite is no test by itself: test/e2e/hostile.long.test.mjs starts it
// with a file of payloads. It puts them past every check into every text that
// pages show, says where it listens, and serves until its input ends.
func TestHostileSite(t *testing.T) {
	file := os.Getenv("LENLOP_TEST_PAYLOADS")
	if file == "" {
		t.Skip("the browser test of hostile texts starts it, with its payloads")
	}
	raw := must[[]byte](t)(os.ReadFile(file))
	var ps []string
	if err := json.Unmarshal(raw, &ps); err != nil {
		t.Fatal(err)
	}
	h := start(t, nil)
	s := sown{t: t, h: h, w: newWorld(h), ps: ps}
	out := s.everything()
	out["url"], out["cookies"] = h.URL, s.w.cookies
	line := must[[]byte](t)(json.Marshal(out))
	fmt.Printf("\nserver %s\n", line)
	bufio.NewScanner(os.Stdin).Scan()
}

// sown stores payloads in every table and file.
type sown struct {
	t  *testing.T
	h  *testSystem
	w  *world
	ps []string
}

// at is a payload by number, from the beginning again after the last.
func (s sown) at(i int) string { return s.ps[i%len(s.ps)] }

// each calls do for the numbers of all payloads, some in each transaction.
func (s sown) each(do func(ctx context.Context, i int) error) {
	s.t.Helper()
	const together = 20 // within the budget of a write transaction
	for from := 0; from < len(s.ps); from += together {
		err := s.h.App.DB.Atomically(context.Background(), func(ctx context.Context) error {
			for i := from; i < min(from+together, len(s.ps)); i++ {
				if err := do(ctx, i); err != nil {
					return fmt.Errorf("payload %d: %w", i, err)
				}
			}
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s sown) save(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// everything sows all payloads and says which pages are worth a visit.
func (s sown) everything() map[string]any {
	db, now := s.h.App.DB, time.Now()
	day := now.Add(-time.Minute).Truncate(time.Second)
	s.save(db.Schedule().SaveChannel(context.Background(),
		schedule.Channel{ID: "kenh", Name: s.at(3), Own: true, Timezone: "Asia/Ho_Chi_Minh", CreatedAt: now}))
	s.each(func(ctx context.Context, i int) error {
		name, p := fmt.Sprintf("xau-%03d", i), s.at(i)
		if err := db.Schools().SaveSchool(ctx,
			school.School{ID: name, Code: name, Name: s.at(i + 1), Level: school.Mixed, CreatedAt: now}); err != nil {
			return err
		}
		if err := db.People().SavePerson(ctx, people.Person{ID: name, Username: name, Name: s.at(i + 2), Active: true,
			PasswordHash: harness.PasswordHash(),
			Grants:       []people.Grant{{Role: people.Teacher, School: name}}, CreatedAt: now}); err != nil {
			return err
		}
		if err := s.lesson(ctx, name, p, s.at(i+3), name, name, lesson.Published, s.at(i+4)); err != nil {
			return err
		}
		// One whose teacher, and one whose reviewer, sees all of them in a list.
		if err := s.lesson(ctx, name+"-cho", p, s.at(i+5), "p-giao-vien", "s1", lesson.Submitted,
			s.at(i+6)); err != nil {
			return err
		}
		a := schedule.Airing{ID: name, ChannelID: "kenh", LessonID: name, HouseNumber: s.at(i + 7), Note: s.at(i + 8),
			StartsAt: day, EndsAt: day.Add(20 * time.Minute),
			Outcome: schedule.Aired, StartedAt: day, EndedAt: day.Add(20 * time.Minute), CreatedBy: "p-dai",
			ReportedBy: "p-dai", CreatedAt: now, ReportedAt: now}
		if err := db.Schedule().SaveAiring(ctx, a); err != nil {
			return err
		}
		return viewstore.NewFigures(db).AddFigures(ctx,
			[]television.Figure{{ID: name, AiringID: name, LessonID: "xau-000", ChannelID: "kenh",
				Metric: television.Contacts, Value: 5,
				Unit: television.Persons, Grade: television.GradeE, Source: p, Method: s.at(i + 9), At: now,
				HandedInBy: "p-dai"}})
	})
	rich := s.rich()
	s.notices()
	s.each(func(ctx context.Context, i int) error {
		const year = "2026-2027"
		c := school.Class{ID: fmt.Sprintf("lop-%03d", i), Code: fmt.Sprintf("L%03d", i), SchoolID: "s1", Year: year,
			Grade: 9, Name: s.at(i), JoinCode: fmt.Sprintf("cua%03d", i)}
		return db.Classes().SaveClass(ctx, c)
	})
	return map[string]any{"rich": rich, "published": "xau-000", "submitted": "xau-000-cho"}
}

// lesson saves one in a state with the recording it stands on, and its place in
// the index.
func (s sown) lesson(ctx context.Context, id, title, about, teacher, at string, status lesson.Status,
	filename string) error {
	db, now := s.h.App.DB, time.Now()
	l := lesson.Lesson{ID: id, Title: title, Description: about, Subject: "toan", Grade: 9, Week: 1 + len(title)%35,
		Language: "vi", TeacherID: teacher, SchoolID: at,
		Status: status, SubmittedAt: now, CreatedAt: now, UpdatedAt: now,
		Media: lesson.Media{State: lesson.Ready, Fraction: 1, RecordingID: id + "-r", PackageID: id + "-p",
			Playable: true, Duration: 60}}
	if status == lesson.Published {
		l.PublishedAt, l.ApprovedBy = now, "p-chuyen-vien"
	}
	if err := db.Lessons().Save(ctx, l); err != nil {
		return err
	}
	if err := db.Lessons().SaveRecording(ctx, lesson.Recording{ID: id + "-r", LessonID: id, Key: id + "/goc",
		Filename: filename, Size: 7, State: lesson.Ready, ReceivedAt: now}); err != nil {
		return err
	}
	return s.h.App.Catalog.Changed(ctx, id)
}

// rich makes the one lesson that really plays hold all payloads in captions,
// chapters, worksheets, questions and reports, and gives its id.
func (s sown) rich() string {
	ctx, db, now := context.Background(), s.h.App.DB, time.Now()
	l := s.w.playing("published")
	l.Title, l.Description = s.at(0), strings.Join(s.ps, "\n")
	s.save(db.Lessons().Save(ctx, l))
	s.save(s.h.App.Catalog.Changed(ctx, l.ID))
	var vtt strings.Builder
	vtt.WriteString("WEBVTT\n")
	var chapters []caption.Chapter
	for i, p := range s.ps {
		line := strings.Join(strings.Fields(strings.ReplaceAll(p, "-->", "-- >")), " ")
		fmt.Fprintf(&vtt, "\n00:00:00.%03d --> 00:00:59.000\n%s\n", i, line)
		chapters = append(chapters, caption.Chapter{At: time.Duration(i) * time.Millisecond, Title: p})
	}
	key := media.Caption(l.ID, "vi", "xau")
	must[media.Object](s.t)(s.h.App.Media.Put(ctx, key, strings.NewReader(vtt.String()), int64(vtt.Len()),
		media.PutOptions{ContentType: "text/vtt"}))
	s.save(db.Captions().SaveCaption(ctx,
		caption.Caption{LessonID: l.ID, Language: "vi", Key: key, Body: vtt.String(), Cues: len(s.ps),
			Size: int64(vtt.Len()), Source: caption.Uploaded, UpdatedAt: now}))
	s.save(db.Captions().SaveChapters(ctx, l.ID, chapters))
	s.save(db.Questions().SaveSetting(ctx,
		question.Setting{LessonID: l.ID, On: true, ByPerson: "p-giao-vien", At: now}))
	s.each(func(ctx context.Context, i int) error {
		id := fmt.Sprintf("rieng-%03d", i)
		if err := db.Worksheets().SaveWorksheet(ctx, worksheet.Worksheet{ID: id, LessonID: l.ID, Name: s.at(i),
			Type: worksheet.TypePDF, Key: id, Size: 9, SHA256: id, By: "p-giao-vien", At: now}); err != nil {
			return err
		}
		if err := db.Problems().Report(ctx,
			feedback.Problem{ID: id, LessonID: l.ID, Kind: feedback.Kinds[i%len(feedback.Kinds)], Text: s.at(i),
				Times: 1, Reporter: id, First: now, Last: now, State: feedback.Open}); err != nil {
			return err
		}
		state := []question.State{question.Shown, question.Waiting, question.Hidden}[i%3]
		return db.Questions().SaveQuestion(ctx,
			question.Question{ID: id, LessonID: l.ID, PersonID: "p-hoc-sinh", Text: s.at(i), At: 1, State: state,
				Answer: s.at(i + 1), Reason: s.at(i + 2), CreatedAt: now, SettledBy: "p-giao-vien", SettledAt: now})
	})
	return l.ID
}

// notices say all payloads in their Markdown, twenty in each.
func (s sown) notices() {
	const each = 20
	now := time.Now().Add(-time.Hour)
	for i := 0; i < len(s.ps); i += each {
		n := notice.Notice{ID: fmt.Sprintf("tin-%03d", i), Title: s.at(i),
			Body: strings.Join(s.ps[i:min(i+each, len(s.ps))], "\n\n"), AuthorID: "p-chuyen-vien",
			PublishAt: now, CreatedAt: now, ChangedAt: now}
		s.save(s.h.App.DB.Notices().SaveNotice(context.Background(), n))
	}
}
