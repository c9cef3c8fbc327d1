package system

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// easy is the form of generated passwords.
var easy = regexp.MustCompile(`[a-z2-9]{4}(-[a-z2-9]{4}){3}`)

// diary is a log that may be read while it is written.
type diary struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(p)
}

// TestNoSecretInLog walks through everything that carries a secret, with the
// log at its most talkative, and looks for each secret in it.
func TestNoSecretInLog(t *testing.T) {
	const canary, wrong = "chim-hoang-yen-mat-khau", "chim-hoang-yen-go-sai"
	var log diary
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	h := startLogged(t, slog.Default(), nil)
	w := newWorld(h)
	hash := must[string](t)(people.HashPassword(canary, harness.QuickArgon))
	ctx := context.Background()
	p := people.Person{ID: "p-hoang-yen", Username: "hoang-yen", Name: "Hoàng Yến", Active: true, PasswordHash: hash,
		Grants: []people.Grant{{Role: people.Teacher, School: "s1"}, {Role: people.Admin}}, CreatedAt: time.Now()}
	if err := h.App.DB.People().SavePerson(ctx, p); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"password": canary, "wrong password": wrong, "hash": hash}
	h.signInForm("hoang-yen", wrong, "", nil)
	secrets["cookie"] = h.signInForm("hoang-yen", canary, "", nil).Cookies()[0].Value
	h.raw("POST", api.Base+"/tokens", `{"username":"hoang-yen","password":"`+wrong+`"`,
		http.Header{"Content-Type": {jsonType}})
	var out struct{ Token string }
	who := h.As("")
	who.OK("POST", "/tokens", map[string]any{"username": "hoang-yen", "password": canary}, 201, &out)
	secrets["token"], who.Token = out.Token, out.Token
	h.raw("GET", api.Base+"/me", "", http.Header{"Authorization": {"Bearer " + secrets["cookie"] + "x"}})
	id := who.Draft("Chim hoàng yến").ID
	var u struct{ ID string }
	who.OK("POST", "/lessons/"+id+"/uploads", map[string]any{"filename": "a.mp4", "size": 4}, 201, &u)
	var parts struct{ Parts []struct{ URL string } }
	who.OK("POST", "/uploads/"+u.ID+"/parts", map[string]any{"numbers": []int{1}}, 200, &parts)
	address, err := url.Parse(parts.Parts[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	secrets["part's signature"] = address.Query().Get("X-Amz-Signature")
	h.raw("PUT", address.RequestURI(), "bon!", nil)
	h.raw("PUT", address.RequestURI()+"0", "bon!", nil)
	_, secrets["storage's secret"] = h.App.Objects.Credentials()
	who.OK("POST", "/uploads/"+u.ID+"/complete", nil, 200, nil)
	who.Until(id, time.Minute, harness.Settled)
	l := w.playing("ready")
	var mine harness.Lesson
	h.As("giao-vien").OK("GET", "/lessons/"+l.ID, nil, 200, &mine)
	_, secrets["watch token"], _ = strings.Cut(mine.Playback.HLS, "token=")
	who.Get(mine.Playback.HLS)
	who.Get(mine.Playback.HLS + "x")
	var s struct{ Token, ViewerToken string }
	who.OK("POST", "/lessons/"+l.ID+"/playback-sessions", map[string]any{}, 201, &s)
	secrets["session token"], secrets["viewer"] = s.Token, s.ViewerToken
	who.OK("POST", "/heartbeats", map[string]any{"token": s.Token, "sequence": 1, "played": [][2]float64{{0, 1}},
		"seconds": 1}, 202, nil)
	_, made := w.send("quan-tri", "cookie",
		asked{method: "POST", path: "/admin/people/" + w.person() + "/password", kind: formType})
	secrets["made password"] = easy.FindString(text(t, made))
	log.mu.Lock()
	defer log.mu.Unlock()
	diary := log.b.String()
	if n := strings.Count(diary, "\n"); n < 30 || !strings.Contains(diary, "/api/v1/tokens") {
		t.Errorf("the log says too little to prove anything: %d lines", n)
	}
	for name, secret := range secrets {
		if len(secret) < 16 {
			t.Errorf("no %s to look for: %q", name, secret)
		} else if i := strings.Index(diary, secret); i >= 0 {
			t.Errorf("the %s is in the log: %.300s", name, diary[max(0, i-200):])
		}
	}
	for _, personal := range []string{"Hoàng Yến", "203.0.113.9"} {
		if strings.Contains(diary, personal) {
			t.Errorf("%s is in the log", personal)
		}
	}
}
