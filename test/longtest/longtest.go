// Package longtest divides tests into what make test has time for and what only make test-long runs, which builds with
// the tag "long". A whole test that is only for make test-long stands in a file *_long_test.go with that tag; of a table
// of costly cases, make test takes the ones named here.
package longtest

import (
	"fmt"
	"slices"
)

// Subset is what make test runs of a table's cases, by their names; make test-long runs all. It panics when the table
// has no case of that name.
func Subset[T any](all map[string]T, names ...string) map[string]T {
	some := map[string]T{}
	for _, name := range names {
		c, ok := all[name]
		if !ok {
			panic(fmt.Sprintf("longtest: no case %q", name))
		}
		some[name] = c
	}
	if Enabled {
		return all
	}
	return some
}

// SubsetOf is Subset for a list, whose cases are called what name says.
func SubsetOf[T any](all []T, name func(T) string, names ...string) []T {
	var some []T
	for _, n := range names {
		i := slices.IndexFunc(all, func(c T) bool { return name(c) == n })
		if i < 0 {
			panic(fmt.Sprintf("longtest: no case %q", n))
		}
		some = append(some, all[i])
	}
	if Enabled {
		return all
	}
	return some
}
