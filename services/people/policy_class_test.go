package people_test

import (
	"testing"

	"lenlop/services/people"
)

// TestClassIsItsTeachersAndHeads: who may do what to a class, by every way of
// having to do with it.
func TestClassIsItsTeachersAndHeads(t *testing.T) {
	class := people.Object{
		School:        "s1",
		Homeroom:      []string{"chu-nhiem"},
		ClassTeachers: []string{"chu-nhiem", "bo-mon", "da-chuyen"},
	}
	at := func(id, school string, r people.Role) people.Person {
		return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: school}}}
	}
	all := []people.Action{people.ReadClass, people.ManageClass, people.RollCall, people.ReadUnreached}
	for _, c := range []struct {
		name string
		by   people.Person
		may  []bool // of all
	}{
		{"nobody", people.Person{}, []bool{false, false, false, false}},
		{"homeroom teacher", at("chu-nhiem", "s1", people.Teacher), []bool{true, true, true, true}},
		{"subject teacher", at("bo-mon", "s1", people.Teacher), []bool{true, false, true, true}},
		{"teacher who left the school", at("da-chuyen", "s2", people.Teacher), []bool{false, false, false, false}},
		{"other teacher of the school", at("khac", "s1", people.Teacher), []bool{false, false, false, false}},
		{"head", at("truong", "s1", people.Head), []bool{true, true, true, true}},
		{"head of another school", at("truong", "s2", people.Head), []bool{false, false, false, false}},
		{"student with a teacher's id", at("chu-nhiem", "s1", people.Student), []bool{false, false, false, false}},
		{"reviewer", at("vien", "", people.Reviewer), []bool{false, false, false, false}},
		{"station", at("dai", "", people.Station), []bool{false, false, false, false}},
		{"administrator", at("quan", "", people.Admin), []bool{true, true, false, false}},
	} {
		for i, a := range all {
			if people.May(c.by, a, class) != c.may[i] {
				t.Errorf("%s, %s: %v", c.name, a, !c.may[i])
			}
			gone := c.by
			gone.Active = false
			if people.May(gone, a, class) {
				t.Errorf("%s, deactivated, may %s", c.name, a)
			}
		}
	}
}

// BenchmarkMay is the policy's worst case: a teacher with many roles and a
// class of many teachers. The limit is 10 microseconds.
func BenchmarkMay(b *testing.B) {
	p := people.Person{ID: "p", Active: true}
	o := people.Object{School: "s20"}
	for i := range 20 {
		p.Grants = append(p.Grants, people.Grant{Role: people.Teacher, School: "s" + string(rune('a'+i))})
		o.ClassTeachers = append(o.ClassTeachers, "t"+string(rune('a'+i)))
	}
	p.Grants = append(p.Grants, people.Grant{Role: people.Teacher, School: "s20"})
	o.ClassTeachers = append(o.ClassTeachers, "p")
	b.ReportAllocs()
	for b.Loop() {
		if !people.May(p, people.ReadUnreached, o) {
			b.Fatal("refused")
		}
	}
}
