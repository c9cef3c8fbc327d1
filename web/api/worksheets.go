package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/people"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// attachmentDoc is one worksheet.
type attachmentDoc struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Bytes     int64      `json:"bytes"`
	SHA256    string     `json:"sha256"`
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	URL       string     `json:"url"`
	CreatedAt *time.Time `json:"createdAt"`
}

// attachmentForm documents the multipart form; file is binary.
type attachmentForm struct {
	File string `json:"file"`
}

func (r *Handler) attachment(c echo.Context, w worksheet.Worksheet) attachmentDoc {
	return attachmentDoc{ID: w.ID, Name: w.Name, Type: w.Type, Bytes: w.Size, SHA256: w.SHA256, Width: w.Width,
		Height: w.Height,
		URL:    base(c) + Base + "/lessons/" + w.LessonID + "/attachments/" + w.ID, CreatedAt: r.at(w.At)}
}

var worksheetCalls = []call{
	{method: "GET", path: "/lessons/:lesson/attachments", action: people.ReadLesson, scope: page.Object, status: 200,
		summary: "A lesson's worksheets", out: list[attachmentDoc]{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person,
			_ struct{}) (list[attachmentDoc], error) {
			out := list[attachmentDoc]{Items: []attachmentDoc{}}
			all, err := r.Worksheets.List(c.Request().Context(), by, c.Param("lesson"))
			for _, w := range all {
				out.Items = append(out.Items, r.attachment(c, w))
			}
			return out, err
		})},
	{method: "POST", path: "/lessons/:lesson/attachments", action: people.EditLesson, scope: page.Object, status: 201,
		multipart: true,
		summary:   "Add a worksheet: PDF, PNG or JPEG, at most 20 MiB, known by its content", in: attachmentForm{},
		out: attachmentDoc{},
		handle: func(r *Handler, c echo.Context) error {
			name, data, err := page.File(c, "file", worksheet.MaxBytes)
			if err != nil {
				return err
			}
			w, err := r.Worksheets.Add(c.Request().Context(), page.Who(c), c.Param("lesson"), name, data)
			if err != nil {
				return err
			}
			d := r.attachment(c, w)
			c.Response().Header().Set("Location", d.URL)
			c.Response().Header().Set("Cache-Control", "no-store")
			return c.JSON(http.StatusCreated, d)
		}},
	{method: "GET", path: "/lessons/:lesson/attachments/:worksheet", action: people.ReadLesson,
		scope: page.Object, status: 200,
		summary: "The worksheet itself, to be saved", handle: func(r *Handler, c echo.Context) error {
			w, err := r.Worksheets.Read(c.Request().Context(), page.Who(c), c.Param("lesson"), c.Param("worksheet"))
			if err != nil {
				return err
			}
			return page.Download(c, r.Media, page.Saved{Key: w.Key, Name: w.Name, Type: w.Type, Size: w.Size})
		}},
	{method: "DELETE", path: "/lessons/:lesson/attachments/:worksheet", action: people.EditLesson,
		scope: page.Object, status: 204,
		summary: "Remove a worksheet",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			return struct{}{}, r.Worksheets.Delete(c.Request().Context(), by, c.Param("lesson"), c.Param("worksheet"))
		})},
}
