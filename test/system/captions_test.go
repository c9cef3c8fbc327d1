package system

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/test/system/harness"
)

// TestCaptionsWithFaultsAreTaken sends the files that were refused before,
// over the API and over the page: what is good is taken, and what was put
// right is told.
func TestCaptionsWithFaultsAreTaken(t *testing.T) {
	h := start(t, nil)
	c := h.As("giao-vien")
	l := c.Draft("Bài có phụ đề")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(harness.Root(t), "testdata/cases/captions", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for name, remark := range map[string]string{"cap-arrow.srt": "", "cap-doublecr.srt": "",
		"cap-zero-length.srt": "caption.mended_length", "cap-blank-inside.srt": "caption.mended_blank"} {
		var out struct {
			Cues    int
			Remarks []struct {
				Line          int
				Code, Message string
			}
		}
		c.OK("PUT", "/lessons/"+l.ID+"/captions/vi", read(name), 200, &out)
		switch {
		case out.Cues != 2, remark == "" && len(out.Remarks) != 0, remark != "" && len(out.Remarks) != 1:
			t.Errorf("%s: %+v", name, out)
		case remark != "" && (out.Remarks[0].Code != remark || out.Remarks[0].Line != 2 ||
			!strings.Contains(out.Remarks[0].Message, "2")):
			t.Errorf("%s: %+v", name, out.Remarks[0])
		}
	}
	p := c.Refused("PUT", "/lessons/"+l.ID+"/captions/vi", read("cap-ass.srt"), 422, "caption.invalid")
	if fields, _ := p["errors"].([]any); len(fields) != 1 ||
		!strings.Contains(fields[0].(map[string]any)["message"].(string), "ASS") {
		t.Errorf("ASS is not named: %v", p)
	}
	page := h.postForm("giao-vien", "/teacher/lessons/"+l.ID+"/captions",
		url.Values{"language": {"vi"}, "text": {read("cap-zero-length.srt")}})
	if !strings.Contains(page, `id="remarks"`) || !strings.Contains(page, "Dòng 2") {
		t.Errorf("the page does not tell what was put right: %s", page)
	}
}

// TestInvisibleCharactersAreNotTyped into a lesson, by a form or by the API.
func TestInvisibleCharactersAreNotTyped(t *testing.T) {
	h := start(t, nil)
	c := h.As("giao-vien")
	var l struct{ ID, Title string }
	c.OK("POST", "/lessons", map[string]any{"title": "Hàm\u200b số\u3164", "subject": "toan", "grade": 9}, 201, &l)
	if l.Title != "Hàm số" {
		t.Errorf("title %+q", l.Title)
	}
	c.Refused("POST", "/lessons", map[string]any{"title": "\u3164\u200b", "subject": "toan", "grade": 9}, 422,
		"lesson.invalid")
	h.postForm("giao-vien", "/teacher/lessons/"+l.ID+"/chapters",
		url.Values{"from-0": {"0:00"}, "text-0": {"Mở\u2060 đầu"}})
	var chapters []struct{ Title string }
	c.OK("GET", "/lessons/"+l.ID+"/chapters", nil, 200, &chapters)
	if len(chapters) != 1 || chapters[0].Title != "Mở đầu" {
		t.Errorf("chapters %+q", chapters)
	}
}

// postForm posts a form as a person who has signed in over the page.
func (h *testSystem) postForm(name, path string, form url.Values) string {
	h.T.Helper()
	header := http.Header{"Content-Type": {formType}}
	for _, c := range h.signInForm(name, harness.Password, "", nil).Cookies() {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	res, body := h.raw("POST", path, form.Encode(), header)
	if res.StatusCode >= 400 {
		h.T.Fatalf("POST %s: %d %s", path, res.StatusCode, body)
	}
	return string(body)
}
