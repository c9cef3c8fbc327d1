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
