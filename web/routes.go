package web

import (
	"slices"

	"lenlop/web/admin"
	"lenlop/web/api"
	"lenlop/web/department"
	"lenlop/web/notice"
	"lenlop/web/page"
	"lenlop/web/problem"
	"lenlop/web/school"
	"lenlop/web/signin"
	"lenlop/web/station"
	"lenlop/web/stream"
	"lenlop/web/student"
	"lenlop/web/teacher"
)

// Rooms are the audiences of the site, the API and the streams.
type Rooms struct {
	Student    student.Room
	Teacher    teacher.Room
	Station    station.Room
	Department department.Room
	Admin      admin.Room
	Organised  admin.Organisation
	School     school.Room
	Cards      signin.Cards
	API        api.Room
	Stream     stream.Room
	Notices    notice.Room
	Hooks      admin.Hooks
	Problems   problem.Room
}

// Routes is the one list of everything that can be asked for, each with the
// action it is allowed by.
func (s Site) Routes() []page.Route {
	return slices.Concat(
		s.health(),
		s.privacy(),
		s.design(),
		s.Door.Routes(),
		s.Rooms.Student.Routes(),
		s.Rooms.Teacher.Routes(),
		s.Rooms.Station.Routes(),
		s.Rooms.Department.Routes(),
		s.Rooms.Admin.Routes(),
		s.Rooms.Organised.Routes(),
		s.Rooms.School.Routes(),
		s.Rooms.Cards.Routes(),
		s.Rooms.API.Routes(),
		s.Rooms.Stream.Routes(),
		s.Rooms.Notices.Routes(),
		s.Rooms.Hooks.Routes(),
		s.Rooms.Problems.Routes(),
	)
}
