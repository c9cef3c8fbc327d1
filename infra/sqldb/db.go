// Package sqldb keeps every Store in one SQL for SQLite and PostgreSQL.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"testing" // for testing.Testing only
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the "sqlite" driver

	"lenlop/services/audit"
	"lenlop/services/job"
)

// DB is the database. On SQLite it holds one writing connection and a pool of
// readers; on PostgreSQL both are the same pool.
type DB struct {
	write, read *bun.DB
	now         func() time.Time
	shift       time.Duration   // see Pool.ClockShift
	server      *pgx.ConnConfig // how to reach PostgreSQL; nil on SQLite
}

// txKey is where Atomically keeps its transaction in a context.
type txKey struct{}

// Sizes of the pools. A SQLite reader keeps up to 2 MB of pages (cacheReader)
// and the writer 8 MB; four idle readers are kept, so that an idle process stays small.
const (
	readers, idleReaders = 8, 4
	cacheReader          = -2000 // KiB, negative by SQLite's convention
	cacheWriter          = -8000
	idleFor              = 5 * time.Minute
)

// Pool bounds what one process asks of PostgreSQL; zero values mean the
// defaults. SQLite only heeds ClockShift.
type Pool struct {
	Conns     int           // most connections of this process; 20
	Statement time.Duration // longest single statement; 30 s
	Idle      time.Duration // longest a transaction may do nothing: a process that hangs holds no locks; 60 s
	// ClockShift is added to the database's own time (Clock, leases, due jobs). It is 0 except in tests that
	// set the program's clock: both clocks then differ from the real one by the same amount, so a job's RunAt,
	// which comes from the program, still compares with the database's time.
	ClockShift time.Duration
}

func (p Pool) orDefaults() Pool {
	if p.Conns <= 0 {
		p.Conns = 20
	}
	if p.Statement <= 0 {
		p.Statement = 30 * time.Second
	}
	if p.Idle <= 0 {
		p.Idle = time.Minute
	}
	return p
}

// Open opens dsn: "postgres://..." or the path of a SQLite file. It does not
// migrate; call Migrate. fault.Unavailable "database.unavailable" when it
// cannot be reached.
func Open(ctx context.Context, dsn string, now func() time.Time) (*DB, error) {
	return OpenPool(ctx, dsn, now, Pool{})
}

// unknown columns are passed over: while a newer release is being brought in, its
// migration has already added some.
var unknown = bun.WithDiscardUnknownColumns()

// OpenPool is Open with bounds for PostgreSQL.
func OpenPool(ctx context.Context, dsn string, now func() time.Time, pool Pool) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn, now, pool.orDefaults())
	}
	w, err := openSQLite(ctx, dsn, cacheWriter, "&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := openSQLite(ctx, dsn, cacheReader, "&_pragma=query_only(ON)")
	if err != nil {
		w.Close()
		return nil, err
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(idleReaders)
	r.SetConnMaxIdleTime(idleFor)
	write := bun.NewDB(w, sqliteText{sqlitedialect.New()}, unknown).WithQueryHook(counter{}).WithQueryHook(recorder{})
	read := bun.NewDB(r, sqliteText{sqlitedialect.New()}, unknown).WithQueryHook(recorder{})
	return &DB{write: write, read: read, now: now, shift: pool.ClockShift}, nil
}

func openPostgres(ctx context.Context, dsn string, now func() time.Time, pool Pool) (*DB, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's error repeats the DSN with the password hidden.
		return nil, fmt.Errorf("database: %w", err)
	}
	// bun writes values into the text of a query, so prepared statements would
	// never be used a second time.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.RuntimeParams["timezone"] = "UTC"
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "lenlop"
	}
	server := c.Copy()
	// What the address itself says about these wins.
	for name, limit := range map[string]time.Duration{"statement_timeout": pool.Statement,
		"idle_in_transaction_session_timeout": pool.Idle} {
		if c.RuntimeParams[name] == "" {
			c.RuntimeParams[name] = strconv.FormatInt(limit.Milliseconds(), 10)
		}
	}
	p := stdlib.OpenDB(*c)
	p.SetMaxOpenConns(pool.Conns)
	p.SetMaxIdleConns(max(pool.Conns/4, 2))
	p.SetConnMaxIdleTime(idleFor)
	if err := pingOrClose(ctx, p); err != nil {
		return nil, err
	}
	b := bun.NewDB(p, postgresText{pgdialect.New()}, unknown).WithQueryHook(recorder{})
	return &DB{write: b, read: b, now: now, shift: pool.ClockShift, server: server}, nil
}

func openSQLite(ctx context.Context, path string, cache int, more string) (*sql.DB, error) {
	// synchronous=FULL: NORMAL lost every acknowledged commit in a power cut.
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() + fmt.Sprintf(
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
			"&_pragma=foreign_keys(ON)&_pragma=cache_size(%d)&_pragma=temp_store(MEMORY)", cache) + more
	p, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if err := pingOrClose(ctx, p); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	return p, nil
}

func pingOrClose(ctx context.Context, p *sql.DB) error {
	if err := p.PingContext(ctx); err != nil {
		p.Close()
		return unavailable(fmt.Errorf("connect: %w", err))
	}
	return nil
}

// Close closes both pools.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

// Ping reports whether the database answers: nil or fault.Unavailable.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.read.NewRaw("SELECT 1").Scan(ctx, &one); err != nil {
		return unavailable(fmt.Errorf("database: %w", err))
	}
	return nil
}

// Postgres reports whether the engine is PostgreSQL.
func (d *DB) Postgres() bool { return d.write.Dialect().Name() == dialect.PG }

// Atomically runs fn in one transaction; nested calls join the outer one.
// Inside fn use fn's ctx for every call: on SQLite a write with the outer
// context would wait for itself.
func (d *DB) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	if inTransaction(ctx) {
		return fn(ctx)
	}
	var began time.Time
	ctx, w := d.begin(ctx)
	err := d.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		began = time.Now()     // it has the writer now
		var done []audit.Entry // what was done goes to the end of the audit's chain last
		ctx = context.WithValue(context.WithValue(ctx, txKey{}, tx), pendingKey{}, &done)
		ctx = job.WithTransaction(ctx, misused)
		if err := fn(ctx); err != nil {
			return err
		}
		return d.Audit().seal(ctx, done)
	})
	if err == nil {
		d.end(ctx, w, began)
	}
	return wrap(err, "database")
}

// misused answers a call inside a transaction that belongs outside it: a test
// fails, in production it is logged.
func misused(call string) {
	if testing.Testing() {
		panic(call + " inside a database transaction")
	}
	slog.Error("call inside a database transaction", "call", call)
}

// InTransaction reports whether ctx carries a transaction of Atomically.
func (d *DB) InTransaction(ctx context.Context) bool { return inTransaction(ctx) }

func inTransaction(ctx context.Context) bool {
	_, ok := ctx.Value(txKey{}).(bun.Tx)
	return ok
}

// Reader is the transaction in ctx, or the reading pool.
func (d *DB) Reader(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return tx
	}
	return d.read
}

// Writer is the transaction in ctx, or the writing pool.
func (d *DB) Writer(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(txKey{}).(bun.Tx); ok {
		return tx
	}
	return d.write
}

var errNoTransaction = errors.New("a lock needs a transaction: call it inside Atomically")

// locked makes q keep its rows from being changed by others until the
// transaction in ctx ends. On SQLite the transaction, which began immediate,
// already does.
func (d *DB) locked(ctx context.Context, q *bun.SelectQuery) (*bun.SelectQuery, error) {
	if !inTransaction(ctx) {
		return nil, errNoTransaction
	}
	if d.Postgres() {
		q = q.For("UPDATE")
	}
	return q, nil
}
