package sqldb

import (
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// Strings are written into the text of a statement, and a NUL would end that
// text early: whoever asks for a lesson named "%00" must be told that there is
// none, not that the server is broken. PostgreSQL refuses broken UTF-8 as
// well. Both become U+FFFD, which is in no identifier.

type sqliteText struct{ *sqlitedialect.Dialect }

// AppendString quotes what can be stored of s.
func (d sqliteText) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(b, storable(s))
}

type postgresText struct{ *pgdialect.Dialect }

// AppendString quotes what can be stored of s.
func (d postgresText) AppendString(b []byte, s string) []byte {
	return d.Dialect.AppendString(b, storable(s))
}

func storable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
