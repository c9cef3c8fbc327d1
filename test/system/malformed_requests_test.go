package system

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lenlop/test/system/harness"
)

// patience is how long an absurd request may take here; on a machine that does
// nothing else each takes milliseconds, and the log says how many.
const patience = 20 * time.Second

// absurd sends raw requests, also such as no client would.
type absurd struct {
	t       *testing.T
	host    string
	slowest time.Duration
	what    string
	n       int
}

// send gives the status and body of a GET with header lines as they stand.
func (a *absurd) send(what, target, headers string) (int, http.Header, []byte) {
	a.t.Helper()
	a.n++
	began := time.Now()
	conn, err := net.DialTimeout("tcp", a.host, patience)
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(began.Add(patience)); err != nil {
		a.t.Fatal(err)
	}
	go func() { // a server that refuses early does not read to the end
		_, _ = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+a.host+
			"\r\nAccept: text/html\r\nConnection: close\r\n"+headers+"\r\n")
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		a.t.Errorf("%s: no answer: %v", what, err)
		return 0, nil, nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Errorf("%s: %v", what, err)
	}
	if took := time.Since(began); took > a.slowest {
		a.slowest, a.what = took, what
	}
	if res.StatusCode >= 500 || res.StatusCode < 200 {
		a.t.Errorf("%s: %d %s", what, res.StatusCode, harness.Brief(body))
	}
	return res.StatusCode, res.Header, body
}

// TestAbsurdRequests: queries, ranges and cookies that make no sense get a
// plain answer: what was asked for, or a refusal that blames the request.
func TestAbsurdRequests(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	l := w.playing("published")
	a := &absurd{t: t, host: strings.TrimPrefix(h.URL, "http://")}
	t.Run("queries", func(t *testing.T) { a.t = t; a.queries() })
	t.Run("ranges",
		func(t *testing.T) { a.t = t; a.ranges("/watch/" + l.ID + "/" + l.Media.PackageID + "/poster.jpg") })
	t.Run("cookies", func(t *testing.T) { a.t = t; a.cookies(w.cookies["giao-vien"]) })
	t.Logf("%d requests, the slowest %v: %s", a.n, a.slowest.Round(time.Millisecond), a.what)
}

func (a *absurd) queries() {
	texts := map[string]string{
		"100 kB": strings.Repeat("a", 100_000), "100 kB of words": strings.Repeat("ham so ", 14_000),
		"10,000 terms": manyTerms(10_000), "100 kB of marks": strings.Repeat("ế", 33_000),
		"one long word": strings.Repeat("toan", 2_000), "NUL": "ham\x00so", "only NUL": "\x00\x00\x00",
		"invalid UTF-8": "ham\xff\xfe\xc0so", "overlong": "\xc0\xbc\xe0\x80\xbc",
		"punctuation": `!"#$%&'()*+,-./:;<=>?@[\]^_{|}~`, "quotes": strings.Repeat(`"`, 10_000),
		"parentheses": strings.Repeat("(", 50_000), "right to left": "\u202eos mah\u202c مرحبا שלום",
		"emoji": "😀👨‍👩‍👧‍👦🇻🇳", "combining": "a" + strings.Repeat("\u0301", 20_000),
		"FTS5": `title:ham* NEAR("so" AND, 9) OR NOT ^so`, "tsquery": `ham:* & !so | <-> 'x`,
		"SQL": `'; DROP TABLE lessons; SELECT pg_sleep(9) --`, "filter": `" OR subject = "toan`,
		"a path": "../../../etc/passwd", "newlines": "\r\nSet-Cookie: a=b\r\n\r\n<html>",
		"spaces":  strings.Repeat(" ", 100_000),
		"percent": "%%%41%", "digits": strings.Repeat("9", 50_000), "letters and digits": strings.Repeat("a1", 25_000),
		"template": "${7*7}{{7*7}}<%=7*7%>",
	}
	for what, text := range texts {
		q := url.QueryEscape(text)
		for _, target := range []string{"/search?q=" + q, "/api/v1/search?q=" + q, "/api/v1/suggest?q=" + q,
			"/search?grade=" + q + "&subject=" + q + "&school=" + q + "&language=" + q + "&week=" + q + "&page=" + q} {
			status, _, body := a.send(what+" to "+cutBytes(target, 20), target, "")
			if status != 200 && status != 414 && status != 431 && status != 400 {
				a.t.Errorf("%s to %.20s: %d", what, target, status)
			}
			if len(body) > 200_000+4*len(target) { // forms that lead back repeat the address
				a.t.Errorf("%s to %.20s: an answer of %d bytes", what, target, len(body))
			}
		}
	}
	for what, target := range map[string]string{
		"raw bytes": "/search?q=\xff\xfe", "a broken escape": "/search?q=%zz", "half an escape": "/search?q=%",
		"many parameters": "/search?" + strings.Repeat("q=a&", 20_000),
		"many values":     "/api/v1/search?" + strings.Repeat("subject=toan&", 5_000), "a list": "/search?q[]=a&q[b]=c",
		"semicolons": "/search?q=a;b;c", "no name": "/search?=a&&&=&",
	} {
		if status, _, _ := a.send(what, target, ""); status != 200 && (status < 400 || status >= 500) {
			a.t.Errorf("%s: %d", what, status)
		}
	}
}

func manyTerms(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "tu%d ", i)
	}
	return b.String()
}

func (a *absurd) ranges(target string) {
	status, _, whole := a.send("no range", target, "")
	if status != 200 || len(whole) < 500 {
		a.t.Fatalf("%d, %d bytes", status, len(whole))
	}
	size := len(whole)
	list := func(n int, each func(i int) string) string {
		var parts []string
		for i := range n {
			parts = append(parts, each(i))
		}
		return "bytes=" + strings.Join(parts, ",")
	}
	for _, c := range []struct {
		what, value string
		status      int // 0: whatever is plain
	}{
		{"negative", "bytes=-1", 206}, {"from the last", fmt.Sprintf("bytes=%d-", size-1), 206},
		{"all", "bytes=0-", 206},
		{"more than there is", fmt.Sprintf("bytes=0-%d", size*10), 206},
		{"longer than it is from the end", "bytes=-99999999", 206},
		{"past the end", "bytes=99999999-", 416}, {"nothing from the end", "bytes=-0", 0},
		{"backwards", "bytes=9-1", 416},
		{"past every number", "bytes=99999999999999999999999-", 416},
		{"a negative past every number", "bytes=-99999999999999999999999", 416},
		{"two negatives", "bytes=--1", 416}, {"letters", "bytes=a-b", 416}, {"no numbers", "bytes=-", 416},
		{"three", "bytes=0-1-2", 416}, {"hexadecimal", "bytes=0x1-0x2", 416},
		{"a plus sign", "bytes=+1-+2", 0}, {"other units", "lines=1-2", 0}, {"no unit", "0-1", 0}, {"nothing", "", 0},
		{"commas", "bytes=,,,,", 0},
		{"first and last", "bytes=0-0,-1", 206}, {"1,000 of all", list(1000, func(int) string { return "0-" }), 0},
		{"1,000 overlapping", list(1000, func(int) string { return "0-0" }), 0},
		{"1,000 apart", list(1000, func(i int) string { return fmt.Sprintf("%d-%d", i%size, i%size) }), 0},
		{"1,000 backwards", list(1000, func(i int) string { return fmt.Sprintf("%d-%d", 1000-i, 1000-i) }), 0},
		{"10,000 of nothing", list(10_000, func(int) string { return "" }), 0},
		{"100 kB", "bytes=" + strings.Repeat("9", 100_000) + "-", 0},
		{"NUL", "bytes=0-\x00", 0}, {"bytes that are no text", "bytes=\xff-\xfe", 0},
	} {
		status, header, body := a.send(c.what, target, "Range: "+c.value+"\r\n")
		switch {
		case c.status != 0 && status != c.status:
			a.t.Errorf("%s: %d, want %d", c.what, status, c.status)
		case status != 200 && status != 206 && (status < 400 || status >= 500):
			a.t.Errorf("%s: %d", c.what, status)
		case status == 200 && !bytes.Equal(body, whole):
			a.t.Errorf("%s: 200 with %d bytes of %d", c.what, len(body), size)
		case status == 206 && header.Get("Content-Range") != "" && len(body) > size:
			a.t.Errorf("%s: %d bytes of %d", c.what, len(body), size)
		case len(body) > size+300_000: // parts have heads of their own
			a.t.Errorf("%s: an answer of %d bytes for a file of %d", c.what, len(body), size)
		}
	}
	status, _, body := a.send("two ranges", target, "Range: bytes=0-1\r\nRange: bytes=2-3\r\n")
	if status != 206 && status != 200 && status != 416 {
		a.t.Errorf("two Range lines: %d, %d bytes", status, len(body))
	}
}

func (a *absurd) cookies(mine string) {
	for what, lines := range map[string]string{
		"100 kB":        "Cookie: lenlop=" + strings.Repeat("a", 100_000) + "\r\n",
		"NUL":           "Cookie: lenlop=a\x00b; grade=\x009\r\n",
		"invalid UTF-8": "Cookie: lenlop=\xff\xfe; lang=\xff; text=\xc0\xbc; grade=\xff\r\n",
		"duplicates":    "Cookie: lenlop=a; lenlop=b; lenlop=c; grade=9; grade=12\r\nCookie: lenlop=d; grade=1\r\n",
		"thousands":     "Cookie: " + strings.Repeat("a=b; ", 5_000) + "c=d\r\n",
		"many lines":    strings.Repeat("Cookie: a=b\r\n", 3_000),
		"no names":      "Cookie: =; ==; ;;;; =a; a\r\n",
		"quotes":        `Cookie: lenlop="a"; grade="9"; lang="; text='` + "\r\n",
		"every one": "Cookie: lenlop=../..; grade=-1; lang=xx; text=huge; device=" + strings.Repeat("x", 5_000) +
			"; recent=" + strings.Repeat("a,", 5_000) + "; watched=a.b.c\r\n",
		"SQL":    "Cookie: lenlop=' OR 1=1 --; grade=1;DROP TABLE persons\r\n",
		"markup": "Cookie: lenlop=<script>; grade=<script>; lang=<script>; text=\"><script>\r\n",
	} {
		for _, target := range []string{"/", "/search?q=a", "/account", "/api/v1/me", "/tv"} {
			status, _, body := a.send(what+" to "+target, target, lines)
			if status != 200 && status != 303 && (status < 400 || status >= 500) {
				a.t.Errorf("%s to %s: %d", what, target, status)
			}
			if bytes.Contains(body, []byte("<script>")) {
				a.t.Errorf("%s to %s: markup of a cookie is in the page", what, target)
			}
		}
	}
	// A good cookie among bad ones: whoever it is of, it is nobody else.
	if status, _, _ := a.send("mine", "/api/v1/me", "Cookie: lenlop="+mine+"\r\n"); status != 200 {
		a.t.Errorf("my own cookie: %d", status)
	}
	if status, _, _ := a.send("mine after a broken one", "/api/v1/me",
		"Cookie: lenlop=x; lenlop="+mine+"\r\n"); status != 200 && status != 401 {
		a.t.Errorf("my cookie after a broken one: %d", status)
	}
}
