package sqldb

import (
	"context"
	"encoding/json"
	"fmt"

	"lenlop/services/backup"
	"lenlop/services/production"
)

// Objects calls each for every object that the database names.
func (d *DB) Objects(ctx context.Context, each func(backup.Named) error) error {
	if err := d.packageFiles(ctx, each); err != nil {
		return err
	}
	rows, err := d.Reader(ctx).QueryContext(ctx, objectQuery(func(o *ObjectColumns) (bool, string) { return true, "" }))
	if err != nil {
		return wrap(err, "named objects")
	}
	defer rows.Close()
	for rows.Next() {
		var n backup.Named
		var what string
		if err := rows.Scan(&what, &n.Key, &n.Size, &n.SHA256); err != nil {
			return wrap(err, "named objects")
		}
		if err := each(n); err != nil {
			return err
		}
	}
	return wrap(rows.Err(), "named objects")
}

func (d *DB) packageFiles(ctx context.Context, each func(backup.Named) error) error {
	rows, err := d.Reader(ctx).QueryContext(ctx, "SELECT id, files FROM packages WHERE files <> ''")
	if err != nil {
		return wrap(err, "packages")
	}
	defer rows.Close()
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return wrap(err, "packages")
		}
		var files []production.File
		if err := json.Unmarshal([]byte(text), &files); err != nil {
			return fmt.Errorf("package %s: files: %w", id, err)
		}
		for _, f := range files {
			if err := each(backup.Named{Key: f.Key, Size: f.Size}); err != nil {
				return err
			}
		}
	}
	return wrap(rows.Err(), "packages")
}
