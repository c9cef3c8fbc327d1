package harness

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"lenlop/infra/s3"
)

// S3ServerBinary finds the S3 server that tests run as a process.
func S3ServerBinary(t testing.TB) string {
	t.Helper()
	bin := os.Getenv("LENLOP_TEST_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			if os.Getenv("LENLOP_TEST_REQUIRE") == "1" {
				t.Fatal("versitygw is required: say where it is with LENLOP_TEST_VERSITYGW")
			}
			t.Skip("versitygw is not installed; say where it is with LENLOP_TEST_VERSITYGW")
		}
	}
	return bin
}

// S3Server runs an S3 server as a process until the test ends and gives its
// address; the bucket "lenlop" is there.
func S3Server(t testing.TB) string {
	t.Helper()
	_, endpoint := StartS3Server(t, t.TempDir())
	return endpoint
}

// StartS3Server is S3Server with its process, to be killed and started again.
func StartS3Server(t testing.TB, dir string) (*Process, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := NewProcess(t, dir, "versitygw", S3ServerBinary(t), "--access", "examaccess", "--secret", "examsecret",
		"--port", addr, "--quiet", "posix", t.TempDir())
	if _, err := p.Start(""); err != nil {
		t.Fatal(err)
	}
	AwaitS3Server(t, "http://"+addr)
	return p, "http://" + addr
}

// AwaitS3Server waits until the S3 server answers and has the bucket.
func AwaitS3Server(t testing.TB, endpoint string) {
	t.Helper()
	store, err := s3.New(t.Context(), s3.Config{Endpoint: endpoint, Bucket: "lenlop", PathStyle: true,
		AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	for {
		if err = store.EnsureBucket(ctx); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
