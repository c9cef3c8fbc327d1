package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// storage answers as the handler says. (What a real one promises is in the
// media exam; here are the ways in which one fails.)
func storage(t *testing.T, h http.HandlerFunc) *Store {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return at(t, srv.URL)
}

func at(t *testing.T, endpoint string) *Store {
	t.Helper()
	s, err := New(t.Context(), Config{Endpoint: endpoint, Bucket: "b", PathStyle: true, AccessKey: "k", SecretKey: "s",
		backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		kind   fault.Kind
		want   string
	}{
		{404, "NoSuchKey", fault.NotFound, "media.not_found"},
		{404, "NoSuchUpload", fault.NotFound, "media.no_upload"},
		{404, "NoSuchBucket", fault.Unavailable, "media.unavailable"},
		{403, "AccessDenied", fault.Unavailable, "media.unavailable"},
		{403, "RequestTimeTooSkewed", fault.Unavailable, "media.unavailable"},
		{416, "InvalidRange", fault.Invalid, "media.bad_range"},
		{400, "InvalidPart", fault.Conflict, "media.bad_part"},
		{400, "BadDigest", fault.Invalid, "media.damaged"},
		{507, "InsufficientStorage", fault.Full, "storage.full"},
		{507, "SomethingElse", fault.Full, "storage.full"},
		{403, "QuotaExceeded", fault.Full, "storage.full"},
	} {
		s := storage(t, refuse(c.status, c.code))
		_, _, err := s.Get(t.Context(), "k", media.All)
		if fault.KindOf(err) != c.kind || !fault.Is(err, c.want) {
			t.Errorf("%d %s gives %v", c.status, c.code, err)
		}
	}
}

// TestPassing: a storage that fails for a moment is asked again, one that
// fails on is given up after a bounded number of times.
func TestPassing(t *testing.T) {
	var asked atomic.Int32
	s := storage(t, func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); string(b) != "body" {
			t.Errorf("sent %q", b)
		}
		if asked.Add(1) < 3 {
			refuse(500, "InternalError")(w, r)
			return
		}
		w.Header().Set("ETag", `"e"`)
	})
	if o, err := s.Put(t.Context(), "k", strings.NewReader("body"), 4, media.PutOptions{}); err != nil ||
		o.ETag != "e" || asked.Load() != 3 {
		t.Errorf("asked %d times: %+v %v", asked.Load(), o, err)
	}
	asked.Store(0)
	s = storage(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); refuse(503, "SlowDown")(w, r) })
	if _, err := s.Head(t.Context(), "k"); !fault.Is(err, "media.unavailable") || asked.Load() != attempts {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestDown(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	s := at(t, srv.URL)
	for name, err := range map[string]error{
		"check":  s.Check(t.Context()),
		"bucket": s.EnsureBucket(t.Context()),
		"list":   s.List(t.Context(), "", func(media.Object) bool { return true }),
		"delete": s.Delete(t.Context(), "a", "b"),
	} {
		if !fault.Is(err, "media.unavailable") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHangs: the caller's context ends a call that storage never answers, and
// stays visible in the error.
func TestHangs(t *testing.T) {
	s := storage(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Head(ctx, "k")
	if !fault.Is(err, "media.unavailable") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestCutReply: an answer that ends early is an error, never a short object.
func TestCutReply(t *testing.T) {
	s := storage(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
	})
	rc, o, err := s.Get(t.Context(), "k", media.All)
	if err != nil || o.Size != 100 {
		t.Fatal(o, err)
	}
	defer rc.Close()
	if b, err := io.ReadAll(rc); err == nil {
		t.Errorf("%d bytes taken for the whole", len(b))
	}
}

// TestDeleteSomeFail: an answer of 200 may still name keys that stayed.
func TestDeleteSomeFail(t *testing.T) {
	s := storage(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<DeleteResult><Error><Key>a</Key><Code>InternalError</Code></Error></DeleteResult>`)
	})
	if err := s.Delete(t.Context(), "a", "b"); !fault.Is(err, "media.unavailable") {
		t.Errorf("%v", err)
	}
}

func TestPresignPart(t *testing.T) {
	s := at(t, "http://inside:7070")
	for base, host := range map[string]string{
		"": "inside:7070", "https://lenlop.example.vn": "lenlop.example.vn", "http://127.0.0.1:8080/": "127.0.0.1:8080",
	} {
		got, err := s.PresignPart(t.Context(), base, "lessons/1/recordings/đ", "up", 7, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Host != host || u.Path != "/b/lessons/1/recordings/đ" || q.Get("partNumber") != "7" ||
			q.Get("uploadId") != "up" {
			t.Errorf("address %s", got.URL)
		}
		// A leaked address dies within 15 minutes, whatever was asked for.
		if q.Get("X-Amz-Expires") != "900" || time.Until(got.ExpiresAt) > 15*time.Minute {
			t.Errorf("lives %s s, until %v", q.Get("X-Amz-Expires"), got.ExpiresAt)
		}
		// A browser cannot send what it does not know: only the host is signed.
		if q.Get("X-Amz-SignedHeaders") != "host" || len(got.Headers) != 0 || strings.Contains(got.URL, "checksum") {
			t.Errorf("signed %q, headers %v", q.Get("X-Amz-SignedHeaders"), got.Headers)
		}
	}
}

func TestPutSendsHash(t *testing.T) {
	s := storage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Checksum-Sha256") == "" || r.Header.Get("X-Amz-Meta-Sha256") == "" ||
			r.ContentLength != 3 {
			t.Errorf("headers %v", r.Header)
		}
	})
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	body := bytes.NewReader([]byte("skipped abc"))
	if _, err := body.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if o, err := s.Put(t.Context(), "k", body, 3, media.PutOptions{SHA256: strings.ToUpper(abc)}); err != nil ||
		o.Meta["sha256"] != abc {
		t.Errorf("%+v %v", o, err)
	}
}

// TestEncryption: every request that makes an object says how it is to be
// encrypted, and no other one does: storage refuses it on parts.
func TestEncryption(t *testing.T) {
	const kind, key = "X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
	for _, c := range []struct{ set, kind, key string }{
		{"", "", ""}, {"AES256", "AES256", ""}, {"aws:kms", "aws:kms", ""},
		{"aws:kms:arn:aws:kms:x:1:key/2", "aws:kms", "arn:aws:kms:x:1:key/2"},
	} {
		var methods []string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, creates := r.URL.Query()["uploads"]
			part := r.URL.Query().Get("partNumber") != ""
			methods = append(methods, r.Method)
			wantKind, wantKey := c.kind, c.key
			if part {
				wantKind, wantKey = "", ""
			}
			if r.Header.Get(kind) != wantKind || r.Header.Get(key) != wantKey {
				t.Errorf("%q: %s %s carries %q %q", c.set, r.Method, r.URL, r.Header.Get(kind), r.Header.Get(key))
			}
			w.Header().Set("ETag", `"e"`)
			if creates {
				fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
			}
		}))
		defer srv.Close()
		s, err := New(t.Context(), Config{Endpoint: srv.URL, Bucket: "b", PathStyle: true, AccessKey: "k",
			SecretKey: "s", Encryption: c.set})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), "k", strings.NewReader("body"), 4, media.PutOptions{}); err != nil {
			t.Error(err)
		}
		id, err := s.Create(t.Context(), "k", "video/mp4")
		if err != nil {
			t.Error(err)
		}
		if _, err := s.PutPart(t.Context(), "k", id, 1, strings.NewReader("part"), 4); err != nil {
			t.Error(err)
		}
		signed, err := s.PresignPart(t.Context(), "", "k", id, 1, time.Minute)
		if err != nil || len(signed.Headers) != 0 || strings.Contains(strings.ToLower(signed.URL), "encryption") {
			t.Errorf("%q: a browser's part carries %v %s, %v", c.set, signed.Headers, signed.URL, err)
		}
		if len(methods) != 3 {
			t.Errorf("%q: asked %v", c.set, methods)
		}
	}
	for _, bad := range []string{"aes256", "aws:kms:", "none"} {
		if _, err := New(t.Context(), Config{Endpoint: "http://h", Bucket: "b", AccessKey: "k",
			Encryption: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
