package television

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestEstimateShare(t *testing.T) {
	class := func(asked, watched int64, n int) (out []ClassCount) {
		for range n {
			out = append(out, ClassCount{asked, watched})
		}
		return out
	}
	if e := EstimateShare(class(30, 15, 9), true, 1000); e.Projected || e.Persons != 0 || e.Observed != 135 ||
		e.Classes != 9 {
		t.Errorf("nine classes: %+v", e)
	}
	if e := EstimateShare(class(30, 15, 12), false, 1000); e.Projected || e.Classes != 12 || e.Observed != 180 {
		t.Errorf("not drawn: %+v", e)
	}
	if e := EstimateShare(class(30, 15, 10), true, 1000); !e.Projected || e.Share != 0.5 || e.Low != 0.5 ||
		e.Up != 0.5 || e.Persons != 500 {
		t.Errorf("all alike: %+v", e)
	}
	if e := EstimateShare(append(class(30, 0, 5), class(30, 30, 5)...), true, 1000); e.Low < 0 || e.Up > 1 ||
		e.Up-e.Low < 0.7 {
		t.Errorf("all or nothing: %+v", e)
	}
	if e := EstimateShare(append(class(30, 15, 10), ClassCount{}), true, 1000); e.Classes != 10 {
		t.Errorf("a class where nobody was asked: %+v", e)
	}
	// By hand: shares of 10 classes of 20, 8 to 12 watched.
	var byHand []ClassCount
	for _, w := range []int64{8, 9, 10, 11, 12, 8, 9, 10, 11, 12} {
		byHand = append(byHand, ClassCount{20, w})
	}
	e := EstimateShare(byHand, true, 10_000)
	if want := 2.262 * math.Sqrt(20.0/90) / 20; e.Share != 0.5 || math.Abs(e.Up-0.5-want) > 1e-9 {
		t.Errorf("%+v, want half width %v", e, want)
	}
}

// TestEstimateCovers: drawn again and again from a known province, the interval
// holds the truth about 95 times in a hundred.
func TestEstimateCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 20))
	var province []ClassCount
	var asked, watched int64
	for range 2000 {
		size := 20 + r.Int64N(26)
		share := 0.2 + 0.5*r.Float64()
		c := ClassCount{size, int64(share * float64(size))}
		province = append(province, c)
		asked, watched = asked+c.Asked, watched+c.Watched
	}
	truth := float64(watched) / float64(asked)
	held := 0
	const draws = 2000
	for range draws {
		var sample []ClassCount
		for range 15 {
			sample = append(sample, province[r.IntN(len(province))])
		}
		if e := EstimateShare(sample, true, asked); e.Low <= truth && truth <= e.Up {
			held++
		}
	}
	if share := float64(held) / draws; share < 0.92 || share > 0.975 {
		t.Errorf("the interval held the truth in %.3f of the draws", share)
	}
}

func TestStudent95(t *testing.T) {
	for df, want := range map[int]float64{9: 2.262, 14: 2.145, 22: 2.086, 39: 2.042, 1000: 1.980} {
		if got := student95(df); got != want {
			t.Errorf("%d: %v", df, got)
		}
	}
}

func TestMinuteAudience(t *testing.T) {
	if a, p := MinuteAudience([]float64{100, 300, 200}); a != 200 || p != 300 {
		t.Errorf("%v %v", a, p)
	}
	if a, p := MinuteAudience(nil); a != 0 || p != 0 {
		t.Errorf("%v %v", a, p)
	}
}
