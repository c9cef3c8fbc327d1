package sqldb

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// Strings are written into the text of a statement, and a NUL would end that
// text early: whoever asks for a lesson named "%00" must be told that there is
// none, not that the server is broken. SQLite is given such a string by its
// bytes. PostgreSQL can hold neither a NUL nor broken UTF-8: no row has such a
// text, which is what NULL compares to, and every text column refuses NULL, so
// that nothing is stored as something else without a word.

type sqliteText struct{ *sqlitedialect.Dialect }

// AppendString quotes s.
func (d sqliteText) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) < 0 {
		return d.Dialect.AppendString(b, s)
	}
	b = append(b, "CAST(x'"...)
	b = hex.AppendEncode(b, []byte(s))
	return append(b, "' AS TEXT)"...)
}

type postgresText struct{ *pgdialect.Dialect }

// AppendString quotes s, or writes NULL for what no row can hold.
func (d postgresText) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return append(b, "NULL::text"...)
	}
	return d.Dialect.AppendString(b, s)
}
