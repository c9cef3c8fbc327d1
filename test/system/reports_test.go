package system

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"lenlop/services/people"
	"lenlop/services/viewership"
)

// report is one of everything so far.
func (w *world) report() string {
	by := must[people.Person](w.h.T)(w.h.App.DB.People().Person(context.Background(), "p-chuyen-vien"))
	r, err := w.h.App.Viewership.MakeReport(context.Background(), by, viewership.Query{}, "")
	if err != nil {
		w.h.T.Fatal(err)
	}
	return r.ID
}

// TestReportsAreSignedAndStay: a report can be checked by whoever has the
// public key, says the same after figures came in, and is corrected by another
// one that names it.
func TestReportsAreSignedAndStay(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	type reportJSON struct {
		ID, Hash, Corrects           string
		Signed, Signature, PublicKey []byte
		Content                      viewership.Frozen
	}
	airing, a := w.airing()
	h.As("dai").OK("PUT", "/airings/"+airing+"/as-run", map[string]any{"outcome": "aired"}, 200, nil)
	day := a.StartsAt.In(h.App.Zone)
	query := map[string]any{"from": day.Format("2006-01-02"), "to": day.AddDate(0, 0, 1).Format("2006-01-02"),
		"by": "lesson"}
	var first, later, second reportJSON
	so := h.As("chuyen-vien")
	so.OK("POST", "/reports", query, 201, &first)
	sum := sha256.Sum256(first.Signed)
	if hex.EncodeToString(sum[:]) != first.Hash || !ed25519.Verify(first.PublicKey, first.Signed, first.Signature) {
		t.Error("the signature does not fit")
	}
	var signed viewership.Frozen
	if err := json.Unmarshal(first.Signed, &signed); err != nil || signed.ID != first.ID ||
		signed.Total.AiringsNoData != 1 || !signed.Provisional {
		t.Errorf("signed %+v, %v", signed, err)
	}
	h.As("dai").OK("POST", "/airings/"+airing+"/figures", map[string]any{"metric": "contacts", "value": 2140,
		"unit": "persons", "grade": "E", "source": "Phiếu"}, 201, nil)
	so.OK("GET", "/reports/"+first.ID, nil, 200, &later)
	if string(later.Signed) != string(first.Signed) || later.Content.Total.AiringsNoData != 1 {
		t.Error("a figure that came later changed the report")
	}
	query["corrects"] = first.ID
	so.OK("POST", "/reports", query, 201, &second)
	if second.Corrects != first.ID || second.Content.Corrects != first.ID || second.Content.Total.AiringsNoData != 0 {
		t.Errorf("correction %+v", second.Content)
	}
	query["corrects"] = "khong-co"
	so.Refused("POST", "/reports", query, 404, "report.not_found")
	so.Refused("GET", "/reports/khong-co", nil, 404, "report.not_found")
	so.Refused("POST", "/reports", map[string]any{"from": "hôm qua"}, 422, "request.invalid")

	_, body := w.send("chuyen-vien", "cookie", asked{method: "GET", path: "/department/reports/" + second.ID})
	for _, want := range []string{"2.140", second.Hash, first.ID, "web-view/1", "Số liệu tạm tính"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the printable page lacks %q", want)
		}
	}
}
