package sqldb

import "context"

// Setting is a small value kept with the data (the mark of demo data, secrets
// for signing); "" when it was never set.
func (d *DB) Setting(ctx context.Context, name string) (string, error) {
	var values []string
	err := d.Reader(ctx).NewRaw("SELECT value FROM settings WHERE name = ?", name).Scan(ctx, &values)
	if err != nil || len(values) == 0 {
		return "", wrap(err, "setting", name)
	}
	return values[0], nil
}

// SetSetting stores a value over what is there.
func (d *DB) SetSetting(ctx context.Context, name, value string) error {
	_, err := d.Writer(ctx).NewRaw("INSERT INTO settings (name, value) VALUES (?, ?) "+
		"ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value", name, value).Exec(ctx)
	return wrap(err, "setting", name)
}

// EnsureSetting stores a value unless there is one already, and gives what is
// stored: two processes that start together agree on one secret.
func (d *DB) EnsureSetting(ctx context.Context, name, value string) (string, error) {
	err := d.Atomically(ctx, func(ctx context.Context) error {
		_, err := d.Writer(ctx).NewRaw("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
			name, value).Exec(ctx)
		if err != nil {
			return wrap(err, "setting", name)
		}
		value, err = d.Setting(ctx, name)
		return err
	})
	return value, err
}
