//go:build bench

package harness

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Player is one playback session that sends heartbeats.
type Player struct {
	Token string
	Acked atomic.Int64 // seconds of the last acknowledged state
	sent  int64
}

// DriveHeartbeats sends each player's heartbeats at their times.
func DriveHeartbeats(t *testing.T, address string, players []*Player, rate, seconds int) (took []time.Duration,
	failed int64) {
	t.Helper()
	type due struct {
		p  *Player
		at time.Time
	}
	work := make(chan due, rate*seconds)
	var bad atomic.Int64
	var mu sync.Mutex
	var senders sync.WaitGroup
	for range 800 {
		senders.Go(func() {
			c := &heartbeatConn{address: address}
			defer c.close()
			var mine []time.Duration
			for d := range work {
				// A player's heartbeats are due ten seconds apart: no other is under way.
				d.p.sent += 10
				if err := c.beat(d.p.Token, d.p.sent, d.at); err != nil {
					if bad.Add(1) < 4 {
						t.Log(err)
					}
					continue
				}
				mine = append(mine, time.Since(d.at))
				d.p.Acked.Store(d.p.sent)
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	start := time.Now()
	for n := range rate * seconds {
		at := start.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if wait := time.Until(at); wait > time.Millisecond {
			time.Sleep(wait)
		}
		work <- due{players[n%len(players)], at}
	}
	close(work)
	senders.Wait()
	return took, bad.Load()
}

// heartbeatConn is a reused connection that costs the sender next to nothing, so
// that the server has the processors.
type heartbeatConn struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
}

// beat sends one heartbeat and waits for its acknowledgement.
func (c *heartbeatConn) beat(token string, to int64, at time.Time) error {
	if c.conn == nil {
		var err error
		if c.conn, err = net.Dial("tcp", c.address); err != nil {
			return err
		}
		c.in = bufio.NewReaderSize(c.conn, 4096)
	}
	body := fmt.Sprintf(`{"token":%q,"sequence":%d,"played":[[0,%d]],"seconds":%d,"position":%d,"rate":1,"sentAt":%q}`,
		token, to/10, to, to, to, at.UTC().Format(time.RFC3339Nano))
	c.out = fmt.Appendf(c.out[:0],
		"POST /api/v1/heartbeats HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		c.address, len(body), body)
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.conn.Write(c.out); err != nil {
		c.close()
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.close()
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusAccepted || !strings.Contains(string(raw), `"accepted":1`) {
		return fmt.Errorf("%s %s %w", res.Status, raw, err)
	}
	return nil
}

func (c *heartbeatConn) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// EnvInt is a positive number in an environment variable, or else the default.
func EnvInt(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return or
}
