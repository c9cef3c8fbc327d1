package system

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/people"
	"lenlop/web/signin"
)

// postOffice is a mail server on loopback that takes letters one after another.
func postOffice(t *testing.T) (address string, letters <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := make(chan string, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			takeLetter(c, got)
		}
	}()
	return l.Addr().String(), got
}

func takeLetter(c net.Conn, got chan<- string) {
	defer c.Close()
	reply := func(s string) { _, _ = fmt.Fprintf(c, "%s\r\n", s) }
	reply("220 thu.example ESMTP")
	var text strings.Builder
	data := false
	for in := bufio.NewScanner(c); in.Scan(); {
		line := in.Text()
		switch {
		case data && line == ".":
			data = false
			reply("250 2.0.0 taken")
			got <- text.String()
		case data:
			text.WriteString(line + "\r\n")
		case line == "DATA":
			data = true
			reply("354 go on")
		case line == "QUIT":
			reply("221 2.0.0 bye")
			return
		default:
			reply("250 2.0.0 ok")
		}
	}
}

// TestForgottenPassword: the link in the letter opens a page that changes the
// password once; unknown addresses get the same answer and no letter. None
// of the secrets on the way reaches the log, nor do those of a mail server and
// of a provincial sign-in that fail.
func TestForgottenPassword(t *testing.T) {
	const smtp, oidc, fresh = "chim-yen-thu-tin", "chim-yen-so-giao-duc", "mat-khau-moi-tinh"
	office, letters := postOffice(t)
	var log diary
	h := startLogged(t, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		func(f *app.Settings) {
			f.SMTPURL, f.PublicURL = "smtp+plain://"+office+"?from=lenlop@tinh.example", "http://127.0.0.1:1"
			f.OIDCIssuer, f.OIDCClientID, f.OIDCSecret = "http://127.0.0.1:1/", "lenlop", oidc
		})
	ctx := context.Background()
	if _, err := h.App.People.SetEmail(ctx, people.Operator(), "p-giao-vien", "co@truong.example"); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, site: h.URL}
	_, _, unknown := b.send("POST", "/forgot", url.Values{"account": {"ai-do@truong.example"}})
	status, _, known := b.send("POST", "/forgot", url.Values{"account": {"co@truong.example"}})
	if status != 200 || strings.ReplaceAll(unknown, "ai-do@", "co@") != known {
		t.Fatalf("%d; the answer tells who is known", status)
	}
	var letter string
	select {
	case letter = <-letters:
	case <-time.After(20 * time.Second):
		t.Fatalf("no letter: %s", log.text())
	}
	_, coded, _ := strings.Cut(letter, "\r\n\r\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(coded)))
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`http://127\.0\.0\.1:1(/reset\?token=([\w-]+))`).FindSubmatch(text)
	if link == nil {
		t.Fatalf("no link in %s", text)
	}
	token := string(link[2])
	if status, _, body := b.send("GET", string(link[1]), nil); status != 200 || !strings.Contains(body, token) {
		t.Fatalf("the link: %d", status)
	}
	form := url.Values{"token": {token}, "password": {fresh}, "again": {fresh + "x"}}
	if status, _, _ := b.send("POST", "/reset", form); status != 422 {
		t.Errorf("two passwords: %d", status)
	}
	form.Set("again", fresh)
	if status, to, _ := b.send("POST", "/reset", form); status != 303 || to != "/signin?done=password" {
		t.Errorf("the new password: %d to %s", status, to)
	}
	if status, _, _ := b.send("POST", "/reset", form); status != 410 {
		t.Errorf("the link again: %d", status)
	}
	if status, _, _ := b.send("POST", "/signin",
		url.Values{"username": {"giao-vien"}, "password": {fresh}}); status != 303 {
		t.Errorf("signing in with it: %d", status)
	}
	select {
	case x := <-letters:
		t.Errorf("a letter to an unknown address: %s", x)
	default:
	}
	secrets := map[string]string{"reset token": token, "new password": fresh, "sign-in's client secret": oidc,
		"cookie": b.cookie}
	b.send("GET", "/signin/external", nil) // nobody answers there
	_, _, body := b.send("GET", signin.SecondStepPath, nil)
	if key := regexp.MustCompile(`<code class="breakable">([A-Z2-7]+)</code>`).FindStringSubmatch(body); key != nil {
		secrets["authenticator's key"] = key[1]
		b.send("POST", signin.SecondStepPath, url.Values{"code": {"000000"}})
	} else {
		t.Error("no key to set up")
	}
	w := &world{h: h}
	class, cards, err := h.App.Office.MakeCards(ctx, people.Operator(), w.rollClass())
	if err != nil {
		t.Fatal(err)
	}
	secrets["card"] = cards[0].Code
	student := &browser{t: t, site: h.URL}
	student.send("POST", signin.CardPath, url.Values{"class": {"ZZZZZZ"}, "code": {cards[0].Code}})
	if status, _, _ := student.send("POST", signin.CardPath,
		url.Values{"class": {class.JoinCode}, "code": {cards[0].Code}}); status != 303 {
		t.Errorf("a card: %d", status)
	}
	logged := log.text()
	refusing(t, h, office, smtp, &log)
	secrets["mail server's password"] = smtp
	logged += log.text()
	for what, secret := range secrets {
		if secret == "" || strings.Contains(logged, secret) {
			t.Errorf("the %s %q is in the log", what, secret)
		}
	}
	if !strings.Contains(logged, `"msg":"request"`) {
		t.Error("nothing was logged")
	}
}

// refusing sends a letter through a mail server that does not accept the password, and
// checks that the failure is logged.
func refusing(t *testing.T, h *testSystem, office, password string, log *diary) {
	t.Helper()
	a := *h.App
	a.Settings.SMTPURL = "smtp+plain://lenlop:" + password + "@" + office + "?from=lenlop@tinh.example"
	auth, err := a.Authenticator(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Mail.Send(context.Background(), "co@truong.example", "Thử", "Thử"); err == nil {
		t.Error("a server without sign-in took the password")
	} else {
		h.App.Log.Warn("reset letter not sent", "error", err)
	}
	if !strings.Contains(log.text(), "reset letter not sent") {
		t.Error("the refusal was not logged")
	}
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}
