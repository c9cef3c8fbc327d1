package system

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"lenlop/test/system/harness"
)

// TestOriginalFilesStay: each page shows what would become of a file before it
// counts, and the file can be fetched later byte for byte.
func TestOriginalFilesStay(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	figureChannel, figures := w.figureSheet()
	logChannel, log := w.log()
	minuteChannel, minutes := w.minuteSheet()
	figures += "\xef\xbb\xbf, \r\n" // bytes that a tidy hand would change
	for _, x := range []struct {
		path, name, file string
		fields           map[string]string
		shows            []string
		kept             bool
	}{
		{"/station/figures", "số liệu.csv", figures, map[string]string{"channelId": figureChannel, "metric": "contacts",
			"unit": "persons", "grade": "E", "source": "Phiếu"},
			[]string{"1 dòng sẽ được nhận", "2.140 người", "Sẽ được tính"}, true},
		{"/station/as-run", "nhật ký.csv", log, map[string]string{"channelId": logChannel},
			[]string{"1 dòng sẽ được nhận", "Đã phát trọn bài"}, true},
		{"/station/minutes", "phút.csv", minutes,
			map[string]string{"channelId": minuteChannel, "source": "IPTV", "share": "32,5"},
			[]string{"1 lượt phát sẽ được tính", "phục vụ 32,5 %", "Số hộ ở phút đông nhất"}, false},
		{"/station/guides", "kênh.xml", w.listing(), map[string]string{"channelId": w.otherChannel()},
			[]string{"1 chương trình sẽ hiện", "Toán lớp 9: Bài khác"}, false},
	} {
		q := asked{method: "POST", path: x.path}
		q.body, q.kind = multipartFile(x.name, x.file, x.fields)
		status, body := w.send("dai", "cookie", q)
		page := html.UnescapeString(string(body))
		if status != 200 {
			t.Fatalf("%s: %d %s", x.path, status, harness.Brief(body))
		}
		for _, words := range append(x.shows, x.name) {
			if !strings.Contains(page, words) {
				t.Errorf("%s: the preview lacks %q", x.path, words)
			}
		}
		if missing := regexp.MustCompile(`\[[a-z_]+\.[a-z_]+\]`).FindString(page); missing != "" {
			t.Errorf("%s: %s has no words", x.path, missing)
		}
		commit := regexp.MustCompile(`action="(` + x.path + `/[^/"]+)/commit"`).FindStringSubmatch(page)
		if commit == nil {
			t.Fatalf("%s: nothing to confirm", x.path)
		}
		if status, body := w.send("dai", "cookie",
			asked{method: "POST", path: commit[1] + "/commit", body: "sure=yes", kind: formType}); status != 303 {
			t.Fatalf("%s: %d %s", commit[1], status, harness.Brief(body))
		}
		if !x.kept {
			continue
		}
		if status, body := w.send("dai", "cookie", asked{method: "GET", path: commit[1] + "/file"}); status != 200 ||
			string(body) != x.file {
			t.Errorf("%s: %d, %d bytes, handed in %d", commit[1], status, len(body), len(x.file))
		}
	}
}
