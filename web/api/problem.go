package api

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/web/locale"
)

// Problem is an RFC 9457 problem document. Code is stable; Detail is for
// people, in the language they asked for.
type Problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   string         `json:"code"`
	Args   map[string]any `json:"args,omitempty"`
	Errors []ProblemField `json:"errors,omitempty"`
}

// ProblemField is one wrong input.
type ProblemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// WriteProblem answers with a problem document.
func WriteProblem(c echo.Context, status int, err error) error {
	p := locale.From(c.Request().Context())
	doc := Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: p.Fault(err),
		Code: "internal"}
	if e := fault.As(err); e != nil && e.Kind != fault.Internal {
		doc.Code, doc.Args = e.Code, e.Args
		for _, f := range e.Fields {
			doc.Errors = append(doc.Errors, ProblemField{f.Name, f.Code, p.Code(f.Code, f.Args)})
		}
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(status, "application/problem+json", body)
}
