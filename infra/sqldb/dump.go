package sqldb

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// dumpFormat names the form of a dump: lines of JSON. First a head with the
// schema's versions; then for each table a line with its columns, followed by
// one array a row; last the tail with every table's rows, without which the
// dump was cut. Times are RFC 3339 in UTC, bytes base64, text that is not
// UTF-8 {"bytes": base64}. It is the same from both engines, and goes into either.
const dumpFormat = "lenlop-dump/1"

type dumpHead struct {
	Format   string  `json:"format"`
	Versions []int64 `json:"versions"`
}

type dumpTail struct {
	Rows map[string]int64 `json:"rows"`
}

// Dump writes every table as it is at one moment and gives their rows.
func (d *DB) Dump(ctx context.Context, w io.Writer) (map[string]int64, error) {
	counts := map[string]int64{}
	err := d.Snapshot(ctx, func(ctx context.Context) error {
		versions, err := d.versions(ctx)
		if err != nil {
			return err
		}
		list, err := d.tables(ctx)
		if err != nil {
			return err
		}
		b := bufio.NewWriterSize(w, 1<<20)
		out := json.NewEncoder(b)
		out.SetEscapeHTML(false)
		if err := out.Encode(dumpHead{dumpFormat, versions}); err != nil {
			return fmt.Errorf("dump: %w", err)
		}
		for _, t := range list {
			if counts[t.Name], err = d.dumpTable(ctx, t, out); err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		if err := out.Encode(dumpTail{counts}); err != nil {
			return fmt.Errorf("dump: %w", err)
		}
		return b.Flush()
	})
	return counts, err
}

func (d *DB) dumpTable(ctx context.Context, t table, out *json.Encoder) (int64, error) {
	if err := out.Encode(t); err != nil {
		return 0, err
	}
	idents := make([]bun.Ident, len(t.Columns))
	for i, c := range t.Columns {
		idents[i] = bun.Ident(c)
	}
	rows, err := d.Reader(ctx).QueryContext(ctx, "SELECT ? FROM ?", bun.List(idents), bun.Ident(t.Name))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range into {
		into[i] = &values[i]
	}
	var n int64
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, v := range values {
			if values[i], err = portable(t.Kinds[i], v); err != nil {
				return n, fmt.Errorf("column %s: %w", t.Columns[i], err)
			}
		}
		if err := out.Encode(values); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// portable makes a driver's value what a dump holds.
func portable(kind string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch kind {
	case "text":
		s, ok := v.(string)
		if b, raw := v.([]byte); raw {
			s, ok = string(b), true
		}
		if ok && !utf8.ValidString(s) {
			return map[string]string{"bytes": base64.StdEncoding.EncodeToString([]byte(s))}, nil
		}
		if ok {
			return s, nil
		}
	case "bytes":
		switch v := v.(type) {
		case []byte:
			return base64.StdEncoding.EncodeToString(v), nil
		case string:
			return base64.StdEncoding.EncodeToString([]byte(v)), nil
		}
	case "int":
		if n, ok := v.(int64); ok {
			return n, nil
		}
	case "float":
		switch v := v.(type) {
		case float64:
			return json.Number(strconv.FormatFloat(v, 'g', -1, 64)), nil
		case int64:
			return v, nil
		}
	case "bool":
		switch v := v.(type) {
		case bool:
			return v, nil
		case int64:
			return v != 0, nil
		}
	case "time":
		var s stamp
		if err := s.Scan(v); err != nil {
			return nil, err
		}
		return s.Time().Format(time.RFC3339Nano), nil
	}
	return nil, fmt.Errorf("%T is no %s", v, kind)
}
