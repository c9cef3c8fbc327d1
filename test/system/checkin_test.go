package system

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/test/testclock"
)

// TestCodesOffTheTelevision enters codes as a phone without an account and as
// a script, and looks at every answer that a code can have.
func TestCodesOffTheTelevision(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	anyone := h.As("")
	var in struct {
		Lesson, Channel, ViewerToken string
		Stayed, Pending              bool
	}
	code := w.code()
	anyone.OK("POST", "/check-ins", map[string]any{"code": strings.ToLower(code[:3] + " " + code[3:])}, 202, &in)
	if in.Lesson == "" || in.Channel == "" || !in.Pending || in.Stayed || in.ViewerToken == "" {
		t.Errorf("a code on air: %+v", in)
	}
	anyone.Refused("POST", "/check-ins", map[string]any{"code": "AAAAAA", "viewerToken": in.ViewerToken}, 404,
		"checkin.unknown_code")

	// Once the station has said that it was on air, the same code counts, once.
	ctx := context.Background()
	as, err := h.App.DB.Schedule().Airings(ctx, schedule.Filter{Lesson: in.Lesson})
	if err != nil || len(as) != 1 {
		t.Fatalf("airings: %v %v", as, err)
	}
	a := as[0]
	a.Outcome, a.StartedAt, a.EndedAt = schedule.Aired, a.StartsAt, a.EndsAt
	if err := h.App.DB.Schedule().SaveAiring(ctx, a); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		anyone.OK("POST", "/check-ins", map[string]any{"code": code, "viewerToken": in.ViewerToken}, 201, &in)
	}
	n, err := viewstore.NewCheckIns(h.App.DB).CountCheckIns(ctx, []string{a.ID})
	if err != nil || n[a.ID] != (television.CheckInCount{Devices: 1}) {
		t.Errorf("counted %+v, %v", n, err)
	}

	a.StartedAt, a.EndedAt = testclock.Now().Add(-time.Hour), testclock.Now().Add(-30*time.Minute)
	if err := h.App.DB.Schedule().SaveAiring(ctx, a); err != nil {
		t.Fatal(err)
	}
	anyone.Refused("POST", "/check-ins", map[string]any{"code": code, "viewerToken": in.ViewerToken}, 409,
		"checkin.not_on_air")
	for range 40 {
		status, head, _ := postCode(t, h, in.ViewerToken, "CCCCCC")
		if status == 429 {
			if head.Get("Retry-After") == "" {
				t.Error("too many tries, and no Retry-After")
			}
			return
		}
	}
	t.Error("one device guesses for ever")
}

func postCode(t *testing.T, h *testSystem, viewer, code string) (int, http.Header, []byte) {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"code": code, "viewerToken": viewer})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(h.URL+"/api/v1/check-ins", jsonType, strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header, raw
}

// TestPhonesKeepTheirIdentifier: the page leaves a cookie even after a wrong
// code, so that a phone is one viewer and its tries are its own.
func TestPhonesKeepTheirIdentifier(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	phone := &http.Client{Jar: jar, Timeout: time.Minute}
	for _, x := range []struct {
		code   string
		status int
	}{{"AAAAAA", 404}, {w.code(), 200}} {
		res, err := phone.PostForm(h.URL+"/tv/code", url.Values{"code": {x.code}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != x.status {
			t.Errorf("code %s: %d, want %d", x.code, res.StatusCode, x.status)
		}
	}
	home, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	if len(jar.Cookies(home)) != 1 {
		t.Errorf("cookies %v", jar.Cookies(home))
	}
}
