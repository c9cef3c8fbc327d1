// Package meilitest is a fake Meilisearch server for tests: it accepts the routes
// and bodies that the adapter uses, rejects all others with the error of the real
// server, runs tasks in order, and filters and ranks in a simple way. A test
// replays every recorded exchange with a real server (testdata/recorded) on it.
package meilitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Version of the real server that this one was compared with.
const Version = "1.50.0"

// Server is the fake server.
type Server struct {
	*httptest.Server
	Key string // required with every request

	t        testing.TB
	mu       sync.Mutex
	down     bool
	version  string
	allowed  []string
	indexes  map[string]*index
	tasks    []*task
	next     int // the first task that may not have ended
	lenient  bool
	requests map[string]int // requests by route
}

// apiError is an error response of Meilisearch.
type apiError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Type    string `json:"type"`
	Link    string `json:"link"`

	status int
}

func newError(status int, code, format string, args ...any) *apiError {
	return &apiError{Message: fmt.Sprintf(format, args...), Code: code, Type: "invalid_request",
		Link: "https://docs.meilisearch.com/errors#" + code, status: status}
}

// New starts a server. A request that Meilisearch would reject fails the test,
// except for errors that a correct client also causes (index_not_found).
func New(t testing.TB) *Server {
	s := &Server{t: t, Key: "khoa-tim-bai", version: Version, indexes: map[string]*index{}, requests: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// SetDown makes every request fail with 503, as a proxy in front of a dead server
// does.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// AllowAll lets any request be rejected without failing the test.
func (s *Server) AllowAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lenient = true
}

// Allow lets requests be rejected with the codes without failing the test.
func (s *Server) Allow(codes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowed = append(s.allowed, codes...)
}

// SetKey makes the server accept only another key.
func (s *Server) SetKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Key = key
}

// SetVersion makes the server report another version.
func (s *Server) SetVersion(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = version
}

// Reset deletes all indexes.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes = map[string]*index{}
}

// CreateIndex creates an index as an administrator would by hand.
func (s *Server) CreateIndex(uid, primary string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes[uid] = newIndex(primary)
}

// Requests counts the requests of a route, for example "POST /multi-search".
func (s *Server) Requests(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[route]
}

// Indexes lists the names of the indexes.
func (s *Server) Indexes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var uids []string
	for uid := range s.indexes {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	return uids
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		http.Error(w, "server is down", http.StatusServiceUnavailable)
		return
	}
	waiting := len(s.tasks)
	status, body, f := s.route(r)
	if f != nil {
		if f.Code != "index_not_found" && !slices.Contains(s.allowed, f.Code) && !s.lenient {
			s.t.Errorf("Meilisearch would reject %s %s: %s", r.Method, r.URL, f.Message)
		}
		status, body = f.status, f
		if f.Code == "" { // no route
			w.WriteHeader(status)
			return
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	if len(s.tasks) == waiting {
		s.step() // the response is of before
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // fails when the client has disconnected
}

func (s *Server) authorize(r *http.Request) *apiError {
	var f *apiError
	switch key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); {
	case !ok:
		f = newError(401, "missing_authorization_header",
			"The Authorization header is missing. It must use the bearer authorization method.")
	case key != s.Key:
		f = newError(403, "invalid_api_key", "The provided API key is invalid.")
	default:
		return nil
	}
	f.Type = "auth"
	return f
}

// route dispatches the request to its documented route.
func (s *Server) route(r *http.Request) (int, any, *apiError) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	pattern := slices.Clone(parts)
	uid := ""
	if len(parts) > 1 && (parts[0] == "indexes" || parts[0] == "tasks") {
		uid, pattern[1] = parts[1], "{}"
	}
	path := "/" + strings.Join(pattern, "/")
	methods := routes[path]
	if methods == nil {
		return 0, nil, &apiError{status: http.StatusNotFound}
	}
	do := methods[r.Method]
	if do == nil {
		return 0, nil, &apiError{status: http.StatusMethodNotAllowed}
	}
	if path != "/health" {
		if f := s.authorize(r); f != nil {
			return 0, nil, f
		}
	}
	s.requests[r.Method+" "+path]++
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		if f := wrongContentType(r.Header.Get("Content-Type")); f != nil {
			return 0, nil, f
		}
	}
	return do(s, r, uid)
}

type handler func(s *Server, r *http.Request, uid string) (int, any, *apiError)

// routes are those that the adapter and the recorded exchanges use.
var routes = map[string]map[string]handler{
	"/health": {"GET": func(*Server, *http.Request, string) (int, any, *apiError) {
		return 200, map[string]string{"status": "available"}, nil
	}},
	"/version": {"GET": func(s *Server, _ *http.Request, _ string) (int, any, *apiError) {
		return 200, map[string]string{"commitSha": "unknown", "commitDate": "unknown", "pkgVersion": s.version}, nil
	}},
	"/indexes": {"GET": plain((*Server).listIndexes),
		"POST": plain((*Server).createIndex)},
	"/indexes/{}": {"GET": named((*Server).getIndex),
		"DELETE": named((*Server).deleteIndex)},
	"/indexes/{}/stats":                  {"GET": named((*Server).stats)},
	"/indexes/{}/settings":               {"GET": named((*Server).getSettings), "PATCH": (*Server).patchSettings},
	"/indexes/{}/documents":              {"POST": (*Server).putDocuments},
	"/indexes/{}/documents/delete-batch": {"POST": (*Server).deleteDocuments},
	"/indexes/{}/documents/fetch":        {"POST": (*Server).fetch},
	"/swap-indexes":                      {"POST": plain((*Server).swap)},
	"/multi-search":                      {"POST": plain((*Server).multiSearch)},
	"/tasks":                             {"GET": plain((*Server).listTasks)},
	"/tasks/{}":                          {"GET": named((*Server).task)},
}

// plain is a route that names no index or task; named needs nothing else.
func plain(do func(*Server, *http.Request) (int, any, *apiError)) handler {
	return func(s *Server, r *http.Request, _ string) (int, any, *apiError) { return do(s, r) }
}

func named(do func(*Server, string) (int, any, *apiError)) handler {
	return func(s *Server, _ *http.Request, uid string) (int, any, *apiError) { return do(s, uid) }
}

func wrongContentType(is string) *apiError {
	const accepted = "Accepted values for the Content-Type header are: `application/json`"
	switch is {
	case "application/json":
		return nil
	case "":
		return newError(415, "missing_content_type", "A Content-Type header is missing. %s", accepted)
	}
	return newError(415, "invalid_content_type", "The Content-Type `%s` is invalid. %s", is, accepted)
}

// read decodes a body; with names, any other field of an object is an error.
func read(r *http.Request, into any, names ...string) *apiError {
	raw, err := io.ReadAll(r.Body)
	if err == nil && len(names) > 0 {
		if f := unknownField(raw, "", names); f != nil {
			return f
		}
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return newError(400, "bad_request", "%T: %v", into, err)
	}
	return nil
}

func unknownField(raw []byte, where string, names []string) *apiError {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return newError(400, "bad_request", "no object: %v", err)
	}
	for name := range fields {
		if !slices.Contains(names, name) {
			return newError(400, "bad_request", "Unknown field `%s`%s: expected one of %s", name, where, quoted(names))
		}
	}
	return nil
}
