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
	Same = "same" // the picture as it is in the recording: next to no work
)

// ahead is how many pieces of a repackaged rung are made for each piece that
// is encoded: the whole lesson is soon there, and nobody who watches a low
// rung waits for it.
const ahead = 3

// Tasks lists the work in order of priority. The first piece comes in two:
// its low rungs first, because with them the lesson is playable; the others
// are decoded once for all rungs, because a second decode would cost 13 %. A
// repackaged rung runs ahead of them.
func (p Plan) Tasks() []Task {
	var low, high, all, same []Rung
	for _, r := range p.Rungs {
		small := r.Kind == Audio || r.Height*r.Width <= lowPixels
		switch {
		case r.Copy && !small:
			same = append(same, r)
			continue
		case small:
			low = append(low, r)
		default:
			high = append(high, r)
		}
		all = append(all, r)
	}
	if len(low) == 0 {
		low, high = all, nil
	}
	var tasks []Task
	next := 0 // piece of the repackaged rung
	copies := func(until int) {
		for ; len(same) > 0 && next < min(until, len(p.Pieces)); next++ {
			tasks = append(tasks, p.task(next, Same, same))
		}
	}
	for i := range p.Pieces {
		switch {
		case len(all) == 0: // silent, and no rung but the repackaged one
		case i == 0 && len(high) > 0:
			tasks = append(tasks, p.task(i, Low, low))
			copies(ahead)
			tasks = append(tasks, p.task(i, High, high))
		default:
			tasks = append(tasks, p.task(i, All, all))
		}
		copies(ahead * (i + 1))
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
	if group == Same {
		work = 0
	}
	for _, r := range rungs {
		t.Rungs = append(t.Rungs, r.Name)
		work += r.Work
	}
	t.Weight = work * (p.Pieces[piece].End - p.Pieces[piece].Start)
	return t
}
