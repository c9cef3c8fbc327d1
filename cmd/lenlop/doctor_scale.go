package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"lenlop/infra/s3"
	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/media"
)

// What a database and a scale configuration can have wrong, one clear sentence
// each. The same sentences are said when serve or work does not start.

// databaseTrouble explains why a database cannot be used, and how to mend it.
func databaseTrouble(err error) (what, mend string) {
	var refused *pgconn.ConnectError
	var pg *pgconn.PgError
	switch errors.As(err, &pg); {
	case pg != nil && (pg.Code == "28P01" || pg.Code == "28000"):
		return "PostgreSQL does not take this user name and password", "correct LENLOP_DATABASE (or the file of LENLOP_DATABASE_FILE)"
	case pg != nil && pg.Code == "3D000":
		return "PostgreSQL has no database of this name", "createdb, or correct LENLOP_DATABASE"
	case pg != nil && pg.Code == "25006":
		return "the database is read-only: it is a standby, or its disk is full", "point LENLOP_DATABASE at the primary"
	case pg != nil && pg.Code == "42501":
		return "the database's user may not make tables", "grant it CREATE on the schema"
	case pg != nil && pg.Code == "53100":
		return "the database's disk is full", "free some space on the database's machine"
	case fault.Is(err, "database.newer"):
		return explain(err), "start the newer lenlop, or restore a backup made before it; nothing was touched"
	case sqldb.FileIll(err) != "":
		return fileTrouble(sqldb.FileIll(err))
	case errors.As(err, &refused):
		return "nothing answers at the database's address", "start PostgreSQL, or correct LENLOP_DATABASE"
	}
	return explain(err), "start the database, or correct LENLOP_DATABASE"
}

// storageTrouble explains why the bucket cannot be used.
func storageTrouble(err error, bucket string) (what, mend string) {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case code == "NotFound" || code == "NoSuchBucket":
		return "there is no bucket " + bucket, "make it, or let lenlop migrate make it"
	case code == "Forbidden" || code == "AccessDenied" || code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch":
		return "storage does not take these credentials for bucket " + bucket, "correct LENLOP_S3_ACCESS_KEY and LENLOP_S3_SECRET_KEY (or their _FILE), or the bucket's policy"
	}
	return "storage does not answer", "start the S3 server, or correct LENLOP_S3_ENDPOINT"
}

// started says in one sentence why a database or storage keeps the house from
// starting.
func started(err error, say func(error) (what, mend string)) error {
	if err == nil {
		return nil
	}
	what, mend := say(err)
	// Not wrapped: the general sentence of the fault within would be shown instead.
	return fmt.Errorf("%s: %s (%s)", what, mend, strings.Join(strings.Fields(err.Error()), " "))
}

// schema looks at the database of the scale configuration.
func schema(ctx context.Context, db *sqldb.DB) finding {
	f := finding{what: "database", must: true}
	pending, err := db.Schema(ctx)
	if err == nil {
		err = db.Writable(ctx)
	}
	switch {
	case err != nil:
		f.found, f.mend = databaseTrouble(err)
	case pending > 0:
		f.found, f.fine = fmt.Sprintf("answers; %d migrations are still to be done, which the next start does", pending), true
	default:
		f.found, f.fine = "answers, takes changes, is of this version", true
	}
	return f
}

// bucket looks at the S3 server outside: credentials, bucket, writing, reading
// back and deleting.
func (c doctorCmd) bucket(ctx context.Context) finding {
	f := finding{what: "storage", must: true}
	if c.embedded() {
		f.found, f.fine = "inside, files below the data folder", true
		return f
	}
	ctx, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	store, err := s3.New(ctx, c.s3())
	if err == nil {
		err = store.Check(ctx)
	}
	const key = "doctor"
	if err == nil {
		_, err = store.Put(ctx, key, strings.NewReader("doctor"), 6, media.PutOptions{})
	}
	if err == nil {
		err = store.Delete(ctx, key)
	}
	if err != nil {
		f.found, f.mend = storageTrouble(err, c.S3Bucket)
		return f
	}
	f.found, f.fine = "bucket "+c.S3Bucket+" takes and gives objects", true
	return f
}

// search looks at Meilisearch, which is never needed.
func (c doctorCmd) search(ctx context.Context) finding {
	f := finding{what: "search", mend: "start Meilisearch, or correct LENLOP_MEILI_URL and LENLOP_MEILI_KEY; until then the database's own index answers"}
	if c.MeiliURL == "" {
		f.found, f.fine = "the database's own index", true
		return f
	}
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.MeiliURL, "/")+"/indexes?limit=1", nil)
	if err != nil {
		f.found = "LENLOP_MEILI_URL is no address"
		return f
	}
	req.Header.Set("Authorization", "Bearer "+c.MeiliKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.found = "Meilisearch does not answer"
		return f
	}
	res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		f.found = "Meilisearch does not take this key"
	case res.StatusCode != http.StatusOK:
		f.found = fmt.Sprintf("Meilisearch answers with status %d", res.StatusCode)
	default:
		f.found, f.fine = "Meilisearch answers", true
	}
	return f
}
