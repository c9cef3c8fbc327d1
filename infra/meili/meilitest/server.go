// Package meilitest is a fake Meilisearch server for tests: it accepts the routes
// and bodies that Meilisearch documents, rejects all others with the documented
// error, runs tasks in order, and filters and ranks in a simple way. It proves
// that the adapter follows the documentation; only a real server can prove that
// the documentation is right.
package meilitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
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
	tasks    []task
	requests map[string]int // requests by route
}

type index struct {
	primary  string
	settings settings
	docs     map[string]*doc
}

func newIndex(primary string) *index {
	return &index{primary: primary, settings: newSettings(), docs: map[string]*doc{}}
}

type task struct {
	UID      int       `json:"uid"`
	IndexUID string    `json:"indexUid"`
	Status   string    `json:"status"`
	Type     string    `json:"type"`
	Error    *apiError `json:"error"`

	polls int
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
	status, body, f := s.route(r)
	if f != nil {
		if f.Code != "index_not_found" && !slices.Contains(s.allowed, f.Code) {
			s.t.Errorf("Meilisearch would reject %s %s: %s", r.Method, r.URL, f.Message)
		}
		status, body = f.status, f
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails when the client has disconnected
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
	if r.URL.Path == "/health" && r.Method == http.MethodGet {
		return 200, map[string]string{"status": "available"}, nil
	}
	if f := s.authorize(r); f != nil {
		return 0, nil, f
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	pattern := slices.Clone(parts)
	uid := ""
	if len(parts) > 1 && (parts[0] == "indexes" || parts[0] == "tasks") {
		uid, pattern[1] = parts[1], "{}"
	}
	name := r.Method + " /" + strings.Join(pattern, "/")
	s.requests[name]++
	if r.Method != http.MethodGet && r.Method != http.MethodDelete &&
		r.Header.Get("Content-Type") != "application/json" {
		return 0, nil, newError(415, "invalid_content_type", "content type %q", r.Header.Get("Content-Type"))
	}
	switch name {
	case "GET /version":
		return 200, map[string]string{"commitSha": "unknown", "commitDate": "unknown", "pkgVersion": s.version}, nil
	case "POST /indexes":
		return s.createIndex(r)
	case "DELETE /indexes/{}":
		return s.enqueue(uid, "indexDeletion", func() *apiError {
			if s.indexes[uid] == nil {
				return newError(404, "index_not_found", "index %s not found", uid)
			}
			delete(s.indexes, uid)
			return nil
		})
	case "GET /indexes/{}":
		return s.getIndex(uid)
	case "GET /indexes/{}/settings":
		return s.getSettings(uid)
	case "PATCH /indexes/{}/settings":
		return s.patchSettings(r, uid)
	case "POST /indexes/{}/documents":
		return s.putDocuments(r, uid)
	case "POST /indexes/{}/documents/delete-batch":
		return s.deleteDocuments(r, uid)
	case "POST /indexes/{}/documents/fetch":
		return s.fetch(r, uid)
	case "POST /swap-indexes":
		return s.swap(r)
	case "POST /multi-search":
		return s.multiSearch(r)
	case "GET /tasks/{}":
		return s.task(uid)
	}
	return 0, nil, newError(404, "not_found", "no route %s", name)
}

// read decodes a body; an unknown field is an error.
func read(r *http.Request, into any) *apiError {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return newError(400, "bad_request", "%T: %v", into, err)
	}
	return nil
}

// enqueue runs a task and returns it. It shows as finished from the second poll
// on, so that a client that does not wait fails its test.
func (s *Server) enqueue(uid, kind string, do func() *apiError) (int, any, *apiError) {
	t := task{UID: len(s.tasks), IndexUID: uid, Type: kind, Status: "succeeded", Error: do()}
	if t.Error != nil {
		t.Status = "failed"
	}
	s.tasks = append(s.tasks, t)
	return 202, map[string]any{"taskUid": t.UID, "indexUid": uid, "status": "enqueued", "type": kind,
		"enqueuedAt": time.Unix(0, 0).UTC()}, nil
}

func (s *Server) task(uid string) (int, any, *apiError) {
	n, err := strconv.Atoi(uid)
	if err != nil || n < 0 || n >= len(s.tasks) {
		return 0, nil, newError(404, "task_not_found", "task %s", uid)
	}
	t := &s.tasks[n]
	if t.polls++; t.polls == 1 {
		return 200, task{UID: t.UID, IndexUID: t.IndexUID, Type: t.Type, Status: "processing"}, nil
	}
	return 200, *t, nil
}

func validUID(uid string) bool {
	return uid != "" && len(uid) <= 400 && strings.Trim(uid,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func (s *Server) getIndex(uid string) (int, any, *apiError) {
	x := s.indexes[uid]
	if x == nil {
		return 0, nil, newError(404, "index_not_found", "Index `%s` not found.", uid)
	}
	out := map[string]any{"uid": uid, "createdAt": time.Unix(0, 0).UTC(), "updatedAt": time.Unix(0, 0).UTC(),
		"primaryKey": nil}
	if x.primary != "" {
		out["primaryKey"] = x.primary
	}
	return 200, out, nil
}

func (s *Server) createIndex(r *http.Request) (int, any, *apiError) {
	var in struct {
		UID        string `json:"uid"`
		PrimaryKey string `json:"primaryKey"`
	}
	if f := read(r, &in); f != nil {
		return 0, nil, f
	}
	if !validUID(in.UID) {
		return 0, nil, newError(400, "invalid_index_uid", "%q", in.UID)
	}
	return s.enqueue(in.UID, "indexCreation", func() *apiError {
		if s.indexes[in.UID] != nil {
			return newError(409, "index_already_exists", "index %s already exists", in.UID)
		}
		s.indexes[in.UID] = newIndex(in.PrimaryKey)
		return nil
	})
}
