package probe

import (
	"math"
	"testing"
)

// TestDistance: the usual distance of the pictures that are there.
func TestDistance(t *testing.T) {
	t.Parallel()
	every := func(n int, step, from float64) (list []float64) {
		for i := range n {
			list = append(list, from+float64(i)*step)
		}
		return list
	}
	for _, c := range []struct {
		name     string
		times    []float64
		rate     float64
		variable bool
	}{
		{"steady", every(200, 0.04, 0), 25, false},
		{"a hole of ten seconds", append(every(101, 0.04, 0), every(101, 0.04, 14)...), 25, false},
		{"a hole of an hour", append(every(101, 0.04, 0), every(101, 0.04, 3600)...), 25, false},
		{"one picture", []float64{3}, 0, false},
		{"two at one time", []float64{0.5, 0.5}, 0, false},
		{"slides", []float64{0, 5, 6, 20, 22}, 0.5, true},
	} {
		_, rate, variable := distance(c.times)
		if variable != c.variable || !c.variable && math.Abs(rate-c.rate) > 0.01 {
			t.Errorf("%s: %.3f a second, variable %v", c.name, rate, variable)
		}
	}
}

// TestPacketNumbers: what is no number counts as not given.
func TestPacketNumbers(t *testing.T) {
	t.Parallel()
	streams, c := map[int]*packets{}, newClock("mpegts", true, 0)
	for _, line := range []string{
		"stream_index=0|pts_time=inf|dts_time=nan|duration_time=inf|size=-5|flags=K_",
		"stream_index=0|pts_time=-1e300|dts_time=N/A|duration_time=0.04|size=5|flags=K_",
		"stream_index=-1|pts_time=1|dts_time=1|duration_time=0.04|size=5|flags=K_",
	} {
		addPacket(streams, c, line)
	}
	if len(streams) != 0 {
		t.Fatalf("%+v", streams)
	}
	addPacket(streams, c, "stream_index=0|pts_time=1|dts_time=inf|duration_time=1e9|size=-5|flags=K_")
	if s := streams[0]; s == nil || s.start != 1 || s.end != 1 || s.bytes != 0 {
		t.Errorf("%+v", s)
	}
	f := Facts{}
	measurePicture(&f, streams[0], stream{})
	if math.IsInf(f.FPS, 0) || math.IsNaN(f.FPS) || f.RateNum <= 0 || f.VideoEnd <= f.VideoStart {
		t.Errorf("%+v", f)
	}
}
