package storetest

import (
	"context"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/webhook"
)

// Notices tests an implementation of notice.Store.
func Notices(t *testing.T, open Open) {
	s := open(t)
	n := notice.Notice{ID: "n1", Title: "Nghỉ học", Body: "**Từ** thứ hai", SchoolID: "s1", AuthorID: "p1", Staff: true,
		Grades:  []int{1, 12},
		Classes: []string{"c1"}, Letters: true, PublishAt: kept(moment(0)), EndsAt: kept(moment(60)),
		CreatedAt: kept(moment(0)), ChangedAt: kept(moment(1))}
	ok(t, s.Notices.SaveNotice(bg, n))
	got, err := s.Notices.Notice(bg, "n1")
	ok(t, err)
	same(t, got, n)
	_, err = s.Notices.Notice(bg, "nobody")
	wantFault(t, err, fault.NotFound, "notice.not_found")
	for i, id := range []string{"n2", "n3", "n4"} {
		ok(t, s.Notices.SaveNotice(bg, notice.Notice{ID: id, Title: id, PublishAt: kept(moment(10)),
			CreatedAt: kept(moment(i)), ChangedAt: kept(moment(i))}))
	}
	names := func(f notice.Filter) (out []string) {
		list, err := s.Notices.Notices(bg, f)
		ok(t, err)
		for _, x := range list {
			out = append(out, x.ID)
		}
		return out
	}
	same(t, names(notice.Filter{}), []string{"n4", "n3", "n2", "n1"})
	same(t, names(notice.Filter{Before: "n3", Limit: 1}), []string{"n2"})
	same(t, names(notice.Filter{School: "s1"}), []string{"n1"})
	same(t, names(notice.Filter{Province: true}), []string{"n4", "n3", "n2"})
	same(t, names(notice.Filter{At: moment(9)}), []string{"n1"})
	same(t, names(notice.Filter{At: moment(60)}), []string{"n4", "n3", "n2"})
	// Notices to one person are listed for that person only, and are withdrawn together.
	ok(t, s.Notices.SaveNotice(bg,
		notice.Notice{ID: "n5", Title: "n5", PersonID: "p1", PublishAt: kept(moment(20)), CreatedAt: kept(moment(20))}))
	same(t, names(notice.Filter{Person: "p1", At: moment(60)}), []string{"n5", "n4", "n3", "n2"})
	same(t, names(notice.Filter{Person: "p2", At: moment(60)}), []string{"n4", "n3", "n2"})
	personal := s.Notices.(interface {
		ForgetPersonal(ctx context.Context, before time.Time, limit int) (int, error)
	})
	same(t, must(personal.ForgetPersonal(bg, moment(20), 10))(t), 0)
	same(t, must(personal.ForgetPersonal(bg, moment(21), 10))(t), 1)
	same(t, names(notice.Filter{Person: "p1", At: moment(60)}), []string{"n4", "n3", "n2"})
	n.WithdrawnAt = kept(moment(2))
	ok(t, s.Notices.SaveNotice(bg, n))
	same(t, names(notice.Filter{At: moment(9)}), nil)

	a := notice.Attachment{ID: "a1", NoticeID: "n1", Name: "Công văn.pdf", Type: "application/pdf",
		Key: "notices/n1/a1", Size: 12, CreatedAt: kept(moment(3))}
	ok(t, s.Notices.SaveAttachment(bg, a))
	files, err := s.Notices.Attachments(bg, "n1")
	ok(t, err)
	same(t, files, []notice.Attachment{a})

	for _, id := range []string{"p1", "p2"} {
		ok(t, s.People.SavePerson(bg, people.Person{ID: id, Username: id, Name: id, Active: true,
			CreatedAt: kept(moment(0))}))
	}
	for i, id := range []string{"p2", "p1", "p2"} {
		ok(t, s.Notices.Read(bg, notice.Receipt{NoticeID: "n1", PersonID: id, At: kept(moment(i))}))
	}
	receipts, err := s.Notices.Receipts(bg, "n1")
	ok(t, err)
	same(t, receipts, []notice.Receipt{{NoticeID: "n1", PersonID: "p2", At: kept(moment(0))},
		{NoticeID: "n1", PersonID: "p1", At: kept(moment(1))}})
	for range 2 {
		ok(t, s.Notices.SaveLettered(bg, "n1", "p1", moment(4)))
	}
	done, err := s.Notices.Lettered(bg, "n1")
	ok(t, err)
	same(t, done, map[string]bool{"p1": true})
}

// Webhooks tests an implementation of webhook.Store.
func Webhooks(t *testing.T, open Open) {
	s := open(t)
	h := webhook.Hook{ID: "h1", Name: "Zalo", URL: "https://example.vn/nhan", Secret: "whsec_x",
		Events: []string{"notice.published", "lesson.published"},
		Active: true, MadeBy: "p1", MadeAt: kept(moment(0))}
	ok(t, s.Webhooks.SaveHook(bg, h))
	h.Active, h.EndedAt = false, kept(moment(1))
	ok(t, s.Webhooks.SaveHook(bg, h))
	got, err := s.Webhooks.Hook(bg, "h1")
	ok(t, err)
	same(t, got, h)
	_, err = s.Webhooks.Hook(bg, "h2")
	wantFault(t, err, fault.NotFound, "webhook.not_found")
	ok(t, s.Webhooks.SaveHook(bg, webhook.Hook{ID: "h2", Name: "B", URL: "https://example.vn", Events: []string{"x"},
		MadeAt: kept(moment(5))}))
	hooks, err := s.Webhooks.Hooks(bg)
	ok(t, err)
	if len(hooks) != 2 || hooks[0].ID != "h2" {
		t.Fatalf("%+v", hooks)
	}
	d := webhook.Delivery{ID: "d1", HookID: "h1", Event: "notice.published", Body: `{"a":1}`, State: webhook.Waiting,
		CreatedAt: kept(moment(0))}
	ok(t, s.Webhooks.SaveDelivery(bg, d))
	d.State, d.Attempts, d.Status, d.TriedAt = webhook.Arrived, 2, 204, kept(moment(2))
	ok(t, s.Webhooks.SaveDelivery(bg, d))
	ok(t, s.Webhooks.SaveDelivery(bg,
		webhook.Delivery{ID: "d2", HookID: "h1", State: webhook.Waiting, CreatedAt: kept(moment(9))}))
	one, err := s.Webhooks.Delivery(bg, "d1")
	ok(t, err)
	same(t, one, d)
	list, err := s.Webhooks.Deliveries(bg, "h1", 1)
	ok(t, err)
	if len(list) != 1 || list[0].ID != "d2" {
		t.Fatalf("%+v", list)
	}
	n, err := s.Webhooks.Forget(bg, moment(0).Add(time.Minute), 10)
	ok(t, err)
	if _, err := s.Webhooks.Delivery(bg, "d1"); n != 1 || fault.KindOf(err) != fault.NotFound {
		t.Errorf("forgot %d, %v", n, err)
	}
}
