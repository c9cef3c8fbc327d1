package api

import (
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/upload"
	"lenlop/web/page"
)

type uploadIn struct {
	Filename string `json:"filename"`
	Size     int64  `json:"size"`
}

type uploadNew struct {
	ID        string    `json:"id"`
	PartSize  int64     `json:"partSize"`
	PartCount int       `json:"partCount"`
	ExpiresAt time.Time `json:"expiresAt"`
}

type partDoc struct {
	Number int    `json:"number"`
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`
}

type uploadDoc struct {
	ID            string    `json:"id"`
	Lesson        string    `json:"lesson"`
	Filename      string    `json:"filename"`
	Size          int64     `json:"size"`
	PartSize      int64     `json:"partSize"`
	PartCount     int       `json:"partCount"`
	Received      []partDoc `json:"received"`
	ReceivedBytes int64     `json:"receivedBytes"`
	Status        string    `json:"status"`
	ExpiresAt     time.Time `json:"expiresAt"`
}

type partsIn struct {
	Numbers []int `json:"numbers"`
}

type signedPart struct {
	Number    int               `json:"number"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

type partsOut struct {
	Parts []signedPart `json:"parts"`
}

type completeIn struct {
	SHA256 string `json:"sha256,omitempty"`
}

var uploadCalls = []call{
	{method: "POST", path: "/lessons/:lesson/uploads", action: people.EditLesson, scope: page.Object, status: 201,
		summary: "Begin a resumable upload of the lesson's recording", in: uploadIn{}, out: uploadNew{},
		location: true, prepare: storing(201, prepareUpload,
			func(r *Handler, c echo.Context, u upload.Upload) (uploadNew, error) {
				c.Response().Header().Set("Location", Base+"/uploads/"+u.ID)
				return uploadNew{u.ID, u.PartSize, u.PartCount, u.ExpiresAt.In(r.Zone)}, nil
			})},
	{method: "GET", path: "/uploads/:upload", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "What storage really has of an upload", out: uploadDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (uploadDoc, error) {
			u, parts, err := r.Uploads.Get(c.Request().Context(), by, c.Param("upload"))
			if err != nil {
				return uploadDoc{}, err
			}
			d := uploadDoc{ID: u.ID, Lesson: u.LessonID, Filename: u.Filename, Size: u.Size, PartSize: u.PartSize,
				PartCount: u.PartCount,
				Received:  []partDoc{}, Status: string(u.Status), ExpiresAt: u.ExpiresAt.In(r.Zone)}
			for _, p := range parts {
				d.Received = append(d.Received, partDoc{p.Number, p.Size, p.ETag})
				d.ReceivedBytes += p.Size
			}
			if u.Status == upload.Complete {
				d.ReceivedBytes = u.Size
			}
			return d, nil
		})},
	{method: "POST", path: "/uploads/:upload/parts", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Addresses to send parts to, good for 15 minutes at most", in: partsIn{}, out: partsOut{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in partsIn) (partsOut, error) {
			ps, err := r.Uploads.Presign(c.Request().Context(), by, c.Param("upload"), base(c), in.Numbers)
			out := partsOut{Parts: []signedPart{}}
			for _, p := range ps {
				headers := p.Headers
				if headers == nil {
					headers = map[string]string{}
				}
				out.Parts = append(out.Parts, signedPart{p.Number, p.Method, p.URL, headers, p.ExpiresAt.In(r.Zone)})
			}
			return out, err
		})},
	{method: "POST", path: "/uploads/:upload/complete", action: people.EditLesson, scope: page.Object, status: 200,
		summary: "Join the parts; the recording is then received", in: completeIn{}, out: lessonDoc{},
		handle: jsonHandler(200, func(r *Handler, c echo.Context, by people.Person, in completeIn) (lessonDoc, error) {
			l, err := r.Uploads.Complete(c.Request().Context(), by, c.Param("upload"), hexSum(in.SHA256))
			if err != nil {
				return lessonDoc{}, err
			}
			return r.lesson(c, l)
		})},
	{method: "DELETE", path: "/uploads/:upload", action: people.EditLesson, scope: page.Object, status: 204,
		summary: "Give an upload up",
		handle: jsonHandler(204, func(r *Handler, c echo.Context, by people.Person, _ struct{}) (struct{}, error) {
			err := r.Uploads.Abort(c.Request().Context(), by, c.Param("upload"))
			return struct{}{}, err
		})},
}

func prepareUpload(
	r *Handler, c echo.Context, by people.Person, in uploadIn, names media.Names,
) (stored[upload.Upload], error) {
	return r.Uploads.Prepare(c.Request().Context(), by, c.Param("lesson"), in.Filename, in.Size, names)
}

// hexSum takes a SHA-256 in hex or, as S3 tools write it, in base64.
func hexSum(s string) string {
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil && len(raw) == 32 {
		return hex.EncodeToString(raw)
	}
	return s
}
