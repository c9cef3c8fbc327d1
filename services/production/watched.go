package production

import (
	"sync"
	"time"
)

// Watched keeps the estimates of recordings that somebody looks at, in this
// process. Each look moves an estimate on; one that nobody looked at for a
// while is forgotten.
type Watched struct {
	Now func() time.Time

	mu  sync.Mutex
	all map[string]Estimate // by recording
}

// forgetAfter is how long an unwatched estimate is kept.
const forgetAfter = 10 * time.Minute

// SecondsLeft takes a look at a recording of which fraction is done; -1 while
// nothing can be said.
func (w *Watched) SecondsLeft(recording string, fraction float64) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if w.all == nil {
		w.all = map[string]Estimate{}
	}
	for id, e := range w.all {
		if now.Sub(e.at) > forgetAfter {
			delete(w.all, id)
		}
	}
	e := w.all[recording].Next(now, fraction)
	w.all[recording] = e
	if !e.Known {
		return -1
	}
	return e.Round().Seconds()
}
