package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3gen"
	"github.com/labstack/echo/v4"
)

var pathParam = regexp.MustCompile(`:([a-z]+)`)

// Document describes the API. It is made from the list of calls itself, so the
// two cannot disagree; a test compares both with what the router serves.
func Document() (*openapi3.T, error) {
	doc := &openapi3.T{
		OpenAPI: "3.1.0",
		Info: &openapi3.Info{Title: "Lên Lớp", Version: "1",
			Description: "Durations in seconds, sizes in bytes, times RFC 3339."},
		Servers: openapi3.Servers{{URL: Base}},
		Paths:   openapi3.NewPaths(),
		Components: &openapi3.Components{
			Schemas: openapi3.Schemas{},
			SecuritySchemes: openapi3.SecuritySchemes{
				"bearer": {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer")},
				"cookie": {Value: openapi3.NewSecurityScheme().WithType("apiKey").WithIn("cookie").WithName("lenlop")},
			},
		},
	}
	problem, err := schemaOf(Problem{}, doc.Components.Schemas)
	if err != nil {
		return nil, err
	}
	for _, k := range calls() {
		op := openapi3.NewOperation()
		op.Summary = k.summary
		op.OperationID = operationID(k)
		for _, name := range pathParam.FindAllStringSubmatch(k.path, -1) {
			op.AddParameter(openapi3.NewPathParameter(name[1]).WithSchema(openapi3.NewStringSchema()))
		}
		for _, name := range k.query {
			op.AddParameter(openapi3.NewQueryParameter(name).WithSchema(openapi3.NewStringSchema()))
		}
		if k.prepare != nil {
			op.AddParameter(openapi3.NewHeaderParameter("Idempotency-Key").WithSchema(
				openapi3.NewStringSchema().WithMaxLength(maxKey)))
		}
		if k.versioned {
			op.AddParameter(openapi3.NewHeaderParameter("If-Match").WithSchema(openapi3.NewStringSchema()))
		}
		if k.in != nil {
			ref, err := schemaOf(k.in, doc.Components.Schemas)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", k.method, k.path, err)
			}
			body := openapi3.NewRequestBody()
			if k.multipart {
				body = body.WithSchemaRef(ref, []string{"multipart/form-data"})
			} else {
				body = body.WithJSONSchemaRef(ref)
			}
			op.RequestBody = &openapi3.RequestBodyRef{Value: body}
		}
		if k.text != nil {
			op.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithSchema(
				openapi3.NewStringSchema(), k.text)}
		}
		for _, status := range append([]int{k.status}, k.also...) {
			ok := openapi3.NewResponse().WithDescription(http.StatusText(status))
			if k.out != nil {
				ref, err := schemaOf(k.out, doc.Components.Schemas)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", k.method, k.path, err)
				}
				ok.WithJSONSchemaRef(ref)
			}
			if k.location {
				ok.Headers = openapi3.Headers{"Location": &openapi3.HeaderRef{Value: locationHeader()}}
			}
			op.AddResponse(status, ok)
		}
		op.Responses.Set("default",
			&openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription("What went wrong (RFC 9457)").
				WithContent(
					openapi3.Content{"application/problem+json": openapi3.NewMediaType().WithSchemaRef(problem)})})
		op.Responses.Delete("")
		doc.AddOperation(pathParam.ReplaceAllString(k.path, "{$1}"), k.method, op)
	}
	return doc, nil
}

func locationHeader() *openapi3.Header {
	return &openapi3.Header{Parameter: openapi3.Parameter{
		Description: "Where that which was made is",
		Schema:      openapi3.NewStringSchema().WithFormat("uri-reference").NewRef(),
	}}
}

func operationID(k call) string {
	words := strings.FieldsFunc(pathParam.ReplaceAllString(k.path, "by-$1"),
		func(r rune) bool { return r == '/' || r == '-' })
	var id strings.Builder
	id.WriteString(strings.ToLower(k.method))
	for _, w := range words {
		id.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return id.String()
}

// schemaNames are those of schemas whose types were renamed since they were published.
var schemaNames = map[string]string{"ListOfchapterCountsDoc": "ListOfsaidDoc"}

// schemaOf puts a type's schema among the components once and refers to it.
func schemaOf(v any, into openapi3.Schemas) (*openapi3.SchemaRef, error) {
	t := reflect.TypeOf(v)
	name := strings.NewReplacer("[", "Of", "]", "", "lenlop/web/api.", "").Replace(t.Name())
	name = strings.ToUpper(name[:1]) + name[1:]
	name = cmp.Or(schemaNames[name], name)
	if into[name] == nil {
		ref, err := openapi3gen.NewSchemaRefForValue(v, nil, openapi3gen.SchemaCustomizer(required))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", name, err)
		}
		into[name] = openapi3.NewSchemaRef("", ref.Value)
	}
	return openapi3.NewSchemaRef("#/components/schemas/"+name, into[name].Value), nil
}

// required marks what is always there: fields without omitempty or omitzero.
func required(_ string, t reflect.Type, _ reflect.StructTag, s *openapi3.Schema) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || s.Properties == nil {
		return nil
	}
	for field := range t.Fields() {
		name, opts, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" && !strings.Contains(opts, "omit") {
			s.Required = append(s.Required, name)
		}
	}
	return nil
}

func (r Handler) document(c echo.Context) error {
	doc, err := Document()
	if err != nil {
		return err
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("openapi: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSONBlob(http.StatusOK, body)
}
