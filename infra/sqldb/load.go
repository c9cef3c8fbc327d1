package sqldb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"

	"lenlop/services/fault"
)

// loadRows is how many rows go into one statement, and maxLine the longest
// line of a dump: an import's original file, in base64, is the longest value.
const (
	loadRows = 200
	maxLine  = 1 << 30
)

// Load fills an empty database with a dump: the schema is brought to the
// dump's own version, every row goes in with one commit, and then the schema
// is brought to this program's. A kill midway leaves it empty, and Load may be
// repeated. Faults: "backup.not_empty" (table), "database.newer",
// "backup.damaged".
func (d *DB) Load(ctx context.Context, r io.Reader) (map[string]int64, error) {
	in := &dumpReader{from: bufio.NewReaderSize(r, 1<<20)}
	var head dumpHead
	if err := in.object(&head); err != nil {
		return nil, err
	}
	if head.Format != dumpFormat {
		return nil, fault.Wrap(fmt.Errorf("format %q", head.Format), fault.Malformed, "backup.damaged")
	}
	if err := d.ready(ctx, head.Versions); err != nil {
		return nil, err
	}
	var counts map[string]int64
	err := d.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ctx = context.WithValue(ctx, txKey{}, tx)
		if d.Postgres() {
			if _, err := tx.ExecContext(ctx,
				"SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
				return err
			}
		}
		list, err := d.tables(ctx)
		if err != nil {
			return err
		}
		for _, t := range slices.Backward(list) { // what the migrations put in is in the dump as well
			if _, err := tx.ExecContext(ctx, "DELETE FROM ?", bun.Ident(t.Name)); err != nil {
				return wrap(err, "table", t.Name)
			}
		}
		if counts, err = d.fill(ctx, in, list); err != nil {
			return err
		}
		have, err := d.Counts(ctx)
		if err != nil {
			return err
		}
		for name, n := range counts {
			if have[name] != n {
				return fmt.Errorf("table %s: %d rows, want %d", name, have[name], n)
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrap(err, "load")
	}
	return counts, d.Migrate(ctx)
}

// ready brings an empty database to exactly the versions of a dump.
func (d *DB) ready(ctx context.Context, versions []int64) error {
	p, err := d.migrations(d.write.DB)
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	if full, err := d.Empty(ctx); err != nil {
		return err
	} else if full != "" {
		return fault.New(fault.Conflict, "backup.not_empty", "where", full)
	}
	done, err := d.versions(ctx)
	if err != nil {
		return err
	}
	for _, v := range done {
		if !slices.Contains(versions, v) {
			return fault.New(fault.Conflict, "backup.not_empty", "where", "goose_db_version")
		}
	}
	known := map[int64]bool{}
	for _, s := range p.ListSources() {
		known[s.Version] = true
	}
	for _, v := range versions {
		if !known[v] {
			return fault.New(fault.Conflict, "database.newer", "data", v, "program", int64(len(known)))
		}
		if slices.Contains(done, v) {
			continue
		}
		if _, err := p.ApplyVersion(ctx, v, true); err != nil && !errors.Is(err, goose.ErrAlreadyApplied) {
			return wrap(err, "migrate")
		}
	}
	return nil
}

// fill puts the dump's rows in, and gives how many each table got; the tail
// must say the same.
func (d *DB) fill(ctx context.Context, in *dumpReader, list []table) (map[string]int64, error) {
	counts := map[string]int64{}
	for {
		var next struct {
			table
			Rows map[string]int64 `json:"rows"`
		}
		if err := in.object(&next); err != nil {
			return nil, err
		}
		if next.Rows != nil {
			for name, n := range next.Rows {
				if counts[name] != n {
					return nil, fault.Wrap(fmt.Errorf("table %s: %d rows of %d", name, counts[name], n),
						fault.Malformed, "backup.damaged")
				}
			}
			return counts, nil
		}
		i := slices.IndexFunc(list, func(t table) bool { return t.Name == next.Name })
		if i < 0 || !sameSet(list[i].Columns, next.Columns) || len(next.Kinds) != len(next.Columns) {
			return nil, fault.Wrap(fmt.Errorf("table %s is not of this schema", next.Name), fault.Malformed,
				"backup.damaged")
		}
		n, err := d.fillTable(ctx, in, next.table)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", next.Name, err)
		}
		counts[next.Name] = n
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (d *DB) fillTable(ctx context.Context, in *dumpReader, t table) (n int64, err error) {
	idents := make([]bun.Ident, len(t.Columns))
	for i, c := range t.Columns {
		idents[i] = bun.Ident(c)
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(t.Columns)), ", ") + ")"
	var values []any
	flush := func() error {
		k := len(values) / len(t.Columns)
		if k == 0 {
			return nil
		}
		q := "INSERT INTO ? (?) VALUES " + strings.TrimSuffix(strings.Repeat(one+", ", k), ", ")
		_, err := d.Writer(ctx).NewRaw(q, append([]any{bun.Ident(t.Name), bun.List(idents)}, values...)...).Exec(ctx)
		values = values[:0]
		return err
	}
	for {
		row, err := in.row()
		if err != nil {
			return n, err
		}
		if row == nil {
			return n, flush()
		}
		if len(row) != len(t.Columns) {
			return n, fault.Wrap(fmt.Errorf("%d values in row %d", len(row), n+1), fault.Malformed, "backup.damaged")
		}
		for i, raw := range row {
			v, err := fromPortable(t.Kinds[i], raw)
			if err != nil {
				return n, fault.Wrap(fmt.Errorf("row %d, %s: %w", n+1, t.Columns[i], err), fault.Malformed,
					"backup.damaged")
			}
			values = append(values, v)
		}
		if n++; n%loadRows == 0 {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
}

// fromPortable makes a dump's value what the database takes.
func fromPortable(kind string, raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch kind {
	case "text":
		if raw[0] == '{' {
			var b struct{ Bytes []byte }
			err := json.Unmarshal(raw, &b)
			return string(b.Bytes), err
		}
		return decoded[string](raw)
	case "bytes":
		s, err := decoded[string](raw)
		if err != nil {
			return nil, err
		}
		b, err := base64.StdEncoding.DecodeString(s)
		if b == nil {
			b = []byte{}
		}
		return b, err
	case "int":
		return decoded[int64](raw)
	case "float":
		return decoded[float64](raw)
	case "bool":
		return decoded[bool](raw)
	case "time":
		t, err := decoded[time.Time](raw)
		return t.UTC(), err
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

func decoded[T any](raw json.RawMessage) (T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}

// dumpReader reads a dump line by line.
type dumpReader struct {
	from *bufio.Reader
	next []byte // a line that was looked at
}

func (r *dumpReader) line() ([]byte, error) {
	if r.next != nil {
		return r.next, nil
	}
	var line []byte
	for {
		part, err := r.from.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fault.Wrap(err, fault.Malformed, "backup.damaged")
		}
	}
	r.next = bytes.TrimSpace(line)
	if len(r.next) == 0 {
		return nil, errDump
	}
	return r.next, nil
}

// object reads a line that is an object.
func (r *dumpReader) object(into any) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	r.next = nil
	if err := json.Unmarshal(line, into); err != nil {
		return fault.Wrap(err, fault.Malformed, "backup.damaged")
	}
	return nil
}

// row reads a line that is a row; nil when the next line is none.
func (r *dumpReader) row() ([]json.RawMessage, error) {
	line, err := r.line()
	if err != nil || line[0] != '[' {
		return nil, err
	}
	r.next = nil
	var row []json.RawMessage
	if err := json.Unmarshal(line, &row); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "backup.damaged")
	}
	return row, nil
}
