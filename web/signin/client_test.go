package signin

import (
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/web/locale"
)

func TestClientsAreNamed(t *testing.T) {
	book, err := locale.NewBook(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Linux; Android 13; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36":                     "Chrome trên Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile Safari/604.1":       "Safari trên iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) coc_coc_browser/117 Chrome/111.0 Safari/537.36":        "Cốc Cốc trên Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36 Edg/119.0":                  "Edge trên Windows",
		"Mozilla/5.0 (Linux; Android 12; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118 Mobile Safari/537.36 Zalo android/12090586 ZaloT": "Zalo trên Android",
		"curl/8.5.0": "curl/8.5.0",
		"":           "Không rõ máy nào",
	} {
		if got := client(book.Printer("vi"), people.Session{UserAgent: agent}); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
	if got := client(book.Printer("vi"), people.Session{Name: "Máy phát", UserAgent: "curl"}); got != "Máy phát" {
		t.Errorf("named: %q", got)
	}
}
