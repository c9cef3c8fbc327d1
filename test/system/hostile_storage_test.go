package system

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lenlop/test/system/harness"
)

// TestTraversal: no address leads out of what is served.
func TestTraversal(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	l := w.playing("published")
	watch := "/watch/" + l.ID + "/" + l.Media.PackageID
	for _, path := range []string{
		watch + "/../../../../etc/passwd", watch + "/..%2f..%2f..%2fetc%2fpasswd", watch + "/%2e%2e/%2e%2e/lenlop.db",
		watch + "/....//....//etc/passwd",
		watch + "/..%5c..%5cx", watch + "/poster.jpg%00.m4s", watch + "/poster.jpg/", watch + "/.", watch + "/",
		watch + "/master.m3u8%0a", watch + "/%252e%252e/x",
		"/watch/../lessons/" + l.ID, "/watch/%2e%2e/%2e%2e/master.m3u8",
		"/watch/" + l.ID + "/..%2f" + l.ID + "/master.m3u8",
		watch + "/360p/0-1/../../../x", watch + "/360p/0-1/0.mp4", watch + "/recording", watch + "/../recordings/goc",
		"/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/go.mod", "/assets/..%2f..%2fgo.mod", "/assets/manifest.json",
		"/assets/", "/assets/..%5c..%5cgo.mod", "/assets//etc/passwd",
		"/lenlop/../etc/passwd", "/lenlop/..%2f..%2flenlop.db",
	} {
		req, err := http.NewRequest("GET", h.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = path // as it stands, not cleaned by the client
		res, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode < 300 || res.StatusCode >= 500 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestStorageRelay: only a signed part of an upload passes to storage.
func TestStorageRelay(t *testing.T) {
	h := start(t, nil)
	teacher, other, ctx := h.As("giao-vien"), h.As("giao-vien-2"), context.Background()
	var u struct{ ID string }
	teacher.OK("POST", "/lessons/"+teacher.Draft("Phần").ID+"/uploads",
		map[string]any{"filename": "a.mp4", "size": 4}, 201, &u)
	var ps struct {
		Parts []struct {
			URL       string
			ExpiresAt time.Time
		}
	}
	teacher.OK("POST", "/uploads/"+u.ID+"/parts", map[string]any{"numbers": []int{1}}, 200, &ps)
	good, err := url.Parse(ps.Parts[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(ps.Parts[0].ExpiresAt); left > 15*time.Minute {
		t.Errorf("an address lives %v", left)
	}
	with := func(change func(u *url.URL, q url.Values)) string {
		u, q := *good, good.Query()
		change(&u, q)
		u.RawQuery = q.Encode()
		return u.RequestURI()
	}
	access, secret := h.App.Objects.Credentials()
	signed := func(method, path string, at time.Time) string {
		req, err := http.NewRequest(method, h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q := req.URL.Query()
		q.Set("X-Amz-Expires", "900")
		req.URL.RawQuery = q.Encode()
		to, _, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{AccessKeyID: access, SecretAccessKey: secret},
			req, "UNSIGNED-PAYLOAD", "s3", "us-east-1", at)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(to, h.URL)
	}
	part := good.EscapedPath() + "?" +
		url.Values{"uploadId": good.Query()["uploadId"], "partNumber": {"1"}, "x-id": {"UploadPart"}}.Encode()
	now := time.Now()
	for name, c := range map[string][2]string{
		"forged": {"PUT", with(
			func(_ *url.URL, q url.Values) { q.Set("X-Amz-Signature", strings.Repeat("0", 64)) })},
		"another part":   {"PUT", with(func(_ *url.URL, q url.Values) { q.Set("partNumber", "2") })},
		"another key":    {"PUT", with(func(u *url.URL, _ url.Values) { u.Path += "x" })},
		"longer life":    {"PUT", with(func(_ *url.URL, q url.Values) { q.Set("X-Amz-Expires", "604800") })},
		"another upload": {"PUT", with(func(_ *url.URL, q url.Values) { q.Set("uploadId", "khac") })},
		"no signature":   {"PUT", with(func(_ *url.URL, q url.Values) { q.Del("X-Amz-Signature") })},
		"two signatures": {"PUT", with(func(_ *url.URL, q url.Values) { q.Add("X-Amz-Signature", "0") })},
		"other bucket": {"PUT", with(
			func(u *url.URL, _ url.Values) { u.Path = strings.Replace(u.Path, "/lenlop/", "/khac/", 1) })},
		"expired":          {"PUT", signed("PUT", part, now.Add(-16*time.Minute))},
		"list":             {"GET", signed("GET", "/lenlop/?list-type=2", now)},
		"get":              {"GET", signed("GET", good.EscapedPath(), now)},
		"head":             {"HEAD", signed("HEAD", good.EscapedPath(), now)},
		"delete":           {"DELETE", signed("DELETE", good.EscapedPath(), now)},
		"whole object":     {"PUT", signed("PUT", good.EscapedPath(), now)},
		"complete":         {"POST", signed("POST", good.EscapedPath()+"?uploadId="+good.Query().Get("uploadId"), now)},
		"bucket's policy":  {"PUT", signed("PUT", "/lenlop/?policy", now)},
		"unsigned listing": {"GET", "/lenlop/"},
	} {
		body := ""
		if c[0] == "PUT" {
			body = "four"
		}
		res, raw := h.raw(c[0], c[1], body, nil)
		if res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s: %d %s", name, res.StatusCode, harness.Brief(raw))
		}
	}
	var got struct{ ReceivedBytes int }
	teacher.OK("GET", "/uploads/"+u.ID, nil, 200, &got)
	if got.ReceivedBytes != 0 {
		t.Errorf("%d bytes came in by refused ways", got.ReceivedBytes)
	}
	// The signer of this test is believed, so the refusals above mean something.
	if res, raw := h.raw("PUT", signed("PUT", part, now), "four", nil); res.StatusCode != 200 {
		t.Errorf("a rightly signed part: %d %s", res.StatusCode, harness.Brief(raw))
	}
	for _, c := range [][2]string{{"POST", "/complete"}, {"POST", "/parts"}, {"GET", ""}, {"DELETE", ""}} {
		other.Refused(c[0], "/uploads/"+u.ID+c[1], map[string]any{"numbers": []int{1}}, 403, "access.denied")
	}
	teacher.OK("GET", "/uploads/"+u.ID, nil, 200, &got)
	if got.ReceivedBytes != 4 {
		t.Errorf("%d bytes after another person tried to end the upload", got.ReceivedBytes)
	}
}
