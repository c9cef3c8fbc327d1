package system

import (
	"context"
	"time"

	"lenlop/services/school"
)

// rollClass is a new class of grade 9 at the first school with one student,
// whose homeroom teacher is the lessons' own.
func (w *world) rollClass() string {
	ctx, id := context.Background(), w.next("lop-")
	classes := w.h.App.DB.Classes()
	c := school.Class{ID: id, Code: id, SchoolID: "s1", Year: "2026-2027", Grade: 9, Name: id,
		JoinCode: school.NewJoinCode(), Teachers: []school.ClassTeacher{{PersonID: "p-giao-vien"}}}
	err := classes.SaveClass(ctx, c)
	if err == nil {
		err = classes.SaveStudent(ctx, school.Student{PersonID: id + "-em", Name: "Em", Key: id}, "s1", time.Now())
	}
	if err == nil {
		err = classes.SaveEnrolment(ctx,
			school.Enrolment{ClassID: id, PersonID: id + "-em", From: "2020-09-05", To: "2199-12-31"})
	}
	if err != nil {
		w.h.T.Fatal(err)
	}
	return id
}
