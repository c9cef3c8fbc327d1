package sqldb

// What stores in sub-packages need of this package.

// Timestamp is a time in a row: always UTC, cut to microseconds, and NULL when zero.
type Timestamp = stamp

// EnrolledOnDay is the SQL condition that an enrolment e lasts on a day, which
// is given twice.
const EnrolledOnDay = onDay

// WrapError wraps an unclassified error with the entity and its id, as
// fault.Unavailable when the database is not reachable. Faults and nil are
// returned unchanged.
func WrapError(err error, noun ...string) error { return wrap(err, noun...) }

// MissingRow is WrapError, but fault.NotFound with the code when there is no row.
func MissingRow(err error, code string, noun ...string) error { return missing(err, code, noun...) }

// IsDuplicate reports whether err is a violation of the unique index named
// index, which SQLite reports by its column ("table.column").
func IsDuplicate(err error, index, column string) bool { return duplicate(err, index, column) }
