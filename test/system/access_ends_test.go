package system

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// TestDeactivation: somebody deactivated by an administrator is out within a
// second, with every session they had, and while an event stream runs.
func TestDeactivation(t *testing.T) {
	h := start(t, nil)
	teacher, admin := h.As("giao-vien"), h.As("quan-tri")
	l := teacher.Draft("Còn làm việc")
	w := newWorld(h)
	secret, _, _, err := h.App.People.SignIn(context.Background(), "giao-vien", harness.Password, people.Browser, "")
	if err != nil {
		t.Fatal(err)
	}
	w.cookies["giao-vien"], w.tokens["giao-vien"] = secret, teacher.Token
	mine := asked{method: "GET", path: "/teacher/lessons/" + l.ID}
	for _, kind := range []string{"cookie", "bearer"} {
		if status, _ := w.send("giao-vien", kind, mine); status != 200 {
			t.Fatalf("before: %d with a %s", status, kind)
		}
	}
	ended := follow(teacher, l.ID)
	w.cookies["quan-tri"], w.tokens["quan-tri"] = "", admin.Token
	address := w.address("giao-vien", w.playing("draft").ID)
	if status, _ := w.send("", "", address); status != 200 {
		t.Fatalf("the address of an unpublished lesson: %d", status)
	}
	off := asked{method: "POST", path: "/admin/people/p-giao-vien/active", body: "active=no", kind: formType}
	if status, body := w.send("quan-tri", "bearer", off); status != http.StatusSeeOther {
		t.Fatalf("deactivating: %d %s", status, harness.Brief(body))
	}
	at := time.Now()
	for _, kind := range []string{"cookie", "bearer"} {
		if status, _ := w.send("giao-vien", kind, mine); status != 401 && status != 403 && status != 404 {
			t.Errorf("deactivated, and still served with a %s: %d", kind, status)
		}
	}
	for status := 200; status == 200; time.Sleep(20 * time.Millisecond) { // the answer changes with time alone
		if status, _ = w.send("", "", address); status == 200 && time.Since(at) > time.Second {
			t.Errorf("an address handed out before still plays after %v", time.Since(at))
			break
		}
	}
	h.As("").Refused("POST", "/tokens", map[string]any{"username": "giao-vien", "password": harness.Password}, 401,
		"signin.wrong")
	select {
	case <-ended:
		// One poller of the process checks the sessions of all streams, every few seconds.
		if d := time.Since(at); d > 5*time.Second {
			t.Errorf("the event stream ran on for %v", d)
		}
	case <-time.After(15 * time.Second):
		t.Error("the event stream of a deactivated person goes on")
	}
	// Let in again, the old sessions stay dead.
	on := asked{method: "POST", path: "/admin/people/p-giao-vien/active", body: "active=yes", kind: formType}
	w.send("quan-tri", "bearer", on)
	if status, _ := w.send("giao-vien", "bearer", mine); status != 401 {
		t.Errorf("an ended token lives again: %d", status)
	}
}

// address is where a lesson plays, as it is handed out to an account: with its
// token, for players that send no cookie.
func (w *world) address(account, lesson string) asked {
	w.h.T.Helper()
	var l struct {
		Playback struct{ HLS string }
	}
	(&harness.Caller{System: w.h.System, Name: account, Token: w.tokens[account], Client: w.client}).OK("GET",
		"/lessons/"+lesson, nil, 200, &l)
	path, ours := strings.CutPrefix(l.Playback.HLS, w.h.URL)
	if !ours || !strings.Contains(path, "?token=") {
		w.h.T.Fatalf("address %q", l.Playback.HLS)
	}
	return asked{method: "GET", path: path}
}

// TestNobodyReviewsTheirOwn: a reviewer who teaches needs a colleague.
func TestNobodyReviewsTheirOwn(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	ctx := context.Background()
	p, err := h.App.DB.People().Person(ctx, "p-giao-vien")
	if err != nil {
		t.Fatal(err)
	}
	p.Grants = append(p.Grants, people.Grant{Role: people.Reviewer})
	if err := h.App.DB.People().SavePerson(ctx, p); err != nil {
		t.Fatal(err)
	}
	own := w.lesson("submitted")
	h.As("giao-vien").Refused("POST", "/lessons/"+own+"/approve", map[string]any{}, 403, "access.denied")
	h.As("giao-vien").Refused("POST", "/lessons/"+own+"/return", map[string]any{"reason": "Tự trả"}, 403,
		"access.denied")
	h.As("chuyen-vien").OK("POST", "/lessons/"+own+"/approve", map[string]any{}, 200, nil)
}

// follow opens a lesson's event stream; what it gives closes when that ends.
func follow(c *harness.Caller, lesson string) <-chan struct{} {
	c.T.Helper()
	req, err := http.NewRequest("GET", c.URL+api.Base+"/lessons/"+lesson+"/events", nil)
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	res, err := c.Client.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
	}()
	return ended
}

// TestSignOutEndsStreams: what was opened with a session ends with it.
func TestSignOutEndsStreams(t *testing.T) {
	h := start(t, nil)
	teacher, other := h.As("giao-vien"), h.As("giao-vien")
	l := teacher.Draft("Đang theo dõi")
	ended, stays := follow(teacher, l.ID), follow(other, l.ID)
	teacher.OK("DELETE", "/tokens/current", nil, 204, nil)
	select {
	case <-ended:
	case <-stays:
		t.Error("another session's stream ended with it")
	case <-time.After(5 * time.Second):
		t.Error("the stream of an ended session goes on")
	}
}

// TestHeadsSeeTheirOwnSchool: a head who also teaches elsewhere is shown the
// school they lead, never one they are only a member of.
func TestHeadsSeeTheirOwnSchool(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	ctx := context.Background()
	for name, grants := range map[string][]people.Grant{
		"hai-truong": {{Role: people.Student, School: "s1"}, {Role: people.Head, School: "s2"}},
		"khong-dau":  {{Role: people.Head}},
	} {
		p := people.Person{ID: "p-" + name, Username: name, Name: name, Active: true,
			PasswordHash: harness.PasswordHash(), Grants: grants, CreatedAt: time.Now()}
		if err := h.App.DB.People().SavePerson(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	theirs := w.lesson("draft") // of school s1
	for _, name := range []string{"hai-truong", "khong-dau"} {
		var out struct{ Items []harness.Lesson }
		h.As(name).OK("GET", "/lessons", nil, 200, &out)
		for _, l := range out.Items {
			if l.ID == theirs {
				t.Errorf("%s sees another school's draft in a list", name)
			}
		}
		if status, _, body := h.As(name).Get("/school"); status == 200 && strings.Contains(string(body), theirs) {
			t.Errorf("%s sees another school's draft on /school", name)
		}
	}
}
