package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"lenlop/services/fault"
)

// wrap prefixes an unclassified error with the entity and its id, and makes it fault.Unavailable when the database
// cannot be reached. It returns faults and nil unchanged.
func wrap(err error, noun ...string) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	err = fmt.Errorf("%s: %w", strings.Join(noun, " "), err)
	if away(err) {
		return unavailable(err)
	}
	return err
}

// missing is wrap, with the code for a row that is not there.
func missing(err error, code string, noun ...string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, code)
	}
	return wrap(err, noun...)
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database.unavailable")
}

// away reports whether trying again later may help: the connection, the
// server or the disk failed, not the query.
func away(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller gave up
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return true
	}
	var (
		connect *pgconn.ConnectError
		network net.Error
		pg      *pgconn.PgError
		lite    *sqlite.Error
	)
	switch {
	case errors.As(err, &pg):
		// Classes: 08 connection, 53 resources, 57P shutting down; 40 a
		// transaction that another one made impossible.
		for _, class := range []string{"08", "53", "57P", "40"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	case errors.As(err, &lite):
		switch lite.Code() & 0xff { // the low byte is the primary code
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
			sqlite3.SQLITE_CANTOPEN:
			return true
		}
		return false
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "unexpected EOF")
}

// FileProblem classifies what is wrong with SQLite's file.
type FileProblem string

// The problems, by SQLite's result codes.
const (
	Full     FileProblem = "full"
	ReadOnly FileProblem = "read_only"
	Damaged  FileProblem = "damaged" // or not a database
	Closed   FileProblem = "closed"  // cannot be opened
	Failing  FileProblem = "failing" // the disk fails to read or write
)

// FileProblemOf returns the problem of SQLite's file that caused err, or "" when err has another cause.
func FileProblemOf(err error) FileProblem {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return ""
	}
	return map[int]FileProblem{sqlite3.SQLITE_FULL: Full, sqlite3.SQLITE_READONLY: ReadOnly,
		sqlite3.SQLITE_CORRUPT: Damaged, sqlite3.SQLITE_NOTADB: Damaged,
		sqlite3.SQLITE_CANTOPEN: Closed, sqlite3.SQLITE_IOERR: Failing}[lite.Code()&0xff]
}

// referenced reports whether err means that other rows refer to the row that was to be deleted.
func referenced(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// duplicate reports whether err means that a row would violate the unique index named index. PostgreSQL reports the
// name of the index, SQLite its column ("table.column").
func duplicate(err error, index, column string) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505" && pg.ConstraintName == index
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE ||
			lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) && strings.Contains(lite.Error(), column)
	}
	return false
}
