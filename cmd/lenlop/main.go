// Command lenlop is the whole product in one binary: the site, its workers, and
// the operator's tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/sandbox"
)

// version and commit are set by the build (Makefile); commit is empty where git does not know it.
var (
	version = "dev"
	commit  string
)

// cli is every command and flag. Each flag is also an environment variable
// with the prefix LENLOP_, and a line of the same name in the file of --config.
type cli struct {
	Config string `help:"File of LENLOP_NAME=value lines; flags and environment win over it." type:"existingfile" env:"LENLOP_CONFIG" placeholder:"FILE"`
	Clock  string `help:"For tests: the time at which the program's clock starts (RFC 3339); only with serve --demo on loopback." hidden:"" placeholder:"TIME"`

	Serve   serveCmd   `cmd:"" help:"Serve the site and do its work."`
	Work    workCmd    `cmd:"" help:"Do the work without serving: any number of these beside the site, with PostgreSQL and S3."`
	Seed    seedCmd    `cmd:"" help:"Make a realistic province in an empty folder, for trials and benchmarks."`
	Lesson  lessonCmd  `cmd:"" help:"Lessons from the command line."`
	User    userCmd    `cmd:"" help:"Accounts from the command line."`
	Person  personCmd  `cmd:"" help:"One person's data: export it, or erase it."`
	Report  reportCmd  `cmd:"" help:"Signed reports."`
	Audit   auditCmd   `cmd:"" help:"The log of who did what."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to this version, make the bucket if there is none, and stop; with --to, move the data to another installation."`
	Backup  backupCmd  `cmd:"" help:"Make an encrypted copy of all data, also while the server runs."`
	Restore restoreCmd `cmd:"" help:"Restore a backup into an empty installation."`
	Fsck    fsckCmd    `cmd:"" help:"Check all data: database, objects and search index."`
	Doctor  doctorCmd  `cmd:"" help:"Say what is missing on this machine and how to get it."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

func (versionCmd) Run(out io.Writer) error {
	text := "lenlop " + version
	if commit != "" {
		text += " (commit " + commit + ")"
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

func main() {
	sandbox.Enter()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its arguments and outputs as parameters. Exit codes: 0 done,
// 1 failed, 2 wrong usage.
func run(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	code := -1
	file, ferr := fileResolver(args)
	if ferr != nil {
		fmt.Fprintln(errs, "lenlop:", ferr)
		return 2
	}
	parser, err := kong.New(&c,
		kong.Name("lenlop"),
		kong.Description("Lên Lớp keeps a province's schools teaching while they are closed."),
		kong.Writers(out, errs),
		kong.Exit(func(n int) { code = n }),
		kong.DefaultEnvars("LENLOP"),
		kong.Resolvers(file),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(out, (*io.Writer)(nil)),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(errs, "lenlop:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintln(errs, "lenlop:", err)
		return 2
	}
	if c.Clock != "" && k.Command() != "serve" {
		fmt.Fprintln(errs, "lenlop:", errClock)
		return 2
	}
	c.Serve.clock = c.Clock
	if err := k.Run(); err != nil {
		if errors.Is(err, app.ErrReported) {
			return 1
		}
		fmt.Fprintln(errs, "lenlop:", app.Explain(err))
		return 1
	}
	return 0
}
