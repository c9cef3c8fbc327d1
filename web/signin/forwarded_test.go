package signin

import (
	"net/http"
	"net/netip"
	"testing"
)

// TestForwarded: a client cannot choose its address or scheme by headers of its
// own, in whatever lines they come, and is known behind one proxy and behind two.
func TestForwarded(t *testing.T) {
	d := New(Authenticator{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("fd00::/8")}})
	const proxy, inner = "10.0.0.1:4711", "10.0.0.2"
	type lines = []string
	for _, c := range []struct {
		name                string
		peer                string
		xff, proto, forward lines
		addr, base          string
	}{
		{"no proxy", "203.0.113.9:1", nil, nil, nil, "203.0.113.9", "http"},
		{"headers without a proxy", "203.0.113.9:1", lines{"1.1.1.1"}, lines{"https"}, lines{"for=1.1.1.1;proto=https"},
			"203.0.113.9", "http"},
		{"one proxy", proxy, lines{"203.0.113.9"}, lines{"https"}, nil, "203.0.113.9", "https"},
		{"a proxy that says nothing", proxy, nil, nil, nil, "10.0.0.1", "http"},
		{"appended to the client's", proxy, lines{"1.1.1.1, 203.0.113.9"}, lines{"https, http"}, nil,
			"203.0.113.9", "http"},
		{"a second line", proxy, lines{"1.1.1.1", "203.0.113.9"}, lines{"https", "http"}, nil, "203.0.113.9", "http"},
		{"a second line of a trusted address", proxy, lines{"1.1.1.1", "10.9.9.9", "203.0.113.9"}, nil, nil,
			"203.0.113.9", "http"},
		{"two proxies", proxy, lines{"203.0.113.9, " + inner}, lines{"https, http"}, nil, "203.0.113.9", "https"},
		{"two proxies in lines", proxy, lines{"1.1.1.1", "203.0.113.9", inner}, lines{"https", "http", "http"}, nil,
			"203.0.113.9", "http"},
		{"the inner one passes the scheme on", proxy, lines{"203.0.113.9, " + inner}, lines{"HTTPS"}, nil,
			"203.0.113.9", "https"},
		{"rubbish from the client", proxy, lines{"x,,203.0.113.9"}, nil, nil, "203.0.113.9", "http"},
		{"rubbish from the proxy", proxy, lines{"1.1.1.1", "unknown"}, nil, nil, "10.0.0.1", "http"},
		{"an empty last line", proxy, lines{"1.1.1.1", ""}, nil, nil, "10.0.0.1", "http"},
		{"all trusted", proxy, lines{"10.3.3.3, " + inner}, nil, nil, "10.3.3.3", "http"},
		{"ports", proxy, lines{"1.1.1.1:80, 203.0.113.9:5000"}, nil, nil, "203.0.113.9", "http"},
		{"IPv6", "[fd00::1]:443", lines{"[2001:db8::9]:5000"}, nil, nil, "2001:db8::9", "http"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:443", lines{"::ffff:203.0.113.9"}, nil, nil, "203.0.113.9", "http"},
		{"Forwarded", proxy, nil, nil, lines{`for=1.1.1.1;proto=https`, `for="[2001:db8::9]:4711";proto=http`},
			"2001:db8::9", "http"},
		{"Forwarded of two proxies", proxy, nil, nil, lines{"For=203.0.113.9; Proto=https, for=" + inner +
			";proto=http"}, "203.0.113.9", "https"},
		{"Forwarded with a hidden name", proxy, nil, nil, lines{"for=1.1.1.1, for=_hidden"}, "10.0.0.1", "http"},
		{"Forwarded with a comma in quotes", proxy, nil, nil, lines{`for="a,for=1.1.1.1,", for=203.0.113.9`},
			"203.0.113.9", "http"},
		{"Forwarded beside the proxy's own header", proxy, lines{"203.0.113.9"}, lines{"http"},
			lines{"for=1.1.1.1;proto=https"}, "203.0.113.9", "http"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Host: "hoc.example.vn", Header: http.Header{}}
		for name, list := range map[string]lines{"X-Forwarded-For": c.xff, "X-Forwarded-Proto": c.proto,
			"Forwarded": c.forward} {
			for _, line := range list {
				r.Header.Add(name, line)
			}
		}
		if got := d.Addr(r); got != c.addr {
			t.Errorf("%s: address %s, want %s", c.name, got, c.addr)
		}
		if got := d.Base(r); got != c.base+"://hoc.example.vn" {
			t.Errorf("%s: base %s, want %s", c.name, got, c.base)
		}
	}
}
