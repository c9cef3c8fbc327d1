package production

import (
	"strconv"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// The kinds of work.
const (
	kindProbe     = "probe"
	kindTranscode = "transcode"
	kindFinish    = "finish"
	kindExtras    = "extras"
	kindBroadcast = "broadcast"
	kindHash      = "hash"
	kindPublish   = "publish"
	kindSweep     = "sweep"
	kindOrphans   = "orphans"
)

// ProbeArgs asks for a recording to be measured and planned.
type ProbeArgs struct {
	Lesson    string `json:"lesson"`
	Recording string `json:"recording"`
	Encode    bool   `json:"encode,omitempty"` // its own pictures were found unfit for repackaging
}

// Kind names the worker.
func (ProbeArgs) Kind() string { return kindProbe }

// TranscodeArgs asks for one task of a package's plan.
type TranscodeArgs struct {
	Lesson    string          `json:"lesson"`
	Recording string          `json:"recording"`
	Package   string          `json:"package"`
	Task      transcoder.Task `json:"task"`
}

// Kind names the worker.
func (TranscodeArgs) Kind() string { return kindTranscode }

// FinishArgs asks for a complete package to be verified and switched to.
type FinishArgs struct {
	Lesson    string `json:"lesson"`
	Recording string `json:"recording"`
	Package   string `json:"package"`
}

// Kind names the worker.
func (FinishArgs) Kind() string { return kindFinish }

// ExtrasArgs asks for the plain files and the storyboard of a verified package.
type ExtrasArgs struct {
	Lesson  string `json:"lesson"`
	Package string `json:"package"`
}

// Kind names the worker.
func (ExtrasArgs) Kind() string { return kindExtras }

// HashArgs asks for the SHA-256 of a whole recording.
type HashArgs struct {
	Lesson    string `json:"lesson"`
	Recording string `json:"recording"`
}

// Kind names the worker.
func (HashArgs) Kind() string { return kindHash }

// PublishArgs asks for an approved lesson to be published at its time.
type PublishArgs struct {
	Lesson string    `json:"lesson"`
	At     time.Time `json:"at"`
}

// Kind names the worker.
func (PublishArgs) Kind() string { return kindPublish }

// SweepArgs asks for everything to be removed whose time has passed.
type SweepArgs struct{}

// Kind names the worker.
func (SweepArgs) Kind() string { return kindSweep }

// OrphansArgs asks for storage to be compared with the database.
type OrphansArgs struct{}

// Kind names the worker.
func (OrphansArgs) Kind() string { return kindOrphans }

// Subject is how the jobs of a lesson are listed and cancelled.
func Subject(lessonID string) string { return "lesson:" + lessonID }

// firstThings is the priority of what makes a lesson playable: before every
// other lesson's bulk, after the probes that refuse bad recordings.
const firstThings = 20

// ReceivedJobs are the jobs that follow a received recording. They carry no
// key: lesson.Receive asks once, and after a retry the old ones may still be
// about to stop.
func ReceivedJobs(l lesson.Lesson, r lesson.Recording) []job.New {
	return []job.New{
		{Args: ProbeArgs{Lesson: l.ID, Recording: r.ID}, Subject: Subject(l.ID), Priority: job.Urgent},
		{Args: HashArgs{l.ID, r.ID}, Subject: Subject(l.ID), Priority: job.Low},
	}
}

// PublishJob publishes an approved lesson at its PublishAt.
func PublishJob(l lesson.Lesson) job.New {
	return job.New{
		Args: PublishArgs{l.ID, l.PublishAt}, Key: "publish:" + l.ID + ":" + strconv.FormatInt(l.PublishAt.Unix(), 10),
		Subject: Subject(l.ID), Priority: job.High, RunAt: l.PublishAt,
	}
}

// transcodeKey begins the keys of all transcode jobs of a package.
func transcodeKey(packageID string) string { return "transcode:" + packageID + ":" }

// transcodeJobs are the jobs of a plan, in its own order; what makes the
// lesson playable goes before other lessons' work.
func transcodeJobs(p Package, plan transcoder.Plan) []job.New {
	tasks := plan.Tasks()
	jobs := make([]job.New, len(tasks))
	for i, t := range tasks {
		jobs[i] = job.New{
			Args: TranscodeArgs{p.LessonID, p.RecordingID, p.ID, t}, Subject: Subject(p.LessonID), Priority: job.Normal,
			Key: transcodeKey(p.ID) + strconv.Itoa(t.Piece) + ":" + t.Group, Weight: t.Weight,
		}
		if i == 0 {
			jobs[i].Priority = firstThings
		}
	}
	return jobs
}

// finishJob verifies a complete package.
func finishJob(a FinishArgs) job.New {
	return job.New{Args: a, Key: "finish:" + a.Package, Subject: Subject(a.Lesson), Priority: job.High}
}

// extrasJob makes what stands beside a verified ladder.
func extrasJob(p Package) job.New {
	return job.New{Args: ExtrasArgs{p.LessonID, p.ID}, Key: "extras:" + p.ID, Subject: Subject(p.LessonID),
		Priority: job.Low}
}

// broadcastJob makes a broadcast copy.
func broadcastJob(c Copy) job.New {
	return job.New{Args: BroadcastArgs{c.ID}, Key: "broadcast:" + c.ID, Subject: Subject(c.LessonID),
		Priority: job.Low}
}

// BroadcastArgs asks for a broadcast copy to be made.
type BroadcastArgs struct {
	Copy string `json:"copy"`
}

// Kind names the worker.
func (BroadcastArgs) Kind() string { return kindBroadcast }
