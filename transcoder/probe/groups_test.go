package probe

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stream25 makes rows of 25 pictures a second from places in the order of
// decoding; a negative place is a key frame at its absolute value.
func stream25(places ...int) (*Facts, *packets, stream) {
	s := &packets{}
	for i, p := range places {
		s.rows = append(s.rows, row{pts: 7 + math.Abs(float64(p))/25, dts: 6.9 + float64(i)/25, size: 100,
			key: p < 0 || i == 0})
	}
	f := &Facts{Codec: "h264", Profile: "High", PixelFormat: "yuv420p", Width: 64, Height: 64, Matrix: "bt709",
		RateNum: 25, RateDen: 1, VideoStart: 7}
	return f, s, stream{Width: 64, Height: 64, FieldOrder: "progressive"}
}

func TestGroups(t *testing.T) {
	f, s, d := stream25(0, 2, 1, -3, 5, 4, -6, 7)
	g := groups(f, s, d)
	if diff := cmp.Diff(&Groups{Keys: []int64{0, 3, 6}, Bytes: []int64{300, 300, 200}, Pictures: 8}, g); diff != "" {
		t.Error(diff)
	}
	// A group whose first pictures in showing need the one before is no group.
	f, s, d = stream25(0, 1, -4, 2, 3, 5, -6, 7)
	if g := groups(f, s, d); g.Reason != "" || len(g.Keys) != 2 || g.Keys[1] != 6 {
		t.Errorf("open group: %+v", g)
	}
}

func TestGroupsThatAreDoubtful(t *testing.T) {
	for _, c := range []struct {
		reason string
		change func(*Facts, *packets, *stream)
	}{
		{"reordered", func(_ *Facts, s *packets, _ *stream) {
			for i, p := range []float64{0, 4, 3, 2, 1} {
				s.rows[i].pts = 7 + p/25
			}
		}},
		{"doubled", func(_ *Facts, s *packets, _ *stream) { s.rows[3].pts = s.rows[2].pts }},
		{"exact rate", func(_ *Facts, s *packets, _ *stream) { s.rows[3].pts += 0.012 }},
		{"run back", func(_ *Facts, s *packets, _ *stream) { s.rows[3].dts = s.rows[1].dts }},
		{"run back", func(_ *Facts, s *packets, _ *stream) { s.rows[3].pts = math.NaN() }},
		{"edit list", func(_ *Facts, s *packets, _ *stream) { s.discarded = true }},
		{"parameters", func(_ *Facts, s *packets, _ *stream) { s.changed = true }},
		{"key frame", func(_ *Facts, s *packets, _ *stream) { s.rows[0].key = false }},
		{"8 bits", func(f *Facts, _ *packets, _ *stream) { f.PixelFormat = "yuv420p10le" }},
		{"High or Main", func(f *Facts, _ *packets, _ *stream) { f.Profile = "Baseline" }},
		{"colours", func(f *Facts, _ *packets, _ *stream) { f.Matrix = "" }},
		{"colours", func(f *Facts, _ *packets, _ *stream) { f.HDR = true }},
		{"progressive", func(_ *Facts, _ *packets, d *stream) { d.FieldOrder = "tt" }},
		{"square", func(f *Facts, _ *packets, _ *stream) { f.Width = 128 }},
		{Flawed, func(f *Facts, _ *packets, _ *stream) { f.Warning = Flawed }},
	} {
		f, s, d := stream25(0, 1, 2, 3, 4, 5)
		c.change(f, s, &d)
		if g := groups(f, s, d); !strings.Contains(g.Reason, c.reason) {
			t.Errorf("%q, expected %q", g.Reason, c.reason)
		}
	}
}
