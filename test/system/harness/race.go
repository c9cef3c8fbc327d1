//go:build race

package harness

// raceEnabled reports whether the race detector is on.
const raceEnabled = true
