package storetest

import (
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// People tests an implementation of people.Store.
func People(t *testing.T, open Open) {
	t.Run("Persons", func(t *testing.T) { persons(t, open(t)) })
	t.Run("Sessions", func(t *testing.T) { sessions(t, open(t)) })
}

func persons(t *testing.T, s Stores) {
	_, err := s.People.Person(bg, "none")
	wantFault(t, err, fault.NotFound, "people.not_found")
	_, err = s.People.ByUsername(bg, "none")
	wantFault(t, err, fault.NotFound, "people.not_found")
	p := people.Person{
		ID: "p1", Username: "giaovien", Name: "Lò Thị Ánh", PasswordHash: "$argon2id$x", Active: true, Demo: true,
		CreatedAt: moment(0),
		Grants: []people.Grant{{Role: people.Teacher, School: "s2"}, {Role: people.Head, School: "s1"},
			{Role: people.Admin}},
	}
	ok(t, s.People.SavePerson(bg, p))
	p.CreatedAt = kept(p.CreatedAt)
	same(t, must(s.People.Person(bg, "p1"))(t), p)
	same(t, must(s.People.ByUsername(bg, "giaovien"))(t), p)
	p.Grants, p.Active = []people.Grant{{Role: people.Teacher, School: "s2"}}, false
	ok(t, s.People.SavePerson(bg, p))
	same(t, must(s.People.Person(bg, "p1"))(t), p)

	err = s.People.SavePerson(bg, people.Person{ID: "p2", Username: "giaovien"})
	wantFault(t, err, fault.Conflict, "people.username_taken")
	_, err = s.People.Person(bg, "p2")
	wantFault(t, err, fault.NotFound, "people.not_found")

	// Sorted by given name (the last word) in the order of the Vietnamese alphabet.
	for _, x := range []people.Person{
		{ID: "p3", Username: "3", Name: "Nguyễn Văn Đông",
			Grants: []people.Grant{{Role: people.Teacher, School: "s1"}, {Role: people.Teacher, School: "s2"}}},
		{ID: "p4", Username: "4", Name: "Vàng A Dũng", Grants: []people.Grant{{Role: people.Student}}},
		{ID: "p5", Username: "5", Name: "Bùi Thị Én", Grants: []people.Grant{{Role: people.Teacher}}},
		{ID: "p6", Username: "6", Name: "Nguyễn Văn Đông"},
	} {
		ok(t, s.People.SavePerson(bg, x))
	}
	id := func(p people.Person) string { return p.ID }
	for _, x := range []struct {
		role people.Role
		want []string
	}{
		{"", []string{"p1", "p4", "p3", "p6", "p5"}}, // Ánh, Dũng, Đông, Đông, Én
		{people.Teacher, []string{"p1", "p3", "p5"}},
		{people.Station, []string{}},
	} {
		for limit := 1; limit <= 6; limit++ {
			got, after := []string{}, ""
			for {
				list := must(s.People.Persons(bg, x.role, after, limit))(t)
				if len(list) == 0 {
					break
				}
				got = append(got, ids(list, id)...)
				after = list[len(list)-1].ID
			}
			same(t, got, x.want)
		}
	}
	same(t, must(s.People.Persons(bg, people.Teacher, "p1", 1))(t)[0].Grants,
		[]people.Grant{{Role: people.Teacher, School: "s1"}, {Role: people.Teacher, School: "s2"}})
}

func sessions(t *testing.T, s Stores) {
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p1", Username: "a"}))
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p2", Username: "b"}))
	_, err := s.People.SessionByHash(bg, "none")
	wantFault(t, err, fault.NotFound, "people.not_found")
	a := people.Session{ID: "a", Hash: "ha", PersonID: "p1", Kind: people.Browser, UserAgent: "Điện thoại",
		CreatedAt: moment(0), SeenAt: moment(0), ExpiresAt: moment(9)}
	b := people.Session{ID: "b", Hash: "hb", PersonID: "p1", Kind: people.Token, CreatedAt: moment(1),
		SeenAt: moment(1), ExpiresAt: moment(9)}
	c := people.Session{ID: "c", Hash: "hc", PersonID: "p2", Kind: people.Browser, CreatedAt: moment(2),
		SeenAt: moment(2), ExpiresAt: moment(9)}
	for _, x := range []people.Session{a, b, c} {
		ok(t, s.People.SaveSession(bg, x))
	}
	id := func(s people.Session) string { return s.ID }
	same(t, ids(must(s.People.Sessions(bg, "p1"))(t), id), []string{"b", "a"})
	a.SeenAt = moment(5)
	ok(t, s.People.SaveSession(bg, a))
	seen := a
	seen.CreatedAt, seen.SeenAt, seen.ExpiresAt = kept(a.CreatedAt), kept(a.SeenAt), kept(a.ExpiresAt)
	same(t, must(s.People.SessionByHash(bg, "ha"))(t), seen)

	// Another person's session is not ended.
	ok(t, s.People.EndSessions(bg, "p1", "c"))
	same(t, ids(must(s.People.Sessions(bg, "p2"))(t), id), []string{"c"})
	ok(t, s.People.EndSessions(bg, "p1", "a"))
	same(t, ids(must(s.People.Sessions(bg, "p1"))(t), id), []string{"b"})
	// A request that was running when its session ended saves SeenAt afterwards; that must not restore the session.
	ok(t, s.People.SaveSession(bg, a))
	_, err = s.People.SessionByHash(bg, "ha")
	wantFault(t, err, fault.NotFound, "people.not_found")
	ok(t, s.People.EndSessions(bg, "p1"))
	same(t, ids(must(s.People.Sessions(bg, "p1"))(t), id), []string{})
	same(t, ids(must(s.People.Sessions(bg, "p2"))(t), id), []string{"c"})
}

// Schools tests an implementation of school.Store.
func Schools(t *testing.T, open Open) {
	s := open(t)
	_, err := s.Schools.School(bg, "none")
	wantFault(t, err, fault.NotFound, "school.not_found")
	c := school.School{ID: "s1", Code: "12000401", Name: "Trường TH Bản Bo", AreaID: "a2", Level: school.Primary,
		CreatedAt: moment(0)}
	ok(t, s.Schools.SaveSchool(bg, c))
	ok(t, s.Schools.SaveSchool(bg, school.School{ID: "s2", Name: "THCS"}))
	c.CreatedAt = kept(c.CreatedAt)
	same(t, must(s.Schools.School(bg, "s1"))(t), c)
	c.Name = "Trường Tiểu học Bản Bo"
	ok(t, s.Schools.SaveSchool(bg, c))
	same(t, must(s.Schools.Schools(bg))(t), []school.School{c, {ID: "s2", Name: "THCS"}})

	areas := []school.Area{{ID: "a1", Kind: "province", Code: "12", Name: "Lai Châu"},
		{ID: "a2", Parent: "a1", Kind: "commune", Code: "03595", Name: "Bản Bo"}}
	for _, a := range areas {
		ok(t, s.Schools.SaveArea(bg, a))
	}
	same(t, must(s.Schools.Areas(bg))(t), areas)

	subjects := must(s.Schools.Subjects(bg))(t)
	same(t, ids(subjects, func(x school.Subject) string { return x.Code }), subjectCodes)
	of := map[string]school.Subject{}
	for i, x := range subjects {
		of[x.Code] = x
		if x.Name == "" || x.NameEn == "" || x.FromGrade < school.MinGrade || x.ToGrade > school.MaxGrade ||
			x.FromGrade > x.ToGrade || x.Order != i+1 {
			t.Errorf("subject %+v", x)
		}
	}
	same(t, of["lich-su-dia-li"], school.Subject{Code: "lich-su-dia-li", Name: "Lịch sử và Địa lí",
		NameEn: "History and Geography", FromGrade: 4, ToGrade: 9, Order: 6})
	for grade := school.MinGrade; grade <= school.MaxGrade; grade++ {
		n := 0
		for _, x := range subjects {
			if x.FromGrade <= grade && grade <= x.ToGrade {
				n++
			}
		}
		if n < 8 {
			t.Errorf("grade %d has only %d subjects", grade, n)
		}
	}
	x := of["toan"]
	x.Name, x.Order = "Toán học", 99
	ok(t, s.Schools.SaveSubject(bg, x))
	ok(t, s.Schools.SaveSubject(bg,
		school.Subject{Code: "tieng-hmong", Name: "Tiếng Mông", NameEn: "Hmong", FromGrade: 3, ToGrade: 9, Order: 100}))
	subjects = must(s.Schools.Subjects(bg))(t)
	same(t, subjects[21], x)
	same(t, subjects[22].Name, "Tiếng Mông")
}

// subjectCodes are the subjects of a new installation.
var subjectCodes = []string{
	"tieng-viet", "toan", "dao-duc", "tu-nhien-xa-hoi", "khoa-hoc", "lich-su-dia-li", "ngu-van", "tieng-anh", "khtn",
	"vat-li", "hoa-hoc",
	"sinh-hoc", "lich-su", "dia-li", "tin-hoc", "cong-nghe", "gdcd", "gdktpl", "am-nhac", "mi-thuat", "gdtc", "hdtn",
}
