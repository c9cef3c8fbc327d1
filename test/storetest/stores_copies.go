package storetest

import (
	"encoding/json"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/production"
	"lenlop/services/schedule"
)

// Copies tests an implementation of production.CopyStore.
func Copies(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Copies.Copy(bg, "none")
	wantFault(t, err, fault.NotFound, "copy.not_found")
	for _, id := range []string{"l1", "l2"} {
		ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: id}))
	}
	ok(t, s.Schedule.SaveChannel(bg,
		schedule.Channel{ID: "c1", Name: "K", Timezone: "Asia/Ho_Chi_Minh", CreatedAt: moment(0)}))
	c := production.Copy{
		ID: "k1", LessonID: "l1", ChannelID: "c1", PackageID: "p1", Format: "mpeg2-ps-15m",
		State: production.CopyMaking, HouseNumber: "GD-1",
		CreatedBy: "dai", CreatedAt: moment(0),
	}
	ok(t, s.Copies.SaveCopy(bg, c))
	c.State, c.Key, c.Size, c.SHA256, c.FinishedAt = production.CopyReady, "lessons/l1/copies/k1/7/broadcast.mpg",
		1<<33, "ab", moment(9)
	c.Sheet, c.FailureCode = json.RawMessage(`{"pass":true,"checks":[{"code":"qc.size"}]}`), "none"
	ok(t, s.Copies.SaveCopy(bg, c))
	c.CreatedAt, c.FinishedAt = kept(c.CreatedAt), kept(c.FinishedAt)
	same(t, must(s.Copies.Copy(bg, "k1"))(t), c)
	for i, id := range []string{"k2", "k3"} {
		ok(t, s.Copies.SaveCopy(bg, production.Copy{ID: id, LessonID: "l1", ChannelID: "c1",
			State: production.CopyWaiting, CreatedAt: moment(i + 1)}))
	}
	ok(t, s.Copies.SaveCopy(bg, production.Copy{ID: "other", LessonID: "l2", ChannelID: "c1",
		State: production.CopyWaiting, CreatedAt: moment(5)}))
	id := func(c production.Copy) string { return c.ID }
	same(t, ids(must(s.Copies.Copies(bg, "l1"))(t), id), []string{"k3", "k2", "k1"})
	ok(t, s.Copies.DeleteCopies(bg, "l1"))
	ok(t, s.Copies.DeleteCopies(bg, "l1"))
	same(t, ids(must(s.Copies.Copies(bg, "l1"))(t), id), []string{})
	same(t, ids(must(s.Copies.Copies(bg, "l2"))(t), id), []string{"other"})
}
