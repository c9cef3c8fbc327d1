package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
)

// Packages tests an implementation of production.Store.
func Packages(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Packages.Package(bg, "none")
	wantFault(t, err, fault.NotFound, "package.not_found")
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1"}))
	p := production.Package{
		ID: "k1", LessonID: "l1", RecordingID: "r1", State: production.Growing,
		Facts: json.RawMessage(`{"width":1280,"title":"a'b?"}`),
		Plan:  json.RawMessage(`[1,2]`), Duration: 12.5, CreatedAt: moment(0), PlayableAt: moment(1),
		FinishedAt: moment(2), RetiredAt: moment(3),
	}
	p.Files = []production.File{
		{Key: "lessons/l1/packages/k1/files/0-7/storyboard.jpg", Size: 9},
		{Key: "lessons/l1/packages/k1/files/0-7/saver.mp4", Size: 1 << 33, Rendition: lesson.Rendition{Name: "saver",
			Kind: lesson.KindFile, File: "files/0-7/saver.mp4", Bytes: 1 << 33}},
	}
	ok(t, s.Packages.SavePackage(bg, p))
	ok(t, s.Packages.SavePackage(bg,
		production.Package{ID: "k2", LessonID: "l1", CreatedAt: moment(1), RetiredAt: moment(5)}))
	ok(t, s.Packages.SavePackage(bg, production.Package{ID: "k3", LessonID: "l1", CreatedAt: moment(2)}))
	for _, at := range []*time.Time{&p.CreatedAt, &p.PlayableAt, &p.FinishedAt, &p.RetiredAt} {
		*at = kept(*at)
	}
	same(t, must(s.Packages.Package(bg, "k1"))(t), p)
	id := func(p production.Package) string { return p.ID }
	same(t, ids(must(s.Packages.Packages(bg, "l1"))(t), id), []string{"k3", "k2", "k1"})
	same(t, ids(must(s.Packages.Retired(bg, moment(3), 10))(t), id), []string{})
	same(t, ids(must(s.Packages.Retired(bg, moment(6), 10))(t), id), []string{"k1", "k2"})
	same(t, ids(must(s.Packages.Retired(bg, moment(6), 1))(t), id), []string{"k1"})

	seg := func(rung string, piece, index int) production.Segment {
		return production.Segment{
			PackageID: "k1", Rung: rung, Piece: piece, Index: index, Duration: 4.004, Size: 1 << 20, SHA256: "ab",
			Key: fmt.Sprintf("lessons/l1/packages/k1/%s/%d/%d", rung, piece, index),
		}
	}
	ok(t, s.Packages.AddPiece(bg, "k1", "saver", 0, []production.Segment{seg("saver", 0, 0)}))
	ok(t, s.Packages.AddPiece(bg, "k1", "720p", 1,
		[]production.Segment{seg("720p", 1, 1), seg("720p", 1, 0), seg("720p", 1, -1)}))
	long := []production.Segment{}
	for i := -1; i < 450; i++ {
		long = append(long, seg("720p", 0, i))
	}
	ok(t, s.Packages.AddPiece(bg, "k1", "720p", 0, long))
	// A second attempt at a piece replaces the first.
	ok(t, s.Packages.AddPiece(bg, "k1", "720p", 1, []production.Segment{seg("720p", 1, -1), seg("720p", 1, 0)}))
	want := append(long, seg("720p", 1, -1), seg("720p", 1, 0), seg("saver", 0, 0))
	same(t, must(s.Packages.Segments(bg, "k1"))(t), want)
	// Saving the package keeps its segments.
	p.State = production.Verified
	ok(t, s.Packages.SavePackage(bg, p))
	same(t, len(must(s.Packages.Segments(bg, "k1"))(t)), len(want))
	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		same(t, must(s.Packages.LockPackage(ctx, "k1"))(t), p)
		return nil
	}))
	for range 2 { // sweeping may run twice
		ok(t, s.Packages.DeletePackage(bg, "k1"))
	}
	same(t, len(must(s.Packages.Segments(bg, "k1"))(t)), 0)
	if err := s.Packages.AddPiece(bg, "k1", "720p", 0, long); err == nil {
		t.Error("segments of a package that is gone were taken")
	}
}

// Schedule tests an implementation of schedule.Store.
func Schedule(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Schedule.Channel(bg, "none")
	wantFault(t, err, fault.NotFound, "channel.not_found")
	_, err = s.Schedule.Airing(bg, "none")
	wantFault(t, err, fault.NotFound, "airing.not_found")
	wantFault(t, s.Schedule.DeleteAiring(bg, "none"), fault.NotFound, "airing.not_found")
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1"}))
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l2"}))
	c := schedule.Channel{ID: "c1", Name: "LTV", Own: true, Timezone: "Asia/Ho_Chi_Minh", CreatedAt: moment(0)}
	ok(t, s.Schedule.SaveChannel(bg, c))
	ok(t, s.Schedule.SaveChannel(bg, schedule.Channel{ID: "c0", Name: "VTV7", CreatedAt: moment(1)}))
	c.CreatedAt = kept(c.CreatedAt)
	same(t, must(s.Schedule.Channel(bg, "c1"))(t), c)
	same(t, ids(must(s.Schedule.Channels(bg))(t), func(c schedule.Channel) string { return c.ID }),
		[]string{"c1", "c0"})
	ok(t, s.Atomic.Atomically(bg, func(ctx context.Context) error {
		same(t, must(s.Schedule.LockChannel(ctx, "c1"))(t), c)
		_, err := s.Schedule.LockChannel(ctx, "none")
		wantFault(t, err, fault.NotFound, "channel.not_found")
		return nil
	}))

	a := schedule.Airing{
		ID: "a1", ChannelID: "c1", LessonID: "l1", CopyID: "k1", HouseNumber: "LTV-0042", StartsAt: moment(0),
		EndsAt: moment(30), Outcome: schedule.Partial,
		StartedAt: moment(1), EndedAt: moment(20), Note: "cắt vì tin bão", ReportedBy: "p1", ReportedAt: moment(40),
		CreatedBy: "p2", CreatedAt: moment(-60), RepeatOf: "a0",
	}
	ok(t, s.Schedule.SaveAiring(bg, a))
	for _, x := range []schedule.Airing{
		{ID: "a2", ChannelID: "c1", LessonID: "l2", StartsAt: moment(60), EndsAt: moment(90),
			Outcome: schedule.Planned},
		{ID: "a3", ChannelID: "c0", LessonID: "l1", StartsAt: moment(30), EndsAt: moment(60),
			Outcome: schedule.Planned},
	} {
		ok(t, s.Schedule.SaveAiring(bg, x))
	}
	for _, at := range []*time.Time{&a.StartsAt, &a.EndsAt, &a.StartedAt, &a.EndedAt, &a.ReportedAt, &a.CreatedAt} {
		*at = kept(*at)
	}
	same(t, must(s.Schedule.Airing(bg, "a1"))(t), a)
	for name, x := range map[string]struct {
		f    schedule.Filter
		want []string
	}{
		"all":     {schedule.Filter{}, []string{"a1", "a3", "a2"}},
		"channel": {schedule.Filter{Channel: "c1"}, []string{"a1", "a2"}},
		"lesson":  {schedule.Filter{Lesson: "l1"}, []string{"a1", "a3"}},
		"period":  {schedule.Filter{From: moment(30), To: moment(60)}, []string{"a3"}},
		"outcome": {schedule.Filter{Outcome: schedule.Planned}, []string{"a3", "a2"}},
		"limit":   {schedule.Filter{Limit: 2}, []string{"a1", "a3"}},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, ids(must(s.Schedule.Airings(bg, x.f))(t), func(a schedule.Airing) string { return a.ID }), x.want)
		})
	}
	ok(t, s.Schedule.DeleteAiring(bg, "a1"))
	_, err = s.Schedule.Airing(bg, "a1")
	wantFault(t, err, fault.NotFound, "airing.not_found")
}

// Booking books overlapping times on one channel concurrently through schedule.Service: exactly one booking succeeds,
// and the errors of the others name it.
func Booking(t *testing.T, open Open) {
	s := open(t)
	const schedulers, rounds = 4, 5
	ok(t, s.Lessons.Save(bg, lesson.Lesson{ID: "l1", Title: "Phép cộng", Status: lesson.Published}))
	ok(t, s.Schedule.SaveChannel(bg, schedule.Channel{ID: "c1", Timezone: "Asia/Ho_Chi_Minh"}))
	var number atomic.Int64
	service := &schedule.Service{
		Store: s.Schedule, Lessons: s.Lessons, Atomic: s.Atomic, Audit: s.Audit,
		Now:   func() time.Time { return moment(0) },
		NewID: func() string { return fmt.Sprintf("id%04d", number.Add(1)) },
	}
	by := people.Person{ID: "p1", Active: true, Grants: []people.Grant{{Role: people.Station}}}
	for round := range rounds {
		var (
			wg    sync.WaitGroup
			start = make(chan struct{})
			errs  = make([]error, schedulers)
			won   = make([]schedule.Airing, schedulers)
		)
		for i := range schedulers {
			wg.Go(func() {
				<-start
				from := moment(round*60 + i) // they overlap without being equal
				won[i], errs[i] = service.Save(bg, by, schedule.Airing{ChannelID: "c1", LessonID: "l1", StartsAt: from,
					EndsAt: from.Add(30 * time.Minute)})
			})
		}
		close(start)
		wg.Wait()
		kept := must(s.Schedule.Airings(bg,
			schedule.Filter{Channel: "c1", From: moment(round * 60), To: moment(round*60 + 60)}))(t)
		if len(kept) != 1 {
			t.Fatalf("%d airings were booked into one slot: %v", len(kept), errs)
		}
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				same(t, won[i].ID, kept[0].ID)
				continue
			}
			wantFault(t, err, fault.Conflict, "airing.clash")
			same(t, fault.As(err).Args["airing"], any(kept[0].ID))
		}
		same(t, winners, 1)
		same(t, len(must(s.Audit.BySubject(bg, "airing:"+kept[0].ID, 10))(t)), 1)
	}
}
