package storetest

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership/playback"
)

// Histories is a property test with two server processes: for any behaviour of players, networks and clocks, the counts
// equal those of the model over the acknowledged heartbeats.
func Histories(t *testing.T, open OpenViewing) {
	first, second := open(t)
	h := &harness{st: first}
	servers := []viewingServices{h.server(t, first), h.server(t, second)}
	h.svc = servers[0]
	var run atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, h, servers, int(run.Add(1)))
		rt.Repeat(map[string]func(*rapid.T){
			"open": w.openSession, "watch": w.watch, "send": w.send, "deliver": w.deliver, "time": w.time,
			"forge": w.forge, "robot": w.robot, "tabs": w.tabs, "marathon": w.marathon, "judge": w.judge,
		})
		for len(w.network) > 0 {
			w.deliver(rt)
		}
		w.compare(rt)
	})
}

// world is one history: viewers with devices, their playback sessions, and a network that loses, repeats and reorders
// requests.
type world struct {
	h        *harness
	servers  []viewingServices
	school   string
	lessons  []worldLesson
	viewers  []worldViewer
	sessions []*worldSession
	network  []packet
	model    viewingModel
	runs     int
}

type worldLesson struct {
	id     string
	cells  int
	hidden bool
}

type worldViewer struct {
	person people.Person
	device string
	skew   time.Duration // of the device's clock
}

// worldSession is an open player.
type worldSession struct {
	viewer   worldViewer
	key      string
	lesson   worldLesson
	token    string
	session  string // the server's id
	run      string // offline
	began    time.Time
	started  time.Time // offline: by the device's clock
	leftOut  string
	played   [][2]int // cells, in the order of playing
	fresh    int      // played[fresh:] has not been sent by a client that sends new ones only
	total    int
	noTotals bool
}

type packet struct {
	s     *worldSession
	beat  playback.Heartbeat
	cells [][2]int
	total *int
}

func newWorld(rt *rapid.T, h *harness, servers []viewingServices, n int) *world {
	w := &world{h: h, servers: servers, school: fmt.Sprintf("school-%d", n),
		model: viewingModel{restored: map[[2]string]bool{}}}
	h.mu.Lock()
	h.now = time.Date(2020, 4, 13, 22, 0, 0, 0, hanoi) // close to midnight
	h.mu.Unlock()
	for i, cells := range []int{200, 599, 600, 1500} {
		l := worldLesson{id: fmt.Sprintf("w%d-%d", n, i), cells: cells, hidden: i == 3 &&
			rapid.Bool().Draw(rt, "hidden")}
		h.teach(rt, l.id, float64(cells)/10, func(x *lesson.Lesson) {
			x.SchoolID = w.school
			if l.hidden {
				x.Status = lesson.Submitted
			}
		})
		w.lessons = append(w.lessons, l)
	}
	for i := range 3 {
		v := worldViewer{skew: time.Duration(rapid.IntRange(-48, 48).Draw(rt, "skew")) * time.Hour}
		if i == 0 {
			v.person = people.Person{ID: fmt.Sprintf("person-%d", n), Active: true,
				Grants: []people.Grant{{Role: people.Reviewer}}}
		} else {
			id := fmt.Sprintf("%08d%08d", n, i)
			v.device = "2019-2." + base64.RawURLEncoding.EncodeToString([]byte(id))
		}
		w.viewers = append(w.viewers, v)
	}
	return w
}

func (v worldViewer) key() string {
	if v.person.ID != "" {
		return "p:" + v.person.ID
	}
	return "d:" + v.device
}

func (w *world) openSession(rt *rapid.T) {
	v := rapid.SampledFrom(w.viewers).Draw(rt, "viewer")
	l := rapid.SampledFrom(w.lessons).Draw(rt, "lesson")
	if l.hidden {
		v = w.viewers[0] // only staff may watch the lesson
	}
	w.open(rt, v, l, rapid.IntRange(0, 3).Draw(rt, "offline") == 0, rapid.IntRange(0, 19).Draw(rt, "robot") == 0)
}

func (w *world) open(rt *rapid.T, v worldViewer, l worldLesson, offline, robot bool) *worldSession {
	r := playback.OpenRequest{LessonID: l.id, Person: v.person, Viewer: v.device, Offline: offline}
	if offline {
		r.SentAt = w.h.Now().Add(v.skew)
	}
	if robot {
		r.UserAgent = "Mozilla/5.0 (compatible; Googlebot/2.1)"
	}
	o, err := w.servers[rapid.IntRange(0, 1).Draw(rt, "server")].Open(bg, r)
	if err != nil {
		rt.Fatal(err)
	}
	s := &worldSession{viewer: v, key: v.key(), lesson: l, token: o.Token, session: o.Session, began: w.h.Now()}
	switch {
	case l.hidden:
		s.leftOut = "unpublished"
	case robot:
		s.leftOut = "robot"
	}
	if offline {
		w.runs++
		s.run = fmt.Sprintf("run-%d", w.runs)
		s.session += "." + s.run
		wait := time.Duration(rapid.IntRange(0, 40).Draw(rt, "hours")) * time.Hour
		s.started = w.h.Now().Add(wait).Add(v.skew)
		s.began = w.h.Now().Add(wait)
	}
	s.noTotals = rapid.IntRange(0, 3).Draw(rt, "noTotals") == 0
	w.sessions = append(w.sessions, s)
	return s
}

// watch plays an interval at some rate: the next one, one after a seek, or the same again.
func (w *world) watch(rt *rapid.T) {
	if len(w.sessions) == 0 {
		rt.Skip("nobody watches")
	}
	s := rapid.SampledFrom(w.sessions).Draw(rt, "session")
	from := rapid.IntRange(0, s.lesson.cells-1).Draw(rt, "from")
	if len(s.played) > 0 && rapid.Bool().Draw(rt, "on") {
		from = min(s.played[len(s.played)-1][1], s.lesson.cells-1)
	}
	to := min(from+rapid.IntRange(1, 400).Draw(rt, "cells"), s.lesson.cells)
	s.played = append(s.played, [2]int{from, to})
	s.total += to - from
	rate := rapid.SampledFrom([]float64{0.5, 1, 1, 2, 2, 3}).Draw(rt, "rate") // no player plays at 3
	w.h.pass(time.Duration(float64(to-from)*tenth/rate) * time.Millisecond)
}

// send queues a heartbeat with the session's state once or twice, or loses it.
func (w *world) send(rt *rapid.T) {
	if len(w.sessions) == 0 {
		rt.Skip("nobody watches")
	}
	s := rapid.SampledFrom(w.sessions).Draw(rt, "session")
	cells := slices.Clone(s.played)
	if rapid.IntRange(0, 3).Draw(rt, "new only") == 0 {
		cells = slices.Clone(s.played[s.fresh:])
		s.fresh = len(s.played)
	}
	p := packet{s: s, cells: cells}
	p.beat = playback.Heartbeat{Token: s.token, Run: s.run, StartedAt: s.started}
	for _, c := range cells {
		end := float64(c[1]) / 10
		if c[1] == s.lesson.cells && rapid.Bool().Draw(rt, "past the end") {
			end += 0.9 // the player's position is imprecise; within tolerance
		}
		p.beat.Played = append(p.beat.Played, playback.Interval{float64(c[0]) / 10, end})
	}
	if !s.noTotals {
		total := s.total
		seconds := float64(total) / 10
		p.total, p.beat.Seconds = &total, &seconds
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(rt, "copies") {
		w.network = append(w.network, p)
	}
}

// deliver sends some queued packets, in any order, to both servers concurrently, and records what they acknowledged.
func (w *world) deliver(rt *rapid.T) {
	if len(w.network) == 0 {
		rt.Skip("nothing is on its way")
	}
	n := rapid.IntRange(1, min(8, len(w.network))).Draw(rt, "packets")
	var taken [2][]packet
	for range n {
		i := rapid.IntRange(0, len(w.network)-1).Draw(rt, "which")
		k := rapid.IntRange(0, 1).Draw(rt, "server")
		taken[k] = append(taken[k], w.network[i])
		w.network = slices.Delete(w.network, i, i+1)
	}
	now := w.h.Now()
	results := [2]playback.HeartbeatResult{}
	var wg sync.WaitGroup
	for k := range taken {
		if len(taken[k]) == 0 {
			continue
		}
		wg.Go(func() {
			beats := make([]playback.Heartbeat, len(taken[k]))
			for i, p := range taken[k] {
				beats[i] = p.beat
			}
			results[k], _ = w.servers[k].Beat(bg, beats)
		})
	}
	wg.Wait()
	for k := range taken {
		var late int
		for _, p := range taken[k] {
			if w.tooLate(p, now) {
				late++
				continue
			}
			w.acked(p, now)
		}
		if results[k].Accepted != len(taken[k])-late || results[k].Refused != late {
			rt.Fatalf("server %d: %+v of %d, %d of them late", k, results[k], len(taken[k]), late)
		}
	}
}

// tooLate reports whether the packet's token has expired: after a week for a session, after 30 days for a run.
func (w *world) tooLate(p packet, now time.Time) bool {
	if p.s.run == "" {
		return now.Sub(p.s.began) > 7*24*time.Hour
	}
	return false // a history is shorter than an offline grant is valid
}

func (w *world) acked(p packet, now time.Time) {
	s := p.s
	began := s.began
	if s.run != "" && began.After(now) {
		began = now
	}
	day := began.In(hanoi).Format("2006-01-02")
	// The first heartbeat of a run carries its start.
	for _, b := range w.model.beats {
		if b.session == s.session {
			began, day = time.UnixMilli(b.began), b.day
			break
		}
	}
	w.model.beats = append(w.model.beats, ackedBeat{
		session: s.session, viewer: s.key, lesson: s.lesson.id, pkg: "package-" + s.lesson.id, day: day,
		began: began.UnixMilli(), arrival: now.UnixMilli(), length: s.lesson.cells, played: p.cells, seconds: p.total,
		leftOut: s.leftOut, offline: s.run != "",
	})
}

func (w *world) time(rt *rapid.T) {
	w.h.pass(time.Duration(rapid.SampledFrom([]int{1, 7, 60, 1800, 7200, 30000}).Draw(rt, "seconds")) * time.Second)
}

// forge sends invalid heartbeats; all are refused and no figure changes.
func (w *world) forge(rt *rapid.T) {
	if len(w.sessions) == 0 {
		rt.Skip("nobody watches")
	}
	s := rapid.SampledFrom(w.sessions).Draw(rt, "session")
	b := playback.Heartbeat{Token: s.token, Run: s.run, StartedAt: s.started, Played: []playback.Interval{{0, 1}}}
	past := float64(s.lesson.cells)/10 + 1.2
	huge := 1e9
	switch rapid.IntRange(0, 7).Draw(rt, "lie") {
	case 0:
		i := rapid.IntRange(0, len(b.Token)-1).Draw(rt, "at")
		other := byte('A')
		if b.Token[i] == 'A' {
			other = 'B'
		}
		b.Token = b.Token[:i] + string(other) + b.Token[i+1:]
	case 1:
		b.Played = append(b.Played, playback.Interval{past - 2, past})
	case 2:
		b.Played = append(b.Played, playback.Interval{2, 1})
	case 3:
		b.Played = append(b.Played, playback.Interval{-1, 1})
	case 4:
		b.Played = append(b.Played, playback.Interval{0, math.NaN()})
	case 5:
		b.Seconds = &huge
	case 6:
		b.Played = make([]playback.Interval, 2001)
	case 7:
		b.Token = ""
	}
	if r, err := w.servers[0].Beat(bg, []playback.Heartbeat{b}); err == nil || r.Accepted != 0 || r.Refused != 1 {
		rt.Fatalf("forged and taken: %+v", r)
	}
}

// robot opens the lesson more often in an hour than a person would.
func (w *world) robot(rt *rapid.T) {
	if rapid.IntRange(0, 9).Draw(rt, "robot") != 0 {
		rt.Skip("rare")
	}
	n := rapid.IntRange(58, 64).Draw(rt, "sessions")
	for range n {
		s := w.open(rt, w.viewers[1], w.lessons[0], false, false)
		s.played, s.total = [][2]int{{0, 20}}, 20
		total := 20
		seconds := 2.0
		w.network = append(w.network, packet{s: s, cells: s.played, total: &total, beat: playback.Heartbeat{
			Token: s.token, Played: []playback.Interval{{0, 2}}, Seconds: &seconds,
		}})
		w.h.pass(50 * time.Second)
	}
}

// tabs plays several sessions of one viewer at the same time at full speed: each is plausible, their sum is not.
func (w *world) tabs(rt *rapid.T) {
	v := rapid.SampledFrom(w.viewers).Draw(rt, "viewer")
	var open []*worldSession
	for range rapid.IntRange(2, 3).Draw(rt, "tabs") {
		open = append(open, w.open(rt, v, w.lessons[rapid.IntRange(0, 2).Draw(rt, "lesson")], false, false))
	}
	cells := rapid.IntRange(100, 3000).Draw(rt, "cells")
	w.h.pass(time.Duration(cells*tenth/2) * time.Millisecond)
	for _, s := range open {
		s.played, s.total = [][2]int{{0, min(cells, s.lesson.cells)}}, cells
		total := cells
		seconds := float64(cells) / 10
		w.network = append(w.network, packet{s: s, cells: s.played, total: &total, beat: playback.Heartbeat{
			Token: s.token, Played: []playback.Interval{{0, float64(s.played[0][1]) / 10}}, Seconds: &seconds,
		}})
	}
}

// marathon is an offline run that reports more than 24 hours in a day.
func (w *world) marathon(rt *rapid.T) {
	if rapid.IntRange(0, 9).Draw(rt, "marathon") != 0 {
		rt.Skip("rare")
	}
	s := w.open(rt, w.viewers[2], w.lessons[1], true, false)
	s.played, s.total = [][2]int{{0, 500}}, rapid.SampledFrom([]int{863_000, 864_000, 865_000}).Draw(rt, "total")
	total := s.total
	seconds := float64(total) / 10
	w.h.pass(time.Duration(rapid.IntRange(8, 70).Draw(rt, "hours")) * time.Hour)
	w.network = append(w.network, packet{s: s, cells: s.played, total: &total, beat: playback.Heartbeat{
		Token: s.token, Run: s.run, StartedAt: s.started, Played: []playback.Interval{{0, 50}}, Seconds: &seconds,
	}})
}

// judge includes a flagged viewer, or excludes it again.
func (w *world) judge(rt *rapid.T) {
	for k, flagged := range w.model.count().flags {
		if !flagged {
			continue
		}
		now := !w.model.restored[k]
		if err := w.servers[1].Restore(bg, department, k[0], k[1], now); err != nil {
			rt.Fatal(err)
		}
		w.model.restored[k] = now
		return
	}
	rt.Skip("nobody is flagged")
}
