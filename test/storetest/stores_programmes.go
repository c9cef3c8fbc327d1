package storetest

import (
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/schedule"
)

// Programmes tests an implementation of schedule.ProgrammeStore.
func Programmes(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Listed.Guide(bg, "none")
	wantFault(t, err, fault.NotFound, "guide.not_found")
	if _, found, err := s.Listed.LastGuide(bg, "c1"); err != nil || found {
		t.Fatalf("a guide of nobody: %v %v", found, err)
	}
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1"}))
	for _, id := range []string{"c1", "c2"} {
		ok(t, s.Schedule.SaveChannel(bg,
			schedule.Channel{ID: id, Name: id, Timezone: "Asia/Ho_Chi_Minh", CreatedAt: moment(0)}))
	}
	show := func(id string, from int) schedule.Programme {
		return schedule.Programme{ID: id, ChannelID: "c1", Title: "Toán lớp 9: Căn bậc hai", Description: "tiết 1",
			Category: "Giáo dục", Grade: 9, LessonID: "l1",
			StartsAt: kept(moment(from)), EndsAt: kept(moment(from + 30))}
	}
	name := func(p schedule.Programme) string { return p.ID }
	first, second, third := show("p1", 0), show("p2", 30), show("p3", 60)
	ok(t, s.Listed.ReplaceProgrammes(bg, "c1", "g1", moment(0), moment(90), []schedule.Programme{third, first, second}))
	other := show("o1", 0)
	other.ChannelID, other.LessonID, other.Grade = "c2", "", 0
	ok(t, s.Listed.ReplaceProgrammes(bg, "c2", "g2", moment(0), moment(90), []schedule.Programme{other}))
	same(t, must(s.Listed.Programmes(bg, "c1", moment(0), moment(60)))(t), []schedule.Programme{first, second})
	same(t, ids(must(s.Listed.Programmes(bg, "", moment(0), moment(1)))(t), name), []string{"o1", "p1"})
	// A second guide replaces the programmes that begin in its period, on its channel only.
	again := show("p2", 30)
	again.Title = "Toán lớp 9: Ôn tập"
	ok(t, s.Listed.ReplaceProgrammes(bg, "c1", "g3", moment(30), moment(61), []schedule.Programme{again}))
	same(t, must(s.Listed.Programmes(bg, "c1", moment(0), moment(90)))(t), []schedule.Programme{first, again})
	same(t, ids(must(s.Listed.Programmes(bg, "c2", moment(0), moment(90)))(t), name), []string{"o1"})
	ok(t, s.Listed.ReplaceProgrammes(bg, "c1", "g4", moment(0), moment(90), nil))
	same(t, len(must(s.Listed.Programmes(bg, "c1", moment(0), moment(90)))(t)), 0)

	g := schedule.Guide{ID: "g1", ChannelID: "c1", Filename: "tuần 30.xml", Hash: "ab", Data: []byte("<tv>\x00</tv>"),
		By: "dai", At: kept(moment(0)),
		Options: schedule.GuideOptions{Source: "vtv7.vn", All: true}}
	ok(t, s.Listed.SaveGuide(bg, g))
	same(t, must(s.Listed.Guide(bg, "g1"))(t), g)
	if _, found, err := s.Listed.LastGuide(bg, "c1"); err != nil || found {
		t.Fatalf("a preview is no last guide: %v %v", found, err)
	}
	g.Committed, g.Listed = kept(moment(1)), 3
	ok(t, s.Listed.SaveGuide(bg, g))
	ok(t, s.Listed.SaveGuide(bg, schedule.Guide{ID: "g0", ChannelID: "c1", Data: []byte("x"), At: kept(moment(0)),
		Committed: kept(moment(0))}))
	last, found, err := s.Listed.LastGuide(bg, "c1")
	ok(t, err)
	g.Data = nil
	same(t, found, true)
	same(t, last, g)
}
