package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// at is a time on the exam's day in Hà Nội.
func at(clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2020-04-13 "+clock, time.FixedZone("ICT", 7*3600))
	if err != nil {
		panic(err)
	}
	return t
}

func TestClash(t *testing.T) {
	slot := func(id, channel, from, to string, o Outcome) Airing {
		return Airing{ID: id, ChannelID: channel, StartsAt: at(from), EndsAt: at(to), Outcome: o}
	}
	there := []Airing{
		slot("1", "c", "08:00", "08:30", Planned), slot("2", "c", "09:00", "09:30", Dropped),
		slot("3", "c", "10:00", "10:30", Moved),
		slot("4", "c", "11:00", "11:30", Aired), slot("5", "other", "12:00", "12:30", Planned),
	}
	for _, c := range []struct{ from, to, want string }{
		{"08:00", "08:30", "1"}, {"08:29", "08:40", "1"}, {"07:50", "08:01", "1"}, {"07:00", "09:00", "1"},
		{"08:10", "08:20", "1"},
		{"08:30", "09:00", ""}, {"07:30", "08:00", ""}, {"09:00", "09:30", ""}, {"10:00", "10:30", ""},
		{"11:10", "11:20", "4"}, {"12:00", "12:30", ""},
	} {
		got, clash := Clash(slot("new", "c", c.from, c.to, Planned), there)
		if got.ID != c.want || clash != (c.want != "") {
			t.Errorf("%s to %s: %q", c.from, c.to, got.ID)
		}
	}
	if got, clash := Clash(slot("1", "c", "08:10", "08:40", Planned), there); clash {
		t.Errorf("an airing clashes with itself: %+v", got)
	}
}

func TestReported(t *testing.T) {
	a := Airing{StartsAt: at("08:00"), EndsAt: at("08:30"), Outcome: Planned}
	now := at("09:00")
	for _, c := range []struct {
		name, code, field string
		r                 AsRun
		now               time.Time
	}{
		{"as planned", "", "", AsRun{Outcome: Aired}, now},
		{"a little late", "", "", AsRun{Outcome: Aired, StartedAt: at("08:02"), EndedAt: at("08:32")}, now},
		{"cut short", "", "", AsRun{Outcome: Partial, StartedAt: at("08:00"), EndedAt: at("08:10")}, now},
		{"cut short, but when", "airing.invalid", "endedAt", AsRun{Outcome: Partial, StartedAt: at("08:00")}, now},
		{"moved, but to when", "airing.invalid", "startedAt", AsRun{Outcome: Moved}, now},
		{"backwards", "airing.invalid", "endedAt",
			AsRun{Outcome: Partial, StartedAt: at("08:10"), EndedAt: at("08:00")}, now},
		{"no time at all", "airing.invalid", "endedAt",
			AsRun{Outcome: Partial, StartedAt: at("08:10"), EndedAt: at("08:10")}, now},
		{"dropped", "", "", AsRun{Outcome: Dropped, StartedAt: at("08:10")}, now},
		{"dropped beforehand", "", "", AsRun{Outcome: Dropped}, at("07:00")},
		{"aired beforehand", "airing.not_started", "", AsRun{Outcome: Aired}, at("07:59")},
		{"as it begins", "", "", AsRun{Outcome: Aired}, at("08:00")},
		{"planned is no report", "airing.invalid", "outcome", AsRun{Outcome: Planned}, now},
		{"a word we do not know", "airing.invalid", "outcome", AsRun{Outcome: "lost"}, now},
		{"a novel", "airing.invalid", "note", AsRun{Outcome: Aired, Note: strings.Repeat("ạ", 1001)}, now},
	} {
		got, err := a.Reported(c.r, c.now)
		if c.code == "" {
			if err != nil || got.Outcome != c.r.Outcome || !got.ReportedAt.Equal(c.now) {
				t.Errorf("%s: %+v %v", c.name, got, err)
			}
			if got.Outcome.Happened() == got.StartedAt.IsZero() {
				t.Errorf("%s: started %v", c.name, got.StartedAt)
			}
			continue
		}
		if !fault.Is(err, c.code) || c.field != "" && fault.As(err).Fields[0].Name != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// memoryStore is a Store in memory.
type memoryStore struct {
	channels map[string]Channel
	airings  map[string]Airing
	log      []audit.Entry
	about    Slots // what every lesson is about
	held     map[string]bool
}

func (s *memoryStore) Channel(_ context.Context, id string) (Channel, error) {
	if c, ok := s.channels[id]; ok {
		return c, nil
	}
	return Channel{}, fault.New(fault.NotFound, "channel.not_found")
}

func (s *memoryStore) LockChannel(ctx context.Context, id string) (Channel, error) {
	return s.Channel(ctx, id)
}

func (s *memoryStore) Channels(context.Context) (list []Channel, err error) {
	for _, c := range s.channels {
		list = append(list, c)
	}
	return list, nil
}

func (s *memoryStore) SaveChannel(_ context.Context, c Channel) error {
	s.channels[c.ID] = c
	return nil
}

func (s *memoryStore) Airing(_ context.Context, id string) (Airing, error) {
	if a, ok := s.airings[id]; ok {
		return a, nil
	}
	return Airing{}, fault.New(fault.NotFound, "airing.not_found")
}

func (s *memoryStore) Airings(_ context.Context, f Filter) (list []Airing, err error) {
	for _, a := range s.airings {
		if (f.Channel == "" || a.ChannelID == f.Channel) && !a.StartsAt.Before(f.From) &&
			(f.To.IsZero() || a.StartsAt.Before(f.To)) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b Airing) int { return a.StartsAt.Compare(b.StartsAt) })
	return list, nil
}

func (s *memoryStore) SaveAiring(_ context.Context, a Airing) error {
	s.airings[a.ID] = a
	return nil
}

func (s *memoryStore) DeleteAiring(_ context.Context, id string) error {
	delete(s.airings, id)
	return nil
}

func (s *memoryStore) Held(_ context.Context, id string) (bool, error) { return s.held[id], nil }

func (s *memoryStore) Append(_ context.Context, e audit.Entry) error {
	s.log = append(s.log, e)
	return nil
}

func (s *memoryStore) BySubject(context.Context, string, int) ([]audit.Entry, error) {
	return s.log, nil
}

func (s *memoryStore) Atomically(ctx context.Context, fn func(context.Context) error) error {
	return fn(ctx)
}

func (s *memoryStore) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	l := lesson.Lesson{ID: id, Title: "Bài " + id, Status: lesson.Published, Grade: s.about.Grade,
		Subject: s.about.Subject}
	switch id {
	case "none":
		return l, fault.New(fault.NotFound, "lesson.not_found")
	case "draft":
		l.Status = lesson.Draft
	case "ready":
		l.Status, l.Media.State = lesson.Draft, lesson.Ready
	case "binned":
		l.DeletedAt = at("06:00")
	}
	return l, nil
}

func (s *memoryStore) lessonsByID(ctx context.Context, ids []string) (list []lesson.Lesson, err error) {
	for _, id := range ids {
		if l, err := s.Lesson(ctx, id); err == nil {
			list = append(list, l)
		}
	}
	return list, nil
}

func desk() (*Service, *memoryStore) {
	s := &memoryStore{channels: map[string]Channel{"c": {ID: "c", Name: "ĐTV", CreatedAt: at("05:00")}},
		airings: map[string]Airing{}}
	n := 0
	return &Service{Store: s, Lessons: s, LessonsByID: s.lessonsByID, Atomic: s, Audit: s,
		Now:   func() time.Time { return at("09:00") },
		NewID: func() string { n++; return fmt.Sprint("id-", n) }}, s
}

func as(r people.Role) people.Person {
	return people.Person{ID: string(r), Active: true, Grants: []people.Grant{{Role: r}}}
}

func TestSave(t *testing.T) {
	svc, s := desk()
	ctx := t.Context()
	first, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "l", StartsAt: at("10:00"), EndsAt: at("10:30"), Outcome: Aired})
	if err != nil || first.Outcome != Planned || first.CreatedBy != "station" || first.ID == "" {
		t.Fatalf("%+v %v", first, err)
	}
	plan := func(lesson, from, to string) Airing {
		return Airing{ChannelID: "c", LessonID: lesson, StartsAt: at(from), EndsAt: at(to)}
	}
	for _, c := range []struct {
		name, code string
		by         people.Role
		a          Airing
	}{
		{"a teacher", "access.denied", people.Teacher, plan("l", "12:00", "12:30")},
		{"an administrator", "access.denied", people.Admin, plan("l", "12:00", "12:30")},
		{"clash", "airing.clash", people.Reviewer, plan("l", "10:29", "11:00")},
		{"no lesson", "lesson.not_found", people.Station, plan("none", "12:00", "12:30")},
		{"unready", "airing.lesson_not_ready", people.Station, plan("draft", "12:00", "12:30")},
		{"binned", "airing.lesson_not_ready", people.Station, plan("binned", "12:00", "12:30")},
		{"no channel", "channel.not_found", people.Station,
			Airing{ChannelID: "x", LessonID: "l", StartsAt: at("12:00"), EndsAt: at("12:30")}},
		{"nothing said", "airing.invalid", people.Station, Airing{}},
		{"backwards", "airing.invalid", people.Station, plan("l", "12:30", "12:00")},
		{"too short", "airing.invalid", people.Station,
			Airing{ChannelID: "c", LessonID: "l", StartsAt: at("12:00"), EndsAt: at("12:00").Add(59 * time.Second)}},
		{"too long", "airing.invalid", people.Station, plan("l", "12:00", "18:01")},
		{"unknown", "airing.not_found", people.Station,
			Airing{ID: "x", ChannelID: "c", LessonID: "l", StartsAt: at("12:00"), EndsAt: at("12:30")}},
	} {
		if _, err := svc.Save(ctx, as(c.by), c.a); !fault.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if len(s.airings) != 1 || len(s.log) != 1 {
		t.Errorf("a refusal left something: %d airings, %d entries", len(s.airings), len(s.log))
	}
	if _, err := svc.Save(ctx, as(people.Station), plan("ready", "10:30", "11:00")); err != nil {
		t.Errorf("touching ends: %v", err)
	}
	first.StartsAt, first.EndsAt = at("10:00"), at("10:20")
	if again, err := svc.Save(ctx, as(people.Reviewer), first); err != nil || again.CreatedBy != "station" {
		t.Errorf("changed: %+v %v", again, err)
	}
	err = func() error {
		_, err := svc.Save(ctx, as(people.Station), plan("l", "10:10", "10:40"))
		return err
	}()
	if f := fault.As(err); f == nil || f.Args["airing"] != first.ID || f.Args["lesson"] != "Bài l" {
		t.Errorf("a clash names the other: %v", err)
	}
}

func TestReportAndRemove(t *testing.T) {
	svc, s := desk()
	ctx := t.Context()
	a, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "l", StartsAt: at("08:00"), EndsAt: at("08:30")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Report(ctx, as(people.Teacher), a.ID, AsRun{Outcome: Aired}); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	got, err := svc.Report(ctx, as(people.Station), a.ID, AsRun{Outcome: Aired})
	if err != nil || got.ReportedBy != "station" || s.airings[a.ID].Outcome != Aired {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = svc.Report(ctx, as(people.Reviewer), a.ID, AsRun{Outcome: Dropped}); err != nil ||
		!got.StartedAt.IsZero() {
		t.Errorf("corrected: %+v %v", got, err)
	}
	if _, err := svc.Save(ctx, as(people.Station), a); !fault.Is(err, "airing.already_reported") {
		t.Errorf("changed after as-run: %v", err)
	}
	if err := svc.Remove(ctx, as(people.Station), a.ID); !fault.Is(err, "airing.already_reported") {
		t.Errorf("removed after as-run: %v", err)
	}
	b, err := svc.Save(ctx, as(people.Station),
		Airing{ChannelID: "c", LessonID: "l", StartsAt: at("14:00"), EndsAt: at("14:30")})
	if err != nil {
		t.Fatal(err)
	}
	if err := svc.Remove(ctx, as(people.Admin), b.ID); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	if err := svc.Remove(ctx, as(people.Station), b.ID); err != nil || len(s.airings) != 1 {
		t.Errorf("removed: %v", err)
	}
	if err := svc.Remove(ctx, as(people.Station), b.ID); !fault.Is(err, "airing.not_found") {
		t.Error(err)
	}
}

func TestSaveChannel(t *testing.T) {
	svc, s := desk()
	ctx := t.Context()
	made, err := svc.SaveChannel(ctx, as(people.Station), Channel{Name: "  Kênh  2 ", Own: true})
	if err != nil || made.Name != "Kênh 2" || made.Timezone != "Asia/Ho_Chi_Minh" || s.channels[made.ID] != made {
		t.Errorf("%+v %v", made, err)
	}
	for code, c := range map[string]Channel{
		"field.required": {Name: " "}, "field.too_long": {Name: strings.Repeat("k", 101)},
		"channel.unknown_timezone": {Name: "x", Timezone: "Mars/Base"},
	} {
		if _, err := svc.SaveChannel(ctx, as(people.Admin), c); !fault.Is(err, "channel.invalid") ||
			fault.As(err).Fields[0].Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := svc.SaveChannel(ctx, as(people.Teacher), Channel{Name: "x"}); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	if _, err := svc.SaveChannel(ctx, as(people.Admin), Channel{ID: "x", Name: "x"}); !fault.Is(err,
		"channel.not_found") {
		t.Error(err)
	}
	if c, err := svc.SaveChannel(ctx, as(people.Admin), Channel{ID: "c", Name: "Mới"}); err != nil ||
		!c.CreatedAt.Equal(at("05:00")) {
		t.Errorf("%+v %v", c, err)
	}
}
