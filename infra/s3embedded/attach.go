package s3embedded

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// socketFile says where a running server listens: its socket is not always
// below its folder, because a socket's path may not be long.
const socketFile = "socket"

// Attached is another process's running server, reached by whoever may read
// its folder.
type Attached struct {
	Client            *http.Client
	AccessKey, Secret string
}

// Endpoint is the address to give to an S3 client that uses Client.
func (a *Attached) Endpoint() string { return "http://s3.embedded" }

// Attach reaches the server that has the folder open; nil when none has.
func Attach(ctx context.Context, dir string) (*Attached, error) {
	raw, err := os.ReadFile(filepath.Join(dir, socketFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("object folder: %w", err)
	}
	socket := strings.TrimSpace(string(raw))
	d := net.Dialer{Timeout: 5 * time.Second}
	probe, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil //nolint:nilerr // left by one that was killed
	}
	probe.Close()
	access, secret, err := rootKeys(filepath.Join(dir, "credentials.json"))
	if err != nil {
		return nil, fmt.Errorf("object folder: %w", err)
	}
	return &Attached{AccessKey: access, Secret: secret, Client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _,
			_ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
		DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
	}}}, nil
}
