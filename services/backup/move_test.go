package backup

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/media"
)

func TestMoveCarriesEverything(t *testing.T) {
	p := full(t)
	q := p.elsewhere(t)
	q.files.Set("imports/i", "figures") // of a move that was killed
	q.files.Set("notices/n/a", "LETTER")
	res, err := p.Move(t.Context(), q.Copier)
	if err != nil || res.Objects != 4 || res.Bytes != 27 ||
		res.New != 3 || res.NewBytes != 20 || res.Rows["lessons"] != 2 {
		t.Errorf("%+v %v", res, err)
	}
	if !slices.Equal(q.db.rows, p.db.rows) || !maps.Equal(texts(q.files), texts(p.files)) {
		t.Errorf("rows %v, objects %v", q.db.rows, texts(q.files))
	}
	if text, _ := q.files.Text("uploads/u/1/0-5"); text != "piece" {
		t.Error("an upload that is not complete cannot go on")
	}
}

func TestMoveRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(from, to *place)
		code    string
	}{
		"a database with rows": {func(_, q *place) { q.db.rows = []string{"a"} }, "backup.not_empty"},
		"other objects":        {func(_, q *place) { q.files.Set("lessons/other", "a") }, "backup.not_empty"},
		"other rows on arrival": {func(_, q *place) {
			q.Database = &losing{q.db}
		}, "backup.damaged"},
		"storage that keeps other bytes": {func(_, q *place) { q.Media = forgetful{q.files} }, "backup.damaged"},
	} {
		p := full(t)
		q := p.elsewhere(t)
		c.prepare(p, q)
		if _, err := p.Move(t.Context(), q.Copier); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// losing is a database that loses a row.
type losing struct{ *database }

func (l *losing) Load(ctx context.Context, r io.Reader) (map[string]int64, error) {
	n, err := l.database.Load(ctx, r)
	n["lessons"]--
	return n, err
}

// TestMoveEndsWhenEitherSideFails, and does not wait for the other.
func TestMoveEndsWhenEitherSideFails(t *testing.T) {
	for name, prepare := range map[string]func(from, to *place){
		"dump": func(p, _ *place) { p.db.fail = errDisk },
		"load": func(_, q *place) { q.Database = refusing{q.db} },
		"read": func(p, _ *place) { p.files.Fail = func(string, string) error { return errDisk } },
		"write": func(_, q *place) {
			q.files.Fail = func(call, _ string) error { return map[string]error{"Put": errDisk}[call] }
		},
		"compare": func(p, q *place) {
			q.files.Set("imports/i", "figures")
			q.files.Fail = func(call, _ string) error { return map[string]error{"Get": errDisk}[call] }
		},
	} {
		p := full(t)
		q := p.elsewhere(t)
		prepare(p, q)
		if _, err := p.Move(t.Context(), q.Copier); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
		if len(q.db.rows) != 0 {
			t.Errorf("%s: the database was loaded", name)
		}
	}
}

// refusing is a database that reads nothing.
type refusing struct{ *database }

func (refusing) Load(context.Context, io.Reader) (map[string]int64, error) { return nil, errDisk }

func TestSum(t *testing.T) {
	p := full(t)
	sum, n, err := Sum(t.Context(), p.files, "notices/n/a")
	if err != nil || n != 6 || sum != "f80105efab6d863fd8fc243d269094469e2277e8f12e5a0a9f401e88494f7b4b" {
		t.Errorf("%s of %d bytes, %v", sum, n, err)
	}
	if _, _, err := Sum(t.Context(), p.files, "none"); !fault.Is(err, "media.not_found") {
		t.Errorf("of nothing: %v", err)
	}
	if _, _, err := Sum(t.Context(), broken{p.files}, "notices/n/a"); !errors.Is(err, errDisk) {
		t.Errorf("of a disk that fails: %v", err)
	}
}

type broken struct{ media.Store }

func (broken) Get(context.Context, string, media.Range) (io.ReadCloser, media.Object, error) {
	r, w := io.Pipe()
	w.CloseWithError(errDisk)
	return r, media.Object{}, nil
}
