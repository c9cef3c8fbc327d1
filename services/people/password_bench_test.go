package people_test

import (
	"testing"

	"lenlop/services/people"
)

// BenchmarkPassword is one check of a password at its real costs.
func BenchmarkPassword(b *testing.B) {
	hash, err := people.HashPassword("mat-khau-de-thu", people.DefaultArgon)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !people.CheckPassword(hash, "mat-khau-de-thu") {
			b.Fatal("refused")
		}
	}
}

// BenchmarkMay is one question to the policy.
func BenchmarkMay(b *testing.B) {
	p := people.Person{ID: "p", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}, {Role: people.Head, School: "s2"}},
		Scopes: people.ScopesOf(people.Person{ID: "p", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}})}
	o := people.Object{Owner: "q", School: "s2"}
	for b.Loop() {
		if !people.May(p, people.ReadLesson, o) {
			b.Fatal("refused")
		}
	}
}
