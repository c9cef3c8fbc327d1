package production

import (
	"context"
	"encoding/json"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/transcoder/delivery"
)

// Copy is a broadcast copy: the delivery file of a lesson for one channel.
type Copy struct {
	ID          string
	LessonID    string
	ChannelID   string
	PackageID   string // whose recording it is made from
	Format      string // delivery.Format's name
	State       CopyState
	FailureCode string          // stable code when State is CopyFailed
	HouseNumber string          // the station's own number
	Key         string          // media key; "" until the copy is ready
	Size        int64           // bytes
	SHA256      string          // hex
	Sheet       json.RawMessage // delivery.Sheet, once it was measured
	CreatedBy   string
	CreatedAt   time.Time
	FinishedAt  time.Time
}

// CopyState of a broadcast copy.
type CopyState string

// The states. Only a ready copy has a file: one that fails its QC is not kept.
const (
	CopyWaiting CopyState = "waiting"
	CopyMaking  CopyState = "making"
	CopyReady   CopyState = "ready"
	CopyFailed  CopyState = "failed"
)

// Why a copy failed.
const (
	CopyFailedQC     = "copy.qc_failed"
	CopyCannotBeMade = "copy.cannot_be_made"
	CopyReplaced     = "copy.recording_replaced"
)

// CopyStore keeps broadcast copies. Missing rows are fault.NotFound "copy.not_found".
type CopyStore interface {
	Copy(ctx context.Context, id string) (Copy, error)
	SaveCopy(ctx context.Context, c Copy) error
	// Copies of a lesson, newest first.
	Copies(ctx context.Context, lesson string) ([]Copy, error)
	DeleteCopies(ctx context.Context, lesson string) error
}

// Copies is what stations and scripts ask for broadcast copies.
type Copies struct {
	Store    CopyStore
	Packages Store
	Lessons  lesson.Store
	Schedule schedule.Store
	Jobs     job.Queue
	Atomic   job.Atomic
	Audit    audit.Log
	Now      func() time.Time
	NewID    func() string
}

// maxHouseNumber is the longest a station's number may be, in bytes.
const maxHouseNumber = 64

// Ask has a copy made of the recording that plays now. A copy of the same
// recording for the same channel in the same format that has not failed is
// given instead of a second one. An empty format is the first configured. Faults:
// "copy.invalid" with fields, "channel.not_found", fault.Conflict
// "copy.lesson_not_ready".
func (s *Copies) Ask(ctx context.Context, by people.Person, lessonID, channelID, format,
	houseNumber string) (Copy, error) {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return Copy{}, fault.New(fault.Forbidden, "access.denied")
	}
	if format == "" {
		format = delivery.Formats()[0].Name
	}
	var bad []fault.Field
	if _, ok := delivery.Find(format); !ok {
		bad = append(bad, fault.Wrong("format", "copy.unknown_format"))
	}
	if channelID == "" {
		bad = append(bad, fault.Wrong("channelId", "field.required"))
	}
	if len(houseNumber) > maxHouseNumber {
		bad = append(bad, fault.Wrong("houseNumber", "field.too_long", "max", maxHouseNumber))
	}
	if err := fault.Form("copy.invalid", bad...); err != nil {
		return Copy{}, err
	}
	var c Copy
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := s.Lessons.Lock(ctx, lessonID)
		if err != nil {
			return err
		}
		if _, err := s.Schedule.Channel(ctx, channelID); err != nil {
			return err
		}
		p, err := s.Packages.Package(ctx, l.Media.PackageID)
		if superseded(err) || err == nil && (p.State != Verified || !l.DeletedAt.IsZero()) {
			return fault.New(fault.Conflict, "copy.lesson_not_ready")
		}
		if err != nil {
			return err
		}
		old, err := s.Store.Copies(ctx, lessonID)
		if err != nil {
			return err
		}
		c = Copy{ID: s.NewID(), LessonID: lessonID, ChannelID: channelID, PackageID: p.ID, Format: format,
			State:       CopyWaiting,
			HouseNumber: houseNumber, CreatedBy: by.ID, CreatedAt: s.Now()}
		for _, o := range old {
			if o.ChannelID == channelID && o.Format == format && o.PackageID == p.ID && o.State != CopyFailed {
				c = o
				break
			}
		}
		if c.State == CopyReady {
			return nil
		}
		if err := s.Store.SaveCopy(ctx, c); err != nil {
			return err
		}
		// The job of a copy that waits is asked for again, in case an operator
		// cancelled it.
		if err := s.Jobs.Add(ctx, broadcastJob(c)); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.EditSchedule), Subject: "copy:" + c.ID, Detail: format})
	})
	return c, err
}

// Copy gives one to those who may see the schedule.
func (s *Copies) Copy(ctx context.Context, by people.Person, id string) (Copy, error) {
	if !people.May(by, people.ReadSchedule, people.Object{}) {
		return Copy{}, fault.New(fault.Forbidden, "access.denied")
	}
	c, err := s.Store.Copy(ctx, id)
	if err != nil {
		return c, err
	}
	l, err := s.Lessons.Lesson(ctx, c.LessonID)
	if err == nil && !l.TakenDownAt.IsZero() {
		return Copy{}, fault.New(fault.Gone, "lesson.taken_down") // nobody puts it on air any more
	}
	return c, err
}

// OfLesson lists a lesson's, newest first.
func (s *Copies) OfLesson(ctx context.Context, by people.Person, lessonID string) ([]Copy, error) {
	if !people.May(by, people.ReadSchedule, people.Object{}) {
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	if _, err := s.Lessons.Lesson(ctx, lessonID); err != nil {
		return nil, err
	}
	return s.Store.Copies(ctx, lessonID)
}

// OfChannel lists the copies for a channel's airings that begin from one time
// up to another, in the order of the airings.
func (s *Copies) OfChannel(ctx context.Context, by people.Person, channelID string, from,
	to time.Time) ([]Copy, error) {
	if !people.May(by, people.ReadSchedule, people.Object{}) {
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	if _, err := s.Schedule.Channel(ctx, channelID); err != nil {
		return nil, err
	}
	as, err := s.Schedule.Airings(ctx, schedule.Filter{Channel: channelID, From: from, To: to})
	if err != nil {
		return nil, err
	}
	var list []Copy
	seen := map[string]bool{}
	for _, a := range as {
		if seen[a.LessonID] {
			continue
		}
		seen[a.LessonID] = true
		cs, err := s.Store.Copies(ctx, a.LessonID)
		if err != nil {
			return nil, err
		}
		for _, c := range cs {
			if c.ChannelID == channelID {
				list = append(list, c)
			}
		}
	}
	return list, nil
}
