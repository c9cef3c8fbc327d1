package mediatest_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestCORS holds the rule of docs/operations.md against an S3 server: a
// browser may send parts from the site, and read their ETag; from elsewhere,
// and with other methods, it may not.
func TestCORS(t *testing.T) {
	bin := s3Program(t, "LENLOP_TEST_VERSITYGW", "versitygw")
	addr := s3Addr(t)
	_, parts := s3Process(t, addr, "versitygw", exec.Command(bin, "--access", "examaccess", "--secret", "examsecret",
		"--port", addr, "--quiet", "posix", t.TempDir()))
	const site = "https://lenlop.tinh.example"
	client := aws3.New(aws3.Options{Region: "us-east-1", UsePathStyle: true, BaseEndpoint: aws.String("http://" + addr),
		Credentials: credentials.NewStaticCredentialsProvider("examaccess", "examsecret", "")})
	_, err := client.PutBucketCors(t.Context(),
		&aws3.PutBucketCorsInput{Bucket: aws.String("lenlop"), CORSConfiguration: &types.CORSConfiguration{
			CORSRules: []types.CORSRule{{AllowedOrigins: []string{site}, AllowedMethods: []string{"PUT"},
				AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: aws.Int32(3600)}}}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := parts.Create(t.Context(), "lessons/1/recordings/2", "video/mp4")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := parts.PresignPart(t.Context(), "", "lessons/1/recordings/2", id, 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	request := func(method, origin, wish, body string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, signed.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		if wish != "" {
			req.Header.Set("Access-Control-Request-Method", wish)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := request("OPTIONS", site, "PUT", ""); res.StatusCode >= 300 ||
		res.Header.Get("Access-Control-Allow-Origin") != site ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("preflight from the site: %s %v", res.Status, res.Header)
	}
	if res := request("PUT", site, "", "part"); res.StatusCode != 200 ||
		res.Header.Get("Access-Control-Allow-Origin") != site ||
		!strings.Contains(res.Header.Get("Access-Control-Expose-Headers"), "ETag") || res.Header.Get("ETag") == "" {
		t.Errorf("PUT from the site: %s %v", res.Status, res.Header)
	}
	for _, x := range [][2]string{{"https://other.example", "PUT"}, {site, "DELETE"}, {site, "GET"}} {
		if res := request("OPTIONS", x[0], x[1], ""); res.StatusCode < 400 &&
			res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v: %s %v", x, res.Status, res.Header)
		}
	}
}
