package backup

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/test/memstore"
)

// listing is a target that only lists names.
type listing struct {
	Target
	names []string
}

func (l listing) List(_ context.Context, _ string, each func(name string)) error {
	for _, n := range l.names {
		each(n)
	}
	return nil
}

func TestBackupsOfOneSecondGetNamesOfTheirOwn(t *testing.T) {
	at := time.Date(2025, 12, 31, 23, 59, 59, 900e6, time.UTC)
	for want, names := range map[string][]string{
		"20251231T235959Z": {"snapshots/20251231T235958Z/complete.json"},
		"20260101T000000Z": {"snapshots/20251231T235959Z/database.age"}, // also when the other is not whole yet
		"20260101T000001Z": {"snapshots/20251231T235959Z/complete.json", "snapshots/20260101T000000Z/complete.json"},
	} {
		c := Copier{Target: listing{names: names}}
		if got, err := c.freeName(t.Context(), at); err != nil || got != want {
			t.Errorf("beside %v: %s, %v; want %s", names, got, err, want)
		}
	}
}

// TestEachObjectIsCopiedOnce: a second backup copies only what is new, and neither takes pieces of uploads.
func TestEachObjectIsCopiedOnce(t *testing.T) {
	p := full(t)
	p.now = p.now.In(time.FixedZone("Hà Nội", 7*3600)) // names are in UTC wherever the server stands
	first := p.write(t)
	if first.Snapshot != "20261231T165958Z" || first.Objects != 3 || first.Bytes != 22 || first.New != 3 ||
		first.NewBytes != 22 || first.Rows["lessons"] != 2 || first.Missing != nil || first.Damaged != nil {
		t.Errorf("first: %+v", first)
	}
	if n := len(p.to.Keys("province/objects/")); n != 3 {
		t.Errorf("%d objects are in the target", n)
	}
	p.files.Set("notices/n/a", "letter, corrected")
	p.files.Delete(t.Context(), "imports/i")
	second := p.write(t)
	if second.Snapshot != "20270101T165958Z" || second.Objects != 2 || second.New != 1 || second.NewBytes != 17 {
		t.Errorf("second: %+v", second)
	}
	if !slices.Equal(second.Missing, []string{"imports/i"}) || !slices.Equal(second.Damaged, []string{"notices/n/a"}) {
		t.Errorf("missing %v, damaged %v", second.Missing, second.Damaged)
	}
	if n := len(p.to.Keys("province/objects/")); n != 4 {
		t.Errorf("%d objects are in the target after the second", n)
	}
	list, err := p.Snapshots(t.Context())
	if err != nil || !slices.Equal(list, []string{first.Snapshot, second.Snapshot}) {
		t.Errorf("snapshots %v, %v", list, err)
	}
	for _, key := range p.to.Keys("") { // nothing that is readable without the key
		if text, _ := p.to.Text(key); strings.Contains(key+text, "letter") || strings.Contains(key, "notices") ||
			!strings.HasSuffix(key, "complete.json") && !strings.HasPrefix(text, "age-encryption.org/v1\n") {
			t.Errorf("%s can be read", key)
		}
	}
}

// TestDamagedObjectsAreNamed compares size and SHA-256 with what the database wrote down, where it did.
func TestDamagedObjectsAreNamed(t *testing.T) {
	const sum = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // of "x"
	for name, c := range map[string]struct {
		named Named
		want  bool
	}{
		"the same":         {Named{Size: 1, SHA256: sum}, false},
		"nothing is known": {Named{Size: -1}, false},
		"other size":       {Named{Size: 2, SHA256: sum}, true},
		"empty":            {Named{Size: 0}, true},
		"other hash":       {Named{Size: -1, SHA256: strings.Repeat("a", 64)}, true},
	} {
		p := newPlace(t, &memstore.Media{}, keyPair(t))
		p.files.Set("lessons/l", "x")
		c.named.Key = "lessons/l"
		p.db.named = []Named{c.named}
		if res := p.write(t); slices.Equal(res.Damaged, []string{"lessons/l"}) != c.want || res.Objects != 1 {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

// TestObjectsThatChangeMeanwhile: what was removed since it was listed is left out, unless the database names it; what
// was replaced is copied as it is now, and once.
func TestObjectsThatChangeMeanwhile(t *testing.T) {
	p := full(t)
	p.files.Set("lessons/old", "not named any more")
	p.files.Fail = onceBefore("Get", "lessons/old", func() { p.files.Delete(t.Context(), "lessons/old") })
	if res := p.write(t); res.Objects != 3 {
		t.Errorf("an object that nobody names has gone: %+v", res)
	}
	p.files.Set("imports/i", "first")
	p.files.Fail = onceBefore("Get", "imports/i", func() { p.files.Set("imports/i", "replaced") })
	p.db.named = nil
	if res := p.write(t); res.NewBytes != 8 {
		t.Errorf("an object was replaced: %+v", res)
	}
	if res := p.write(t); res.New != 0 {
		t.Errorf("what was replaced is copied twice: %+v", res)
	}
	p.files.Set("imports/i", "third")
	p.db.named = []Named{{Key: "imports/i", Size: -1}}
	p.files.Fail = onceBefore("Get", "imports/i", func() { p.files.Delete(t.Context(), "imports/i") })
	if _, err := p.Write(t.Context()); !fault.Is(err, "media.not_found") {
		t.Errorf("an object that the database names has gone: %v", err)
	}
}

// onceBefore runs do before the first such call.
func onceBefore(call, key string, do func()) func(string, string) error {
	done := false
	return func(c, k string) error {
		if c == call && k == key && !done {
			done = true
			do()
		}
		return nil
	}
}

// TestBackupThatFailsIsNone: whatever fails, no snapshot counts as whole and nobody is held up.
func TestBackupThatFailsIsNone(t *testing.T) {
	failing := func(call, key string) func(string, string) error {
		return func(c, k string) error {
			if c == call && strings.Contains(k, key) {
				return errDisk
			}
			return nil
		}
	}
	for name, prepare := range map[string]func(*place){
		"database":           func(p *place) { p.db.fail = errDisk },
		"list of storage":    func(p *place) { p.files.Fail = failing("List", "notices/") },
		"object":             func(p *place) { p.files.Fail = failing("Get", "notices/") },
		"list of snapshots":  func(p *place) { p.to.Fail = failing("List", "snapshots/") },
		"list of the target": func(p *place) { p.to.Fail = failing("List", "objects/") },
		"database's file":    func(p *place) { p.to.Fail = failing("Put", "database.age") },
		"object's file":      func(p *place) { p.to.Fail = failing("Put", "objects/") },
		"reading back":       func(p *place) { p.to.Fail = failing("Get", "manifest.age") },
		"reading object":     func(p *place) { p.to.Fail = failing("Get", "objects/") },
		"mark":               func(p *place) { p.to.Fail = failing("Put", "complete.json") },
		"no scratch":         func(p *place) { p.Scratch += "/none" },
	} {
		p := full(t)
		prepare(p)
		_, err := p.Write(t.Context())
		if err == nil || name != "no scratch" && !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
		p.to.Fail = nil
		if list, err := p.Snapshots(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%s: snapshots %v, %v", name, list, err)
		}
		if len(p.holds.until) != 0 {
			t.Errorf("%s: held after the end: %v", name, p.holds.until)
		}
	}
}

// lossy is a target that alters what it stores under some names.
type lossy struct {
	Target
	part string
}

func (l lossy) Put(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	if !strings.Contains(name, l.part) {
		return l.Target.Put(ctx, name, body, size)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return l.Target.Put(ctx, name, strings.NewReader(flipLast(string(data))), size)
}

// TestWhatIsWrittenIsReadBack also where the vault cannot open what it wrote.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for _, part := range []string{"objects/", "database.age", "manifest.age"} {
		for name, reads := range map[string]bool{"with the key": true, "without the key": false} {
			p := full(t)
			p.Target = lossy{p.Target, part}
			if !reads {
				p.Vault = writeOnly(p.Vault)
			}
			_, err := p.Write(t.Context())
			wantFault(t, part+" "+name, err, fault.Malformed, "backup.damaged")
		}
	}
}

// TestCutObjectIsNotCopied: storage that ends a body early is no storage to copy from.
func TestCutObjectIsNotCopied(t *testing.T) {
	p := full(t)
	p.Media = cut{p.files}
	if _, err := p.Write(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

type cut struct{ media.Store }

func (c cut) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	body, o, err := c.Store.Get(ctx, key, r)
	if err != nil {
		return nil, o, err
	}
	return io.NopCloser(io.LimitReader(body, o.Size-1)), o, nil
}

func TestNamesInATarget(t *testing.T) {
	id, sum := strings.Repeat("a", 32), strings.Repeat("b", 64)
	name := objectName("lessons/l", id, sum)
	if gotID, gotSum, ok := objectOf(name); !ok || gotID != id || gotSum != sum {
		t.Errorf("%s is %q %q %t", name, gotID, gotSum, ok)
	}
	for _, bad := range []string{
		"objects/00/" + id + sum + ".age", "objects/00/" + id + "-" + sum, "objects/00/" + id + "-" + sum[1:] + ".age",
		"objects/00/" + id[1:] + "-" + sum + ".age", "objects/" + id + "-" + sum + ".age",
	} {
		if _, _, ok := objectOf(bad); ok {
			t.Errorf("%s passes for an object", bad)
		}
	}
	one := media.Object{Key: "k", Size: 1, ETag: "e"}
	for _, other := range []media.Object{
		{Key: "l", Size: 1, ETag: "e"}, {Key: "k", Size: 2, ETag: "e"}, {Key: "k", Size: 1, ETag: "f"},
	} {
		if objectID(one) == objectID(other) {
			t.Errorf("%+v and %+v have one id", one, other)
		}
	}
	if objectID(one) != objectID(media.Object{Key: "k", Size: 1, ETag: "e", ContentType: "video/mp4",
		ModifiedAt: begun}) {
		t.Error("the id of an object depends on its type or time")
	}
}
