package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/services/question"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// html asks for a page, or sends a form, as a browser without scripts does.
func (w *world) html(account, method, path string, kv ...string) (int, string) {
	f := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		f.Set(kv[i], kv[i+1])
	}
	q := asked{method: method, path: path, header: http.Header{"Accept": {"text/html"}}}
	if method != http.MethodGet {
		q.body, q.kind = f.Encode(), formType
	}
	status, raw := w.send(account, "cookie", q)
	return status, string(raw)
}

// TestQuestionUnderALesson follows one question through the pages, from the
// switch to the answer, and ends with the person who asked being forgotten.
func TestQuestionUnderALesson(t *testing.T) {
	h := start(t, nil)
	w, ctx := newWorld(h), context.Background()
	id := w.lesson("published")
	w.questionsOn(id)
	page, desk := "/lessons/"+id, "/teacher/lessons/"+id+"/questions"
	do := func(account, path string, want int, kv ...string) string {
		t.Helper()
		method := http.MethodPost
		if len(kv) == 0 {
			method = http.MethodGet
		}
		status, body := w.html(account, method, path, kv...)
		if status != want {
			t.Fatalf("%s as %s: %d, want %d: %s", path, account, status, want, harness.Brief([]byte(body)))
		}
		return text(t, []byte(body))
	}
	says := func(body string, want bool, words ...string) {
		t.Helper()
		for _, x := range words {
			if strings.Contains(body, x) != want {
				t.Errorf("%q on the page is %v: %.2000s", x, !want, body)
			}
		}
	}
	do("giao-vien", desk+"/set", 303, "on", "no")
	says(do("hoc-sinh", page, 200), false, "Hỏi thầy cô")
	do("giao-vien", desk+"/set", 303, "on", "yes")
	says(do("", page, 200), false, "Hỏi thầy cô")
	says(do("hoc-sinh", page, 200), true, "Hỏi thầy cô", "Gửi câu hỏi")
	// What cannot be taken stays in the form.
	says(do("hoc-sinh", page+"/questions", 422, "text", "Vì sao 1/2 = 2/4?", "at", "75:00"), true, "Vì sao 1/2 = 2/4?",
		"Phút này không có trong bài")
	do("hoc-sinh", page+"/questions", 303, "text", "Vì sao 1/2 = 2/4?", "at", "0:05")
	says(do("hoc-sinh", page, 200), true, "Vì sao 1/2 = 2/4?", "Đang chờ thầy cô xem")
	says(do("giao-vien", "/", 200), true, "Có câu hỏi đang chờ ở bài")
	says(do("hieu-truong", "/notices", 200), false, "Có câu hỏi đang chờ")
	says(do("chuyen-vien", "/notices", 200), false, "Có câu hỏi đang chờ")
	says(do("giao-vien", desk, 200), true, "Vì sao 1/2 = 2/4?", "Tên hoc-sinh", "Lớp 9H", "Ở phút 0:05")
	list, err := h.App.DB.Questions().Questions(ctx, question.Filter{Lesson: id})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	one := desk + "/" + list[0].ID
	says(do("giao-vien", one+"/hide", 422, "reason", " "), true, "Vì sao 1/2 = 2/4?")
	do("giao-vien", one+"/answer", 303, "answer", "Vì cùng một phần của cái bánh.")
	says(do("giao-vien", "/", 200), false, "Có câu hỏi đang chờ ở bài")
	says(do("hoc-sinh", "/", 200), true, "Thầy cô đã trả lời câu hỏi của em")
	says(do("hoc-sinh", page, 200), true, "Vì cùng một phần của cái bánh.")
	for _, account := range []string{"", "dong-nghiep", "giao-vien-2", "chuyen-vien", "quan-tri"} {
		says(do(account, page, 200), false, "Vì cùng một phần của cái bánh.")
	}

	// Thumbs, on a device and signed in; the page shows what was said.
	do("hoc-sinh", page+"/thumbs", 303, "said", "yes", "chapter", "")
	// one is the size of letters
	if _, body := w.html("hoc-sinh", "GET", page); strings.Count(body, `aria-pressed="true"`) != 2 {
		t.Errorf("what was said is not shown %d", strings.Count(body, `aria-pressed="true"`))
	}
	var device struct{ ViewerToken string }
	for _, answer := range []string{"yes", "not-yet", "not-yet"} {
		status, raw := w.send("", "cookie", asked{method: "PUT", path: api.Base + page + "/thumbs", kind: jsonType,
			body: fmt.Sprintf(`{"said":%q,"viewerToken":%q}`, answer, device.ViewerToken)})
		if err := json.Unmarshal(raw, &device); status != 200 || err != nil || device.ViewerToken == "" {
			t.Fatalf("%d %s", status, raw)
		}
	}
	count := func(account string) string {
		_, raw := w.send(account, "bearer", asked{method: "GET", path: api.Base + page + "/thumbs"})
		return strings.TrimSpace(string(raw))
	}
	if got := count("giao-vien"); got != `{"items":[{"understood":1,"notYet":1}]}` {
		t.Error(got)
	}
	if got := count("chuyen-vien"); got != `{"items":[{"understood":"\u003c5"}]}` {
		t.Error(got)
	}

	// What is stored is given out, and goes with the person.
	admin := must[people.Person](t)(h.App.DB.People().Person(ctx, "p-quan-tri"))
	out, err := h.App.People.Export(ctx, admin, "p-hoc-sinh")
	if err != nil || len(out["questions"]) != 1 || out["questions"][0]["words"] != "Vì sao 1/2 = 2/4?" ||
		len(out["thumbs"]) != 1 || len(out["notices"]) != 1 {
		t.Fatalf("%+v %v", out["questions"], err)
	}
	if err := h.App.People.Erase(ctx, admin, "p-hoc-sinh"); err != nil {
		t.Fatal(err)
	}
	left, err := h.App.DB.Questions().Questions(ctx, question.Filter{})
	if err != nil || len(left) != 0 {
		t.Errorf("%+v %v", left, err)
	}
	if got := count("giao-vien"); got != `{"items":[{"understood":0,"notYet":1}]}` {
		t.Error(got)
	}
}

// TestHostileQuestionsAreText puts what hostile people type straight into the
// store, as questions, answers and reasons, and parses every page that shows it.
func TestHostileQuestionsAreText(t *testing.T) {
	h := start(t, nil)
	w, ctx := newWorld(h), context.Background()
	id, ps := w.lesson("published"), payloads()
	w.questionsOn(id)
	for i, p := range ps {
		for _, s := range question.States {
			q := question.Question{ID: fmt.Sprintf("%s-%03d", s, i), LessonID: id, PersonID: "p-hoc-sinh", Text: p,
				At: question.NoMoment, State: s, CreatedAt: time.Now()}
			switch s {
			case question.Hidden:
				q.Reason = p
			case question.Shown:
				q.Answer = p
			}
			if err := h.App.DB.Questions().SaveQuestion(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
	}
	see := func(account, path string, most int) string {
		t.Helper()
		var all strings.Builder
		for range most {
			raw := body(t, w, account, path)
			harmless(t, path, "all of them", raw)
			all.WriteString(text(t, raw) + " ")
			before, rest, more := strings.Cut(string(raw), "&amp;before=")
			if !more {
				break
			}
			end := strings.IndexByte(rest, '"')
			path = before[strings.LastIndexByte(before, '"')+1:] + "&before=" + rest[:end]
		}
		return all.String()
	}
	whole := see("hoc-sinh", "/lessons/"+id, 1)
	for _, s := range question.States {
		whole += see("giao-vien", "/teacher/lessons/"+id+"/questions?state="+string(s), 10)
	}
	for _, p := range ps[:40] {
		want := strings.Join(strings.Fields(p), " ")
		if n := strings.Count(whole, want); n < 2*len(question.States) {
			t.Errorf("%.60q is shown %d times as it was typed", p, n)
		}
	}
	status, raw := w.send("hoc-sinh", "bearer", asked{method: "GET", path: api.Base + "/lessons/" + id + "/questions"})
	if status != 200 || strings.Contains(string(raw), "<script") {
		t.Errorf("%d: markup in JSON", status)
	}
}
