package main

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // a cheap server may have no zone files

	"github.com/alecthomas/kong"

	"lenlop/infra/s3"
	"lenlop/infra/sqldb"
	"lenlop/infra/telemetry"
	"lenlop/services/fault"
	"lenlop/web/locale"
)

// dataFlags say where the house keeps its things; most commands share them.
type dataFlags struct {
	Data     string `help:"Data folder." default:"data" type:"path" placeholder:"DIR"`
	Database string `help:"PostgreSQL address; empty: SQLite in the data folder." placeholder:"postgres://..."`

	DatabaseConns   int           `name:"database-conns" help:"Most PostgreSQL connections of this process." default:"20"`
	DatabaseTimeout time.Duration `name:"database-timeout" help:"Longest single statement on PostgreSQL." default:"30s"`

	// Named one by one: kong would call the variables LENLOP_S_3_...
	S3Endpoint       string `name:"s3-endpoint" env:"LENLOP_S3_ENDPOINT" help:"S3 endpoint; empty: the one inside, files below the data folder." placeholder:"URL"`
	S3PublicEndpoint string `name:"s3-public-endpoint" env:"LENLOP_S3_PUBLIC_ENDPOINT" help:"Where browsers send parts, when that is not s3-endpoint: an address whose proxy keeps the Host." placeholder:"URL"`
	S3Bucket         string `name:"s3-bucket" env:"LENLOP_S3_BUCKET" help:"Bucket." default:"lenlop"`
	S3Region         string `name:"s3-region" env:"LENLOP_S3_REGION" help:"Region." default:"us-east-1"`
	S3AccessKey      string `name:"s3-access-key" env:"LENLOP_S3_ACCESS_KEY" help:"Access key; empty: the SDK's own chain (environment, files, instance role)."`
	S3SecretKey      string `name:"s3-secret-key" env:"LENLOP_S3_SECRET_KEY" help:"Secret key; rather LENLOP_S3_SECRET_KEY_FILE."`
	S3SSE            string `name:"s3-sse" env:"LENLOP_S3_SSE" help:"Encryption at rest that every write asks for; empty: the bucket's own rule." placeholder:"AES256|aws:kms|aws:kms:KEY"`
	S3VirtualHost    bool   `name:"s3-virtual-host" env:"LENLOP_S3_VIRTUAL_HOST" help:"Address the bucket as a host name (AWS) and not as a path."`

	MeiliURL string `name:"meili-url" help:"Meilisearch; empty: the database's own index." placeholder:"URL"`
	MeiliKey string `name:"meili-key" help:"Meilisearch's key; rather LENLOP_MEILI_KEY_FILE."`

	OTLPEndpoint string `name:"otlp-endpoint" help:"Where traces go, over OTLP/HTTP; empty: none are made." placeholder:"http://collector:4318"`

	Timezone   string        `help:"Local time zone: what a day is." default:"Asia/Ho_Chi_Minh"`
	ClockShift time.Duration `kong:"-"` // between the program's clock and the machine's; 0 except in tests (clock.go)

	Log string `help:"Least level logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
}

// serveFlags are dataFlags and what the site needs beyond.
type serveFlags struct {
	dataFlags
	PublicURL      string        `name:"public-url" help:"Address that people use, when a proxy stands in front." placeholder:"https://..."`
	TrustedProxies []string      `name:"trusted-proxies" help:"Networks whose X-Forwarded headers are believed." placeholder:"10.0.0.0/8,..."`
	TLSCert        string        `name:"tls-cert" help:"Certificate file (PEM)." type:"path" placeholder:"FILE"`
	TLSKey         string        `name:"tls-key" help:"Key file (PEM)." type:"path" placeholder:"FILE"`
	MaxUpload      int64         `name:"max-upload" help:"Largest recording, bytes." default:"21474836480"`
	Quota          int64         `name:"quota" help:"Storage for one teacher's recordings and open uploads, bytes; 0: no limit." default:"214748364800"`
	SMTPURL        string        `name:"smtp-url" help:"Mail server for reset letters; needs --public-url too." placeholder:"smtp://user:password@host:587?from=..."`
	WebhookPrivate bool          `name:"webhook-private" help:"Also call webhooks on plain http and on addresses inside this network."`
	OIDCIssuer     string        `name:"oidc-issuer" help:"The province's own sign-in (OpenID Connect); empty: none." placeholder:"https://..."`
	OIDCClientID   string        `name:"oidc-client-id" help:"What it knows this site by."`
	OIDCSecret     string        `name:"oidc-client-secret" help:"And the secret for it."`
	SecondStep     bool          `name:"second-step" help:"Reviewers, stations and administrators must set up one-time codes." default:"true" negatable:""`
	Workers        int           `name:"workers" help:"Pieces of recordings transcoded at once, one thread each; 0: one per core."`
	Drain          time.Duration `name:"drain" help:"How long running work may go on after SIGTERM." default:"20s"`
	Lease          time.Duration `help:"How long a worker that is not heard of keeps its job, before another takes it." default:"20s"`
	Embed          string        `name:"embed" help:"Sites that may show lessons in a frame (origins, with spaces between); *: every one; none: no site." default:"*" placeholder:"https://..."`
	MetricsListen  string        `name:"metrics-listen" help:"Address for Prometheus and health checks that asks nobody who they are; empty: none." placeholder:"HOST:PORT"`
	RelayCache     int64         `name:"relay-cache" help:"Room for segments kept from the S3 server outside, bytes; 0: none; -1: a tenth of what the disk has free." default:"-1" placeholder:"BYTES"`
	Scratch        string        `name:"scratch" help:"Folder for files in the making; empty: below the data folder." type:"path" placeholder:"DIR"`
	ScratchLimit   int64         `name:"scratch-limit" help:"Most that files in the making may take, bytes; 0: what the disk has."`
}

// Validate refuses limits that cannot be meant.
func (f serveFlags) Validate() error {
	if f.Quota < 0 {
		return fmt.Errorf("--quota %d: must be 0 (no limit) or more", f.Quota)
	}
	return nil
}

// zone is the site's time zone.
func (f dataFlags) zone() (*time.Location, error) {
	z, err := time.LoadLocation(f.Timezone)
	if err != nil {
		return nil, fmt.Errorf("no time zone %q (example: Asia/Ho_Chi_Minh)", f.Timezone)
	}
	return z, nil
}

// now is the program's clock.
func (f dataFlags) now() time.Time { return time.Now().Add(f.ClockShift) }

// dsn is what sqldb.Open takes.
func (f dataFlags) dsn() string {
	if f.Database != "" {
		return f.Database
	}
	return filepath.Join(f.Data, "lenlop.sqlite")
}

// pool bounds the connections to PostgreSQL.
func (f dataFlags) pool() sqldb.Pool {
	return sqldb.Pool{Conns: f.DatabaseConns, Statement: f.DatabaseTimeout, ClockShift: f.ClockShift}
}

// shared reports whether other processes may share the database and the
// objects; half of it would be two truths.
func (f dataFlags) shared() (bool, error) {
	if (f.Database == "") != f.embedded() {
		return false, fmt.Errorf("PostgreSQL and an S3 server go together: give both LENLOP_DATABASE and LENLOP_S3_ENDPOINT, or neither")
	}
	return f.Database != "", nil
}

// s3 is the client of the S3 server outside.
func (f dataFlags) s3() s3.Config {
	return s3.Config{Endpoint: f.S3Endpoint, Bucket: f.S3Bucket, Region: f.S3Region, PathStyle: !f.S3VirtualHost, AccessKey: f.S3AccessKey, SecretKey: f.S3SecretKey, Encryption: f.S3SSE}
}

// embedded reports whether objects live below the data folder.
func (f dataFlags) embedded() bool { return f.S3Endpoint == "" }

// logger writes JSON lines to standard error.
func (f dataFlags) logger() *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(f.Log)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(telemetry.Logs(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l})))
}

// proxies parses the trusted networks; a bare address is a network of one.
func (f serveFlags) proxies() ([]netip.Prefix, error) {
	var ps []netip.Prefix
	for _, s := range f.TrustedProxies {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a network", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// fileResolver reads the file named by --config or LENLOP_CONFIG: lines of
// LENLOP_NAME=value, # for comments.
func fileResolver(args []string) (kong.Resolver, error) {
	name := os.Getenv("LENLOP_CONFIG")
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			name = v
		} else if a == "--config" && i+1 < len(args) {
			name = args[i+1]
		}
	}
	values := map[string]string{}
	if name != "" {
		var err error
		if values, err = readConfig(name); err != nil {
			return nil, err
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := "LENLOP_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		for _, name := range flag.Envs {
			if _, set := os.LookupEnv(name); set {
				return nil, nil // kong would let the file win
			}
		}
		// Secrets are handed over as files, so that no list of processes and no
		// container's description shows them.
		file := os.Getenv(name + "_FILE")
		if file == "" {
			if v, ok := values[name]; ok {
				return v, nil
			}
			file = values[name+"_FILE"]
		}
		if file == "" {
			return nil, nil
		}
		return readSecret(name, file)
	}), nil
}

// maxSecret is the largest secret that is read from a file, bytes: more is a
// wrong file.
const maxSecret = 64 << 10

// readSecret gives a file's one value; the last newline, which editors add, is
// no part of it.
func readSecret(name, file string) (any, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%s_FILE: %w", name, err)
	}
	if st.Size() > maxSecret {
		return nil, fmt.Errorf("%s_FILE: %s is larger than any secret", name, file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

func readConfig(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		k = strings.TrimSpace(k)
		if !ok || !strings.HasPrefix(k, "LENLOP_") {
			return nil, fmt.Errorf("%s:%d: expected LENLOP_NAME=value", name, n)
		}
		values[k] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return values, lines.Err()
}

// explain gives the sentence for a fault, in English as the rest of the
// command line, and a stranger's error as it is.
func explain(err error) string {
	e := fault.As(err)
	if e == nil {
		return err.Error()
	}
	book, berr := locale.NewBook(time.UTC)
	if berr != nil {
		return err.Error()
	}
	p := book.Printer(locale.En)
	s := p.Fault(e)
	for _, f := range e.Fields {
		s += "\n  " + f.Name + ": " + p.Code(f.Code, f.Args)
	}
	if cause := errors.Unwrap(e); cause != nil && e.Kind != fault.Invalid {
		s += " (" + cause.Error() + ")"
	}
	return s
}
