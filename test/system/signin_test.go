package system

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/limit"
	"lenlop/services/people"
	"lenlop/test/system/harness"
	"lenlop/web/signin"
)

// browser sends forms and keeps the site's cookie as a browser does.
type browser struct {
	t      *testing.T
	site   string
	cookie string
}

func (b *browser) send(method, path string, form url.Values) (status int, location, body string) {
	b.t.Helper()
	req := httptest.NewRequest(method, b.site+path, strings.NewReader(form.Encode()))
	req.RequestURI = ""
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Accept", "text/html")
	if b.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "lenlop", Value: b.cookie})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	for _, k := range res.Cookies() {
		if k.Name == "lenlop" {
			b.cookie = k.Value
		}
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(raw)
}

// TestStaffEnrolFirst: a station operator is sent to set up one-time codes
// before anything else; after that a password alone opens nothing, and a
// cookie planted before signing in is never the one signed in with.
func TestStaffEnrolFirst(t *testing.T) {
	h := start(t, func(f *app.Settings) { f.SecondStep = true })
	b := &browser{t: t, site: h.URL, cookie: "cay-san"}
	in := url.Values{"username": {"dai"}, "password": {harness.Password}}
	status, to, _ := b.send("POST", "/signin", in)
	if status != 303 || to != signin.SecondStepPath || b.cookie == "cay-san" || b.cookie == "" {
		t.Fatalf("%d to %s with %q", status, to, b.cookie)
	}
	for _, path := range []string{"/station", "/", "/account"} {
		if status, to, _ = b.send("GET", path, nil); status != 303 || to != signin.SecondStepPath {
			t.Errorf("%s before enrolling: %d to %s", path, status, to)
		}
	}
	status, _, body := b.send("GET", signin.SecondStepPath, nil)
	secret := regexp.MustCompile(`<code class="breakable">([A-Z2-7]+)</code>`).FindStringSubmatch(body)
	if status != 200 || secret == nil || !strings.Contains(body, "data:image/png;base64,") {
		t.Fatalf("%d %s", status, harness.Brief([]byte(body)))
	}
	if status, _, _ = b.send("POST", signin.SecondStepPath, url.Values{"code": {"000000"}}); status != 422 {
		t.Errorf("a wrong code: %d", status)
	}
	if status, _, body = b.send("POST", signin.SecondStepPath,
		url.Values{"code": {codeNow(secret[1])}}); status != 200 {
		t.Fatalf("%d %s", status, harness.Brief([]byte(body)))
	}
	recovery := regexp.MustCompile(`<code>([a-z2-9-]{14})</code>`).FindStringSubmatch(body)
	if recovery == nil {
		t.Fatal("no recovery codes")
	}
	if status, _, _ = b.send("GET", "/station", nil); status != 200 {
		t.Errorf("after enrolling: %d", status)
	}
	next := &browser{t: t, site: h.URL}
	status, _, body = next.send("POST", "/signin", in)
	halfway := regexp.MustCompile(`name="halfway" value="([^"]+)"`).FindStringSubmatch(body)
	if status != 200 || halfway == nil || next.cookie != "" {
		t.Fatalf("a password alone: %d, cookie %q", status, next.cookie)
	}
	form := url.Values{"halfway": {halfway[1]}, "code": {recovery[1]}}
	if status, to, _ = next.send("POST", "/signin/code", form); status != 303 || to != "/station" || next.cookie == "" {
		t.Errorf("with a recovery code: %d to %s", status, to)
	}
	if status, _, _ = (&browser{t: t, site: h.URL}).send("POST", "/signin/code", form); status != 401 {
		t.Errorf("the same again: %d", status)
	}
}

// TestSchoolsAreNotLockedOut: 500 students behind one address, a quarter of
// whom forgot, hold up nobody else there; a guesser at one account is held up.
func TestSchoolsAreNotLockedOut(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	l := signin.NewLimits(&limit.Counter{Clock: func() time.Time { return now }})
	const school = "203.0.113.9"
	for n := range 500 {
		who := fmt.Sprintf("hs-%03d", n)
		if n%4 == 0 {
			l.Failed(t.Context(), who, school)
			l.Failed(t.Context(), who, school)
		}
		if d := l.Wait(t.Context(), who, school); d > 0 {
			t.Fatalf("student %d waits %v", n, d)
		}
		l.Succeeded(t.Context(), who, school)
		now = now.Add(time.Second / 5)
	}
	for range 20 {
		l.Failed(t.Context(), "code quan-tri", school)
	}
	if l.Wait(t.Context(), "code quan-tri", school) == 0 || l.Wait(t.Context(), "hs-001", school) > 0 {
		t.Error("a guesser goes on, or holds up somebody else")
	}
}

// TestServiceTokenOverHTTP: a machine does what its token names, and no more.
func TestServiceTokenOverHTTP(t *testing.T) {
	h := start(t, nil)
	admin := h.As("quan-tri")
	var made struct{ ID, Token string }
	admin.OK("POST", "/service-tokens",
		map[string]any{"name": "Máy phát", "role": "station", "scopes": []string{"schedule.read"}}, 201, &made)
	machine := &harness.Caller{System: h.System, Name: "may", Token: made.Token, Client: admin.Client}
	machine.OK("GET", "/airings", nil, 200, nil)
	machine.Refused("POST", "/channels", map[string]any{"name": "Kênh"}, 403, "access.denied")
	machine.Refused("GET", "/me", nil, 403, "access.denied")
	machine.Refused("POST", "/service-tokens", map[string]any{}, 403, "access.denied")
	var log struct {
		Items []struct{ Action, Actor, Place string }
	}
	admin.OK("GET", "/audit?subject=person:"+made.ID, nil, 200, &log)
	if len(log.Items) != 1 || log.Items[0].Action != string(people.ManageTokens) || log.Items[0].Place == "" {
		t.Errorf("%+v", log)
	}
	admin.OK("DELETE", "/service-tokens/"+made.ID, nil, 204, nil)
	if _, _, err := h.App.People.Who(context.Background(), made.Token); err == nil {
		t.Error("an ended token lives")
	}
}
