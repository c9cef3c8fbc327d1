package system

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"lenlop/services/limit"
	"lenlop/test/system/harness"
	"lenlop/web/api"
	"lenlop/web/signin"
)

// raw sends a request as it is and gives the answer with its body read.
func (h *testSystem) raw(method, path, body string, header http.Header) (*http.Response, []byte) {
	h.T.Helper()
	req, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
	if err != nil {
		h.T.Fatal(err)
	}
	maps.Copy(req.Header, header)
	c := http.Client{Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(req)
	if err != nil {
		h.T.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		h.T.Fatal(err)
	}
	return res, raw
}

// signInForm signs in as a browser does.
func (h *testSystem) signInForm(username, pass, back string, header http.Header) *http.Response {
	h.T.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", formType)
	res, _ := h.raw("POST", "/signin",
		url.Values{"username": {username}, "password": {pass}, "back": {back}}.Encode(), header)
	return res
}

// TestForwardedFor: an address is believed from a trusted proxy only, and only
// as far as trusted proxies wrote it.
func TestForwardedFor(t *testing.T) {
	auth := signin.New(signin.Authenticator{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("::1/128")}})
	for _, c := range []struct{ remote, forwarded, want string }{
		{"198.51.100.7:4000", "", "198.51.100.7"},
		{"198.51.100.7:4000", "203.0.113.9", "198.51.100.7"},
		{"10.0.0.1:4000", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:4000", "127.0.0.1, 203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:4000", "127.0.0.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:4000", "203.0.113.9, rubbish", "10.0.0.1"},
		{"10.0.0.1:4000", "", "10.0.0.1"},
		{"[::1]:4000", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.0.0.1]:4000", "203.0.113.9", "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := auth.Addr(r); got != c.want {
			t.Errorf("from %s with %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		if got, want := auth.Base(r), c.remote[0] == '1' && c.remote[1] == '0' ||
			c.remote[0] == '['; strings.HasPrefix(got, "https") != want {
			t.Errorf("from %s: base %s", c.remote, got)
		}
	}
	// Behind a proxy that nobody called trusted, nobody passes for the machine itself.
	h := start(t, nil)
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if res, _ := h.raw("GET", "/metrics", "", http.Header{name: {"127.0.0.1"}}); res.StatusCode != 401 {
			t.Errorf("/metrics with %s: %d", name, res.StatusCode)
		}
	}
	if res, _ := h.raw("GET", "/metrics", "", nil); res.StatusCode != 200 {
		t.Errorf("/metrics from the machine itself: %d", res.StatusCode)
	}
}

// stopClock serves the site once more, with limits whose clock stands still:
// how slow this machine is must not let a wait pass.
func (h *testSystem) stopClock() {
	h.T.Helper()
	at := time.Now()
	site := *h.App // its jobs go on by the other clock
	site.Now = func() time.Time { return at }
	stopped := make(chan struct{})
	handler, err := site.Handler(stopped)
	if err != nil {
		h.T.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	h.T.Cleanup(func() {
		close(stopped)
		srv.Close()
	})
	h.URL = srv.URL
}

// TestSignInLimits: guessing is slowed down, with the wait said; a school
// behind one address is not locked out by what others forget.
func TestSignInLimits(t *testing.T) {
	h := start(t, outside)
	h.stopClock()
	from := func(addr string) http.Header { return http.Header{"X-Forwarded-For": {addr}} }
	for i := range 5 {
		if res := h.signInForm("giao-vien", "sai", "", from("203.0.113.9")); res.StatusCode != 401 {
			t.Fatalf("wrong password %d: %d", i, res.StatusCode)
		}
	}
	res := h.signInForm("giao-vien", harness.Password, "", from("203.0.113.9"))
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); res.StatusCode != 429 || err != nil || s < 1 || s > 60 {
		t.Errorf("the sixth guess: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	in := `{"username":"giao-vien","password":"` + harness.Password + `"}`
	head := from("203.0.113.9")
	head.Set("Content-Type", jsonType)
	res, body := h.raw("POST", api.Base+"/tokens", in, head)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" ||
		!strings.Contains(string(body), "signin.too_many") {
		t.Errorf("the other sign-in: %d %s", res.StatusCode, body)
	}
	if res := h.signInForm("giao-vien", harness.Password, "", from("203.0.113.10")); res.StatusCode != 303 {
		t.Errorf("the owner from elsewhere: %d", res.StatusCode)
	}
	for i := range 100 {
		if res := h.signInForm(fmt.Sprintf("em-%03d", i), "sai", "", from("203.0.113.9")); res.StatusCode != 401 {
			t.Fatalf("student %d: %d", i, res.StatusCode)
		}
	}
	if res := h.signInForm("hoc-sinh", harness.Password, "", from("203.0.113.9")); res.StatusCode != 303 {
		t.Errorf("after a hundred others failed behind the address: %d", res.StatusCode)
	}
}

// TestGuessesSentTogether: forty guesses at once are no way around the count.
func TestGuessesSentTogether(t *testing.T) {
	h := start(t, nil)
	h.stopClock()
	statuses := make(chan int, 40)
	for range cap(statuses) {
		go func() {
			res, err := http.PostForm(h.URL+"/signin", url.Values{"username": {"giao-vien"}, "password": {"sai"}})
			if err != nil {
				t.Error(err)
				statuses <- 0
				return
			}
			res.Body.Close()
			statuses <- res.StatusCode
		}()
	}
	checked := 0
	for range cap(statuses) {
		switch s := <-statuses; s {
		case 401:
			checked++
		case 429:
		default:
			t.Errorf("answered with %d", s)
		}
	}
	// Five are free; as many as are checked at a time may slip through beside.
	if most := 5 + max(2, runtime.GOMAXPROCS(0)); checked > most {
		t.Errorf("%d of 40 guesses were checked, want at most %d", checked, most)
	}
}

// TestLimitsOverADay holds the counts against a clock of our own.
func TestLimitsOverADay(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	l := signin.NewLimits(&limit.Counter{Clock: func() time.Time { return now }})
	const school = "203.0.113.9"
	// Two forgotten passwords a minute, all day: nobody else ever waits.
	for i := range 24 * 60 * 2 {
		l.Failed(t.Context(), fmt.Sprint("em", i), school)
		now = now.Add(30 * time.Second)
		if d := l.Wait(t.Context(), "hoc-sinh", school); d > 0 {
			t.Fatalf("after %d failures of others: %v", i, d)
		}
	}
	// A program that guesses: slowed down, and only itself for long.
	l.Succeeded(t.Context(), "co-giao", school)
	guesses := 0
	for end := now.Add(time.Hour); now.Before(end); now = now.Add(100 * time.Millisecond) {
		if l.Wait(t.Context(), fmt.Sprint("x", guesses), school) == 0 {
			l.Failed(t.Context(), fmt.Sprint("x", guesses), school)
			guesses++
		}
	}
	if guesses > 1000+1800+10 {
		t.Errorf("%d guesses an hour behind one address", guesses)
	}
	if d := l.Wait(t.Context(), "co-giao", school); d > 0 {
		t.Errorf("who signs in there every day waits %v", d)
	}
	if d := l.Wait(t.Context(), "em-moi", school); d > 2*time.Second {
		t.Errorf("a newcomer waits %v", d)
	}
	// One account, a thousand addresses.
	for i := range 1000 {
		addr := fmt.Sprintf("198.51.%d.%d", i/250, i%250)
		if l.Wait(t.Context(), "quan-tri", addr) == 0 {
			l.Failed(t.Context(), "quan-tri", addr)
		}
	}
	if l.Wait(t.Context(), "quan-tri", "198.51.100.99") == 0 {
		t.Error("a thousand addresses may guess one account's password")
	}
	// One pair: each wait twice the one before, up to a minute.
	now = now.Add(time.Hour)
	for i := range 15 {
		if d, want := l.Wait(t.Context(), "dai", "192.0.2.1"), time.Second<<min(max(i-5, 0), 10); i < 5 && d != 0 ||
			i >= 5 && d != min(want, time.Minute) {
			t.Errorf("after %d failures: %v", i, d)
		}
		l.Failed(t.Context(), "dai", "192.0.2.1")
	}
	// IPv6: a household is a /64.
	for range 6 {
		l.Failed(t.Context(), "dai", "2001:db8::1")
	}
	if l.Wait(t.Context(), "dai", "2001:db8::2") == 0 {
		t.Error("the next address of the same household starts without a limit")
	}
}

// TestSessionCookie: a cookie that somebody planted is not the one that signs
// in; flags are as strict as the connection allows.
func TestSessionCookie(t *testing.T) {
	h := start(t, outside)
	get := func(res *http.Response, name string) *http.Cookie {
		for _, c := range res.Cookies() {
			if c.Name == name && c.Value != "" {
				return c
			}
		}
		t.Fatalf("no cookie %s: %v", name, res.Header["Set-Cookie"])
		return nil
	}
	planted := http.Header{"Cookie": {"lenlop=ke-xau-dat-san"}}
	first := get(h.signInForm("giao-vien", harness.Password, "", planted), "lenlop")
	second := get(h.signInForm("giao-vien", harness.Password,
		"", http.Header{"Cookie": {"lenlop=" + first.Value}}), "lenlop")
	if first.Value == "ke-xau-dat-san" || first.Value == second.Value {
		t.Error("signing in keeps the cookie that was there")
	}
	for value, want := range map[string]int{"ke-xau-dat-san": 401, first.Value: 401, second.Value: 200} {
		if res, _ := h.raw("GET", "/account", "", http.Header{"Cookie": {"lenlop=" + value}}); res.StatusCode != want {
			t.Errorf("cookie %.6s...: %d, want %d", value, res.StatusCode, want)
		}
	}
	if !second.HttpOnly || second.SameSite != http.SameSiteLaxMode || second.Path != "/" || second.Domain != "" ||
		second.Secure || second.MaxAge <= 0 {
		t.Errorf("over http: %+v", second)
	}
	secure := get(h.signInForm("giao-vien", harness.Password, "", http.Header{"X-Forwarded-Proto": {"https"}}),
		"__Host-lenlop")
	if !secure.HttpOnly || !secure.Secure || secure.SameSite != http.SameSiteLaxMode || secure.Path != "/" ||
		secure.Domain != "" {
		t.Errorf("over https: %+v", secure)
	}
	// Over https the cookie without the prefix, which a sister site or a line
	// without encryption can plant, signs nobody in.
	res, _ := h.raw("GET", "/account", "",
		http.Header{"X-Forwarded-Proto": {"https"}, "Cookie": {"lenlop=" + second.Value}})
	if res.StatusCode != 401 {
		t.Errorf("the plain cookie over https: %d", res.StatusCode)
	}
	if s := res.Header.Get("Strict-Transport-Security"); s == "" {
		t.Error("https is not made to stay")
	}
	res, _ = h.raw("POST", "/signout", "", http.Header{"Cookie": {"lenlop=" + second.Value}})
	if c := res.Header.Get("Set-Cookie"); !strings.Contains(c, "lenlop=;") || !strings.Contains(c, "Max-Age=0") {
		t.Errorf("signing out leaves the cookie: %q", c)
	}
	if res, _ := h.raw("GET", "/account", "",
		http.Header{"Cookie": {"lenlop=" + second.Value}}); res.StatusCode != 401 {
		t.Errorf("signed out, and the cookie lives: %d", res.StatusCode)
	}
}

// TestNoOpenRedirect: "back" leads nowhere but within the site, as browsers
// read addresses (the WHATWG URL standard drops tabs and line breaks, and
// takes a backslash for a slash).
func TestNoOpenRedirect(t *testing.T) {
	h := start(t, nil)
	cookie := h.signInForm("hoc-sinh", harness.Password, "", nil).Cookies()[0]
	in := http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}
	for _, back := range []string{
		"https://ke-xau.example/", "//ke-xau.example", "///ke-xau.example", "/\\ke-xau.example", "\\/ke-xau.example",
		"\\\\ke-xau.example",
		"/\t/ke-xau.example", "/\n/ke-xau.example", "/\r\n/ke-xau.example", "\t//ke-xau.example", " //ke-xau.example",
		"/\x00/ke-xau.example",
		"javascript:alert(1)", "data:text/html,x", "http:ke-xau.example", "ke-xau.example", "@ke-xau.example",
		"/x\r\nSet-Cookie: a=b",
	} {
		form := url.Values{"back": {back}, "lang": {"vi"}, "grade": {"9"}}.Encode()
		head := http.Header{"Content-Type": {formType}}
		for name, res := range map[string]*http.Response{
			"/signin":            h.signInForm("hoc-sinh", harness.Password, back, nil),
			"/signin, signed in": first(h.raw("GET", "/signin?back="+url.QueryEscape(back), "", in)),
			"/language":          first(h.raw("POST", "/language", form, head)),
			"/grade":             first(h.raw("POST", "/grade", form, head)),
		} {
			to := res.Header.Get("Location")
			seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(strings.TrimSpace(to))
			if res.StatusCode != 303 || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
				t.Errorf("%s with back=%q: %d to %q", name, back, res.StatusCode, to)
			}
			if res.Header.Get("Set-Cookie") == "a=b" {
				t.Errorf("%s with back=%q splits the answer", name, back)
			}
		}
	}
	if res := h.signInForm("hoc-sinh", harness.Password, "/lessons/x?t=5",
		nil); res.Header.Get("Location") != "/lessons/x?t=5" {
		t.Errorf("an honest way back leads to %q", res.Header.Get("Location"))
	}
	if res, _ := h.raw("GET", "//ke-xau.example/%2f..", "", nil); strings.Contains(res.Header.Get("Location"), "//") {
		t.Errorf("a doubled slash redirects to %q", res.Header.Get("Location"))
	}
}

func first(res *http.Response, _ []byte) *http.Response { return res }
