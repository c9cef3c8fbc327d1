package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"lenlop/infra/meili"
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

// search checks Meilisearch, which is optional, and restores the settings of its
// index.
func (d doctor) search(ctx context.Context) Finding {
	f := Finding{What: "search",
		Remedy: "start Meilisearch, or correct LENLOP_MEILI_URL and LENLOP_MEILI_KEY; " +
			"until then the database's own index answers"}
	if d.MeiliURL == "" {
		f.Found, f.Fine = "the database's own index", true
		return f
	}
	if u, err := url.Parse(d.MeiliURL); err != nil || u.Host == "" {
		f.Found = "LENLOP_MEILI_URL is no address"
		return f
	}
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	x := meili.New(meili.Config{URL: d.MeiliURL, Key: d.MeiliKey, UID: meili.IndexName,
		Log: slog.New(slog.DiscardHandler)})
	found, err := x.Diagnose(ctx)
	switch {
	case err != nil:
		f.Found = "Meilisearch " + meili.Cause(err)
	case found.TooOld:
		f.Found = fmt.Sprintf("Meilisearch %s is too old; lenlop needs %s or newer", found.Version,
			meili.MinimumVersion)
		f.Remedy = "install Meilisearch " + meili.MinimumVersion + " or newer; " +
			"until then the database's own index answers"
	default:
		f.Found, f.Fine = describeIndex(found), true
	}
	return f
}

// describeIndex says what a Meilisearch that can be used has, and what of it
// changes by itself.
func describeIndex(d meili.Diagnosis) string {
	version := strings.TrimSpace("Meilisearch " + d.Version)
	switch {
	case d.State.Missing:
		return version + " answers; it has no index yet, which lenlop makes within 5 minutes of its start"
	case len(d.State.Different) > 0:
		return version + " answers; settings that differed are being restored: " +
			strings.Join(d.State.Different, ", ")
	}
	return version + " answers, and its index has the settings it needs"
}
