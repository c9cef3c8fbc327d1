package disclosure

import "slices"

// Tree conceals the counts of a hierarchy: areas within areas, with the schools
// in them. A part is shown or hidden alike in every list that it appears in, so
// that no list of parts beside its sum reveals a small count.
type Tree struct {
	children map[string][]string // key ("" the root) -> keys of its parts
	counts   map[string]int64
	people   map[string]bool
	marks    map[string]Mark
}

// NewTree makes an empty tree, whose root has the key "".
func NewTree() *Tree {
	return &Tree{children: map[string][]string{}, counts: map[string]int64{}, people: map[string]bool{},
		marks: map[string]Mark{}}
}

// Add puts a part below its parent ("" the root). people tells whether persons
// are in the count: a count of devices alone is never small. Each key is added
// once.
func (t *Tree) Add(parent, key string, count int64, people bool) {
	t.children[parent] = append(t.children[parent], key)
	t.counts[key], t.people[key] = count, people
}

// Conceal marks every part and returns the mark of their sum, the root's.
func (t *Tree) Conceal() Mark {
	total := t.conceal("")
	t.withholdWithin("")
	return total
}

// withholdWithin withholds parts of the hidden parts below a part: those of a
// hidden area would else give its count, and so the count that it protects, in a
// list of all schools. The smallest are withheld until any of 1 to 4 may stand
// beside them.
func (t *Tree) withholdWithin(parent string) {
	for _, k := range t.children[parent] {
		if k == parent {
			continue
		}
		keys := t.children[k]
		counts, marks := make([]int64, len(keys)), make([]Mark, len(keys))
		hidden := false
		for i, c := range keys {
			counts[i], marks[i] = t.counts[c], t.marks[c]
			hidden = hidden || marks[i] != Shown
		}
		if t.marks[k] != Shown && !hidden {
			for withheld := int64(0); withheld < 2*Threshold-1; {
				next := smallestShown(counts, marks)
				if next < 0 {
					break
				}
				marks[next] = Withheld
				withheld += counts[next]
				t.marks[keys[next]] = Withheld
			}
		}
		t.withholdWithin(k)
	}
}

// Mark is how a part is shown, after Conceal.
func (t *Tree) Mark(key string) Mark { return t.marks[key] }

// conceal marks everything below a part and gives the part's own mark.
func (t *Tree) conceal(parent string) Mark {
	keys := t.children[parent]
	if len(keys) == 0 {
		return Shown
	}
	slices.Sort(keys)
	counts, people := make([]int64, len(keys)), make([]bool, len(keys))
	forced := map[string]Mark{} // parts whose sum their own parts hide
	for i, k := range keys {
		if k == parent {
			continue
		}
		if m := t.conceal(k); m != Shown {
			forced[k] = m
		}
		counts[i], people[i] = t.counts[k], t.people[k]
	}
	marks, total := Conceal(counts, people)
	hidden := 0
	for i, k := range keys {
		if marks[i] == Shown && forced[k] != Shown {
			marks[i] = Withheld
		}
		if marks[i] != Shown {
			hidden++
		}
	}
	// A part hidden by its own parts may be the only hidden one in its list:
	// the sum less the others would reveal it, so the smallest is withheld too.
	if hidden == 1 && total == Shown && len(forced) > 0 {
		if next := smallestShown(counts, marks); next >= 0 {
			marks[next] = Withheld
		} else {
			total = Withheld
		}
	}
	for i, k := range keys {
		t.marks[k] = marks[i]
	}
	return total
}

// smallestShown is the index of the smallest shown count that is not zero, or -1.
func smallestShown(counts []int64, marks []Mark) int {
	next := -1
	for i, n := range counts {
		if marks[i] == Shown && n > 0 && (next < 0 || n < counts[next]) {
			next = i
		}
	}
	return next
}
