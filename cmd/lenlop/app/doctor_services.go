package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"lenlop/infra/s3"
	"lenlop/infra/sqldb"
	"lenlop/services/media"
)

// database checks the database. A SQLite file that is not there yet is fine.
func (d doctor) database(ctx context.Context) Finding {
	f := Finding{What: "database", Required: true, Remedy: "see what it says"}
	if d.Database == "" {
		if _, err := os.Stat(d.DSN()); err != nil {
			f.Found, f.Fine = "SQLite, made at the first start", true
			return f
		}
	}
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	db, err := sqldb.OpenPool(ctx, d.DSN(), time.Now, d.pool())
	if err != nil {
		f.Found, f.Remedy = databaseProblem(err)
		return f
	}
	defer db.Close()
	return schema(ctx, db)
}

// schema checks that a database is of this version and takes changes.
func schema(ctx context.Context, db *sqldb.DB) Finding {
	f := Finding{What: "database", Required: true}
	pending, err := db.Schema(ctx)
	if err == nil {
		err = db.Writable(ctx)
	}
	switch {
	case err != nil:
		f.Found, f.Remedy = databaseProblem(err)
	case pending > 0:
		f.Found, f.Fine = fmt.Sprintf("answers; %d migrations are still to be done, which the next start does",
			pending), true
	default:
		f.Found, f.Fine = "answers, takes changes, is of this version", true
	}
	return f
}

// bucket checks the external S3 server: credentials, bucket, writing, reading
// back and deleting.
func (d doctor) bucket(ctx context.Context) Finding {
	f := Finding{What: "storage", Required: true}
	if d.Embedded() {
		f.Found, f.Fine = "inside, files below the data folder", true
		return f
	}
	ctx, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	store, err := s3.New(ctx, d.S3())
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
		f.Found, f.Remedy = storageProblem(err, d.S3Bucket)
		return f
	}
	f.Found, f.Fine = "bucket "+d.S3Bucket+" takes and gives objects", true
	return f
}

// search checks Meilisearch, which is optional.
func (d doctor) search(ctx context.Context) Finding {
	f := Finding{What: "search",
		Remedy: "start Meilisearch, or correct LENLOP_MEILI_URL and LENLOP_MEILI_KEY; " +
			"until then the database's own index answers"}
	if d.MeiliURL == "" {
		f.Found, f.Fine = "the database's own index", true
		return f
	}
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		strings.TrimSuffix(d.MeiliURL, "/")+"/indexes?limit=1", nil)
	if err != nil {
		f.Found = "LENLOP_MEILI_URL is no address"
		return f
	}
	req.Header.Set("Authorization", "Bearer "+d.MeiliKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Found = "Meilisearch does not answer"
		return f
	}
	res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		f.Found = "Meilisearch does not take this key"
	case res.StatusCode != http.StatusOK:
		f.Found = fmt.Sprintf("Meilisearch answers with status %d", res.StatusCode)
	default:
		f.Found, f.Fine = "Meilisearch answers", true
	}
	return f
}
