package external

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// tusCall sends a tus request to one web process; -1 is no offset.
func tusCall(ctx context.Context, c *harness.Caller, method, id string, offset int64, body io.Reader) (int,
	int64, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+api.Base+"/tus/"+id, body)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if offset >= 0 {
		req.Header.Set("Upload-Offset", strconv.FormatInt(offset, 10))
		req.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	res, err := c.Client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	res.Body.Close()
	at, err := strconv.ParseInt(res.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		at = -1
	}
	return res.StatusCode, at, nil
}

// TestTusBehindRoundRobin: the requests of one upload reach two web processes in
// turn, and two clients of the same teacher append at once. No answer reports
// less than an earlier one, and the file arrives whole.
func TestTusBehindRoundRobin(t *testing.T) {
	p := startProvince(t, provinceOptions{webs: 2})
	webs := []*harness.Caller{p.system(0).As("giao-vien"), p.system(1).As("giao-vien")}
	file := bytes.Repeat([]byte("0123456789abcdef"), 700_000) // 11 MB: two parts
	var u struct{ ID string }
	lesson := webs[0].Draft("Bài qua hai tiến trình")
	webs[0].OK("POST", "/lessons/"+lesson.ID+"/uploads",
		map[string]any{"filename": "a.mp4", "size": len(file)}, 201, &u)

	var mu sync.Mutex
	highest := int64(0)
	floor := func() int64 { mu.Lock(); defer mu.Unlock(); return highest }
	answer := func(what string, least, offset int64) {
		mu.Lock()
		defer mu.Unlock()
		if offset < least {
			t.Errorf("%s: offset %d after %d was acknowledged", what, offset, least)
		}
		highest = max(highest, offset)
	}
	send := func(client, round int) (done bool, err error) {
		web := webs[(client+round)%2]
		least := floor()
		status, offset, err := tusCall(t.Context(), web, "HEAD", u.ID, -1, nil)
		if err != nil || status != 200 {
			return false, fmt.Errorf("HEAD: %d %w", status, err)
		}
		answer("HEAD", least, offset)
		if offset == int64(len(file)) {
			return true, nil
		}
		// The lengths differ, so that a shorter request follows a longer one.
		n := int64(10)
		if (client+round)%3 > 0 {
			n = int64(100_000 * (1 + (client*7+round*3)%9))
		}
		end := min(offset+n, int64(len(file)))
		status, after, err := tusCall(t.Context(), webs[(client+round+1)%2], "PATCH", u.ID, offset,
			bytes.NewReader(file[offset:end]))
		switch {
		case err != nil:
			return false, err
		case status == 204:
			answer("PATCH", end, after)
		case status != 409 && status != 410: // another client was quicker, or sent the last bytes: HEAD shows which
			return false, fmt.Errorf("PATCH: %d", status)
		}
		return false, nil
	}
	var clients sync.WaitGroup
	for client := range 2 {
		clients.Go(func() {
			for round := range 500 {
				if done, err := send(client, round); done || err != nil {
					if err != nil {
						t.Errorf("client %d, round %d: %v", client, round, err)
					}
					return
				}
			}
			t.Error("500 requests were not enough")
		})
	}
	clients.Wait()
	var l harness.Lesson
	webs[1].OK("POST", "/uploads/"+u.ID+"/complete", map[string]any{}, 200, &l)
	if l.Media.State != "checking" || highest != int64(len(file)) {
		t.Errorf("state %q, %d of %d bytes", l.Media.State, highest, len(file))
	}
}
