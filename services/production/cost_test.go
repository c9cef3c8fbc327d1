package production

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// countedPackages and countedTotals count the statements and rows that finishing one piece reads.
type countedPackages struct {
	*packageStore
	cost *cost
}

type cost struct{ statements, rows int }

func (p countedPackages) Segments(ctx context.Context, id string) ([]Segment, error) {
	list, err := p.packageStore.Segments(ctx, id)
	p.cost.statements++
	p.cost.rows += len(list)
	return list, err
}

type countedTotals struct {
	JobTotals
	cost *cost
}

func (q countedTotals) GroupTotals(ctx context.Context, g job.Group) (job.GroupTotals, error) {
	q.cost.statements++
	q.cost.rows++
	return q.JobTotals.GroupTotals(ctx, g)
}

// TestCostPerPieceIsConstant: finishing a piece reads the same number of rows whatever the number of pieces, and the
// progress that it stores is the share of the finished tasks.
func TestCostPerPieceIsConstant(t *testing.T) {
	costs := map[int]cost{}
	for _, tasks := range []int{10, 1000} {
		costs[tasks] = costOfPiece(t, tasks)
	}
	if costs[10] != costs[1000] {
		t.Errorf("cost of a piece with 10 tasks %+v, with 1,000 tasks %+v", costs[10], costs[1000])
	}
	if costs[1000].statements == 0 || costs[1000].rows > 5 {
		t.Errorf("a piece costs %+v", costs[1000])
	}
}

func costOfPiece(t *testing.T, tasks int) cost {
	ctx := t.Context()
	h := newFixture(t)
	defer h.Scratch.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.lessons.Save(ctx, lesson.Lesson{
		ID: "L", TeacherID: teacher.ID, Status: lesson.Draft,
		Media: lesson.Media{State: lesson.Processing, RecordingID: "R", MakingID: "P"},
	}))
	must(h.pkgs.SavePackage(ctx, Package{ID: "P", LessonID: "L", RecordingID: "R", State: Growing}))
	args := make([]TranscodeArgs, tasks)
	for i := range tasks {
		task := transcoder.Task{Piece: i + 1, Group: "all", Rungs: []string{"360p"}, Weight: 1 / float64(tasks)}
		args[i] = TranscodeArgs{"L", "R", "P", task}
		must(h.jobs.Add(ctx, job.New{Args: args[i], Subject: Subject("L"), Weight: task.Weight,
			Key: transcodeKey("P") + strconv.Itoa(task.Piece) + ":all"}))
		must(h.pkgs.AddPiece(ctx, "P", "480p", i, []Segment{{PackageID: "P", Rung: "480p", Piece: i}}))
	}
	var spent cost
	h.Packages = countedPackages{h.pkgs, &spent}
	h.Queue = countedTotals{h.jobs, &spent}
	for range 2 {
		j, err := h.jobs.Claim(ctx, "w", []string{kindTranscode}, 1<<40)
		must(err)
		var a TranscodeArgs
		must(json.Unmarshal(j.Args, &a))
		spent = cost{}
		run := &job.Run{Job: *j, Log: h.Log}
		must(h.addPieces(ctx, run, a, transcoder.Plan{},
			[]Segment{{PackageID: "P", Rung: "360p", Piece: a.Task.Piece}}))
		must(h.jobs.Finish(ctx, j.ID, j.Token, job.Done, "", run.Job.RunAt))
	}
	want := fmt.Sprintf("%.6f", probeShare+transcodeShare*2/float64(tasks))
	if got := fmt.Sprintf("%.6f", h.lesson("L").Media.Fraction); got != want {
		t.Errorf("progress after 2 of %d tasks is %s, want %s", tasks, got, want)
	}
	return spent
}
