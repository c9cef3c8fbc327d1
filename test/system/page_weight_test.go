package system

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/services/lesson"
)

// Budgets of a first visit in bytes as sent (gzip), the page with everything
// it names; a lesson's page before the player's engine.
const (
	catalogueBudget = 15 << 10
	lessonBudget    = 25 << 10
)

// named finds what a browser loads with a page: styles, scripts, icon,
// manifest and pictures.
var named = regexp.MustCompile(
	`(?:<link rel="(?:stylesheet|icon|manifest|modulepreload)"[^>]* href|<script [^>]*src|<img [^>]*src)="([^"]+)"`)

// TestPagesWeighLittle holds the first load of the pages that students open most
// to their budgets, with a catalogue of a school week. LENLOP_BENCH_LINES
// prints the figures for make bench-web.
func TestPagesWeighLittle(t *testing.T) {
	h := start(t, nil)
	ctx := context.Background()
	subjects := []string{"toan", "ngu-van", "tieng-anh", "vat-li", "hoa-hoc", "sinh-hoc", "lich-su", "dia-li",
		"tin-hoc", "gdcd"}
	for i := range 60 {
		id := fmt.Sprintf("bai-%d", i)
		l := lesson.Lesson{ID: id, Title: fmt.Sprintf("Bài %d: Hệ thức lượng trong tam giác vuông và ứng dụng", i+1),
			Description: strings.Repeat("Tìm cạnh và đường cao của tam giác vuông. ", 5),
			Subject:     subjects[i%len(subjects)], Grade: 9, Week: 1 + i%3, Language: "vi", SchoolID: "s1",
			TeacherID: "p-giao-vien", Status: lesson.Published,
			Media:     lesson.Media{State: lesson.Ready, PackageID: "p", Playable: true, Duration: 1800},
			CreatedAt: time.Now(), PublishedAt: time.Now().Add(-time.Duration(i) * time.Hour)}
		l.Renditions = []lesson.Rendition{{Name: "360p", Kind: "video", Width: 640, Height: 360, Bandwidth: 250_000,
			Bytes: 50 << 20},
			{Name: "saver", Kind: lesson.KindFile, File: "files/0-7/saver.mp4", Bytes: 20 << 20},
			{Name: "sound", Kind: lesson.KindFile, File: "files/0-7/sound.m4a", Bytes: 8 << 20}}
		if err := h.App.DB.Lessons().Save(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.App.Catalog.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name, path string
		most       int
	}{
		{"home, no grade chosen", "/", catalogueBudget},
		{"home of grade 9", "/?grade=9", catalogueBudget},
		{"search", "/search?q=he+thuc+luong", catalogueBudget},
		{"lesson", "/lessons/bai-1", lessonBudget},
	} {
		for _, encoding := range []string{"gzip", "gzip, br"} {
			total, parts := weigh(t, h.URL, p.path, encoding)
			if strings.Contains(encoding, "br") {
				benchFigure("bytes of "+p.name+", brotli", total, p.most)
				continue
			}
			benchFigure("bytes of "+p.name+", gzip", total, p.most)
			if total > p.most {
				t.Errorf("%s: %d bytes of %d: %v", p.name, total, p.most, parts)
			}
			if len(parts) < 3 {
				t.Errorf("%s names only %v", p.name, parts)
			}
		}
	}
}

// weigh gives the bytes on the wire of a page and of what it names.
func weigh(t *testing.T, base, path, encoding string) (total int, parts []string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	fetch := func(path, encoding string) string {
		req, err := http.NewRequest("GET", base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html,*/*")
		req.Header.Set("Accept-Encoding", encoding) // by hand: what comes is not unpacked
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK && !strings.HasPrefix(path, "/watch/") {
			t.Fatalf("%s: %d %v", path, res.StatusCode, err)
		}
		if encoding != "identity" {
			total += len(b)
			parts = append(parts, fmt.Sprintf("%s %d", path, len(b)))
		}
		return string(b)
	}
	text := fetch(path, "identity")
	fetch(path, encoding)
	seen := map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
		if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			t.Errorf("%s names %q", path, m[1])
			continue
		}
		if !seen[u.Path] {
			seen[u.Path] = true
			fetch(u.RequestURI(), encoding)
		}
	}
	return total, parts
}

// benchFigure prints a figure with its bound as a line of JSON, when
// LENLOP_BENCH_LINES asks for such.
func benchFigure(name string, value, most int) {
	if os.Getenv("LENLOP_BENCH_LINES") != "" {
		fmt.Printf("{\"name\":%q,\"value\":%d,\"unit\":\"B\",\"bound\":%d,\"peer\":\"\"}\n", name, value, most)
	}
}
