package delivery

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// logEntry is one request in an access log. The client's address is not read.
type logEntry struct {
	at     time.Time
	method string
	path   string // without query
	status int
	bytes  int64
	agent  string
}

// parseLogLine reads a line of nginx's or Apache's combined format, or a JSON
// object as CDNs and nginx (escape=json) write them.
func parseLogLine(line string) (logEntry, bool) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "{") {
		return parseJSONLine(line)
	}
	return parseCombined(line)
}

// parseCombined reads
//
//	10.0.0.1 - - [13/Apr/2020:08:00:00 +0700] "GET /watch/... HTTP/2.0" 200 1234 "-" "Mozilla/5.0"
func parseCombined(line string) (e logEntry, ok bool) {
	_, rest, found := strings.Cut(line, "[")
	if !found {
		return e, false
	}
	when, rest, found := strings.Cut(rest, "]")
	if !found {
		return e, false
	}
	var err error
	if e.at, err = time.Parse("02/Jan/2006:15:04:05 -0700", when); err != nil {
		return e, false
	}
	request, rest, found := quoted(rest)
	if !found || !e.request(request) {
		return e, false
	}
	numbers, rest, _ := strings.Cut(strings.TrimSpace(rest), `"`)
	fields := strings.Fields(numbers)
	if len(fields) < 2 {
		return e, false
	}
	if e.status, err = strconv.Atoi(fields[0]); err != nil {
		return e, false
	}
	if fields[1] != "-" { // Apache's zero
		if e.bytes, err = strconv.ParseInt(fields[1], 10, 64); err != nil || e.bytes < 0 {
			return e, false
		}
	}
	if _, rest, found = quoted(`"` + rest); found { // the referer
		e.agent, _, _ = quoted(rest)
	}
	return e, true
}

// quoted cuts the text between the next two quotes; a backslash escapes a quote.
func quoted(s string) (inside, rest string, ok bool) {
	start := strings.IndexByte(s, '"')
	if start < 0 {
		return "", "", false
	}
	for i := start + 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[start+1 : i], s[i+1:], true
		}
	}
	return "", "", false
}

// request reads "GET /path?query HTTP/1.1".
func (e *logEntry) request(s string) bool {
	method, rest, ok := strings.Cut(s, " ")
	if !ok {
		return false
	}
	target, _, _ := strings.Cut(rest, " ")
	e.method, e.path = method, pathOf(target)
	return e.path != ""
}

// pathOf is the path of a request's target, which may be a whole address.
func pathOf(target string) string {
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		u, err := url.Parse(target)
		if err != nil {
			return ""
		}
		return u.Path
	}
	path, _, _ := strings.Cut(target, "?")
	return path
}

// Field names of JSON logs: nginx's variables, and those of Cloudflare, Fastly and
// CloudFront.
var (
	logTimes = []string{"time_iso8601", "time_local", "time", "timestamp", "@timestamp",
		"EdgeStartTimestamp", "msec", "ts"}
	logPaths    = []string{"request_uri", "uri", "url", "path", "ClientRequestURI", "cs-uri-stem"}
	logMethods  = []string{"request_method", "method", "ClientRequestMethod", "cs-method"}
	logStatuses = []string{"status", "EdgeResponseStatus", "response_status", "sc-status"}
	logBytes    = []string{"body_bytes_sent", "bytes_sent", "bytes", "EdgeResponseBytes", "response_body_size",
		"sc-bytes", "size"}
	logAgents = []string{"http_user_agent", "user_agent", "userAgent", "ClientRequestUserAgent", "request_user_agent"}
)

func parseJSONLine(line string) (e logEntry, ok bool) {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil {
		return e, false
	}
	word := func(names []string) string {
		for _, n := range names {
			switch v := m[n].(type) {
			case string:
				return v
			case json.Number:
				return v.String()
			}
		}
		return ""
	}
	if r, whole := m["request"].(string); whole && r != "" {
		if !e.request(r) {
			return e, false
		}
	} else {
		e.method, e.path = word(logMethods), pathOf(word(logPaths))
		if e.method == "" {
			e.method = "GET"
		}
	}
	var err error
	if e.status, err = strconv.Atoi(word(logStatuses)); err != nil {
		return e, false
	}
	if b := word(logBytes); b != "" && b != "-" {
		if e.bytes, err = strconv.ParseInt(b, 10, 64); err != nil || e.bytes < 0 {
			return e, false
		}
	}
	e.agent = word(logAgents)
	e.at, ok = logMoment(word(logTimes))
	return e, ok && e.path != ""
}

// logMoment reads RFC 3339, nginx's local form, and seconds, milliseconds or
// nanoseconds since 1970.
func logMoment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "02/Jan/2006:15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || !(f > 1e9 && f < 1e19):
		return time.Time{}, false
	case f < 1e11:
		return time.UnixMilli(int64(f * 1000)), true
	case f < 1e14:
		return time.UnixMilli(int64(f)), true
	}
	return time.UnixMilli(int64(f / 1e6)), true
}
