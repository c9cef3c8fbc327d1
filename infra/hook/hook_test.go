package hook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestCheck(t *testing.T) {
	for address, want := range map[string]bool{
		"https://example.vn/nhan":      true,
		"http://example.vn/nhan":       false,
		"https://127.0.0.1/":           false,
		"https://[::1]/":               false,
		"https://10.1.2.3/":            false,
		"https://169.254.169.254/x":    false,
		"https://100.64.0.1/":          false,
		"https://[::ffff:192.168.1.1]": false,
		"https://0.0.0.0/":             false,
		"https://me:secret@example.vn": false,
		"ftp://example.vn":             false,
		"":                             false,
	} {
		if err := New(false).Check(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestPublic: no address of a special-purpose registry is public, however it is
// written, and the networks right beside them are.
func TestPublic(t *testing.T) {
	for network, want := range map[string]bool{
		"0.0.0.0/8": false, "10.0.0.0/8": false, "100.64.0.0/10": false, "127.0.0.0/8": false,
		"169.254.0.0/16": false, "172.16.0.0/12": false, "192.0.0.0/24": false, "192.0.2.0/24": false,
		"192.31.196.0/24": false, "192.52.193.0/24": false, "192.88.99.0/24": false, "192.168.0.0/16": false,
		"192.175.48.0/24": false, "198.18.0.0/15": false, "198.51.100.0/24": false, "203.0.113.0/24": false,
		"224.0.0.0/4": false, "240.0.0.0/4": false, "255.255.255.255/32": false,
		"::/128": false, "::1/128": false, "::/96": false, "64:ff9b::/96": false, "64:ff9b:1::/48": false,
		"100::/64": false, "100:0:0:1::/64": false, "2001::/23": false, "2001::/32": false, "2001:20::/28": false,
		"2001:db8::/32": false, "2002::/16": false, "2620:4f:8000::/48": false, "3fff::/20": false,
		"5f00::/16": false, "fc00::/7": false, "fe80::/10": false, "fec0::/10": false, "ff00::/8": false,
		"8.8.8.0/24": true, "100.128.0.0/16": true, "172.32.0.0/16": true, "198.20.0.0/16": true,
		"2400:cb00::/32": true, "2001:4860::/32": true,
	} {
		p := netip.MustParsePrefix(network)
		last := p.Addr().AsSlice()
		for bit := p.Bits(); bit < len(last)*8; bit++ {
			last[bit/8] |= 1 << (7 - bit%8)
		}
		end, _ := netip.AddrFromSlice(last)
		for _, a := range []netip.Addr{p.Addr(), end} {
			if public(a) != want {
				t.Errorf("%s of %s: public is %v", a, network, !want)
			}
			if a.Is4() && public(netip.AddrFrom16(a.As16())) != want {
				t.Errorf("%s of %s written as IPv6: public is %v", a, network, !want)
			}
		}
	}
	for _, address := range []string{"::127.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::", "fe80::1%eth0",
		"2400:cb00::1%eth0"} {
		if public(netip.MustParseAddr(address)) {
			t.Errorf("%s is public", address)
		}
	}
}

// TestOnlyWhatIsPublicIsAsked: a name that leads inside is found out when it is
// called, and a redirect leads nowhere.
func TestOnlyWhatIsPublicIsAsked(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
			return
		}
		b, _ := io.ReadAll(r.Body)
		if string(b) != `{"a":1}` || r.Header.Get("X-A") != "b" {
			t.Errorf("%s %v", b, r.Header)
		}
	}))
	defer srv.Close()
	open := New(true)
	if status, err := open.Post(t.Context(), srv.URL, map[string]string{"X-A": "b"}, []byte(`{"a":1}`)); err != nil ||
		status != 200 {
		t.Fatal(status, err)
	}
	if status, err := open.Post(t.Context(), srv.URL+"/away", nil, nil); err != nil ||
		status != http.StatusTemporaryRedirect || asked != 2 {
		t.Fatal(status, err, asked)
	}
	closed := New(false)
	if _, err := closed.client.Post(srv.URL, "", nil); err == nil || asked != 2 {
		t.Fatal("an address inside was asked", err, asked)
	}
}
