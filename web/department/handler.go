// Package department is the education department's desk: reviewing lessons,
// reading viewing figures, one lesson's ledger.
package department

import (
	"context"
	"net/http"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// Handler is what the pages need.
type Handler struct {
	Lessons *lesson.Service
	// Views reads the figures (viewership.Service).
	Views interface {
		Ledger(ctx context.Context, by people.Person, lessonID string,
			perHome viewership.Range) (viewership.Ledger, error)
		Retention(ctx context.Context, by people.Person, lessonID string) ([]viewership.Bin, error)
		TableAndTotal(ctx context.Context, by people.Person, q viewership.Query) ([]viewership.Row,
			viewership.Row, error)
		OwnTable(ctx context.Context, by people.Person, q viewership.Query) ([]viewership.Row, viewership.Row, error)
		ExclusionReport(ctx context.Context, by people.Person, q viewership.Query) (viewership.Exclusions, error)
		Participation(ctx context.Context, by people.Person, q viewership.Query) (viewership.Participation, error)
		ReachIn(ctx context.Context, by people.Person, q viewership.ReachQuery) (viewership.Reach, error)
	}
	// Reports makes and reads signed reports (viewership.Service).
	Reports interface {
		MakeReport(ctx context.Context, by people.Person, q viewership.Query,
			corrects string) (viewership.Report, error)
		ReportByID(ctx context.Context, by people.Person, id string) (viewership.Report, error)
		ReportList(ctx context.Context, by people.Person) ([]viewership.Report, error)
	}
	// Flags lists and undoes flags of viewers' days (playback.Service).
	Flags interface {
		Flags(ctx context.Context, by people.Person, from, to time.Time) ([]playback.Flag, error)
		Restore(ctx context.Context, by people.Person, viewer, day string, restored bool) error
	}
	// Draws draws classes to survey (television.Service).
	Draws interface {
		DrawFor(ctx context.Context, by people.Person, airingID string, n int) (television.Draw, error)
	}
	// Classes names the classes that were drawn; Sheets writes tables as files.
	Classes interface {
		Class(ctx context.Context, id string) (school.Class, error)
	}
	Sheets page.Sheets
	// Worksheets are the files that lessons give their students.
	Worksheets interface {
		List(ctx context.Context, by people.Person, lessonID string) ([]worksheet.Worksheet, error)
	}
	Served   Served
	Channels interface {
		Channels(ctx context.Context) ([]schedule.Channel, error)
		Airing(ctx context.Context, id string) (schedule.Airing, error)
	}
	Schools school.Store
	People  people.Store
	Streams page.Streams // where what plays is (stream.Handler)
	Now     func() time.Time
	Zone    *time.Location // of days and of every time typed
}

// Routes of this audience.
func (r Handler) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/review", Action: people.ReviewLesson, Scope: page.Site, Handle: r.queue},
		{Method: http.MethodGet, Path: "/review/:lesson", Action: people.ReviewLesson, Scope: page.Object,
			Handle: page.SignedIn(r.review)},
		{Method: http.MethodPost, Path: "/review/:lesson/approve", Action: people.ReviewLesson, Scope: page.Object,
			Handle: page.SignedIn(r.approve)},
		{Method: http.MethodPost, Path: "/review/:lesson/return", Action: people.ReviewLesson, Scope: page.Object,
			Handle: page.SignedIn(r.giveBack)},
		{Method: http.MethodPost, Path: "/review/:lesson/withdraw", Action: people.WithdrawLesson, Scope: page.Object,
			Handle: page.SignedIn(r.withdraw)},
		{Method: http.MethodPost, Path: "/review/:lesson/confirm", Action: people.ReviewLesson, Scope: page.Object,
			Handle: page.SignedIn(r.confirm)},
		{Method: http.MethodPost, Path: "/review/:lesson/take-down", Action: people.TakeDownLesson, Scope: page.Object,
			Handle: page.SignedIn(r.takeDown)},
		{Method: http.MethodPost, Path: "/review/:lesson/put-back", Action: people.PutBackLesson, Scope: page.Object,
			Handle: page.SignedIn(r.putBack)},
		{Method: http.MethodPost, Path: "/review/rules", Action: people.SetReviewRules, Scope: page.Site,
			Handle: r.rules},
		{Method: http.MethodGet, Path: "/department", Action: people.ReadViewing, Scope: page.Site, Handle: r.table},
		{Method: http.MethodGet, Path: "/department/table.csv", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.csv},
		{Method: http.MethodGet, Path: "/department/schools", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.schools},
		{Method: http.MethodGet, Path: "/department/left-out", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.leftOut},
		{Method: http.MethodGet, Path: "/school/viewership", Action: people.ReadSchool, Scope: page.Object,
			Handle: page.SignedIn(r.ownSchool)},
		{Method: http.MethodGet, Path: "/teacher/viewership", Action: people.ListLessons, Scope: page.Site,
			Handle: r.ownLessons},
		{Method: http.MethodGet, Path: "/department/reach", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.reach},
		{Method: http.MethodGet, Path: "/department/draws/:airing", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.draw},
		{Method: http.MethodPost, Path: "/department/draws/:airing", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.makeDraw},
		{Method: http.MethodGet, Path: "/department/reports", Action: people.MakeReport, Scope: page.Site,
			Handle: r.reports},
		{Method: http.MethodPost, Path: "/department/reports", Action: people.MakeReport, Scope: page.Site,
			Handle: r.makeReport},
		{Method: http.MethodGet, Path: "/department/reports/:report", Action: people.MakeReport, Scope: page.Site,
			Handle: r.report},
		{Method: http.MethodGet, Path: "/department/reconciliation", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.reconciliation},
		{Method: http.MethodPost, Path: "/department/reconciliation", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.takeLog,
			Body:   delivery.MaxServedLog + page.FormBytes},
		{Method: http.MethodGet, Path: "/department/flags", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.flags},
		{Method: http.MethodPost, Path: "/department/flags", Action: people.ReadViewing, Scope: page.Site,
			Handle: r.restore},
		{Method: http.MethodGet, Path: "/department/lessons/:lesson", Action: people.ReadLedger, Scope: page.Object,
			Handle: page.SignedIn(r.ledger)},
	}
}

// names reads the names of teachers and schools, once each.
type names struct {
	handler  Handler
	people   map[string]string
	schools  map[string]string
	Subjects []school.Subject
}

func (r Handler) names(ctx context.Context) (*names, error) {
	n := &names{handler: r, people: map[string]string{}, schools: map[string]string{}}
	all, err := r.Schools.Schools(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		n.schools[s.ID] = s.Name
	}
	n.Subjects, err = r.Schools.Subjects(ctx)
	return n, err
}

// learn reads the persons with the ids; one that is gone has no name.
func (n *names) learn(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if _, known := n.people[id]; known || id == "" {
			continue
		}
		p, err := n.handler.People.Person(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		n.people[id] = p.Name
	}
	return nil
}

// Person is a person's name, or "".
func (n *names) Person(id string) string { return n.people[id] }

// School is a school's name, or "".
func (n *names) School(id string) string { return n.schools[id] }
