package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"lenlop/services/people"
)

// OpenAccounts opens what managing accounts needs, and a function that closes
// it. SQLite lets a second process in, so this works beside a running server.
func OpenAccounts(ctx context.Context, s DataSettings) (*people.Service, func(), error) {
	if s.Database == "" {
		if err := os.MkdirAll(s.Data, 0o750); err != nil {
			return nil, nil, fmt.Errorf("data folder: %w", err)
		}
	}
	db, err := OpenDatabase(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	accounts := &people.Service{Store: db.People(), Now: time.Now, NewID: NewID, Atomic: db, Audit: db.Audit(),
		Secrets: db.Secrets(), Directory: db.Secrets(), Records: db.Privacy()}
	return accounts, func() { _ = db.Close() }, nil
}
