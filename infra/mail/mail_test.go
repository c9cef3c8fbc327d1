package mail_test

import (
	"bufio"
	"context"
	"fmt"
	"mime/quotedprintable"
	"net"
	"strings"
	"testing"

	"lenlop/infra/mail"
)

// server is a mail server as RFC 5321 wants it, for one letter.
func server(t *testing.T, refuse bool) (address string, letter <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewScanner(c)
		reply := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
		reply("220 thu.example ESMTP")
		var b strings.Builder
		for data := false; in.Scan(); {
			line := in.Text()
			switch {
			case data && line == ".":
				data = false
				reply("250 2.0.0 taken")
				got <- b.String()
			case data:
				b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
			case strings.HasPrefix(line, "EHLO"):
				reply("250-thu.example")
				reply("250 8BITMIME")
			case strings.HasPrefix(line, "RCPT") && refuse:
				reply("550 5.1.1 no such box")
			case line == "DATA":
				data = true
				reply("354 go on")
			case line == "QUIT":
				reply("221 2.0.0 bye")
				return
			default:
				b.WriteString(line + "\r\n")
				reply("250 2.0.0 ok")
			}
		}
	}()
	return l.Addr().String(), got
}

func TestSend(t *testing.T) {
	address, letter := server(t, false)
	s, err := mail.New("smtp+plain://" + address + "?from=lenlop@tinh.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(context.Background(), "co@truong.example", "Đặt lại mật khẩu",
		"Chào cô Ánh,\n.\nhttps://h/reset?token=abc\n"); err != nil {
		t.Fatal(err)
	}
	got := <-letter
	for _, want := range []string{"MAIL FROM:<lenlop@tinh.example>", "RCPT TO:<co@truong.example>",
		"Content-Type: text/plain; charset=UTF-8"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	_, body, _ := strings.Cut(got, "\r\n\r\n")
	var plain strings.Builder
	if _, err := bufio.NewReader(quotedprintable.NewReader(strings.NewReader(body))).WriteTo(&plain); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plain.String(), "Chào cô Ánh") ||
		!strings.Contains(plain.String(), "https://h/reset?token=abc") {
		t.Errorf("body %q", plain.String())
	}
}

// TestSecretsStay: no error repeats the server's password or the receiver.
func TestSecretsStay(t *testing.T) {
	address, _ := server(t, true)
	for _, a := range []string{"smtp://u:bi-mat@", "ftp://u:bi-mat@h", "smtp://u:bi-mat@h:587",
		"smtp://u:bi-mat@h:x?from=a@b.example", "smtp+plain://" + address + "?from=a@b.example"} {
		s, err := mail.New(a)
		if err == nil {
			err = s.Send(context.Background(), "khong-phai dia-chi", "x", "bi-mat")
			if err == nil {
				t.Fatalf("%s: no error", a)
			}
			if e := s.Send(context.Background(), "co@truong.example", "x", "bi-mat"); e == nil ||
				strings.Contains(e.Error(), "bi-mat") {
				t.Errorf("refused receiver: %v", e)
			}
		}
		if strings.Contains(err.Error(), "bi-mat") || strings.Contains(err.Error(), "khong-phai") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}
