package web

import (
	"slices"

	"lenlop/web/admin"
	"lenlop/web/api"
	"lenlop/web/department"
	"lenlop/web/page"
	"lenlop/web/shared"
	"lenlop/web/signin"
	"lenlop/web/station"
	"lenlop/web/stream"
	"lenlop/web/student"
	"lenlop/web/teacher"
)

// Handlers are the audiences of the site, the API and the streams.
type Handlers struct {
	Student    student.Handler
	Teacher    teacher.Handler
	Station    station.Handler
	Department department.Handler
	Admin      admin.Handler
	Organised  admin.Organisation
	School     shared.Classes
	Cards      signin.Cards
	API        api.Handler
	Stream     stream.Handler
	Notices    shared.Notices
	Hooks      admin.Hooks
	Problems   shared.Problems
}

// Routes is the one list of everything that can be asked for, each with the
// action it is allowed by.
func (s Site) Routes() []page.Route {
	return slices.Concat(
		s.health(),
		s.privacy(),
		s.design(),
		s.Authenticator.Routes(),
		s.Handlers.Student.Routes(),
		s.Handlers.Teacher.Routes(),
		s.Handlers.Station.Routes(),
		s.Handlers.Department.Routes(),
		s.Handlers.Admin.Routes(),
		s.Handlers.Organised.Routes(),
		s.Handlers.School.Routes(),
		s.Handlers.Cards.Routes(),
		s.Handlers.API.Routes(),
		s.Handlers.Stream.Routes(),
		s.Handlers.Notices.Routes(),
		s.Handlers.Hooks.Routes(),
		s.Handlers.Problems.Routes(),
	)
}
