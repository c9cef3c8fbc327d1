package app

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/web/locale"
)

// What can be wrong with a data folder, a database and a storage: one sentence
// for each problem, and one for its remedy. doctor prints them, and serve and
// work fail with them.

// ErrReported ends a command that has already told its user what is wrong.
var ErrReported = errors.New("reported")

// Explain gives the sentence of a fault, in English as all of the command line,
// and the text of any other error.
func Explain(err error) string {
	e := fault.As(err)
	if e == nil {
		return err.Error()
	}
	book, berr := locale.NewBook(time.UTC)
	if berr != nil {
		return err.Error()
	}
	p := book.Printer(locale.En)
	var s strings.Builder
	s.WriteString(p.Fault(e))
	for _, f := range e.Fields {
		s.WriteString("\n  " + f.Name + ": " + p.Code(f.Code, f.Args))
	}
	if cause := errors.Unwrap(e); cause != nil && e.Kind != fault.Invalid {
		s.WriteString(" (" + cause.Error() + ")")
	}
	return s.String()
}

// startProblem says in one sentence why a database or a storage keeps the
// program from starting.
func startProblem(err error, explain func(error) (problem, remedy string)) error {
	if err == nil {
		return nil
	}
	problem, remedy := explain(err)
	// Not wrapped: the general sentence of the fault within would be shown instead.
	return fmt.Errorf("%s: %s (%s)", problem, remedy, strings.Join(strings.Fields(err.Error()), " "))
}

const (
	diskFull = "the disk of the data folder is full"
	freeDisk = "free some space there, or move the folder to a larger disk; nothing that was received is lost"
)

// folderProblem explains why a data folder cannot be used.
func folderProblem(dir string, err error) error {
	var problem, remedy string
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		problem, remedy = diskFull, freeDisk
	case errors.Is(err, syscall.EROFS):
		problem = "the disk of the data folder can only be read"
		remedy = "mount it for writing; look whether the disk reports errors"
	case errors.Is(err, fs.ErrPermission):
		problem = "lenlop's user may not write in the data folder"
		remedy = "give it the folder (chown), or choose another with --data"
	case errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist):
		problem, remedy = "the data folder is no folder", "choose another with --data"
	default:
		return fmt.Errorf("data folder: %w", err)
	}
	return fmt.Errorf("%s: %s: %s (%w)", dir, problem, remedy, err)
}

// fileProblem explains what is wrong with the SQLite file in the data folder.
func fileProblem(kind sqldb.FileProblem) (problem, remedy string) {
	switch kind {
	case sqldb.Full:
		return diskFull, freeDisk
	case sqldb.ReadOnly:
		return "the database's file can only be read", "give the files of the data folder to lenlop's user (chown), " +
			"and look whether the disk is mounted for writing"
	case sqldb.Damaged:
		return "the database's file is damaged, or is none of lenlop's", "put the folder away as it is, " +
			"and restore the newest backup into an empty one (lenlop restore)"
	case sqldb.Closed:
		return "the database's file cannot be opened", "give the files of the data folder to lenlop's user (chown)"
	}
	return "the disk does not read or write the database's file", "look for errors of the disk (dmesg), " +
		"and restore the newest backup onto another"
}

// databaseProblem explains why a database cannot be used.
func databaseProblem(err error) (problem, remedy string) {
	var refused *pgconn.ConnectError
	var pg *pgconn.PgError
	switch errors.As(err, &pg); {
	case pg != nil && (pg.Code == "28P01" || pg.Code == "28000"):
		return "PostgreSQL does not take this user name and password",
			"correct LENLOP_DATABASE (or the file of LENLOP_DATABASE_FILE)"
	case pg != nil && pg.Code == "3D000":
		return "PostgreSQL has no database of this name", "createdb, or correct LENLOP_DATABASE"
	case pg != nil && pg.Code == "25006":
		return "the database is read-only: it is a standby, or its disk is full", "point LENLOP_DATABASE at the primary"
	case pg != nil && pg.Code == "42501":
		return "the database's user may not make tables", "grant it CREATE on the schema"
	case pg != nil && pg.Code == "53100":
		return "the database's disk is full", "free some space on the database's machine"
	case fault.Is(err, "database.newer"):
		return Explain(err), "start the newer lenlop, or restore a backup made before it; nothing was changed"
	case sqldb.FileProblemOf(err) != "":
		return fileProblem(sqldb.FileProblemOf(err))
	case errors.As(err, &refused):
		return "nothing answers at the database's address", "start PostgreSQL, or correct LENLOP_DATABASE"
	}
	return Explain(err), "start the database, or correct LENLOP_DATABASE"
}

// storageProblem explains why a bucket cannot be used.
func storageProblem(err error, bucket string) (problem, remedy string) {
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	switch code {
	case "NotFound", "NoSuchBucket":
		return "there is no bucket " + bucket, "make it, or let lenlop migrate make it"
	case "Forbidden", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return "storage does not take these credentials for bucket " + bucket,
			"correct LENLOP_S3_ACCESS_KEY and LENLOP_S3_SECRET_KEY (or their _FILE), or the bucket's policy"
	}
	return "storage does not answer", "start the S3 server, or correct LENLOP_S3_ENDPOINT"
}

// bucketProblem is storageProblem for one bucket.
func bucketProblem(bucket string) func(error) (problem, remedy string) {
	return func(err error) (string, string) { return storageProblem(err, bucket) }
}
