package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"lenlop/infra/meili"
	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/services/catalog"
	"lenlop/services/school"
	"lenlop/services/upload"
)

// openStorage opens the object storage: the embedded endpoint, or an external
// S3 server. Both are used through the same client.
func (a *App) openStorage(ctx context.Context) error {
	s := a.Settings
	c := s.S3()
	if s.Embedded() {
		srv, err := s3embedded.Start(ctx, s3embedded.Config{Dir: filepath.Join(s.Data, "objects"),
			Bucket: s.S3Bucket, Region: s.S3Region, Log: a.Log, MaxPart: upload.LargestPart(s.MaxUpload, PartSize)})
		if err != nil {
			return folderProblem(s.Data, err)
		}
		a.Objects = srv
		a.onClose(func() {
			if err := srv.Stop(); err != nil {
				a.Log.Warn("embedded storage did not stop cleanly", "error", err)
			}
		})
		c.Endpoint, c.Client, c.PathStyle, c.Encryption = srv.Endpoint(), srv.Client(), true, ""
		c.AccessKey, c.SecretKey = srv.Credentials()
	}
	store, err := s3.New(ctx, c)
	if err != nil {
		return err
	}
	a.Media, a.Parts = store, store
	if a.Objects != nil {
		m := a.Objects.Media(store, store)
		a.Media, a.Parts = m, m
		return nil
	}
	return startProblem(store.Check(ctx), bucketProblem(s.S3Bucket))
}

// loadSecrets loads the signing keys, which the first start makes. They are
// stored with the data, so that sessions and reports outlive a restart.
func (a *App) loadSecrets(ctx context.Context) (err error) {
	if a.secret, err = loadOrCreateSecret(ctx, a.DB, "secret"); err != nil {
		return err
	}
	seed, err := loadOrCreateSecret(ctx, a.DB, "report-key")
	if err != nil {
		return err
	}
	a.reportKey = ed25519.NewKeyFromSeed(seed)
	return nil
}

// loadOrCreateSecret gives a stored random value of 32 bytes, which the first
// call makes.
func loadOrCreateSecret(ctx context.Context, db *sqldb.DB, name string) ([]byte, error) {
	var created [32]byte
	if _, err := rand.Read(created[:]); err != nil {
		return nil, fmt.Errorf("setting %s: %w", name, err)
	}
	s, err := db.EnsureSetting(ctx, name, hex.EncodeToString(created[:]))
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(created) {
		return nil, fmt.Errorf("setting %s: not %d bytes in hex", name, len(created))
	}
	return b, nil
}

// rosterKey is the setting that holds the secret for the keys of student codes
// and cards: without it no card and no student code can be used.
const rosterKey = "roster-key"

// RosterKeys gives the secret that student codes and cards are made with.
func RosterKeys(ctx context.Context, db *sqldb.DB) (school.Keys, error) {
	key, err := loadOrCreateSecret(ctx, db, rosterKey)
	return school.Keys(key), err
}

// openIndex opens the search index in the database, and Meilisearch before it
// where there is one.
func (a *App) openIndex(ctx context.Context) (catalog.Index, error) {
	local, err := sqlsearch.Open(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	if a.lists = local; a.Settings.MeiliURL == "" {
		return local, nil
	}
	a.Meili = meili.New(meili.Config{URL: a.Settings.MeiliURL, Key: a.Settings.MeiliKey, UID: meili.IndexName,
		Local: local, Queue: a.notifier, Atomic: a.notifier,
		InTransaction: a.DB.InTransaction, Waiting: a.DB.Jobs(), Log: a.Log, Now: a.Now})
	return a.Meili, nil
}
