package page

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"lenlop/services/plaintext"
)

// Cleaned gives a context whose form values hold no invisible characters
// (plaintext.Clean). Every route gets such a one, so that no form can forget
// it. Passwords stay as they are typed, for they are only compared.
func Cleaned(c echo.Context) echo.Context { return cleaned{c} }

type cleaned struct{ echo.Context }

// FormValue is the first value of a field.
func (c cleaned) FormValue(name string) string {
	v := c.Context.FormValue(name)
	if secret(name) {
		return v
	}
	return plaintext.Clean(v)
}

// FormParams are all values of all fields.
func (c cleaned) FormParams() (url.Values, error) {
	form, err := c.Context.FormParams()
	if err != nil {
		return nil, err
	}
	out := make(url.Values, len(form))
	for name, values := range form {
		list := make([]string, len(values))
		for i, v := range values {
			if list[i] = v; !secret(name) {
				list[i] = plaintext.Clean(v)
			}
		}
		out[name] = list
	}
	return out, nil
}

func secret(name string) bool { return strings.Contains(strings.ToLower(name), "password") }

// Values are all values of a field that may come several times, cleaned; nil
// when it did not come, or when the form cannot be read.
func Values(c echo.Context, name string) []string {
	form, err := c.FormParams()
	if err != nil {
		return nil
	}
	return form[name]
}
