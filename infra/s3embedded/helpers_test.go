package s3embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const bucket = "lenlop"

// start runs a server in this process until the test ends or stop is called.
func start(t *testing.T, c Config) (*Server, *aws3.Client) {
	t.Helper()
	c.Bucket = bucket
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s, client(s)
}

func client(s *Server) *aws3.Client {
	return aws3.New(aws3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoint()), UsePathStyle: true, HTTPClient: s.Client(),
		Credentials:                credentials.NewStaticCredentialsProvider(s.access, s.secret, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		RetryMaxAttempts:           1,
	})
}

func put(t *testing.T, c *aws3.Client, key string, body []byte) {
	t.Helper()
	if _, err := c.PutObject(t.Context(),
		&aws3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func begin(t *testing.T, c *aws3.Client, key string) string {
	t.Helper()
	out, err := c.CreateMultipartUpload(t.Context(),
		&aws3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return *out.UploadId
}

func sendPart(ctx context.Context, c *aws3.Client, key, id string, n int32, body []byte) error {
	_, err := c.UploadPart(ctx, &aws3.UploadPartInput{Bucket: aws.String(bucket), Key: &key, UploadId: &id,
		PartNumber: &n, Body: bytes.NewReader(body)})
	return err
}

func listParts(ctx context.Context, c *aws3.Client, key, id string) ([]types.Part, error) {
	out, err := c.ListParts(ctx, &aws3.ListPartsInput{Bucket: aws.String(bucket), Key: &key, UploadId: &id})
	if err != nil {
		return nil, err
	}
	return out.Parts, nil
}

func complete(ctx context.Context, c *aws3.Client, key, id string, parts []types.Part) error {
	done := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		done[i] = types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag}
	}
	_, err := c.CompleteMultipartUpload(ctx,
		&aws3.CompleteMultipartUploadInput{Bucket: aws.String(bucket), Key: &key, UploadId: &id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	return err
}

func get(t *testing.T, c *aws3.Client, key string) []byte {
	t.Helper()
	out, err := c.GetObject(t.Context(), &aws3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Environment of a child: this test binary, run again as a server by itself.
const (
	childDir = "LENLOP_TEST_CHILD_DIR" // the folder to serve
	// "joined": kill -9 at the sync of the joined file; "linked": right after it has its name.
	childDies = "LENLOP_TEST_CHILD_DIES"
)

// hello is what a child says once it serves.
type hello struct {
	Socket, Access, Secret string
	Took                   time.Duration
	ResidentKB             int
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := serveChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveChild(dir string) error {
	began := time.Now()
	c := Config{Dir: dir, Bucket: bucket, Log: slog.New(slog.DiscardHandler)}
	if mode := os.Getenv(childDies); mode != "" {
		c.sync = func(f *os.File) error {
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > partLen {
				// Unnamed while it is being joined, named after.
				_, err := os.Stat(filepath.Join(dir, "buckets", bucket, "a"))
				if (mode == "joined") == (err != nil) {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
			}
			return f.Sync()
		}
	}
	s, err := Start(context.Background(), c)
	if err != nil {
		return err
	}
	h := hello{Socket: s.socket, Access: s.access, Secret: s.secret, Took: time.Since(began), ResidentKB: resident()}
	if err := json.NewEncoder(os.Stdout).Encode(h); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent goes or asks for the end
	return s.Stop()
}

func resident() int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	_, _ = fmt.Sscan(string(b), &size, &pages)
	return pages * os.Getpagesize() / 1024
}

// child is a server in a process of its own.
type child struct {
	hello
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout io.Reader
	stderr *bytes.Buffer
}

func startChild(t *testing.T, dir, dies string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), stderr: &bytes.Buffer{}}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir, childDies+"="+dies)
	c.cmd.Stderr = c.stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin, c.stdout = in, out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	dec := json.NewDecoder(out)
	if err := dec.Decode(&c.hello); err != nil {
		_ = c.cmd.Wait()
		t.Fatalf("child: %v\n%s", err, c.stderr)
	}
	c.stdout = io.MultiReader(dec.Buffered(), out)
	return c
}

// kill ends the child as kill -9 and a power button do.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
}

// client reaches the child's socket.
func (c *child) client() *aws3.Client {
	s := &Server{socket: c.Socket, access: c.Access, secret: c.Secret}
	tr := s.transport(0)
	tr.DisableKeepAlives = true
	s.client = httpClient(tr)
	return client(s)
}
