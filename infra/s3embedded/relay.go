package s3embedded

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// Limits of what the relay passes on.
const (
	stallTime = 60 * time.Second // a client that sends nothing for so long has gone
	foretaste = 16 << 10         // bytes that must have arrived before storage is troubled
)

// Relay passes a browser's presigned parts on to the socket: PUT of a part of
// a multipart upload, with a signature in the query, and nothing else. It is
// to be mounted at "/BUCKET/" of the public address without changing path,
// query or Host, because these are signed. Bodies stream through.
func (s *Server) Relay() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "s3.embedded"
			r.Out.Host = r.In.Host // signed
			// Cookies and tokens of the site are none of storage's business,
			// and an Authorization header would contend with the signature.
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Authorization")
		},
		Transport:    s.relay,
		ErrorLog:     slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
		ErrorHandler: s.relayFailed,
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Server")
			r.Header.Set("Cache-Control", "no-store")
			return nil
		},
	}
	prefix := "/" + s.cfg.Bucket + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); {
		case !strings.HasPrefix(r.URL.Path, prefix):
			http.NotFound(w, r)
			return
		case r.Method != http.MethodPut || len(q["X-Amz-Signature"]) != 1 || len(q["uploadId"]) != 1 ||
			!partNumber(q["partNumber"]):
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		case r.ContentLength < 0:
			http.Error(w, "length required", http.StatusLengthRequired)
			return
		case r.ContentLength > s.cfg.MaxPart:
			http.Error(w, "part too large", http.StatusRequestEntityTooLarge)
			return
		}
		body := &patientBody{Closer: r.Body, from: bufio.NewReaderSize(r.Body, foretaste),
			control: http.NewResponseController(w)}
		if err := body.arrives(r.ContentLength); err != nil {
			http.Error(w, "incomplete body", http.StatusBadRequest)
			return
		}
		r.Body = body
		proxy.ServeHTTP(w, r)
	})
}

func partNumber(values []string) bool {
	if len(values) != 1 {
		return false
	}
	n, err := strconv.Atoi(values[0])
	return err == nil && n >= 1 && n <= 10_000
}

// patientBody moves the connection's read deadline on with every piece that
// arrives: a slow line may take minutes for a part, a dead one is let go.
type patientBody struct {
	io.Closer
	from    *bufio.Reader
	control *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	b.wait()
	return b.from.Read(p)
}

// arrives waits for the beginning of a body of the length: many a client on a
// bad line sends a head and dies.
func (b *patientBody) arrives(length int64) error {
	b.wait()
	_, err := b.from.Peek(int(min(length, foretaste)))
	return err
}

func (b *patientBody) wait() {
	// Writers that know no deadlines (tests) are read without one.
	_ = b.control.SetReadDeadline(time.Now().Add(stallTime))
}

// relayFailed answers when storage gave no answer, mostly because the client
// has gone: that is daily life and logged quietly.
func (s *Server) relayFailed(w http.ResponseWriter, r *http.Request, err error) {
	level := slog.LevelWarn
	if r.Context().Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) {
		level = slog.LevelDebug
	}
	s.cfg.Log.Log(r.Context(), level, "part not relayed", "path", r.URL.Path, "error", err)
	w.WriteHeader(http.StatusBadGateway)
}
