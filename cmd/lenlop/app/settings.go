package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // a small server may have no zone files

	"lenlop/infra/s3"
	"lenlop/infra/sqldb"
	"lenlop/infra/telemetry"
)

// DataSettings say where the data is kept; most commands share them. The tags
// are read by kong: each field is a flag, an environment variable and a line of
// the configuration file.
type DataSettings struct {
	Data     string `help:"Data folder." default:"data" type:"path" placeholder:"DIR"`
	Database string `help:"PostgreSQL address; empty: SQLite in the data folder." placeholder:"postgres://..."`

	DatabaseConns   int           `name:"database-conns" help:"Most PostgreSQL connections of this process." default:"20"`
	DatabaseTimeout time.Duration `name:"database-timeout" help:"Longest single statement on PostgreSQL." default:"30s"`

	// The variables are named one by one: kong would call them LENLOP_S_3_...
	S3Endpoint       string `name:"s3-endpoint" env:"LENLOP_S3_ENDPOINT" help:"S3 endpoint; empty: the built-in one, with files below the data folder." placeholder:"URL"`
	S3PublicEndpoint string `name:"s3-public-endpoint" env:"LENLOP_S3_PUBLIC_ENDPOINT" help:"Where browsers send parts, when that is not s3-endpoint: an address whose proxy keeps the Host." placeholder:"URL"`
	S3Bucket         string `name:"s3-bucket" env:"LENLOP_S3_BUCKET" help:"Bucket." default:"lenlop"`
	S3Region         string `name:"s3-region" env:"LENLOP_S3_REGION" help:"Region." default:"us-east-1"`
	S3AccessKey      string `name:"s3-access-key" env:"LENLOP_S3_ACCESS_KEY" help:"Access key; empty: the SDK's own chain (environment, files, instance role)."`
	S3SecretKey      string `name:"s3-secret-key" env:"LENLOP_S3_SECRET_KEY" help:"Secret key; better LENLOP_S3_SECRET_KEY_FILE."`
	S3SSE            string `name:"s3-sse" env:"LENLOP_S3_SSE" help:"Encryption at rest that every write asks for; empty: the bucket's own rule." placeholder:"AES256|aws:kms|aws:kms:KEY"`
	S3VirtualHost    bool   `name:"s3-virtual-host" env:"LENLOP_S3_VIRTUAL_HOST" help:"Address the bucket as a host name (AWS) and not as a path."`

	MeiliURL string `name:"meili-url" help:"Meilisearch; empty: the database's own index." placeholder:"URL"`
	MeiliKey string `name:"meili-key" help:"Meilisearch's key; better LENLOP_MEILI_KEY_FILE."`

	OTLPEndpoint string `name:"otlp-endpoint" help:"Where traces go, over OTLP/HTTP; empty: none are made." placeholder:"http://collector:4318"`

	// ClockShift is between the program's clock and the machine's; 0 except in tests (LENLOP_CLOCK).
	ClockShift time.Duration `kong:"-"`

	Timezone string `help:"Local time zone, which decides when a day begins." default:"Asia/Ho_Chi_Minh"`
	LogLevel string `name:"log" help:"Lowest level that is logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
}

// Settings are DataSettings and what the site and the workers need beyond.
type Settings struct {
	DataSettings
	PublicURL      string        `name:"public-url" help:"Address that people use, when a proxy stands in front." placeholder:"https://..."`
	TrustedProxies []string      `name:"trusted-proxies" help:"Networks whose X-Forwarded headers are believed." placeholder:"10.0.0.0/8,..."`
	TLSCert        string        `name:"tls-cert" help:"Certificate file (PEM)." type:"path" placeholder:"FILE"`
	TLSKey         string        `name:"tls-key" help:"Key file (PEM)." type:"path" placeholder:"FILE"`
	MaxUpload      int64         `name:"max-upload" help:"Largest recording, bytes." default:"21474836480"`
	Quota          int64         `name:"quota" help:"Storage for one teacher's recordings and open uploads, bytes; 0: no limit." default:"214748364800"`
	SMTPURL        string        `name:"smtp-url" help:"Mail server for password reset letters; needs --public-url too." placeholder:"smtp://user:password@host:587?from=..."`
	WebhookPrivate bool          `name:"webhook-private" help:"Also call webhooks on plain http and on addresses inside this network."`
	OIDCIssuer     string        `name:"oidc-issuer" help:"The province's own sign-in (OpenID Connect); empty: none." placeholder:"https://..."`
	OIDCClientID   string        `name:"oidc-client-id" help:"Client id of this site at that provider."`
	OIDCSecret     string        `name:"oidc-client-secret" help:"Client secret of this site at that provider."`
	SecondStep     bool          `name:"second-step" help:"Reviewers, stations and administrators must set up one-time codes." default:"true" negatable:""`
	Workers        int           `name:"workers" help:"Pieces of recordings transcoded at once, one thread each; 0: one per core."`
	Drain          time.Duration `name:"drain" help:"How long running work may go on after SIGTERM." default:"20s"`
	Lease          time.Duration `help:"How long a worker that is not heard of keeps its job, before another takes it." default:"20s"`
	Embed          string        `name:"embed" help:"Sites that may show lessons in a frame (origins, with spaces between); *: every one; none: no site." default:"*" placeholder:"https://..."`
	MetricsListen  string        `name:"metrics-listen" help:"Address for Prometheus and health checks, without authentication; empty: none." placeholder:"HOST:PORT"`
	RelayCache     int64         `name:"relay-cache" help:"Disk space for segments cached from an external S3 server, bytes; 0: none; -1: a tenth of what the disk has free." default:"-1" placeholder:"BYTES"`
	Scratch        string        `name:"scratch" help:"Folder for temporary files; empty: below the data folder." type:"path" placeholder:"DIR"`
	ScratchLimit   int64         `name:"scratch-limit" help:"Most that temporary files may take, bytes; 0: what the disk has."`
}

// Validate refuses limits that cannot be meant.
func (s Settings) Validate() error {
	if s.Quota < 0 {
		return fmt.Errorf("--quota %d: must be 0 (no limit) or more", s.Quota)
	}
	return nil
}

// Location is the site's time zone.
func (s DataSettings) Location() (*time.Location, error) {
	z, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return nil, fmt.Errorf("no time zone %q (example: Asia/Ho_Chi_Minh)", s.Timezone)
	}
	return z, nil
}

// now is the program's clock.
func (s DataSettings) now() time.Time { return time.Now().Add(s.ClockShift) }

// DSN is what sqldb.Open takes.
func (s DataSettings) DSN() string {
	if s.Database != "" {
		return s.Database
	}
	return filepath.Join(s.Data, "lenlop.sqlite")
}

// pool bounds the connections to PostgreSQL.
func (s DataSettings) pool() sqldb.Pool {
	return sqldb.Pool{Conns: s.DatabaseConns, Statement: s.DatabaseTimeout, ClockShift: s.ClockShift}
}

// Shared reports whether other processes may share the database and the
// objects. It refuses half of it: a shared database with local objects, or the
// other way round.
func (s DataSettings) Shared() (bool, error) {
	if (s.Database == "") != s.Embedded() {
		return false, errors.New("PostgreSQL and an S3 server go together: " +
			"give both LENLOP_DATABASE and LENLOP_S3_ENDPOINT, or neither")
	}
	return s.Database != "", nil
}

// S3 is the configuration of the client of an external S3 server.
func (s DataSettings) S3() s3.Config {
	return s3.Config{Endpoint: s.S3Endpoint, Bucket: s.S3Bucket, Region: s.S3Region, PathStyle: !s.S3VirtualHost,
		AccessKey: s.S3AccessKey, SecretKey: s.S3SecretKey, Encryption: s.S3SSE}
}

// Embedded reports whether objects live below the data folder.
func (s DataSettings) Embedded() bool { return s.S3Endpoint == "" }

// Logger writes JSON lines to standard error.
func (s DataSettings) Logger() *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s.LogLevel)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(telemetry.Logs(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l})))
}

// Proxies parses the trusted networks; a bare address is a network of one.
func (s Settings) Proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range s.TrustedProxies {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, aerr := netip.ParseAddr(text)
			if aerr != nil {
				return nil, fmt.Errorf("trusted proxy %q is neither an address nor a network", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		list = append(list, p)
	}
	return list, nil
}

// Address is where people are sent: the public address, or else the one that
// the server listens on.
func (s Settings) Address(listening string) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	return listening
}
