package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/s3"
	"lenlop/services/backup"
)

// vaultFlags say with which key a backup is encrypted, and how its bucket is reached.
type vaultFlags struct {
	Key         string `help:"File with the backup's key: a passphrase, an age identity, or age recipients, which can write and not read." required:"" type:"existingfile" placeholder:"FILE"`
	S3Endpoint  string `name:"backup-s3-endpoint" env:"LENLOP_BACKUP_S3_ENDPOINT" help:"S3 server of an s3:// address; empty: AWS's own." placeholder:"URL"`
	S3Region    string `name:"backup-s3-region" env:"LENLOP_BACKUP_S3_REGION" help:"Its region." default:"us-east-1"`
	S3AccessKey string `name:"backup-s3-access-key" env:"LENLOP_BACKUP_S3_ACCESS_KEY" help:"Its access key; empty: the SDK's own chain."`
	S3SecretKey string `name:"backup-s3-secret-key" env:"LENLOP_BACKUP_S3_SECRET_KEY" help:"Its secret key; better LENLOP_BACKUP_S3_SECRET_KEY_FILE."`

	work int // cost of a passphrase; 0: age's own
}

// absolute makes a folder's name whole, which must happen before storage is
// opened: it changes the working directory.
func absolute(at string) (string, error) {
	if strings.HasPrefix(at, "s3://") {
		return at, nil
	}
	dir, err := filepath.Abs(at)
	if err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	return dir, nil
}

// open opens a target: s3://BUCKET/PREFIX, or an absolute folder.
func (v vaultFlags) open(ctx context.Context, at string, c *backup.Copier) error {
	raw, err := os.ReadFile(v.Key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	bucket, remote := strings.CutPrefix(at, "s3://")
	if !remote {
		c.Target = backup.Folder(at)
	} else {
		name, prefix, _ := strings.Cut(bucket, "/")
		if prefix = strings.Trim(prefix, "/"); prefix != "" {
			prefix += "/"
		}
		store, err := s3.New(ctx, s3.Config{Endpoint: v.S3Endpoint, Bucket: name, Region: v.S3Region,
			PathStyle: v.S3Endpoint != "",
			AccessKey: v.S3AccessKey, SecretKey: v.S3SecretKey})
		if err != nil {
			return err
		}
		c.Target = backup.Bucket{Store: store, Parts: store, Prefix: prefix}
	}
	c.Vault, err = backup.OpenVault(ctx, c.Target, string(raw), v.work)
	return err
}

type backupCmd struct {
	app.Settings
	vaultFlags
	To    string `help:"Folder, or s3://BUCKET/PREFIX." required:"" placeholder:"WHERE"`
	Keep  int    `help:"Keep this many of the newest backups and remove the older ones; 0 keeps all." placeholder:"N"`
	Check bool   `help:"Copy nothing: read the newest backup back, every byte of it."`
}

// Run copies all data, beside a running server or without one.
func (c backupCmd) Run(ctx context.Context, out io.Writer) (err error) {
	if c.To, err = absolute(c.To); err != nil {
		return err
	}
	if c.Check {
		return c.check(ctx, out)
	}
	a, err := app.OpenData(ctx, app.Config{Settings: c.Settings, Log: c.Logger(), Version: version}, app.OpenOptions{})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.RequireCurrent(ctx); err != nil {
		return err
	}
	copier := a.Copier()
	copier.Holds = a.DB.Holds()
	if err := c.open(ctx, c.To, copier); err != nil {
		return err
	}
	res, err := copier.Write(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "backup %s: %d rows, %d objects (%s), %d of them new (%s); read back and whole\n", res.Snapshot,
		sum(res.Rows), res.Objects, megabytes(res.Bytes), res.New, megabytes(res.NewBytes))
	if !copier.Vault.Reads() {
		fmt.Fprintln(out, "the key here can only write: run backup --check where the identity is")
	}
	for _, key := range res.Missing {
		fmt.Fprintf(out, "MISSING  %s: the database names it, and storage does not have it\n", key)
	}
	for _, key := range res.Damaged {
		fmt.Fprintf(out, "DAMAGED  %s: its bytes are not those that the database wrote down\n", key)
	}
	if len(res.Missing)+len(res.Damaged) > 0 {
		return app.ErrReported // nothing older is removed either
	}
	if c.Keep <= 0 {
		return nil
	}
	gone, err := copier.Prune(ctx, c.Keep)
	if err != nil {
		return fmt.Errorf("older backups stay: %w", err)
	}
	_, err = fmt.Fprintf(out, "older backups removed: %d, with %d objects that no other needs\n", len(gone.Snapshots),
		gone.Objects)
	return err
}

func (c backupCmd) check(ctx context.Context, out io.Writer) error {
	copier := &backup.Copier{Scratch: os.TempDir()}
	if err := c.open(ctx, c.To, copier); err != nil {
		return err
	}
	snapshot, whole, err := copier.Verify(ctx, "")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "backup %s is whole: %d rows, %d objects (%s)\n", snapshot, sum(whole.Rows),
		whole.Objects, megabytes(whole.Bytes))
	return err
}

func sum(rows map[string]int64) (n int64) {
	for _, k := range rows {
		n += k
	}
	return n
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
