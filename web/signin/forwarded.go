package signin

import (
	"net/http"
	"net/netip"
	"strings"
)

// A proxy appends what it saw to what its client sent, as one more value or as
// one more line of the header. So only the end of the joined lines is a trusted
// proxy's own: all reading goes from the right, and stops at the first address
// that is not a trusted proxy's.

// Base is the scheme and host that a visitor used.
func (d *Authenticator) Base(r *http.Request) string {
	if d.Public != "" {
		return strings.TrimSuffix(d.Public, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	} else if _, hops := d.client(r); hops > 0 && d.proto(r, hops) == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// Addr is the client's address; X-Forwarded-For, or Forwarded where it is
// missing, counts only from trusted proxies.
func (d *Authenticator) Addr(r *http.Request) string {
	addr, _ := d.client(r)
	return addr
}

// client is the address of the request's client and how many trusted proxies
// passed the request on.
func (d *Authenticator) client(r *http.Request) (addr string, proxies int) {
	peer, ok := hopAddr(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr, 0
	}
	if !d.inTrusted(peer) {
		return peer.String(), 0
	}
	values := joined(r.Header, "X-Forwarded-For")
	if len(values) == 0 {
		values = forwarded(r.Header, "for")
	}
	client := peer
	for proxies = 1; proxies <= len(values); proxies++ {
		a, ok := hopAddr(values[len(values)-proxies])
		if !ok {
			break
		}
		client = a
		if !d.inTrusted(a) {
			break
		}
	}
	return client.String(), proxies
}

// proto is the scheme that the outermost of the trusted proxies saw. A header
// with fewer values was passed on by the inner ones as they got it.
func (d *Authenticator) proto(r *http.Request, proxies int) string {
	values := joined(r.Header, "X-Forwarded-Proto")
	if len(values) == 0 {
		values = forwarded(r.Header, "proto")
	}
	if len(values) == 0 {
		return ""
	}
	return strings.ToLower(values[max(0, len(values)-proxies)])
}

// joined are the values of all lines of a header, in order.
func joined(h http.Header, name string) []string {
	lines := h.Values(name)
	if len(lines) == 0 {
		return nil
	}
	values := strings.Split(strings.Join(lines, ","), ",")
	for i, v := range values {
		values[i] = strings.TrimSpace(v)
	}
	return values
}

// forwarded are one parameter's values in the elements of Forwarded (RFC 7239),
// "" where an element has none. A quoted value with a comma or semicolon in it
// is no address and no scheme: its pieces are not understood, which is safe.
func forwarded(h http.Header, parameter string) []string {
	var values []string
	for _, element := range joined(h, "Forwarded") {
		value := ""
		for pair := range strings.SplitSeq(element, ";") {
			k, v, _ := strings.Cut(pair, "=")
			if strings.EqualFold(strings.TrimSpace(k), parameter) {
				value = strings.Trim(strings.TrimSpace(v), `"`)
			}
		}
		values = append(values, value)
	}
	return values
}

// hopAddr reads an address with or without a port and brackets, in one spelling
// only: limits and logs must not take ::ffff:10.0.0.1 for another client.
func hopAddr(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		at, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		a = at.Addr()
	}
	return a.Unmap().WithZone(""), true
}

func (d *Authenticator) inTrusted(a netip.Addr) bool {
	for _, p := range d.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
