package main

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
	by := must[people.Person](w.h.t)(w.h.house.db.People().Person(context.Background(), "p-chuyen-vien"))
	r, err := w.h.house.viewership.MakeReport(context.Background(), by, viewership.Query{}, "")
	if err != nil {
		w.h.t.Fatal(err)
	}
	return r.ID
}

// TestReportsAreSignedAndStay: a report can be checked by whoever has the
// public key, says the same after figures came in, and is corrected by another
// one that names it.
func TestReportsAreSignedAndStay(t *testing.T) {
	h := startHouse(t, outside)
	w := newWorld(h)
	type reportJSON struct {
		ID, Hash, Corrects           string
		Signed, Signature, PublicKey []byte
		Content                      viewership.Frozen
	}
	airing, a := w.airing()
	h.as("dai").ok("PUT", "/airings/"+airing+"/as-run", map[string]any{"outcome": "aired"}, 200, nil)
	day := a.StartsAt.In(h.house.zone)
	ask := map[string]any{"from": day.Format("2006-01-02"), "to": day.AddDate(0, 0, 1).Format("2006-01-02"), "by": "lesson"}
	var first, later, second reportJSON
	so := h.as("chuyen-vien")
	so.ok("POST", "/reports", ask, 201, &first)
	sum := sha256.Sum256(first.Signed)
	if hex.EncodeToString(sum[:]) != first.Hash || !ed25519.Verify(first.PublicKey, first.Signed, first.Signature) {
		t.Error("the signature does not fit")
	}
	var signed viewership.Frozen
	if err := json.Unmarshal(first.Signed, &signed); err != nil || signed.ID != first.ID || signed.Total.AiringsNoData != 1 || !signed.Provisional {
		t.Errorf("signed %+v, %v", signed, err)
	}
	h.as("dai").ok("POST", "/airings/"+airing+"/figures", map[string]any{"metric": "contacts", "value": 2140, "unit": "persons", "grade": "E", "source": "Phiếu"}, 201, nil)
	so.ok("GET", "/reports/"+first.ID, nil, 200, &later)
	if string(later.Signed) != string(first.Signed) || later.Content.Total.AiringsNoData != 1 {
		t.Error("a figure that came later changed the report")
	}
	ask["corrects"] = first.ID
	so.ok("POST", "/reports", ask, 201, &second)
	if second.Corrects != first.ID || second.Content.Corrects != first.ID || second.Content.Total.AiringsNoData != 0 {
		t.Errorf("correction %+v", second.Content)
	}
	ask["corrects"] = "khong-co"
	so.refused("POST", "/reports", ask, 404, "report.not_found")
	so.refused("GET", "/reports/khong-co", nil, 404, "report.not_found")
	so.refused("POST", "/reports", map[string]any{"from": "hôm qua"}, 422, "request.invalid")

	_, body := w.send("chuyen-vien", "cookie", asked{method: "GET", path: "/department/reports/" + second.ID})
	for _, want := range []string{"2.140", second.Hash, first.ID, "web-view/1", "Số liệu tạm tính"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the printable page lacks %q", want)
		}
	}
}
