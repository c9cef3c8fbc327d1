package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lenlop/infra/s3embedded"
	"lenlop/infra/sandbox"
)

// Finding is the result of one check of the machine and the configuration.
type Finding struct {
	What, Found string
	Remedy      string // how to correct it, where it is not fine
	Fine        bool
	Required    bool // the product does not run without it
}

// Diagnose checks everything that the product needs to run.
func Diagnose(ctx context.Context, s Settings) []Finding {
	d := doctor{s}
	return []Finding{program(ctx, "ffmpeg", "ffmpeg"), program(ctx, "ffprobe", "ffmpeg"), d.sandbox(ctx), d.disk(),
		d.attributes(), d.mode(), d.database(ctx), d.bucket(ctx), d.search(ctx), d.localTime(), d.folder()}
}

// doctor checks a configuration.
type doctor struct{ Settings }

func program(ctx context.Context, name, pkg string) Finding {
	f := Finding{What: name, Required: true, Remedy: "apt-get install " + pkg}
	path, err := exec.LookPath(name)
	if err != nil {
		f.Found = "not found"
		return f
	}
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	raw, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		f.Found = fmt.Sprintf("%s does not start: %v", path, err)
		return f
	}
	f.Found, _, _ = strings.Cut(string(raw), "\n")
	f.Fine = true
	return f
}

func (d doctor) sandbox(ctx context.Context) Finding {
	f := Finding{What: "sandbox",
		Remedy: "apt-get install bubblewrap, and allow unprivileged user namespaces; " +
			"until then recordings are opened under resource limits only"}
	s, err := sandbox.New(ctx, nil)
	if err != nil {
		f.Found, f.Required, f.Remedy = err.Error(), true, "apt-get install ffmpeg util-linux"
		return f
	}
	f.Found, f.Fine = s.Describe(), s.Strong()
	if s.Why() != "" {
		f.Found += " (" + s.Why() + ")"
	}
	return f
}

// disk wants space for a few recordings and what is made of them.
func (d doctor) disk() Finding {
	const want = 20 << 30
	f := Finding{What: "disk",
		Remedy: "free some space, or put the data folder on a larger disk: " +
			"a 30-minute lesson takes 2 to 5 GB with its recording"}
	var st syscall.Statfs_t
	if err := syscall.Statfs(existing(d.Data), &st); err != nil {
		f.Found = err.Error()
		return f
	}
	free := st.Bavail * uint64(st.Bsize)
	f.Found, f.Fine = fmt.Sprintf("%d GB free at %s", free/1e9, d.Data), free >= want
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

func (d doctor) attributes() Finding {
	f := Finding{What: "xattr", Required: d.Embedded(),
		Remedy: "put the data folder on ext4, xfs or btrfs: " +
			"objects need extended attributes, which this file system does not keep"}
	if !d.Embedded() {
		f.Found, f.Fine = "not needed: objects are at "+d.S3Endpoint, true
		return f
	}
	if err := s3embedded.CheckXattr(existing(d.Data)); err != nil {
		f.Found = err.Error()
		return f
	}
	f.Found, f.Fine = "extended attributes work", true
	return f
}

// mode checks whether embedded and scale are mixed.
func (d doctor) mode() Finding {
	f := Finding{What: "configuration", Required: true, Remedy: "see docs/operations.md"}
	shared, err := d.Shared()
	switch {
	case err != nil:
		f.Found = err.Error()
	case shared:
		f.Found, f.Fine = "scale: PostgreSQL and S3, shared with other processes", true
	default:
		f.Found, f.Fine = "embedded: everything in the data folder", true
	}
	return f
}

func (d doctor) localTime() Finding {
	f := Finding{What: "time zone", Required: true, Remedy: "set LENLOP_TIMEZONE, for example Asia/Ho_Chi_Minh"}
	z, err := d.Location()
	if err != nil {
		f.Found = err.Error()
		return f
	}
	f.Found, f.Fine = fmt.Sprintf("%s: now %s", z, time.Now().In(z).Format("15:04 02/01/2006")), true
	return f
}

// folder says whether another process has the data folder locked, which is the
// commonest reason for a server that does not start.
func (d doctor) folder() Finding {
	f := Finding{What: "data folder", Found: d.Data + " is free", Fine: true}
	if _, err := os.Stat(filepath.Join(d.Data, "lock")); err != nil {
		return f
	}
	locked, err := LockFolder(d.Data)
	if err != nil {
		f.Found, f.Fine, f.Remedy = strings.ReplaceAll(err.Error(), "\n", " "), false,
			"this is right when lenlop is running; else stop the other one"
		return f
	}
	locked.Release()
	return f
}
