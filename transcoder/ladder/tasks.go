package ladder

// Task is one unit of encoding that any worker may take: one piece of the
// recording for a group of rungs made from one decode.
type Task struct {
	Piece  int      `json:"piece"` // 0-based
	Group  string   `json:"group"` // "low", "high", "all": unique within a piece
	Rungs  []string `json:"rungs"`
	Weight float64  `json:"weight"` // share of the whole plan's work; all tasks add up to 1
}

// The groups of rungs that are made from one decode.
const (
	Low  = "low"  // what makes the lesson playable
	High = "high" // the rest of the first piece
	All  = "all"  // every other piece is decoded once
)

// Tasks lists the work in order of priority. The first piece comes in two:
// its low rungs first, because with them the lesson is playable; the others
// are decoded once for all rungs, because a second decode would cost 13 %.
func (p Plan) Tasks() []Task {
	var low, high, all []Rung
	for _, r := range p.Rungs {
		all = append(all, r)
		if r.Kind == Audio || r.Height*r.Width <= lowPixels {
			low = append(low, r)
		} else {
			high = append(high, r)
		}
	}
	if len(low) == 0 {
		low, high = all, nil
	}
	var tasks []Task
	for i := range p.Pieces {
		switch {
		case i == 0 && len(high) > 0:
			tasks = append(tasks, p.task(i, Low, low), p.task(i, High, high))
		default:
			tasks = append(tasks, p.task(i, All, all))
		}
	}
	total := 0.0
	for _, t := range tasks {
		total += t.Weight
	}
	for i := range tasks {
		tasks[i].Weight /= total
	}
	return tasks
}

// lowPixels bounds the rungs that are made first: 640x360.
const lowPixels = 640 * 360

func (p Plan) task(piece int, group string, rungs []Rung) Task {
	t := Task{Piece: piece, Group: group}
	work := decodeWork
	for _, r := range rungs {
		t.Rungs = append(t.Rungs, r.Name)
		work += r.Work
	}
	t.Weight = work * (p.Pieces[piece].End - p.Pieces[piece].Start)
	return t
}
