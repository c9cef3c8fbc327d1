package delivery

import (
	"testing"
	"time"
)

func TestParseCombined(t *testing.T) {
	at := time.Date(2020, 4, 13, 8, 0, 0, 0, hanoi)
	const moment, watch = `10.0.0.1 - - [13/Apr/2020:08:00:00 +0700] `, "/watch/l/p/360p/0-1/1.m4s"
	for _, x := range []struct {
		name, line string
		want       logEntry
		ok         bool
	}{
		{"nginx", moment + `"GET ` + watch + ` HTTP/2.0" 200 1234 "https://lenlop.vn/" "Mozilla/5.0 (Linux)"`,
			logEntry{at, "GET", watch, 200, 1234, "Mozilla/5.0 (Linux)"}, true},
		{"the common format has no agent", moment + `"GET ` + watch + ` HTTP/1.1" 206 99`,
			logEntry{at, "GET", watch, 206, 99, ""}, true},
		{"Apache's zero", moment + `"HEAD ` + watch + ` HTTP/1.1" 304 - "-" "a"`,
			logEntry{at, "HEAD", watch, 304, 0, "a"}, true},
		{"a query and white space", "  " + moment + `"GET ` + watch + `?a=1 HTTP/1.1" 200 5 "-" "-"` + "\r\n",
			logEntry{at, "GET", watch, 200, 5, "-"}, true},
		{"a whole address", moment + `"GET https://cdn.vn` + watch + `?a=1 HTTP/1.1" 200 5 "-" "-"`,
			logEntry{at, "GET", watch, 200, 5, "-"}, true},
		{"escaped quotes", moment + `"GET ` + watch + ` HTTP/1.1" 200 5 "a\"b" "c\"d"`,
			logEntry{at, "GET", watch, 200, 5, `c\"d`}, true},
		{"HTTP/0.9", moment + `"GET /a" 200 5`, logEntry{at, "GET", "/a", 200, 5, ""}, true},
		{"an address that is none", moment + `"GET http://[x HTTP/1.1" 200 5 "-" "-"`, logEntry{}, false},
		{"nothing", "", logEntry{}, false},
		{"no moment", `10.0.0.1 "GET / HTTP/1.1" 200 5`, logEntry{}, false},
		{"an open moment", `10.0.0.1 - - [13/Apr/2020 "GET / HTTP/1.1" 200 5`, logEntry{}, false},
		{"a bad moment", `10.0.0.1 - - [13/04/2020:08:00:00 +0700] "GET / HTTP/1.1" 200 5`, logEntry{}, false},
		{"no request", moment + `200 5`, logEntry{}, false},
		{"an open request", moment + `"GET / HTTP/1.1 200 5`, logEntry{}, false},
		{"bytes of an attack", moment + `"\x16\x03" 400 5`, logEntry{}, false},
		{"no target", moment + `"GET ?a" 200 5`, logEntry{}, false},
		{"no numbers", moment + `"GET / HTTP/1.1" 200 "-" "-"`, logEntry{}, false},
		{"a bad status", moment + `"GET / HTTP/1.1" ok 5 "-" "-"`, logEntry{}, false},
		{"bad bytes", moment + `"GET / HTTP/1.1" 200 many "-" "-"`, logEntry{}, false},
		{"fewer bytes than none", moment + `"GET / HTTP/1.1" 200 -5 "-" "-"`, logEntry{}, false},
	} {
		e, ok := parseLogLine(x.line)
		if ok != x.ok || ok && !same(e, x.want) {
			t.Errorf("%s: %+v, %t", x.name, e, ok)
		}
	}
}

func same(a, b logEntry) bool {
	at := a.at.Equal(b.at)
	a.at, b.at = time.Time{}, time.Time{}
	return at && a == b
}

// TestParseJSON: the fields of nginx, Cloudflare, Fastly and CloudFront.
func TestParseJSON(t *testing.T) {
	at := time.Date(2020, 4, 13, 8, 0, 0, 0, hanoi)
	want := logEntry{at, "GET", "/watch/l/p/poster.jpg", 200, 1234, "Mozilla"}
	noAgent := want
	noAgent.agent = ""
	for _, x := range []struct {
		name, line string
		want       logEntry
		ok         bool
	}{
		{"nginx", `{"time_iso8601":"2020-04-13T08:00:00+07:00","request":"GET /watch/l/p/poster.jpg?x HTTP/2.0",` +
			`"status":"200","body_bytes_sent":"1234","http_user_agent":"Mozilla"}`, want, true},
		{"Cloudflare", `{"EdgeStartTimestamp":1586739600000000000,"ClientRequestURI":"/watch/l/p/poster.jpg?x",` +
			`"ClientRequestMethod":"GET","EdgeResponseStatus":200,"EdgeResponseBytes":1234,` +
			`"ClientRequestUserAgent":"Mozilla"}`,
			want, true},
		{"Fastly",
			`{"timestamp":"2020-04-13T01:00:00Z","url":"https://x.vn/watch/l/p/poster.jpg","request_method":"GET",` +
				`"response_status":200,"response_body_size":1234,"request_user_agent":"Mozilla"}`, want, true},
		{"CloudFront", `{"ts":1586739600000,"cs-uri-stem":"/watch/l/p/poster.jpg","cs-method":"GET","sc-status":200,` +
			`"sc-bytes":1234,"userAgent":"Mozilla"}`, want, true},
		{"seconds, no method and no agent",
			`{"msec":1586739600.000,"uri":"/watch/l/p/poster.jpg","status":200,"size":1234}`,
			noAgent, true},
		{"local time",
			`{"time_local":"13/Apr/2020:08:00:00 +0700","path":"/watch/l/p/poster.jpg","status":200,"bytes":1234}`,
			noAgent, true},
		{"no bytes", `{"ts":1586739600,"path":"/a","status":304,"bytes":"-"}`,
			logEntry{at, "GET", "/a", 304, 0, ""}, true},
		{"an open object", `{"ts":1586739600`, logEntry{}, false},
		{"a bad request", `{"ts":1586739600,"request":"nonsense","status":200}`, logEntry{}, false},
		{"no status", `{"ts":1586739600,"path":"/a"}`, logEntry{}, false},
		{"bad bytes", `{"ts":1586739600,"path":"/a","status":200,"bytes":"x"}`, logEntry{}, false},
		{"fewer bytes than none", `{"ts":1586739600,"path":"/a","status":200,"bytes":-1}`, logEntry{}, false},
		{"no moment", `{"path":"/a","status":200}`, logEntry{}, false},
		{"a moment before all logs", `{"ts":1000000000,"path":"/a","status":200}`, logEntry{}, false},
		{"a moment beyond all logs", `{"ts":1e19,"path":"/a","status":200}`, logEntry{}, false},
		{"no path", `{"ts":1586739600,"status":200}`, logEntry{}, false},
	} {
		e, ok := parseLogLine(x.line)
		if ok != x.ok || ok && !same(e, x.want) {
			t.Errorf("%s: %+v, %t", x.name, e, ok)
		}
	}
}
