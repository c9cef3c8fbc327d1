package longtest_test

import (
	"testing"

	"lenlop/test/longtest"
)

func TestSubset(t *testing.T) {
	all := map[string]int{"a": 1, "b": 2, "c": 3}
	list := []string{"a", "b", "c"}
	itself := func(s string) string { return s }
	want := 2
	if longtest.Enabled {
		want = 3
	}
	if got := longtest.Subset(all, "a", "c"); len(got) != want || got["c"] != 3 {
		t.Errorf("Subset: %v", got)
	}
	if got := longtest.SubsetOf(list, itself, "a", "c"); len(got) != want || got[len(got)-1] != "c" {
		t.Errorf("SubsetOf: %v", got)
	}
	for name, call := range map[string]func(){
		"table": func() { longtest.Subset(all, "d") },
		"list":  func() { longtest.SubsetOf(list, itself, "d") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a name that is not there passes", name)
				}
			}()
			call()
		}()
	}
}
