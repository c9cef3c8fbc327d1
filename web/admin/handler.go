// Package admin is the administrator's desk: people, schools, the work queue
// and the health of what the server depends on.
package admin

import (
	"context"
	"net/http"
	"time"

	"lenlop/services/audit"
	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

// Handler is what the pages need.
type Handler struct {
	People  *people.Service
	Finder  people.Finder
	Schools *school.Service
	Queue   interface {
		Jobs(ctx context.Context, subject string, state job.State, limit int) ([]job.Job, error)
		Requeue(ctx context.Context, id string) error
		Park(ctx context.Context, id, why string) error
		CancelSubject(ctx context.Context, subject string, kinds ...string) error
	}
	Atomic job.Atomic
	Audit  audit.Log
	// AuditLog is read by the page of who did what; Sheets writes its files.
	AuditLog audit.Reader
	Sheets   page.Sheets
	// Health looks at each thing the server depends on, in the order shown.
	Health func(ctx context.Context) []Part
	Now    func() time.Time
	NewID  func() string
}

// Part is one thing the server depends on. Name ends the locale key
// "health.NAME"; Note is a short fact for operators ("SQLite, 12 ms").
type Part struct {
	Name string
	Note string
	Err  error // nil: well
}

// Routes of this audience.
func (r Handler) Routes() []page.Route {
	return append(r.accountRoutes(), []page.Route{
		{Method: http.MethodGet, Path: "/admin", Action: people.ReadHealth, Scope: page.Site, Handle: r.overview},
		{Method: http.MethodGet, Path: "/admin/jobs", Action: people.ManageQueue, Scope: page.Site, Handle: r.jobs},
		{Method: http.MethodPost, Path: "/admin/jobs/:job/retry", Action: people.ManageQueue, Scope: page.Site,
			Handle: r.retry},
		{Method: http.MethodPost, Path: "/admin/jobs/:job/park", Action: people.ManageQueue, Scope: page.Site,
			Handle: r.park},
		{Method: http.MethodPost, Path: "/admin/jobs/cancel", Action: people.ManageQueue, Scope: page.Site,
			Handle: r.cancel},
		{Method: http.MethodGet, Path: "/admin/people", Action: people.ManagePeople, Scope: page.Site,
			Handle: r.persons},
		{Method: http.MethodPost, Path: "/admin/people", Action: people.ManagePeople, Scope: page.Site,
			Handle: r.addPerson},
		{Method: http.MethodPost, Path: "/admin/people/:person/active", Action: people.ManagePeople, Scope: page.Site,
			Handle: r.setActive},
		{Method: http.MethodPost, Path: "/admin/people/:person/password", Action: people.ManagePeople, Scope: page.Site,
			Handle: r.newPassword},
		{Method: http.MethodGet, Path: "/admin/schools", Action: people.ManageSchools, Scope: page.Site,
			Handle: r.schools},
		{Method: http.MethodPost, Path: "/admin/schools", Action: people.ManageSchools, Scope: page.Site,
			Handle: r.addSchool},
		{Method: http.MethodGet, Path: "/admin/schools/:school", Action: people.ManageSchools, Scope: page.Site,
			Handle: r.school},
		{Method: http.MethodPost, Path: "/admin/schools/:school", Action: people.ManageSchools, Scope: page.Site,
			Handle: r.changeSchool},
	}...)
}
