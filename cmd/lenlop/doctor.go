package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lenlop/infra/s3embedded"
	"lenlop/infra/sandbox"
	"lenlop/infra/sqldb"
)

type doctorCmd struct{ serveFlags }

// finding is one thing looked at. A finding that is not fine says how to mend
// it; must says that the product does not run without it.
type finding struct {
	what, found, mend string
	fine, must        bool
}

// Run looks at everything and prints it; the exit code is 1 when something is
// missing that the product does not run without.
func (c doctorCmd) Run(ctx context.Context, out io.Writer) error {
	bad := 0
	for _, f := range c.look(ctx) {
		mark := "ok     "
		switch {
		case !f.fine && f.must:
			mark, bad = "MISSING", bad+1
		case !f.fine:
			mark = "better "
		}
		fmt.Fprintf(out, "%s  %-14s %s\n", mark, f.what, f.found)
		if !f.fine {
			fmt.Fprintf(out, "         %-14s -> %s\n", "", f.mend)
		}
	}
	if bad > 0 {
		fmt.Fprintf(out, "\n%d missing; lenlop does not run without.\n", bad)
		return errSaid
	}
	fmt.Fprintln(out, "\nlenlop can run here.")
	return nil
}

func (c doctorCmd) look(ctx context.Context) []finding {
	fs := []finding{program(ctx, "ffmpeg", "ffmpeg"), program(ctx, "ffprobe", "ffmpeg"), c.protection(ctx), c.room(), c.attributes()}
	fs = append(fs, c.modes(), c.database(ctx), c.bucket(ctx), c.search(ctx), c.localTime(), c.port())
	return fs
}

func program(ctx context.Context, name, pkg string) finding {
	f := finding{what: name, must: true, mend: "apt-get install " + pkg}
	path, err := exec.LookPath(name)
	if err != nil {
		f.found = "not found"
		return f
	}
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	raw, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		f.found = fmt.Sprintf("%s does not start: %v", path, err)
		return f
	}
	f.found, _, _ = strings.Cut(string(raw), "\n")
	f.fine = true
	return f
}

func (c doctorCmd) protection(ctx context.Context) finding {
	f := finding{what: "sandbox", mend: "apt-get install bubblewrap, and allow unprivileged user namespaces; until then recordings are opened under resource limits only"}
	s, err := sandbox.New(ctx, nil)
	if err != nil {
		f.found, f.must, f.mend = err.Error(), true, "apt-get install ffmpeg util-linux"
		return f
	}
	f.found, f.fine = s.Describe(), s.Strong()
	if s.Why() != "" {
		f.found += " (" + s.Why() + ")"
	}
	return f
}

// room wants space for a few recordings and what is made of them.
func (c doctorCmd) room() finding {
	const want = 20 << 30
	f := finding{what: "disk", mend: "free some space, or put the data folder on a larger disk: a 30-minute lesson takes 2 to 5 GB with its recording"}
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(c.Data), &st); err != nil {
		f.found = err.Error()
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
	f.found, f.fine = fmt.Sprintf("%d GB free at %s", free/1e9, c.Data), free >= want
	return f
}

// existing is the nearest folder above a path that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func (c doctorCmd) attributes() finding {
	f := finding{what: "xattr", must: c.embedded(), mend: "put the data folder on ext4, xfs or btrfs: objects need extended attributes, which this file system does not keep"}
	if !c.embedded() {
		f.found, f.fine = "not needed: objects are at "+c.S3Endpoint, true
		return f
	}
	if err := s3embedded.CheckXattr(existing(c.Data)); err != nil {
		f.found = err.Error()
		return f
	}
	f.found, f.fine = "extended attributes work", true
	return f
}

func (c doctorCmd) database(ctx context.Context) finding {
	f := finding{what: "database", must: true, mend: "see what it says"}
	if c.Database == "" {
		if _, err := os.Stat(c.dsn()); err != nil {
			f.found, f.fine = "SQLite, made at the first start", true
			return f
		}
	}
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	db, err := sqldb.OpenPool(ctx, c.dsn(), time.Now, c.pool())
	if err != nil {
		f.found, f.mend = databaseTrouble(err)
		return f
	}
	defer db.Close()
	return schema(ctx, db)
}

// modes looks whether embedded and scale are mixed.
func (c doctorCmd) modes() finding {
	f := finding{what: "configuration", must: true, mend: "see docs/operations.md"}
	shared, err := c.shared()
	switch {
	case err != nil:
		f.found = err.Error()
	case shared:
		f.found, f.fine = "scale: PostgreSQL and S3, shared with other processes", true
	default:
		f.found, f.fine = "embedded: everything in the data folder", true
	}
	return f
}

func (c doctorCmd) localTime() finding {
	f := finding{what: "time zone", must: true, mend: "set LENLOP_TIMEZONE, for example Asia/Ho_Chi_Minh"}
	z, err := c.zone()
	if err != nil {
		f.found = err.Error()
		return f
	}
	f.found, f.fine = fmt.Sprintf("%s: now %s", z, time.Now().In(z).Format("15:04 02/01/2006")), true
	return f
}

// port says whether somebody already holds the data folder, which is the
// commonest reason for a server that does not start.
func (c doctorCmd) port() finding {
	f := finding{what: "data folder", found: c.Data + " is free", fine: true}
	if _, err := os.Stat(filepath.Join(c.Data, "lock")); err != nil {
		return f
	}
	h, err := hold(c.Data)
	if err != nil {
		f.found, f.fine, f.mend = strings.ReplaceAll(err.Error(), "\n", " "), false, "this is right when lenlop is running; else stop the other one"
		return f
	}
	h.release()
	return f
}
