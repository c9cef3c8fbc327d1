package storetest

import (
	"sort"
)

// This file is a second implementation of the counting rules, written from their text and independent of the tested
// code: slow, without running totals, on a tape of tenths of a second. It knows only the acknowledged heartbeats.

// tenth is one cell of the tape, in milliseconds.
const tenth = 100

// ackedBeat is one acknowledged heartbeat. Cells are tenths of a second.
type ackedBeat struct {
	session string
	viewer  string
	lesson  string
	pkg     string
	day     string // the day the session began
	began   int64  // Unix milliseconds: issue, or the corrected startedAt
	arrival int64
	length  int // of the recording, cells
	played  [][2]int
	seconds *int // reported total, cells
	leftOut string
	offline bool
}

type modelSession struct {
	beats []ackedBeat
	tape  map[int]bool
	total int
	last  int64
}

type viewingModel struct {
	beats    []ackedBeat
	restored map[[2]string]bool // viewer, day
}

type modelCount struct {
	views, offline, completions, watch map[[2]string]int64 // lesson, day
	left                               map[[2]string]int64 // lesson, reason
	viewers                            map[string]map[string]bool
	allViewers                         map[string]bool
	flags                              map[[2]string]bool
	capped                             map[string]int64 // lesson -> viewer days whose watch time was shared out
	unions                             map[string]map[string]map[int]bool
}

// count applies the rules to all acknowledged heartbeats.
func (m *viewingModel) count() modelCount {
	c := modelCount{
		views: map[[2]string]int64{}, offline: map[[2]string]int64{}, completions: map[[2]string]int64{},
		watch: map[[2]string]int64{},
		left:  map[[2]string]int64{}, viewers: map[string]map[string]bool{}, allViewers: map[string]bool{},
		flags:  map[[2]string]bool{},
		capped: map[string]int64{}, unions: map[string]map[string]map[int]bool{},
	}
	days := map[[2]string][]*modelSession{} // viewer, day
	for _, s := range m.sessions() {
		k := [2]string{s.beats[0].viewer, s.beats[0].day}
		days[k] = append(days[k], s)
	}
	coverage := map[[3]string]map[string]map[int]bool{} // viewer, lesson, package -> day -> tape
	lengths := map[string]int{}
	for k, ss := range days {
		c.flags[k] = flaggedDay(ss)
		var good []*modelSession
		for _, s := range ss {
			b := s.beats[0]
			lengths[b.pkg] = b.length
			switch {
			case b.leftOut != "":
				c.left[[2]string{b.lesson, b.leftOut}]++
			case c.flags[k] && !m.restored[k]:
				c.left[[2]string{b.lesson, "flagged"}]++
			case !couldBe(s):
				c.left[[2]string{b.lesson, "faster_than_time"}]++
			default:
				good = append(good, s)
			}
		}
		c.viewsOf(k, good)
		c.watchOf(k, good)
		for _, s := range good {
			b := s.beats[0]
			p := [3]string{b.viewer, b.lesson, b.pkg}
			if coverage[p] == nil {
				coverage[p] = map[string]map[int]bool{}
			}
			if coverage[p][k[1]] == nil {
				coverage[p][k[1]] = map[int]bool{}
			}
			addTape(coverage[p][k[1]], s.tape)
		}
	}
	for p, byDay := range coverage {
		c.completionOf(p, byDay, lengths[p[2]])
	}
	return c
}

// sessions merges heartbeats: union of intervals, largest total, latest arrival.
func (m *viewingModel) sessions() map[string]*modelSession {
	all := map[string]*modelSession{}
	for _, b := range m.beats {
		s := all[b.session]
		if s == nil {
			s = &modelSession{tape: map[int]bool{}, last: b.began}
			all[b.session] = s
		}
		s.beats = append(s.beats, b)
		for _, iv := range b.played {
			for x := iv[0]; x < iv[1] && x < b.length; x++ {
				s.tape[x] = true
			}
		}
		if b.arrival > s.last {
			s.last = b.arrival
		}
	}
	for _, s := range all {
		for _, b := range s.beats {
			total := len(s.tape) // the default of a missing total: the length of the union
			if b.seconds != nil {
				total = *b.seconds
			}
			s.total = max(s.total, total)
		}
	}
	return all
}

// couldBe: union and total at most 2 x (latest arrival - issue) + 15 s.
func couldBe(s *modelSession) bool {
	limit := 2*(s.last-s.beats[0].began) + 15000
	return int64(len(s.tape))*tenth <= limit && int64(s.total)*tenth <= limit
}

// flaggedDay: over 60 sessions in an hour, or over 24 credited hours.
func flaggedDay(ss []*modelSession) bool {
	var credited int64
	for _, s := range ss {
		n := 0
		for _, o := range ss {
			if d := o.beats[0].began - s.beats[0].began; d >= 0 && d < 3600_000 {
				n++
			}
		}
		if n > 60 {
			return true
		}
		if couldBe(s) {
			credited += int64(s.total) * tenth
		}
	}
	return credited > 24*3600_000
}

func enough(cells, length int) bool {
	if length < 600 {
		return cells*2 >= length
	}
	return cells >= 300
}

func (c *modelCount) viewsOf(k [2]string, good []*modelSession) {
	all, online, lengths := map[string]map[int]bool{}, map[string]map[int]bool{}, map[string]int{}
	for _, s := range good {
		b := s.beats[0]
		if all[b.lesson] == nil {
			all[b.lesson], online[b.lesson], lengths[b.lesson] = map[int]bool{}, map[int]bool{}, b.length
		}
		lengths[b.lesson] = min(lengths[b.lesson], b.length)
		addTape(all[b.lesson], s.tape)
		if !b.offline {
			addTape(online[b.lesson], s.tape)
		}
	}
	for lesson, tape := range all {
		if !enough(len(tape), lengths[lesson]) {
			continue
		}
		at := [2]string{lesson, k[1]}
		c.views[at]++
		if !enough(len(online[lesson]), lengths[lesson]) {
			c.offline[at]++
		}
		if c.viewers[lesson] == nil {
			c.viewers[lesson] = map[string]bool{}
		}
		c.viewers[lesson][k[0]] = true
		c.allViewers[k[0]] = true
	}
}

// watchOf: the sum of totals, at most 2 x the union of the spans + 15 s. The rules define the day's sum, but not how a
// capped day is shared between lessons.
func (c *modelCount) watchOf(k [2]string, good []*modelSession) {
	var sum int64
	type edge struct {
		at   int64
		step int
	}
	var edges []edge
	lessons := map[string]int64{}
	for _, s := range good {
		sum += int64(s.total) * tenth
		lessons[s.beats[0].lesson] += int64(s.total) * tenth
		edges = append(edges, edge{s.beats[0].began, 1}, edge{s.last, -1})
	}
	sort.Slice(edges, func(i, j int) bool { return edges[i].at < edges[j].at })
	var span int64
	open := 0
	for i, e := range edges {
		if open > 0 {
			span += e.at - edges[i-1].at
		}
		open += e.step
	}
	limit := 2*span + 15000
	c.watch[[2]string{"", k[1]}] += min(sum, limit)
	for lesson, n := range lessons {
		if sum > limit {
			n = int64(float64(n) * float64(limit) / float64(sum))
			c.capped[lesson]++
		}
		c.watch[[2]string{lesson, k[1]}] += n
	}
}

// completionOf: the first day the union of all days reaches 90 %.
func (c *modelCount) completionOf(p [3]string, byDay map[string]map[int]bool, length int) {
	var order []string
	for d := range byDay {
		order = append(order, d)
	}
	sort.Strings(order)
	union, done := map[int]bool{}, false
	for _, d := range order {
		addTape(union, byDay[d])
		if !done && float64(len(union)) >= 0.9*float64(length)-1e-9 {
			c.completions[[2]string{p[1], d}]++
			done = true
		}
	}
	if c.unions[p[2]] == nil {
		c.unions[p[2]] = map[string]map[int]bool{}
	}
	c.unions[p[2]][p[0]] = union
}

func addTape(to, from map[int]bool) {
	for x := range from {
		to[x] = true
	}
}
