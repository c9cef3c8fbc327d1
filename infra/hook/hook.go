// Package hook posts webhooks: only to addresses that are public and have
// TLS, so that nobody can make the server ask inside its own network.
package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"lenlop/services/job"
)

// Sender implements webhook.Sender.
type Sender struct {
	client  *http.Client
	private bool
}

// within bounds one delivery, from the name's look-up to the answer's head.
const within = 15 * time.Second

// New makes a Sender. private also allows plain http and addresses inside this
// network, for receivers beside the server.
func New(private bool) *Sender {
	s := &Sender{private: private}
	dial := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		// After the look-up: a public name may point inside.
		at, err := netip.ParseAddrPort(address)
		if err != nil || !s.private && !public(at.Addr()) {
			return errors.New("the address is not public")
		}
		return nil
	}}
	s.client = &http.Client{
		Timeout: within,
		Transport: &http.Transport{DialContext: dial.DialContext, TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConns: 10, IdleConnTimeout: 30 * time.Second, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// guardian refuses every network of IANA's special-purpose registries, and what
// is no global unicast address at all.
var guardian = ssrf.New(ssrf.WithAnyPort())

// public reports whether an address is one of the open internet. IPv4 written as
// IPv6 (::ffff:10.0.0.1) is judged as IPv4, as the kernel dials it.
func public(a netip.Addr) bool { return guardian.SafeAddr(a.Unmap()) == nil }

// Check refuses an address that cannot be one of a receiver.
func (s *Sender) Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(address) > 500:
		return errors.New("not an address")
	case u.Scheme != "https" && !(s.private && u.Scheme == "http"):
		return errors.New("not https")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !s.private && !public(a) {
		return errors.New("not a public address")
	}
	return nil
}

// Post sends a body and gives the answer's status. A redirect is not followed:
// it counts as not taken.
func (s *Sender) Post(ctx context.Context, address string, header map[string]string, body []byte) (int, error) {
	job.Outside(ctx, "webhook")
	if err := s.Check(address); err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // so that the connection can be used again
	return res.StatusCode, nil
}
