package page

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
)

// FormBytes is what a form may hold beside its file, in bytes.
const FormBytes = 64 << 10

// File reads the file of a multipart form, at most so many bytes. Faults:
// "request.too_large", "request.malformed", and "request.invalid" when no file
// was chosen.
func File(c echo.Context, name string, most int64) (filename string, data []byte, err error) {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most+FormBytes)
	if err := c.Request().ParseMultipartForm(most + FormBytes); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return "", nil, fault.Wrap(err, fault.TooLarge, "request.too_large")
		}
		return "", nil, fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	defer func() { _ = c.Request().MultipartForm.RemoveAll() }()
	f, head, err := c.Request().FormFile(name)
	if errors.Is(err, http.ErrMissingFile) {
		return "", nil, fault.Form("request.invalid", fault.Wrong(name, "field.no_file"))
	}
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	defer f.Close()
	if data, err = io.ReadAll(f); err != nil {
		return "", nil, fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	if len(data) == 0 {
		return "", nil, fault.Form("request.invalid", fault.Wrong(name, "field.no_file"))
	}
	return head.Filename, data, nil
}
