package external

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/people"
	"lenlop/test/system/harness"
)

// TestExternalSignIn: a browser goes to a real provider and comes back signed in; the
// callback works once, and only in the browser that started.
func TestExternalSignIn(t *testing.T) {
	provider := httptest.NewUnstartedServer(nil)
	issuer := "http://" + provider.Listener.Addr().String() + "/"
	h := harness.Start(t, func(f *app.Settings) {
		f.OIDCIssuer, f.OIDCClientID, f.OIDCSecret = issuer, "lenlop-ca-nha", "bi-mat-cua-nha"
	})
	storage.RegisterClients(storage.WebClient("lenlop-ca-nha", "bi-mat-cua-nha", h.URL+"/signin/external/back"))
	provider.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)),
		slog.New(slog.DiscardHandler), false)
	provider.Start()
	defer provider.Close()

	// signIn starts at the product, signs in at the provider, and gives the callback
	// address without following it.
	signIn := func() (*http.Client, string) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		c := &http.Client{Jar: jar, Timeout: 20 * time.Second,
			CheckRedirect: func(r *http.Request, _ []*http.Request) error {
				if strings.HasPrefix(r.URL.String(), h.URL+"/signin/external/back") {
					back = r.URL.String()
					return http.ErrUseLastResponse
				}
				return nil
			}}
		res, err := c.Get(h.URL + "/signin/external?back=/account")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		form := url.Values{"username": {"test-user@127.0.0.1"}, "password": {"verysecure"},
			"id": {res.Request.URL.Query().Get("authRequestID")}}
		if res, err = c.PostForm(provider.URL+"/login/username", form); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if back == "" {
			t.Fatalf("the provider redirected to %s", res.Request.URL)
		}
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return c, back
	}
	get := func(c *http.Client, address string) (int, string, string) {
		res, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("Location"), string(body)
	}

	c, back := signIn()
	if status, _, _ := get(c, back); status != 401 {
		t.Errorf("without an account here: %d", status)
	}
	if _, err := h.App.People.SetEmail(context.Background(), people.Operator(), "p-giao-vien",
		"test-user@zitadel.ch"); err != nil {
		t.Fatal(err)
	}
	c, back = signIn()
	other := &http.Client{CheckRedirect: c.CheckRedirect}
	if status, to, _ := get(other, back); status != 303 || to != "/signin" {
		t.Errorf("the callback in another browser: %d to %s", status, to)
	}
	if status, to, _ := get(c, strings.Replace(back, "state=", "state=x", 1)); status != 303 || to != "/signin" {
		t.Errorf("another state: %d to %s", status, to)
	}
	if status, to, body := get(c, back); status != 303 || to != "/account" {
		t.Fatalf("the callback: %d to %s %s", status, to, harness.Brief([]byte(body)))
	}
	if status, _, body := get(c, h.URL+"/account"); status != 200 || !strings.Contains(body, "Tên giao-vien") {
		t.Errorf("signed in: %d", status)
	}
	if status, to, _ := get(c, back); status != 303 || to != "/signin" {
		t.Errorf("the callback again: %d to %s", status, to)
	}
}
