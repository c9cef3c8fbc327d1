package system

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/webhook"
)

// onePage is the smallest PDF that is one.
const onePage = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\nxref\n0 3\n0000000000 65535 f \n" +
	"0000000009 00000 n \n0000000052 00000 n \ntrailer<</Size 3/Root 1 0 R>>\nstartxref\n95\n%%EOF\n"

// notice makes one of the department's to everybody, or of s1 to its staff,
// with a file.
func (w *world) notice(object string) (id, file string) {
	n := notice.Notice{ID: w.next("thong-bao-"), Title: "Thông báo", Body: "Nội dung", AuthorID: "p-chuyen-vien",
		PublishAt: time.Now().Add(-time.Minute), CreatedAt: time.Now()}
	if object == "staff" {
		n.SchoolID, n.Staff = "s1", true
	}
	ctx, store := context.Background(), w.h.App.DB.Notices()
	if err := store.SaveNotice(ctx, n); err != nil {
		w.h.T.Fatal(err)
	}
	a := notice.Attachment{ID: n.ID + "-tep", NoticeID: n.ID, Name: "a.pdf", Type: "application/pdf",
		Key: "notices/" + n.ID + "/tep", Size: 3, CreatedAt: time.Now()}
	if err := store.SaveAttachment(ctx, a); err != nil {
		w.h.T.Fatal(err)
	}
	must[media.Object](w.h.T)(w.h.App.Media.Put(ctx, a.Key, strings.NewReader("abc"), a.Size, media.PutOptions{}))
	return n.ID, a.ID
}

func (w *world) webhook() string {
	h := webhook.Hook{ID: w.next("moc-"), Name: "Zalo", URL: "https://example.vn/",
		Events: []string{"notice.published"}, Active: true, MadeAt: time.Now()}
	if err := w.h.App.DB.Webhooks().SaveHook(context.Background(), h); err != nil {
		w.h.T.Fatal(err)
	}
	return h.ID
}

// tellingForm is what the forms of notices and webhooks send.
func (w *world) tellingForm(q asked, r accessRow) asked {
	v := url.Values{"title": {"Tiêu đề"}, "body": {"Nội dung"}, "for": {"all"}, "name": {"Zalo"},
		"url": {"https://example.vn/nhan"}, "event": {"notice.published"}}
	q.body, q.kind = v.Encode(), formType
	if strings.HasSuffix(r.path, "/files") {
		q.body, q.kind = multipartFile("a.pdf", onePage, nil)
	}
	return q
}
