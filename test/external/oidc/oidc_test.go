// Package oidc_test signs in at a real OpenID provider.
package oidc_test

import (
	"context"
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
	"golang.org/x/oauth2"

	"lenlop/infra/oidc"
	"lenlop/services/fault"
)

const back = "http://127.0.0.1:1/signin/external/back"

// sign starts a provider (zitadel/oidc, certified by the OpenID Foundation) and gives
// the product's client of it.
func sign(t *testing.T) (*oidc.Provider, *httptest.Server) {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	issuer := "http://" + srv.Listener.Addr().String() + "/"
	client := storage.WebClient("lenlop", "bi-mat-cua-may", back)
	storage.RegisterClients(client)
	store := storage.NewStorage(storage.NewUserStore(issuer))
	srv.Config.Handler = exampleop.SetupServer(issuer, store, slog.New(slog.DiscardHandler), false)
	srv.Start()
	t.Cleanup(srv.Close)
	return oidc.New(oidc.Config{Issuer: issuer, ClientID: "lenlop", ClientSecret: "bi-mat-cua-may",
		Client: srv.Client()}), srv
}

// visit follows the address that starts a sign-in, signs in at the provider, and gives
// the parameters of the address that the provider sends the browser back to.
func visit(t *testing.T, srv *httptest.Server, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var came *url.URL
	c := &http.Client{Jar: jar, Transport: srv.Client().Transport, Timeout: 10 * time.Second,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), back) {
				came = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}}
	res, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if came == nil { // the provider's page
		form := url.Values{"username": {"test-user@127.0.0.1"}, "password": {"verysecure"},
			"id": {res.Request.URL.Query().Get("authRequestID")}}
		res, err := c.PostForm(srv.URL+"/login/username", form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if came == nil {
		t.Fatalf("%s led nowhere", address)
	}
	return came.Query()
}

func TestCodeFlow(t *testing.T) {
	ctx := context.Background()
	p, srv := sign(t)
	verifier := oauth2.GenerateVerifier()
	leave := func() url.Values {
		address, err := p.Address(ctx, back, "trang-thai", "so-mot-lan", verifier)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if q := u.Query(); q.Get("code_challenge_method") != "S256" || q.Get("nonce") != "so-mot-lan" ||
			strings.Contains(address, verifier) {
			t.Errorf("sent to %s", address)
		}
		return visit(t, srv, address)
	}
	got := leave()
	if got.Get("state") != "trang-thai" {
		t.Errorf("came back with %v", got)
	}
	claims, err := p.Redeem(ctx, back, got.Get("code"), "so-mot-lan", verifier)
	if err != nil || claims.Subject != "id1" || claims.Email != "test-user@zitadel.ch" || !claims.EmailVerified ||
		!strings.HasPrefix(claims.Issuer, srv.URL) {
		t.Fatalf("%v %+v", err, claims)
	}
	refused := func(what, code, nonce, verifier string) {
		t.Helper()
		if _, err := p.Redeem(ctx, back, code, nonce, verifier); !fault.Is(err, "signin.external_refused") {
			t.Errorf("%s: %v", what, err)
		} else if strings.Contains(err.Error(), "bi-mat") || code != "" && strings.Contains(err.Error(), code) {
			t.Errorf("%s tells a secret: %v", what, err)
		}
	}
	refused("a code used before", got.Get("code"), "so-mot-lan", verifier)
	refused("another nonce", leave().Get("code"), "so-khac", verifier)
	refused("another browser's proof", leave().Get("code"), "so-mot-lan", oauth2.GenerateVerifier())
	refused("an invented code", "bia-dat", "so-mot-lan", verifier)
}

// TestAway: the product starts, and reports it, while the provider does not answer;
// once it does, people come in.
func TestAway(t *testing.T) {
	ctx := context.Background()
	srv := httptest.NewServer(http.NotFoundHandler())
	p := oidc.New(oidc.Config{Issuer: srv.URL, ClientID: "lenlop", Client: srv.Client()})
	srv.Close()
	if _, err := p.Address(ctx, back, "s", "n", "v"); !fault.Is(err, "signin.external_away") {
		t.Errorf("got %v", err)
	}
}
