package api

import (
	"encoding/hex"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/viewership"
	"lenlop/web/page"
)

// reportIn says which table is frozen; from and to are local days, to left out.
type reportIn struct {
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	By       string `json:"by,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Grade    int    `json:"grade,omitempty"`
	School   string `json:"school,omitempty"`
	Area     string `json:"area,omitempty"`
	Lesson   string `json:"lesson,omitempty"`
	Channel  string `json:"channel,omitempty"`
	Corrects string `json:"corrects,omitempty"` // id of the report that this one puts right
}

// reportOut is a report. Signed are the very bytes that were hashed and signed
// (Ed25519), in base64 as JSON carries bytes; content is the same, to read.
type reportOut struct {
	ID        string            `json:"id"`
	MadeAt    *time.Time        `json:"madeAt"`
	MadeBy    string            `json:"madeBy"`
	Corrects  string            `json:"corrects,omitempty"`
	Hash      string            `json:"hash"` // hex SHA-256 of signed
	Signed    []byte            `json:"signed"`
	Signature []byte            `json:"signature"`
	PublicKey []byte            `json:"publicKey"`
	Content   viewership.Frozen `json:"content"`
}

var reportCalls = []call{
	{method: "POST", path: "/reports", action: people.MakeReport, scope: page.Site, status: 201,
		summary: "Freeze and sign a period's figures", in: reportIn{}, out: reportOut{},
		location: true, prepare: storing(201, prepareReport,
			func(r *Handler, c echo.Context, x viewership.Report) (reportOut, error) {
				c.Response().Header().Set("Location", Base+"/reports/"+x.ID)
				return r.report(x), nil
			})},
	{method: "GET", path: "/reports/:report", action: people.MakeReport, scope: page.Site, status: 200,
		summary: "A frozen, signed report; its signature is checked", out: reportOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (reportOut, error) {
			x, err := r.Viewership.ReportByID(c.Request().Context(), by, c.Param("report"))
			return r.report(x), err
		})},
	{method: "GET", path: "/report-key", action: people.ReadPublic, scope: page.Site, status: 200,
		summary: "The public key (Ed25519) that reports are signed with", out: keyOut{},
		handle: jsonHandler(200, func(r *Handler, _ echo.Context, _ people.Person, _ struct{}) (keyOut, error) {
			k := r.Viewership.ReportPublicKey()
			return keyOut{Algorithm: "Ed25519", PublicKey: k, Hex: hex.EncodeToString(k)}, nil
		})},
}

// keyOut is the key that reports are signed with, to compare reports with.
type keyOut struct {
	Algorithm string `json:"algorithm"`
	PublicKey []byte `json:"publicKey"` // base64, as in reports
	Hex       string `json:"hex"`
}

func prepareReport(
	r *Handler, c echo.Context, by people.Person, in reportIn, names media.Names,
) (stored[viewership.Report], error) {
	q := viewership.Query{By: in.By, Subject: in.Subject, Grade: in.Grade, School: in.School, Area: in.Area,
		Lesson: in.Lesson, Channel: in.Channel}
	for _, x := range []struct {
		name, day string
		at        *time.Time
	}{{"from", in.From, &q.From}, {"to", in.To, &q.To}} {
		if x.day == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, x.day, r.Zone)
		if err != nil {
			return nil, wrongParam(x.name)
		}
		*x.at = t
	}
	return r.Viewership.PrepareReport(c.Request().Context(), by, q, in.Corrects, names)
}

func (r *Handler) report(x viewership.Report) reportOut {
	return reportOut{ID: x.ID, MadeAt: r.at(x.MadeAt), MadeBy: x.MadeBy, Corrects: x.Corrects, Hash: x.Hash,
		Signed:    x.Content,
		Signature: x.Signature, PublicKey: x.PublicKey, Content: x.Frozen}
}
