package production

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// aired is a channel "C" that airs lessons.
type aired struct {
	channels
	lessons []string
	asked   schedule.Filter
}

func (a *aired) Airings(_ context.Context, f schedule.Filter) (list []schedule.Airing, _ error) {
	a.asked = f
	for _, id := range a.lessons {
		list = append(list, schedule.Airing{LessonID: id})
	}
	return list, nil
}

var copyTime = time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)

// withCopies has lesson "L", whose package is verified, and the copies.
func withCopies(t *testing.T, list ...Copy) *fixture {
	t.Helper()
	h := newFixture(t)
	t.Cleanup(func() { h.Scratch.Close() })
	h.lessons.Save(t.Context(), lesson.Lesson{ID: "L", Media: lesson.Media{PackageID: "P"}})
	h.pkgs.SavePackage(t.Context(), Package{ID: "P", LessonID: "L", State: Verified})
	for _, c := range list {
		if c.LessonID == "" {
			c.LessonID = "L"
		}
		h.copies.Store.SaveCopy(t.Context(), c)
	}
	return h
}

func ids(list []Copy) string {
	var out []string
	for _, c := range list {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func TestCopiesOfAChannel(t *testing.T) {
	h := withCopies(t, Copy{ID: "a", ChannelID: "C", CreatedAt: copyTime},
		Copy{ID: "b", ChannelID: "C", CreatedAt: copyTime.Add(1)},
		Copy{ID: "x", ChannelID: "D"}, Copy{ID: "m", LessonID: "M", ChannelID: "C"})
	air := &aired{lessons: []string{"M", "L", "M", "none"}}
	h.copies.Schedule = air
	list, err := h.copies.OfChannel(t.Context(), operator, "C", copyTime, copyTime.Add(time.Hour))
	if err != nil || ids(list) != "m b a" {
		t.Errorf("%s, %v", ids(list), err)
	}
	if air.asked.Channel != "C" || !air.asked.From.Equal(copyTime) || !air.asked.To.Equal(copyTime.Add(time.Hour)) {
		t.Errorf("airings of %+v", air.asked)
	}
	if _, err := h.copies.OfChannel(t.Context(), operator, "D", copyTime, copyTime); !fault.Is(err,
		"channel.not_found") {
		t.Errorf("of no channel: %v", err)
	}
	if list, err = h.copies.OfLesson(t.Context(), operator, "L"); err != nil || len(list) != 3 || list[0].ID != "b" {
		t.Errorf("of the lesson: %s, %v", ids(list), err)
	}
	if _, err := h.copies.OfLesson(t.Context(), operator, "none"); !fault.Is(err, "lesson.not_found") {
		t.Errorf("of no lesson: %v", err)
	}
	for name, by := range map[string]people.Person{"anybody": {}, "a teacher": teacher} {
		_, ofChannel := h.copies.OfChannel(t.Context(), by, "C", copyTime, copyTime)
		_, ofLesson := h.copies.OfLesson(t.Context(), by, "L")
		_, one := h.copies.Copy(t.Context(), by, "a")
		for _, err := range []error{ofChannel, ofLesson, one} {
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestCopiesOfALessonThatWasTakenDown are not handed out any more.
func TestCopiesOfALessonThatWasTakenDown(t *testing.T) {
	h := withCopies(t, Copy{ID: "a", ChannelID: "C", State: CopyReady, Key: "k"})
	if c, err := h.copies.Copy(t.Context(), operator, "a"); err != nil || c.Key != "k" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := h.copies.Copy(t.Context(), operator, "none"); !fault.Is(err, "copy.not_found") {
		t.Errorf("none: %v", err)
	}
	l := h.lesson("L")
	l.TakenDownAt = copyTime
	h.lessons.Save(t.Context(), l)
	if c, err := h.copies.Copy(t.Context(), operator, "a"); !fault.Is(err, "lesson.taken_down") || c.Key != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestNewestCopy(t *testing.T) {
	ready := func(id string, at int) Copy {
		return Copy{ID: id, ChannelID: "C", State: CopyReady, CreatedAt: copyTime.Add(time.Duration(at))}
	}
	other, waiting := ready("o", 9), ready("w", 9)
	other.ChannelID, waiting.State = "D", CopyWaiting
	for want, list := range map[string][]Copy{
		"b": {ready("a", 1), ready("b", 2), other, waiting},
		"a": {ready("a", 1)},
		"":  {ready("a", 1), ready("b", 1)}, // of the same moment: which is meant is not known
	} {
		if got, err := withCopies(t, list...).copies.Newest(t.Context(), "L", "C"); err != nil || got != want {
			t.Errorf("of %s: %q, %v", ids(list), got, err)
		}
	}
	if got, err := withCopies(t, other, waiting).copies.Newest(t.Context(), "L", "C"); err != nil || got != "" {
		t.Errorf("of none: %q, %v", got, err)
	}
}

func TestWhichCopiesFitAnAiring(t *testing.T) {
	for name, c := range map[string]struct {
		copy Copy
		want bool
	}{
		"ready":             {Copy{ID: "a", LessonID: "L", ChannelID: "C", State: CopyReady}, true},
		"waiting":           {Copy{ID: "a", LessonID: "L", ChannelID: "C", State: CopyWaiting}, true},
		"failed":            {Copy{ID: "a", LessonID: "L", ChannelID: "C", State: CopyFailed}, false},
		"another lesson's":  {Copy{ID: "a", LessonID: "M", ChannelID: "C", State: CopyReady}, false},
		"another channel's": {Copy{ID: "a", LessonID: "L", ChannelID: "D", State: CopyReady}, false},
		"none":              {Copy{ID: "b", LessonID: "L", ChannelID: "C", State: CopyReady}, false},
	} {
		if got, err := withCopies(t, c.copy).copies.Fits(t.Context(), "a", "L", "C"); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestRequestsForCopies: what is wrong is named field by field, and a lesson in the bin gets none.
func TestRequestsForCopies(t *testing.T) {
	h := withCopies(t)
	_, err := h.copies.Ask(t.Context(), operator, "L", "", "vhs", strings.Repeat("9", maxHouseNumber+1))
	var fields []string
	for _, f := range fault.As(err).Fields {
		fields = append(fields, f.Name+" "+f.Code)
	}
	if !slices.Equal(fields, []string{"format copy.unknown_format", "channelId field.required",
		"houseNumber field.too_long"}) {
		t.Errorf("fields %q", fields)
	}
	c, err := h.copies.Ask(t.Context(), operator, "L", "C", "", strings.Repeat("9", maxHouseNumber))
	if err != nil || c.State != CopyWaiting || c.Format != Formats()[0].Name || c.PackageID != "P" ||
		c.CreatedBy != operator.ID {
		t.Errorf("%+v, %v", c, err)
	}
	for name, change := range map[string]func(*lesson.Lesson, *Package){
		"in the bin":       func(l *lesson.Lesson, _ *Package) { l.DeletedAt = copyTime },
		"without packages": func(l *lesson.Lesson, _ *Package) { l.Media.PackageID = "" },
		"not verified yet": func(_ *lesson.Lesson, p *Package) { p.State = Growing },
	} {
		l, p := lesson.Lesson{ID: "L", Media: lesson.Media{PackageID: "P"}},
			Package{ID: "P", LessonID: "L", State: Verified}
		change(&l, &p)
		h.lessons.Save(t.Context(), l)
		h.pkgs.SavePackage(t.Context(), p)
		if _, err := h.copies.Ask(t.Context(), operator, "L", "C", "", ""); !fault.Is(err, "copy.lesson_not_ready") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
