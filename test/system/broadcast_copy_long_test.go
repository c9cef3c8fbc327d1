//go:build long

package system

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/people"
	"lenlop/test/system/harness"
)

// TestJourneysBroadcastCopy has a station's copy made of a real recording,
// reads its QC sheet and fetches it in parts.
func TestJourneysBroadcastCopy(t *testing.T) {
	h := start(t, nil)
	teacher, station := h.As("giao-vien"), h.As("dai")
	l := teacher.Draft("Bản phát sóng")
	teacher.Upload(l.ID, harness.Recording(t, 6))
	if l = teacher.Until(l.ID, 2*time.Minute, harness.Settled); l.Media.State != "ready" {
		t.Fatalf("%+v", l.Media)
	}
	var ch struct{ ID string }
	station.OK("POST", "/channels", map[string]any{"name": "Truyền hình tỉnh", "own": true}, 201, &ch)
	type copyJSON struct {
		ID, State, Format, SHA256, HouseNumber, Download string
		Size                                             int64
		QC                                               struct {
			Pass   bool
			Checks []struct {
				Code, Demanded, Measured string
				Pass                     bool
			}
		}
	}
	var c copyJSON
	path := "/lessons/" + l.ID + "/broadcast-copies"
	teacher.Refused("POST", path, map[string]any{"channelId": ch.ID}, 403, "access.denied")
	station.Refused("POST", path, map[string]any{"channelId": ch.ID, "format": "vhs"}, 422, "copy.invalid")
	station.OK("POST", path, map[string]any{"channelId": ch.ID, "houseNumber": "GD-7"}, 201, &c)
	station.Refused("GET", "/broadcast-copies/"+c.ID+"/file", nil, 409, "copy.not_ready")
	end := time.Now().Add(3 * time.Minute)
	for c.State != "ready" && c.State != "failed" {
		if time.Now().After(end) {
			t.Fatalf("still %+v", c)
		}
		time.Sleep(200 * time.Millisecond)
		station.OK("GET", "/broadcast-copies/"+c.ID, nil, 200, &c)
	}
	for _, k := range c.QC.Checks {
		if !k.Pass {
			t.Errorf("%s: demanded %q, measured %q", k.Code, k.Demanded, k.Measured)
		}
	}
	if c.State != "ready" || !c.QC.Pass || len(c.QC.Checks) < 15 || c.HouseNumber != "GD-7" ||
		c.Format != "h264-1080i50-mp4" {
		t.Fatalf("%+v", c)
	}
	codes, err := viewstore.NewCheckIns(h.App.DB).CodesOf(t.Context(), c.ID)
	if err != nil || len(codes) != 2 {
		t.Errorf("codes %+v %v", codes, err)
	}
	sum := sha256.New()
	for _, part := range []string{"bytes=0-99999", "bytes=100000-"} {
		req, err := http.NewRequest("GET", c.Download, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+station.Token)
		req.Header.Set("Range", part)
		res, err := station.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(sum, res.Body); err != nil || res.StatusCode != 206 {
			t.Errorf("%s: %d %v", part, res.StatusCode, err)
		}
		res.Body.Close()
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != c.SHA256 {
		t.Errorf("fetched %s, said %s", got, c.SHA256)
	}
	// On the channel's list once an airing is planned, and on its page.
	start := time.Now().Add(24 * time.Hour).Truncate(time.Minute)
	var a struct{ ID string }
	station.OK("POST", "/airings", map[string]any{"lessonId": l.ID, "channelId": ch.ID, "startsAt": start,
		"endsAt": start.Add(20 * time.Minute)}, 201, &a)
	var list struct{ Items []copyJSON }
	station.OK("GET", "/channels/"+ch.ID+"/broadcast-copies", nil, 200, &list)
	if len(list.Items) != 1 || list.Items[0].ID != c.ID {
		t.Errorf("the channel's copies: %+v", list)
	}
	cookie, _, _, err := h.App.People.SignIn(t.Context(), "dai", harness.Password, people.Browser, "thu")
	if err != nil {
		t.Fatal(err)
	}
	for page, words := range map[string]string{"/station/airings/" + a.ID: "Bản phát sóng",
		"/station/copies/" + c.ID: "Độ to (EBU R 128)"} {
		req, err := http.NewRequest("GET", h.URL+page, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "lenlop", Value: cookie})
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), words) ||
			!strings.Contains(string(body), `href="/api/v1/broadcast-copies/`+c.ID+`/file"`) {
			t.Errorf("%s: %d %v\n%.2000s", page, res.StatusCode, err, body)
		}
	}
}
