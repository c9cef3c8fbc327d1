package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

// TestPruneKeepsTheNewest removes older snapshots, unfinished ones and the objects that only they name.
func TestPruneKeepsTheNewest(t *testing.T) {
	for keep, want := range map[int]struct{ gone, objects int }{1: {2, 4}, 2: {1, 5}, 3: {0, 6}, 9: {0, 6}} {
		p := full(t)
		var made []string
		for i := range 3 {
			made = append(made, p.write(t).Snapshot)
			p.files.Set("imports/i", strings.Repeat("x", i))
			p.files.Set(fmt.Sprintf("lessons/l%d", i), "new") // never in the last snapshot's predecessor
		}
		p.to.Set("province/snapshots/20200101T000000Z/database.age", "of a backup that was killed")
		p.to.Set("province/"+objectName("k", strings.Repeat("a", 32), strings.Repeat("b", 64)),
			"of a backup that was killed")
		res, err := p.Prune(t.Context(), keep)
		if err != nil || !slices.Equal(res.Snapshots, append([]string(nil), made[:want.gone]...)) {
			t.Errorf("keep %d: %+v %v", keep, res, err)
		}
		list, err := p.Snapshots(t.Context())
		if err != nil || !slices.Equal(list, made[want.gone:]) {
			t.Errorf("keep %d: left %v %v", keep, list, err)
		}
		if files := p.to.Keys("province/snapshots/20200101"); len(files) != 0 {
			t.Errorf("keep %d: left of the unfinished one: %v", keep, files)
		}
		for _, s := range list {
			if _, _, err := p.Verify(t.Context(), s); err != nil {
				t.Errorf("keep %d: %s cannot be read any more: %v", keep, s, err)
			}
		}
		named := map[string]bool{}
		for _, s := range list {
			whole, _ := p.complete(t.Context(), s)
			p.manifest(t.Context(), s, whole, func(e Entry) error { named[e.Name] = true; return nil })
		}
		if left := p.objects(); len(left) != len(named) {
			t.Errorf("keep %d: %d objects are left, %d are named", keep, len(left), len(named))
		}
		if len(p.holds.until) != 0 {
			t.Errorf("keep %d: held after the end", keep)
		}
	}
}

func TestPruneRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		keep    int
		prepare func(*place)
		code    string
	}{
		"to keep none":      {0, func(*place) {}, "backup.keep_none"},
		"a negative number": {-1, func(*place) {}, "backup.keep_none"},
		"without the key":   {1, func(p *place) { p.Vault = writeOnly(p.Vault) }, "backup.no_key"},
		"while a backup runs": {1, func(p *place) { p.holds.until[copying+"x"] = p.now.Add(time.Second) },
			"backup.busy"},
		"while another runs": {1, func(p *place) { p.holds.until[pruning+"x"] = p.now.Add(time.Second) },
			"backup.busy"},
		"what it cannot read": {1, func(p *place) {
			p.alter(t, snapshots+"20270101T165958Z"+manifestFile, flipLast)
		}, "backup.damaged"},
	} {
		p := full(t)
		p.write(t)
		p.files.Set("imports/i", "changed")
		p.write(t)
		c.prepare(p)
		before := p.to.Keys("")
		_, err := p.Prune(t.Context(), c.keep)
		if !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(p.to.Keys(""), before) {
			t.Errorf("%s: something was removed", name)
		}
	}
}

// TestPruneRemovesTheMarkFirst: a snapshot that is half removed counts for none.
func TestPruneRemovesTheMarkFirst(t *testing.T) {
	p := full(t)
	p.write(t)
	last := p.write(t).Snapshot
	p.to.Fail = func(call, key string) error {
		if call == "Delete" && strings.HasSuffix(key, "database.age") {
			return errDisk
		}
		return nil
	}
	if _, err := p.Prune(t.Context(), 1); !errors.Is(err, errDisk) {
		t.Fatalf("error %v", err)
	}
	if list, _ := p.Snapshots(t.Context()); !slices.Equal(list, []string{last}) {
		t.Errorf("whole are %v", list)
	}
}

func TestPruneOfNothing(t *testing.T) {
	p := full(t)
	if res, err := p.Prune(t.Context(), 1); err != nil || res.Objects != 0 || res.Snapshots != nil {
		t.Errorf("%+v %v", res, err)
	}
}

// TestManyNamesAreRemovedInRequests of at most a thousand.
func TestManyNamesAreRemovedInRequests(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 1000: 1, 1001: 2, 2500: 3} {
		p := full(t)
		if err := p.drop(t.Context(), make([]string, n)); err != nil || p.to.Calls("Delete") != want {
			t.Errorf("%d names: %d requests, %v", n, p.to.Calls("Delete"), err)
		}
	}
}
