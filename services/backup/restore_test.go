package backup

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/test/memstore"
)

// elsewhere is an empty place that reads p's target.
func (p *place) elsewhere(t *testing.T) *place {
	t.Helper()
	return newPlace(t, p.to, p.Vault)
}

func TestRestoreBringsASnapshotBack(t *testing.T) {
	p := full(t)
	p.files.Put(t.Context(), "lessons/l1/poster.jpg", strings.NewReader("jpg"), 3,
		media.PutOptions{ContentType: "image/jpeg"})
	rows, was := p.db.rows, texts(p.files)
	first := p.write(t)
	p.db.rows = []string{"another"}
	p.files.Set("lessons/l1/recordings/r", "another recording")
	p.files.Delete(t.Context(), "imports/i")
	rows2, now := p.db.rows, texts(p.files)
	second := p.write(t)

	for name, c := range map[string]struct {
		of   string
		want string
		rows []string
		has  map[string]string
	}{
		"the newest": {"", second.Snapshot, rows2, now},
		"an older":   {first.Snapshot, first.Snapshot, rows, was},
	} {
		q := p.elsewhere(t)
		res, err := q.Restore(t.Context(), c.of)
		if err != nil || res.Snapshot != c.want || res.New != int64(len(c.has)) || res.NewBytes != res.Bytes {
			t.Errorf("%s: %+v %v", name, res, err)
		}
		if !slices.Equal(q.db.rows, c.rows) || !maps.Equal(texts(q.files), c.has) {
			t.Errorf("%s: rows %v, objects %v", name, q.db.rows, texts(q.files))
		}
		o, err := q.files.Head(t.Context(), "lessons/l1/poster.jpg")
		if err != nil || o.ContentType != "image/jpeg" || o.Meta["sha256"] == "" {
			t.Errorf("%s: restored as %+v, %v", name, o, err)
		}
	}
}

// TestRestoreThatWasKilledIsDoneAgain leaves out what is there already, and nothing else.
func TestRestoreThatWasKilledIsDoneAgain(t *testing.T) {
	p := full(t)
	p.write(t)
	q := p.elsewhere(t)
	q.files.Set("notices/n/a", "letter")
	q.files.Set("imports/i", "FIGURES") // of the same size, not the same bytes
	res, err := q.Restore(t.Context(), "")
	if err != nil || res.New != 2 || !maps.Equal(texts(q.files), texts(p.files)) {
		t.Errorf("%+v %v: %v", res, err, texts(q.files))
	}
}

func TestRestoreRefusesAPlaceThatIsNotEmpty(t *testing.T) {
	p := full(t)
	p.write(t)
	for where, fill := range map[string]func(*place){
		"lessons":           func(q *place) { q.db.rows = []string{"a"} },
		"lessons/of/others": func(q *place) { q.files.Set("lessons/of/others", "a") },
	} {
		q := p.elsewhere(t)
		fill(q)
		_, err := q.Restore(t.Context(), "")
		wantFault(t, where, err, fault.Conflict, "backup.not_empty")
		if fault.As(err).Args["where"] != where || len(q.files.Keys("notices/")) != 0 {
			t.Errorf("%s: %v, and has %v", where, err, q.files.Keys(""))
		}
	}
}

func TestSnapshotsThatAreNotThere(t *testing.T) {
	p := full(t)
	_, err := p.Restore(t.Context(), "")
	wantFault(t, "no backup at all", err, fault.NotFound, "backup.none")
	_, _, err = p.Verify(t.Context(), "")
	wantFault(t, "nothing to verify", err, fault.NotFound, "backup.none")
	whole := p.write(t)
	// A snapshot without its mark is none, also when it is the newest.
	p.to.Set("province/snapshots/20300101T000000Z/database.age", "half")
	if name, _, err := p.Verify(t.Context(), ""); err != nil || name != whole.Snapshot {
		t.Errorf("verified %s, %v", name, err)
	}
	for _, name := range []string{"20300101T000000Z", "20200101T000000Z", "..", whole.Snapshot + "/"} {
		_, err := p.elsewhere(t).Restore(t.Context(), name)
		wantFault(t, name, err, fault.NotFound, "backup.none")
	}
}

// TestDamageIsFound: every file that is altered or gone is found by Verify, and by Restore before the
// database is loaded.
func TestDamageIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, p *place, snapshot string)
		code   string
	}{
		"object altered": {func(t *testing.T, p *place, _ string) { p.alter(t, p.objects()[0], flipLast) },
			"backup.damaged"},
		"object cut": {func(t *testing.T, p *place, _ string) {
			p.alter(t, p.objects()[0], func(s string) string { return s[:len(s)-20] })
		}, "backup.damaged"},
		"objects swapped": {func(t *testing.T, p *place, _ string) {
			other, _ := p.to.Text("province/" + p.objects()[1])
			p.alter(t, p.objects()[0], func(string) string { return other })
		}, "backup.damaged"},
		"not encrypted": {func(t *testing.T, p *place, _ string) {
			p.alter(t, p.objects()[0], func(string) string { return "plain" })
		}, "backup.damaged"},
		"object gone": {func(t *testing.T, p *place, _ string) { p.Target.Delete(t.Context(), p.objects()[0]) }, ""},
		"database": {func(t *testing.T, p *place, s string) {
			p.alter(t, snapshots+s+databaseFile, flipLast)
		}, "backup.damaged"},
		"manifest": {func(t *testing.T, p *place, s string) {
			p.alter(t, snapshots+s+manifestFile, flipLast)
		}, "backup.damaged"},
		"mark": {func(t *testing.T, p *place, s string) {
			p.alter(t, snapshots+s+completeFile, func(string) string { return "{" })
		}, "backup.damaged"},
		"another format": {func(t *testing.T, p *place, s string) {
			p.alter(t, snapshots+s+completeFile, replacing(format, "lenlop-backup/2"))
		}, "backup.damaged"},
		"another count of objects": {func(t *testing.T, p *place, s string) {
			p.alter(t, snapshots+s+completeFile, replacing(`"objects": 3`, `"objects": 4`))
		}, "backup.damaged"},
		"another key": {func(t *testing.T, p *place, _ string) { p.Vault = keyPair(t) }, "backup.wrong_key"},
		"no key":      {func(_ *testing.T, p *place, _ string) { p.Vault = writeOnly(p.Vault) }, "backup.no_key"},
	} {
		p := full(t)
		res := p.write(t)
		if _, whole, err := p.Verify(t.Context(), res.Snapshot); err != nil || whole.Objects != 3 {
			t.Fatalf("before %s: %+v %v", name, whole, err)
		}
		c.damage(t, p, res.Snapshot)
		q := p.elsewhere(t)
		_, _, verr := p.Verify(t.Context(), "")
		_, rerr := q.Restore(t.Context(), "")
		if verr == nil || rerr == nil || c.code != "" && (!fault.Is(verr, c.code) || !fault.Is(rerr, c.code)) {
			t.Errorf("%s: verify %v, restore %v", name, verr, rerr)
		}
		if len(q.db.rows) != 0 {
			t.Errorf("%s: the database was loaded", name)
		}
	}
}

func (p *place) objects() []string {
	var list []string
	for _, key := range p.to.Keys("province/objects/") {
		list = append(list, strings.TrimPrefix(key, "province/"))
	}
	return list
}

// TestRestoreCountsTheRows: other rows than were copied are damage.
func TestRestoreCountsTheRows(t *testing.T) {
	p := full(t)
	res := p.write(t)
	p.alter(t, snapshots+res.Snapshot+completeFile, func(s string) string {
		var whole Complete
		if err := json.Unmarshal([]byte(s), &whole); err != nil {
			t.Fatal(err)
		}
		whole.Rows["lessons"]++
		text, _ := json.Marshal(whole)
		return string(text)
	})
	_, err := p.elsewhere(t).Restore(t.Context(), "")
	wantFault(t, "a row is missing", err, fault.Malformed, "backup.damaged")
}

// forgetful stores something else than it was given, and answers as if it had not.
type forgetful struct{ *memstore.Media }

func (f forgetful) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	f.Set(key, "nothing")
	return f.Media.Get(ctx, key, r)
}

func TestRestoreReadsBackWhatItStored(t *testing.T) {
	p := full(t)
	p.write(t)
	q := p.elsewhere(t)
	q.Media = forgetful{q.files}
	_, err := q.Restore(t.Context(), "")
	wantFault(t, "storage that keeps other bytes", err, fault.Malformed, "backup.damaged")
	q = p.elsewhere(t)
	q.files.Fail = func(call, key string) error {
		if call == "Put" && key == "imports/i" {
			return errDisk
		}
		return nil
	}
	if _, err := q.Restore(t.Context(), ""); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "imports/i") {
		t.Errorf("storage that is full: %v", err)
	}
}

// TestEqualBytesOfAnotherKeyAreDamage: an object is bound to its key.
func TestEqualBytesOfAnotherKeyAreDamage(t *testing.T) {
	p := newPlace(t, &memstore.Media{}, keyPair(t))
	p.files.Set("lessons/a", "equal")
	p.files.Set("lessons/b", "equal")
	p.write(t)
	names := p.objects()
	other, _ := p.to.Text("province/" + names[1])
	p.alter(t, names[0], func(string) string { return other })
	_, _, err := p.Verify(t.Context(), "")
	wantFault(t, "swapped", err, fault.Malformed, "backup.damaged")
}
