package production

import "time"

// The stages of a lesson's preparation, as locale keys, and their shares of
// its one fraction. Measuring is short, checking the whole package again is
// bound by reading it once.
const (
	stageTranscode = "transcode"
	stageVerify    = "verify"

	probeShare     = 0.01
	transcodeShare = 0.95
)

// fraction of the work that is done, 0 to 1; both are in the unit of the tasks'
// weights.
func fraction(done, all float64) float64 {
	if all <= 0 {
		return 0
	}
	return min(max(done/all, 0), 1)
}

// Estimate tells how long something of known fraction will still take, in a
// way that people can watch: what it shows runs with the clock and bends
// towards what was measured, it does not jump. The zero Estimate begins one.
type Estimate struct {
	Known     bool          // false until enough was seen: say nothing then
	Remaining time.Duration // rounded for people by Round

	at    time.Time
	done  float64
	rate  float64 // fraction a second, smoothed
	since time.Time
	first float64
	lump  float64 // the largest step so far
}

// The numbers of Estimate.
const (
	estimateAfter = 5 * time.Second  // of watching, before anything is said
	estimateMoved = 0.01             // of the whole, beside the largest step
	rateMemory    = 60 * time.Second // how far back the rate is remembered
	mostRise      = 2.0              // seconds a second by which Remaining may grow: better corrected than wrong
	mostFall      = 4.0              // seconds a second by which it may shrink
)

// Next takes one more look: at now, done (0 to 1) is done. A done that runs
// back begins again.
func (e Estimate) Next(now time.Time, done float64) Estimate {
	if e.since.IsZero() || done < e.done {
		return Estimate{at: now, done: done, since: now, first: done}
	}
	dt := now.Sub(e.at).Seconds()
	if dt <= 0 {
		return e
	}
	step := done - e.done
	e.lump = max(e.lump, step)
	elapsed := now.Sub(e.since).Seconds()
	mean := (done - e.first) / elapsed
	if !e.Known {
		// Pieces land in lumps, and whoever begins to watch just before one
		// would be promised too much: the largest step does not count yet.
		e.rate = (done - e.first - e.lump) / elapsed
	} else {
		// Half the recent pace, half the mean since the beginning.
		k := min(dt/rateMemory.Seconds(), 1)
		recent := e.rate + k*(step/dt-e.rate)
		e.rate = recent + 0.5*k*(mean-recent)
	}
	shown := e.Remaining.Seconds()
	e.at, e.done = now, done
	switch {
	case done >= 1:
		e.Known, e.Remaining = true, 0
		return e
	case e.rate <= 0, !e.Known && (now.Sub(e.since) < estimateAfter || done-e.first-e.lump < estimateMoved):
		return e
	}
	left := (1 - done) / e.rate
	if e.Known {
		left = min(max(left, shown-mostFall*dt), shown+mostRise*dt)
	}
	e.Known, e.Remaining = true, time.Duration(max(left, 0)*float64(time.Second))
	return e
}

// Round gives Remaining in steps that people think in: 5 s below a minute,
// 30 s below ten minutes, then minutes; never nothing before the end.
func (e Estimate) Round() time.Duration {
	step := time.Minute
	switch {
	case e.Remaining < time.Minute:
		step = 5 * time.Second
	case e.Remaining < 10*time.Minute:
		step = 30 * time.Second
	}
	d := e.Remaining.Round(step)
	if d == 0 && e.done < 1 {
		d = step
	}
	return d
}
