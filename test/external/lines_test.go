package external

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// line is a connection between processes that can be made bad.
type line struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// newLine listens on an address and hands on to another until the test ends.
func newLine(t testing.TB, name, listen, upstream string) *line {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, name, listen, upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &line{t, p}
}

// address is where it listens.
func (l *line) address() string { return l.proxy.Listen }

// spoil makes it bad, with a toxic of toxiproxy, until well is called.
func (l *line) spoil(kind string, toxicity float64, attributes string) {
	for _, stream := range []string{"upstream", "downstream"} {
		_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(
			fmt.Sprintf(`{"type":%q,"stream":%q,"toxicity":%v,"attributes":%s}`, kind, stream, toxicity, attributes)))
		if err != nil {
			l.t.Errorf("%s: %v", kind, err)
		}
	}
}

// well takes all that is bad away; connections that hang are cut.
func (l *line) well() {
	l.proxy.Stop()
	l.proxy.Toxics.ResetToxics(l.t.Context())
	if err := l.proxy.Start(); err != nil {
		l.t.Errorf("line: %v", err)
	}
}

// moods is an HTTP server before storage that fails by chance: with 500 before
// storage heard of the request, or after it did what was asked.
type moods struct {
	*httptest.Server
	before, after atomic.Int64 // of a thousand requests
	refused       atomic.Int64
}

func newMoods(t testing.TB, endpoint string) *moods {
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	m := &moods{}
	onward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host }, // the Host is signed
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode < 300 && rand.Int64N(1000) < m.after.Load() {
				return fmt.Errorf("the answer is lost")
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { m.fail(w) },
		ErrorLog:     quietStd,
	}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rand.Int64N(1000) < m.before.Load() {
			m.fail(w)
			return
		}
		onward.ServeHTTP(w, r)
	}))
	m.Config.ErrorLog = quietStd
	t.Cleanup(m.Close)
	return m
}

func (m *moods) fail(w http.ResponseWriter) {
	m.refused.Add(1)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprint(w, "<Error><Code>InternalError</Code><Message>by chance</Message></Error>")
}

func (m *moods) address() string { return strings.TrimPrefix(m.URL, "http://") }
