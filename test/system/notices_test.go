package system

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/webhook"
)

// TestNotices: the department writes; students see it on the first page, staff
// receipt it and get a letter once, and another system is called with a
// signature that can be checked.
func TestNotices(t *testing.T) {
	called := make(chan *http.Request, 8)
	bodies := make(chan string, 8)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		called <- r
		bodies <- string(b)
	}))
	defer other.Close()
	h := start(t, func(f *app.Settings) { f.WebhookPrivate = true })
	ctx := context.Background()
	var mu sync.Mutex
	letters := map[string]int{}
	h.App.Notices.Letter = func(_ context.Context, to people.Person, n notice.Notice) error {
		mu.Lock()
		defer mu.Unlock()
		letters[to.ID]++
		return nil
	}
	teacher := must[people.Person](t)(h.App.DB.People().Person(ctx, "p-giao-vien"))
	teacher.Email = "giao-vien@example.vn"
	if err := h.App.DB.People().SavePerson(ctx, teacher); err != nil {
		t.Fatal(err)
	}
	w := newWorld(h)
	post := func(account, path string, v url.Values, want int) string {
		t.Helper()
		status, body := w.send(account, "cookie", asked{method: "POST", path: path, body: v.Encode(), kind: formType})
		if status != want {
			t.Fatalf("%s: POST %s: %d, want %d: %s", account, path, status, want, body)
		}
		return string(body)
	}
	get := func(account, path string, want int) string {
		t.Helper()
		status, body := w.send(account, "cookie", asked{method: "GET", path: path})
		if status != want {
			t.Fatalf("%s: GET %s: %d, want %d", account, path, status, want)
		}
		return string(body)
	}
	page := post("quan-tri", "/admin/webhooks",
		url.Values{"name": {"Zalo của tỉnh"}, "url": {other.URL}, "event": {"notice.published"}}, 201)
	_, rest, _ := strings.Cut(page, "<code>")
	secret, _, _ := strings.Cut(rest, "</code>")
	if !strings.HasPrefix(secret, "whsec_") || strings.Contains(get("quan-tri", "/admin/webhooks", 200), secret) {
		t.Errorf("the secret is shown once: %q", secret)
	}

	text := "Từ **thứ hai** học sinh nghỉ học.\n\n<script>alert(1)</script> [xấu](javascript:alert(2)) ![theo dõi](https://example.com/x.png)\n\n# Việc cần làm\n\n- Xem bài"
	refused := post("chuyen-vien", "/notices/new", url.Values{"title": {""}, "body": {text}, "for": {"grades"}}, 422)
	if !strings.Contains(refused, "Từ **thứ hai**") {
		t.Error("what was typed is gone")
	}
	post("chuyen-vien", "/notices/new",
		url.Values{"title": {"Nghỉ học"}, "body": {text}, "for": {"all"}, "letters": {"on"}}, 303)
	all := must[[]notice.Notice](t)(h.App.DB.Notices().Notices(ctx, notice.Filter{}))
	if len(all) != 1 {
		t.Fatalf("%d notices", len(all))
	}
	path := "/notices/" + all[0].ID
	shown := get("", path, 200)
	for _, bad := range []string{"<script>alert", "javascript:", "example.com/x.png", "<img src=\"https"} {
		if strings.Contains(shown, bad) {
			t.Errorf("%q is on the page", bad)
		}
	}
	for _, good := range []string{"<strong>thứ hai</strong>", "<h3>Việc cần làm</h3>", "<li>Xem bài</li>"} {
		if !strings.Contains(shown, good) {
			t.Errorf("%q is not on the page", good)
		}
	}
	if !strings.Contains(get("", "/", 200), "Nghỉ học") {
		t.Error("the first page does not show it")
	}

	select {
	case r := <-called:
		body := <-bodies
		sent, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Lenlop-Signature"), "t="), ",")
		unix, _ := strconv.ParseInt(sent, 10, 64)
		if want := webhook.Sign(secret, time.Unix(unix, 0), []byte(body)); r.Header.Get("Lenlop-Signature") != want {
			t.Errorf("signature %q, want %q", r.Header.Get("Lenlop-Signature"), want)
		}
		var out struct {
			Event string
			Data  struct{ Title string }
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil || out.Event != "notice.published" ||
			out.Data.Title != "Nghỉ học" {
			t.Errorf("%s %v", body, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was called")
	}
	// The same again, as after a crash: no second letter.
	args := notice.PublishArgs{NoticeID: all[0].ID, Stamp: all[0].PublishAt}
	if err := h.App.Notices.Publish(ctx, args, h.App.DB.Atomically); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if letters["p-giao-vien"] != 1 || len(letters) != 1 {
		t.Errorf("letters %v", letters)
	}
	mu.Unlock()

	post("giao-vien", path+"/read", nil, 303)
	post("hoc-sinh", path+"/read", nil, 403)
	if readers := get("chuyen-vien", path+"/readers", 200); !strings.Contains(readers, "Đã đọc") ||
		!strings.Contains(readers, "Tên giao-vien") {
		t.Error("the receipt is not listed")
	}
	post("chuyen-vien", path+"/withdraw", nil, 303)
	get("", path, 404)
	get("chuyen-vien", path, 200)
}
