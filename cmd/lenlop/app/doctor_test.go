package app

import (
	"strings"
	"testing"

	"lenlop/infra/meili"
	"lenlop/infra/meili/meilitest"
)

// Doctor says what is wrong with Meilisearch, and restores the settings of its index.
func TestDoctorSearch(t *testing.T) {
	srv := meilitest.New(t)
	d := doctor{}
	d.MeiliURL, d.MeiliKey = srv.URL, srv.Key
	check := func(fine bool, want string) {
		t.Helper()
		if f := d.search(t.Context()); f.Fine != fine || !strings.Contains(f.Found, want) || f.Required {
			t.Errorf("found %+v, want fine %v, %q", f, fine, want)
		}
	}
	check(true, "1.50.0 answers; it has no index yet")
	srv.CreateIndex(meili.IndexName, "id")
	check(true, "being restored: displayedAttributes, filterableAttributes")
	check(true, "its index has the settings it needs")
	srv.SetVersion("1.17.1")
	check(false, "Meilisearch 1.17.1 is too old; lenlop needs 1.18 or newer")
	srv.SetVersion("1.18.0")
	check(true, "1.18.0 answers")
	srv.Allow("invalid_api_key", "missing_authorization_header")
	d.MeiliKey = "another"
	check(false, "Meilisearch refuses: invalid_api_key")
	d.MeiliKey = ""
	check(false, "Meilisearch refuses: missing_authorization_header")
	srv.SetDown(true)
	check(false, "Meilisearch does not answer")
	d.MeiliURL = "khong phai"
	check(false, "no address")
}
