package storetest

import (
	"strings"
	"testing"
	"time"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/lesson"
)

// Captions tests an implementation of caption.Store.
func Captions(t *testing.T, open Open) {
	lessons := open(t)
	s := lessons.Captions
	for _, id := range []string{"l1", "l2"} {
		ok(t, lessons.Lessons.Save(bg, lesson.Lesson{ID: id}))
	}
	_, err := s.Caption(bg, "l1", "vi")
	wantFault(t, err, fault.NotFound, "caption.not_found")
	c := caption.Caption{LessonID: "l1", Language: "vi", Key: "lessons/l1/captions/vi.a.vtt",
		Body: "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nĐây là \"phép cộng\"\n", Cues: 1,
		Size: 60, Source: caption.Found, Offered: true, UpdatedAt: moment(1)}
	ok(t, s.SaveCaption(bg, c))
	c.Key, c.Offered, c.Source, c.UpdatedBy, c.UpdatedAt = "lessons/l1/captions/vi.b.vtt", false, caption.Edited,
		"lan", moment(2)
	ok(t, s.SaveCaption(bg, c))
	c.UpdatedAt = kept(c.UpdatedAt)
	same(t, must(s.Caption(bg, "l1", "vi"))(t), c)
	for _, x := range []string{"zh-Hant", "hmn", "blt"} {
		ok(t, s.SaveCaption(bg, caption.Caption{LessonID: "l1", Language: x, Body: strings.Repeat("x", 1<<20),
			Source: caption.Uploaded, UpdatedAt: moment(3)}))
	}
	ok(t, s.SaveCaption(bg, caption.Caption{LessonID: "l2", Language: "vi", Source: caption.Uploaded,
		UpdatedAt: moment(3)}))
	list := must(s.Captions(bg, "l1"))(t)
	same(t, ids(list, func(c caption.Caption) string { return c.Language + c.Body }),
		[]string{"blt", "hmn", "vi", "zh-Hant"})
	ok(t, s.DeleteCaption(bg, "l1", "hmn"))
	ok(t, s.DeleteCaption(bg, "l1", "hmn"))
	_, err = s.Caption(bg, "l1", "hmn")
	wantFault(t, err, fault.NotFound, "caption.not_found")

	same(t, must(s.Chapters(bg, "l1"))(t), []caption.Chapter{})
	ok(t, s.SaveChapters(bg, "l1",
		[]caption.Chapter{{At: 90 * time.Second, Title: "Luyện tập"}, {At: 1500 * time.Millisecond, Title: "Mở đầu"}}))
	ok(t, s.SaveChapters(bg, "l2", []caption.Chapter{{Title: "Khác"}}))
	same(t, must(s.Chapters(bg, "l1"))(t),
		[]caption.Chapter{{At: 1500 * time.Millisecond, Title: "Mở đầu"}, {At: 90 * time.Second, Title: "Luyện tập"}})
	ok(t, s.SaveChapters(bg, "l1", nil))
	same(t, must(s.Chapters(bg, "l1"))(t), []caption.Chapter{})

	ok(t, s.Forget(bg, "l1"))
	ok(t, s.Forget(bg, "l1"))
	same(t, len(must(s.Captions(bg, "l1"))(t)), 0)
	same(t, len(must(s.Captions(bg, "l2"))(t)), 1)
	same(t, len(must(s.Chapters(bg, "l2"))(t)), 1)
}
