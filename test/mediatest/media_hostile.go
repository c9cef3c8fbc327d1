package mediatest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// mediaForged changes every signed piece of an address in turn.
func mediaForged(t *testing.T, e mediaExam) {
	key, other := e.prefix+"a", e.prefix+"b"
	id, otherID := e.begin(t, key), e.begin(t, other)
	s := e.sign(t, key, id, 1)
	change := func(name string, edit func(*url.URL, url.Values)) {
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		edit(u, q)
		u.RawQuery = q.Encode()
		forged := s
		forged.URL = u.String()
		if status, _ := mediaSend(t, forged, []byte("x")); status != http.StatusForbidden {
			t.Errorf("%s: status %d", name, status)
		}
	}
	flip := func(v string) string {
		if strings.HasPrefix(v, "0") {
			return "1" + v[1:]
		}
		return "0" + v[1:]
	}
	change("signature", func(_ *url.URL, q url.Values) { q.Set("X-Amz-Signature", flip(q.Get("X-Amz-Signature"))) })
	change("part number", func(_ *url.URL, q url.Values) { q.Set("partNumber", "2") })
	change("upload", func(_ *url.URL, q url.Values) { q.Set("uploadId", otherID) })
	change("expiry", func(_ *url.URL, q url.Values) { q.Set("X-Amz-Expires", "604800") })
	change("key", func(u *url.URL, _ url.Values) { u.Path = strings.TrimSuffix(u.Path, "a") + "b"; u.RawPath = "" })
	change("no signature", func(_ *url.URL, q url.Values) {
		for k := range q {
			if strings.HasPrefix(k, "X-Amz") {
				q.Del(k)
			}
		}
	})
	for k, i := range map[string]string{key: id, other: otherID} {
		if parts := e.parts(t, k, i); len(parts) != 0 {
			t.Errorf("forged parts arrived: %+v", parts)
		}
	}
}

// mediaExpired asks again until an address of one second is refused: the
// clock is the server's, so there is none to put in its place.
func mediaExpired(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	s, err := e.PresignPart(t.Context(), "", key, id, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for status, tries := 0, 0; status != http.StatusForbidden; tries++ {
		if tries == 100 {
			t.Fatalf("an address of one second still answers %d", status)
		}
		time.Sleep(200 * time.Millisecond)
		status, _ = mediaSend(t, s, []byte("x"))
	}
}

// mediaTruncated sends half a part and goes, as a lost line does: nothing of
// it may count, and the part can be sent again.
func mediaTruncated(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	body := mediaBytes(300_000)
	s := e.sign(t, key, id, 1)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, sent := range []int{0, 1, 150_000, len(body) - 1} {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", u.RequestURI(),
			u.Host, len(body))
		if _, err := conn.Write(body[:sent]); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		// Whatever is answered, or nothing, says that the server is done with it.
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			res.Body.Close()
			if res.StatusCode < 400 {
				t.Errorf("%d of %d bytes: status %d", sent, len(body), res.StatusCode)
			}
		}
		conn.Close()
		if parts := e.parts(t, key, id); len(parts) != 0 {
			t.Errorf("%d of %d bytes are listed as %+v", sent, len(body), parts)
		}
	}
	e.sendPart(t, key, id, 1, body)
	if _, err := e.Complete(t.Context(), key, id, e.parts(t, key, id)); err != nil {
		t.Fatal(err)
	}
	e.holds(t, key, body)
}
