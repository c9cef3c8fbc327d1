package sqldb

import (
	"bytes"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"lenlop/services/fault"
)

// stamp is a time in a row: in UTC, truncated to microseconds (the precision of PostgreSQL), and NULL when zero.
type stamp time.Time

// Time converts the stamp to a time.Time.
func (s stamp) Time() time.Time { return time.Time(s) }

// Value implements driver.Valuer.
func (s stamp) Value() (driver.Value, error) {
	t := time.Time(s)
	if t.IsZero() {
		return nil, nil
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// Scan implements sql.Scanner. SQLite returns text where a column has no declared type.
func (s *stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s = stamp{}
	case time.Time:
		*s = stamp(v.UTC())
	case string:
		return s.parse(v)
	case []byte:
		return s.parse(string(v))
	default:
		return fmt.Errorf("not a time: %T", v)
	}
	return nil
}

func (s *stamp) parse(v string) error {
	// Go accepts a fraction after the seconds though the layouts have none.
	for _, layout := range []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05",
		time.RFC3339} {
		if t, err := time.Parse(layout, v); err == nil {
			*s = stamp(t.UTC())
			return nil
		}
	}
	return fmt.Errorf("not a time: %q", v)
}

// encode makes a JSON document; "" of a value that has nothing in it.
func encode(v any, empty bool) (string, error) {
	if empty {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// decodeArgs reads a fault's facts; whole numbers come back as int64, so that
// a size in bytes does not become a float.
func decodeArgs(s string) (fault.Args, error) {
	if s == "" {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	var a fault.Args
	if err := d.Decode(&a); err != nil {
		return nil, err
	}
	for k, v := range a {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		if i, err := n.Int64(); err == nil {
			a[k] = i
		} else if f, err := n.Float64(); err == nil {
			a[k] = f
		}
	}
	return a, nil
}

// nameKey orders people as Vietnamese lists do: by given name, which stands
// last, then by the whole name. It is kept beside the name as text that both
// engines order alike whatever their collation.
func nameKey(name string) string { return newNamer().key(name) }

// namer makes many name keys; not safe for several goroutines.
type namer struct {
	c   *collate.Collator
	buf collate.Buffer
}

func newNamer() *namer { return &namer{c: collate.New(language.Vietnamese)} }

func (n *namer) key(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	n.buf.Reset()
	given := n.c.KeyFromString(&n.buf, words[len(words)-1])
	whole := n.c.KeyFromString(&n.buf, strings.Join(words, " "))
	return hex.EncodeToString(given) + "-" + hex.EncodeToString(whole)
}
