package hook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCheck(t *testing.T) {
	for address, want := range map[string]bool{
		"https://example.vn/nhan":      true,
		"http://example.vn/nhan":       false,
		"https://127.0.0.1/":           false,
		"https://[::1]/":               false,
		"https://10.1.2.3/":            false,
		"https://169.254.169.254/x":    false,
		"https://100.64.0.1/":          false,
		"https://[::ffff:192.168.1.1]": false,
		"https://0.0.0.0/":             false,
		"https://me:secret@example.vn": false,
		"ftp://example.vn":             false,
		"":                             false,
	} {
		if err := New(false).Check(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestOnlyWhatIsPublicIsAsked: a name that leads inside is found out when it is
// called, and a redirect leads nowhere.
func TestOnlyWhatIsPublicIsAsked(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
			return
		}
		b, _ := io.ReadAll(r.Body)
		if string(b) != `{"a":1}` || r.Header.Get("X-A") != "b" {
			t.Errorf("%s %v", b, r.Header)
		}
	}))
	defer srv.Close()
	open := New(true)
	if status, err := open.Post(t.Context(), srv.URL, map[string]string{"X-A": "b"}, []byte(`{"a":1}`)); err != nil ||
		status != 200 {
		t.Fatal(status, err)
	}
	if status, err := open.Post(t.Context(), srv.URL+"/away", nil, nil); err != nil ||
		status != http.StatusTemporaryRedirect || asked != 2 {
		t.Fatal(status, err, asked)
	}
	closed := New(false)
	if _, err := closed.client.Post(srv.URL, "", nil); err == nil || asked != 2 {
		t.Fatal("an address inside was asked", err, asked)
	}
}
