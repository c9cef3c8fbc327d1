//go:build long

package external

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// load is people using a province while it suffers, and their own account of
// what they were told. They try again until they are heard, as people's devices
// do; what is never acknowledged is nobody's promise.
type load struct {
	t       *testing.T
	p       *province
	client  *http.Client
	teacher string // token
	watched harness.Lesson
	base    []byte // a recording

	mu      sync.Mutex
	uploads []*sent
	players []*player
	asked   atomic.Int64
	unheard atomic.Int64 // requests that failed and were tried again
}

// sent is one recording and what its teacher knows of it.
type sent struct {
	key, lesson, sum string
	received         bool // the upload was acknowledged
}

// player is one viewer of the watched lesson; whole seconds.
type player struct {
	token       string
	sent, acked int
}

// giveUp is how long somebody goes on trying.
const giveUp = 4 * time.Minute

// newLoad publishes the lesson that is watched.
func newLoad(t *testing.T, p *province) *load {
	t.Helper()
	l := &load{t: t, p: p, client: &http.Client{Timeout: 20 * time.Second}}
	l.watched = p.published("Bài để xem", 6)
	l.teacher = p.system(0).As("giao-vien-2").Token
	var err error
	if l.base, err = os.ReadFile(smallRecording(t, 3)); err != nil {
		t.Fatal(err)
	}
	return l
}

// ask sends one request to any web process. Status 0: it was not heard.
func (l *load) request(ctx context.Context, method, path, key string, in, out any) (int, string) {
	l.asked.Add(1)
	url := l.p.url()
	if url == "" {
		return 0, "no web process"
	}
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			l.t.Error(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url+api.Base+path, body)
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if path != "/heartbeats" && !strings.HasSuffix(path, "/playback-sessions") { // viewers are anonymous
		req.Header.Set("Authorization", "Bearer "+l.teacher)
	}
	return l.do(req, out)
}

func (l *load) do(req *http.Request, out any) (int, string) {
	res, err := l.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			return 0, err.Error()
		}
	}
	return res.StatusCode, string(raw)
}

// insist repeats a request until the answer is not the product's own failure.
func (l *load) insist(ctx context.Context, method, path, key string, in, out any) (int, string) {
	for end := time.Now().Add(giveUp); ; {
		status, body := l.request(ctx, method, path, key, in, out)
		held := strings.Contains(body, "request.key_in_use") // by a process that died a moment ago
		if status != 0 && status < 500 && status != http.StatusTooManyRequests && !held {
			return status, body
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return status, body
		}
		l.unheard.Add(1)
		rest(ctx, 200*time.Millisecond)
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// recording gives a recording like no other: the base, and a box that players
// skip, of the size.
func (l *load) recording(n uint64, size int) []byte {
	box := make([]byte, 8+16+size)
	binary.BigEndian.PutUint32(box, uint32(len(box)))
	copy(box[4:], "free")
	binary.BigEndian.PutUint64(box[8:], n)
	binary.BigEndian.PutUint64(box[16:], uint64(time.Now().UnixNano()))
	return append(bytes.Clone(l.base), box...)
}

// upload brings one recording from a draft to "received".
func (l *load) upload(ctx context.Context, n int) {
	size := 0
	if n%4 == 3 {
		size = app.PartSize // two parts
	}
	raw := l.recording(uint64(n), size)
	sum := sha256.Sum256(raw)
	s := &sent{key: fmt.Sprintf("tai-%d-%d", n, time.Now().UnixNano()), sum: hex.EncodeToString(sum[:])}
	l.mu.Lock()
	l.uploads = append(l.uploads, s)
	l.mu.Unlock()
	var d harness.Lesson
	if status, body := l.insist(ctx, "POST", "/lessons", s.key,
		map[string]any{"title": fmt.Sprint("Bài tải lên ", n), "subject": "toan", "grade": 6}, &d); status != 201 {
		l.t.Errorf("upload %d: draft: %d %s", n, status, body)
		return
	}
	s.lesson = d.ID
	for try := 0; try < 20 && ctx.Err() == nil; try++ {
		if l.send(ctx, s, n, raw) {
			s.received = true
			return
		}
	}
	l.t.Errorf("upload %d was never received", n)
}

// send sends all parts under one plan; false when it must start again.
func (l *load) send(ctx context.Context, s *sent, n int, raw []byte) bool {
	var u struct {
		ID        string
		PartSize  int64
		PartCount int
	}
	status, body := l.insist(ctx, "POST", "/lessons/"+s.lesson+"/uploads", "",
		map[string]any{"filename": fmt.Sprintf("bai-%d.mp4", n), "size": len(raw)}, &u)
	if status != 201 {
		l.t.Errorf("upload %d: plan: %d %s", n, status, body)
		return false
	}
	for range 10 {
		for k := 1; k <= u.PartCount; k++ {
			if !l.part(ctx, u.ID, k, raw[int64(k-1)*u.PartSize:min(int64(k)*u.PartSize, int64(len(raw)))]) {
				return false
			}
		}
		status, body = l.insist(ctx, "POST", "/uploads/"+u.ID+"/complete", "", map[string]any{"sha256": s.sum}, nil)
		switch {
		case status == 200:
			return true
		case bytes.Contains([]byte(body), []byte("upload.part_")):
			continue // storage lost a part: send again
		default: // storage forgot the upload
			return false
		}
	}
	return false
}

// part sends one part until storage has taken it.
func (l *load) part(ctx context.Context, upload string, k int, body []byte) bool {
	for end := time.Now().Add(giveUp); time.Now().Before(end) && ctx.Err() == nil; rest(ctx, 200*time.Millisecond) {
		var ps struct {
			Parts []struct {
				Method, URL string
				Headers     map[string]string
			}
		}
		if status, _ := l.insist(ctx, "POST", "/uploads/"+upload+"/parts", "", map[string]any{"numbers": []int{k}},
			&ps); status != 200 {
			return false
		}
		req, err := http.NewRequestWithContext(ctx, ps.Parts[0].Method, ps.Parts[0].URL, bytes.NewReader(body))
		if err != nil {
			l.t.Error(err)
			return false
		}
		for name, v := range ps.Parts[0].Headers {
			req.Header.Set(name, v)
		}
		status, _ := l.do(req, nil)
		if status == 200 {
			return true
		}
		if status == http.StatusNotFound {
			return false // storage forgot the upload
		}
		l.unheard.Add(1)
	}
	return false
}

// watch lets one new viewer play a second or more at a time, and says some of
// it twice and late.
func (l *load) watch(ctx context.Context, seconds int) {
	var o struct{ Token string }
	if status, body := l.insist(ctx, "POST", "/lessons/"+l.watched.ID+"/playback-sessions", "", map[string]any{},
		&o); status != 201 {
		if ctx.Err() == nil {
			l.t.Errorf("session: %d %s", status, body)
		}
		return
	}
	v := &player{token: o.Token}
	l.mu.Lock()
	l.players = append(l.players, v)
	l.mu.Unlock()
	for s := 1; s <= seconds && ctx.Err() == nil; s++ {
		l.beat(ctx, v, s)
		if rand.IntN(4) == 0 {
			l.beat(ctx, v, max(1, s-1))
		}
	}
}

// beat sends what was played so far, once.
func (l *load) beat(ctx context.Context, v *player, s int) {
	v.sent = max(v.sent, s)
	in := map[string]any{"token": v.token, "sequence": s, "played": [][2]int{{0, s}}, "seconds": s,
		"position": s, "rate": 1}
	status, body := l.request(ctx, "POST", "/heartbeats", "", in, nil)
	switch {
	case status == http.StatusAccepted:
		v.acked = max(v.acked, s)
	case status == 0 || status >= 500 || status == http.StatusTooManyRequests:
		l.unheard.Add(1)
	default:
		l.t.Errorf("heartbeat: %d %s", status, body)
	}
}

// run lets people upload and watch for as long as ctx lasts; whoever is in the
// middle of something then goes on to its end, under until.
func (l *load) run(ctx, until context.Context, uploaders, viewers int) {
	var all sync.WaitGroup
	var n atomic.Int64
	for range uploaders {
		all.Go(func() {
			for ctx.Err() == nil {
				l.upload(until, int(n.Add(1)))
				rest(ctx, 1500*time.Millisecond)
			}
		})
	}
	for range viewers {
		all.Go(func() {
			for ctx.Err() == nil {
				l.watch(ctx, 1+rand.IntN(6))
				rest(ctx, 20*time.Millisecond)
			}
		})
	}
	all.Wait()
}

// last sends every player's last state until it is acknowledged, as players do
// when the line is back.
func (l *load) last(ctx context.Context) {
	for _, v := range l.players {
		for end := time.Now().Add(giveUp); v.acked < v.sent && time.Now().Before(end); {
			l.beat(ctx, v, v.sent)
		}
		if v.acked < v.sent {
			l.t.Errorf("a heartbeat is never acknowledged")
		}
	}
}
