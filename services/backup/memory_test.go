package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"lenlop/services/fault"
	"lenlop/test/memstore"
)

// database is a Database of one table and the objects that it names.
type database struct {
	rows  []string
	named []Named
	fail  error // of Dump, after its first bytes

	dumping func() // called in the middle of Dump
}

func (d *database) Snapshot(ctx context.Context, fn func(context.Context) error) error {
	return fn(ctx)
}

func (d *database) Dump(_ context.Context, w io.Writer) (map[string]int64, error) {
	if _, err := io.WriteString(w, "dump\n"); err != nil {
		return nil, err
	}
	if d.dumping != nil {
		d.dumping()
	}
	if d.fail != nil {
		return nil, d.fail
	}
	return d.counts(), json.NewEncoder(w).Encode(d.rows)
}

func (d *database) counts() map[string]int64 { return map[string]int64{"lessons": int64(len(d.rows))} }

func (d *database) Load(_ context.Context, r io.Reader) (map[string]int64, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("dump\n")), &d.rows); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "backup.damaged")
	}
	return d.counts(), nil
}

func (d *database) Empty(context.Context) (string, error) {
	if len(d.rows) > 0 {
		return "lessons", nil
	}
	return "", nil
}

func (d *database) Objects(_ context.Context, each func(Named) error) error {
	for _, n := range d.named {
		if err := each(n); err != nil {
			return err
		}
	}
	return nil
}

// holds is Holds in memory; renewed counts the times that each was taken or renewed.
type holds struct {
	until   map[string]time.Time
	renewed map[string]int
	waiting []string
}

func newHolds() *holds { return &holds{until: map[string]time.Time{}, renewed: map[string]int{}} }

func (h *holds) Hold(_ context.Context, id string, until time.Time) error {
	h.until[id] = until
	h.renewed[id]++
	return nil
}
func (h *holds) Release(ctx context.Context, id string, _ time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(h.until, id)
	return nil
}
func (h *holds) Held(ctx context.Context, now time.Time) (bool, error) {
	list, err := h.Holders(ctx, now)
	return len(list) > 0, err
}
func (h *holds) Holders(_ context.Context, now time.Time) (list []string, _ error) {
	for _, id := range slices.Sorted(maps.Keys(h.until)) {
		if h.until[id].After(now) {
			list = append(list, id)
		}
	}
	return list, nil
}
func (h *holds) Wait(_ context.Context, keys []string, _ time.Time) error {
	h.waiting = append(h.waiting, keys...)
	return nil
}
func (h *holds) Waiting(_ context.Context, limit int) ([]string, error) {
	return slices.Clone(h.waiting[:min(limit, len(h.waiting))]), nil
}
func (h *holds) Gone(_ context.Context, keys []string) error {
	h.waiting = slices.DeleteFunc(h.waiting, func(k string) bool { return slices.Contains(keys, k) })
	return nil
}

// place is a Copier with everything it needs, in memory. Its clock stands still but for tests that move it.
type place struct {
	*Copier
	db    *database
	files *memstore.Media
	to    *memstore.Media // the target's
	holds *holds
	now   time.Time
}

var begun = time.Date(2026, 12, 31, 16, 59, 58, 0, time.UTC)

func newPlace(t *testing.T, to *memstore.Media, v *Vault) *place {
	t.Helper()
	p := &place{db: &database{}, files: &memstore.Media{}, to: to, holds: newHolds(), now: begun}
	p.Copier = &Copier{
		Database: p.db, Media: p.files, Holds: p.holds, Target: Bucket{Store: to, Prefix: "province/"}, Vault: v,
		Scratch: t.TempDir(), Now: func() time.Time { return p.now },
	}
	return p
}

// full is a place with three objects that the database names, and an upload that is not complete.
func full(t *testing.T) *place {
	p := newPlace(t, &memstore.Media{}, keyPair(t))
	p.db.rows = []string{"phân số", "hằng đẳng thức"}
	for key, text := range map[string]string{
		"lessons/l1/recordings/r": "recording", "notices/n/a": "letter", "imports/i": "figures",
		"uploads/u/1/0-5": "piece",
	} {
		p.files.Set(key, text)
		if !strings.HasPrefix(key, "uploads/") {
			p.db.named = append(p.db.named, Named{Key: key, Size: int64(len(text))})
		}
	}
	return p
}

func keyPair(t *testing.T) *Vault {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vaultOf([]age.Identity{id})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// write makes a backup and moves the clock on by a day.
func (p *place) write(t *testing.T) Result {
	t.Helper()
	res, err := p.Write(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.holds.until) != 0 {
		t.Fatalf("held after the end: %v", p.holds.until)
	}
	p.now = p.now.AddDate(0, 0, 1)
	return res
}

// texts are all objects of storage but pieces of uploads.
func texts(m *memstore.Media) map[string]string {
	out := map[string]string{}
	for _, key := range m.Keys("") {
		if !strings.HasPrefix(key, "uploads/") {
			out[key], _ = m.Text(key)
		}
	}
	return out
}

// alter changes what a file of the target holds.
func (p *place) alter(t *testing.T, name string, change func(string) string) {
	t.Helper()
	text, ok := p.to.Text("province/" + name)
	if !ok {
		t.Fatalf("the target has no %s", name)
	}
	p.to.Set("province/"+name, change(text))
}

func replacing(old, by string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, old, by) }
}

// writeOnly is a vault without its key.
func writeOnly(v *Vault) *Vault { return &Vault{recipients: v.recipients} }

func flipLast(s string) string { return s[:len(s)-1] + string([]byte{s[len(s)-1] ^ 1}) }

var errDisk = errors.New("disk full")

func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || !fault.Is(err, code) {
		t.Errorf("%s: error %v, want %s", what, err, code)
	}
}
