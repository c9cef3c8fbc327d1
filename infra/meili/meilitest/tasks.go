package meilitest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Statuses of a task, in their order.
const (
	enqueued   = "enqueued"
	processing = "processing"
	succeeded  = "succeeded"
	failed     = "failed"
)

// task takes effect only when it ends. Tasks end in the order in which they were
// added, one step with each request that the server gets.
type task struct {
	UID        int            `json:"uid"`
	BatchUID   *int           `json:"batchUid"`
	IndexUID   *string        `json:"indexUid"` // null for swaps
	Status     string         `json:"status"`
	Type       string         `json:"type"`
	CanceledBy *int           `json:"canceledBy"`
	Details    map[string]any `json:"details"`
	Error      *apiError      `json:"error"`
	Duration   *string        `json:"duration"`
	EnqueuedAt time.Time      `json:"enqueuedAt"`
	StartedAt  *time.Time     `json:"startedAt"`
	FinishedAt *time.Time     `json:"finishedAt"`

	do     func(details map[string]any) *apiError
	onFail map[string]any // details of a failed task
}

func (t *task) ended() bool { return t.Status == succeeded || t.Status == failed }

// enqueue adds a task. do changes the details to those of the ended task.
func (s *Server) enqueue(uid, kind string, details, onFail map[string]any,
	do func(details map[string]any) *apiError) (int, any, *apiError) {
	t := &task{UID: len(s.tasks), Status: enqueued, Type: kind, Details: details, EnqueuedAt: time.Now().UTC(), do: do,
		onFail: onFail}
	if uid != "" {
		t.IndexUID = &uid
	}
	s.tasks = append(s.tasks, t)
	return 202, map[string]any{"taskUid": t.UID, "indexUid": t.IndexUID, "status": enqueued, "type": kind,
		"enqueuedAt": t.EnqueuedAt}, nil
}

// step brings the first task that has not ended into its next status.
func (s *Server) step() {
	for s.next < len(s.tasks) && s.tasks[s.next].ended() {
		s.next++
	}
	if s.next == len(s.tasks) {
		return
	}
	t, now := s.tasks[s.next], time.Now().UTC()
	if t.Status == enqueued {
		t.Status, t.StartedAt, t.BatchUID = processing, &now, &t.UID
		return
	}
	t.Status, t.Error = succeeded, t.do(t.Details)
	if t.Error != nil {
		t.Status = failed
		maps.Copy(t.Details, t.onFail)
	}
	took := fmt.Sprintf("PT%.9fS", now.Sub(*t.StartedAt).Seconds())
	t.FinishedAt, t.Duration, t.do = &now, &took, nil
}

// Finish ends all tasks.
func (s *Server) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 2 * len(s.tasks) {
		s.step()
	}
}

func (s *Server) task(uid string) (int, any, *apiError) {
	n, err := strconv.Atoi(uid)
	if err != nil || n < 0 || n >= len(s.tasks) {
		return 0, nil, newError(404, "task_not_found", "Task `%s` not found.", uid)
	}
	return 200, *s.tasks[n], nil
}

func (s *Server) listTasks(r *http.Request) (int, any, *apiError) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 20
	}
	results := []task{}
	total := 0
	for _, t := range slices.Backward(s.tasks) {
		if want := q.Get("indexUids"); want != "" && (t.IndexUID == nil || *t.IndexUID != want) {
			continue
		}
		if total++; len(results) < limit {
			results = append(results, *t)
		}
	}
	out := map[string]any{"results": results, "total": total, "limit": limit, "from": nil, "next": nil}
	if len(results) > 0 {
		out["from"] = results[0].UID
	}
	return 200, out, nil
}
