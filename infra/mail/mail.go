// Package mail sends letters over SMTP.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"lenlop/services/job"
)

// Sender sends letters through one server.
type Sender struct {
	host, user, password string
	port                 int
	tls                  mail.TLSPolicy
	ssl                  bool
	from                 string
}

// sendWithin bounds one letter, from connecting to the server's word.
const sendWithin = 30 * time.Second

// New makes a Sender of an address such as
// smtp://user:password@mail.example:587?from=lenlop@tinh.example: smtp with
// STARTTLS required, smtps with TLS from the start, smtp+plain without any (a
// relay on this machine). An error never repeats the address, which holds the
// password.
func New(address string) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil,
			errors.New(
				"the address of the mail server cannot be read (example: smtp://user:password@mail.example:587?from=lenlop@tinh.example)")
	}
	s := &Sender{host: u.Hostname(), from: u.Query().Get("from"), user: u.User.Username()}
	s.password, _ = u.User.Password()
	port := "587"
	switch u.Scheme {
	case "smtp":
		s.tls = mail.TLSMandatory
	case "smtps":
		s.ssl, s.tls, port = true, mail.TLSMandatory, "465"
	case "smtp+plain":
		s.tls, port = mail.NoTLS, "25"
	default:
		return nil, fmt.Errorf("mail: scheme %q is none of smtp, smtps, smtp+plain", u.Scheme)
	}
	if p := u.Port(); p != "" {
		port = p
	}
	if s.port, err = strconv.Atoi(port); err != nil || s.host == "" {
		return nil, errors.New("mail: the address names no server and port")
	}
	if err := mail.NewMsg().From(s.from); err != nil {
		return nil, errors.New("mail: the address needs ?from= with the sender's e-mail address")
	}
	return s, nil
}

// Send sends one letter of plain text.
func (s *Sender) Send(ctx context.Context, to, subject, text string) error {
	job.Outside(ctx, "mail")
	m := mail.NewMsg()
	if err := m.From(s.from); err != nil {
		return fmt.Errorf("mail: sender: %w", err)
	}
	if err := m.To(to); err != nil {
		return errors.New("mail: the receiver's address is not one") // not repeated: logs hold no addresses
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageID()
	m.SetBodyString(mail.TypeTextPlain, text)
	opts := []mail.Option{mail.WithPort(s.port), mail.WithTLSPolicy(s.tls), mail.WithTimeout(sendWithin)}
	if s.ssl {
		opts = append(opts, mail.WithSSL())
	}
	if s.user != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.user),
			mail.WithPassword(s.password))
	}
	c, err := mail.NewClient(s.host, opts...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}
